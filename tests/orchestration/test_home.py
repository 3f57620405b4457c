"""The home folder has one writer at a time, and the second one learns who it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import BusyError
from orchestration.home import Home, exclusive, replace_text


def test_a_second_writer_is_told_who_holds_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with (
        exclusive(home, purpose="tidycrm sync"),
        pytest.raises(BusyError, match=r"tidycrm sync.*process \d+"),
        exclusive(home, purpose="another"),
    ):
        pass


def test_the_home_is_free_after_the_first_writer(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for _ in range(2):
        with exclusive(home, purpose="tidycrm sync"):
            assert (tmp_path / ".lock.json").exists()
    assert not (tmp_path / ".lock.json").exists()


def test_replaced_text_leaves_no_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "state" / "note.json"
    for text in ("one", "two"):
        replace_text(target, text)
    assert target.read_text() == "two"
    assert [path.name for path in target.parent.iterdir()] == ["note.json"]
