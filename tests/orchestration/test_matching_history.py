"""Accepted and stopped runs of matching, and the way on after a drift."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import OrchestrationError
from orchestration.home import Home
from orchestration.matching_history import (
    accept,
    accept_stopped,
    read_history,
    set_aside,
)
from tests.hygiene.stewardship.test_drift import run


def test_equal_runs_are_kept_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number in range(3):
        accept(home, "contact", run(run_id=str(number)))
    accept(home, "contact", run(records=11_000))
    assert [each.records for each in read_history(home, "contact")] == [10_000, 11_000]


def test_an_accepted_drift_starts_a_new_history(tmp_path: Path) -> None:
    home = Home(tmp_path)
    accept(home, "contact", run())
    set_aside(home, "contact", run(pairs_per_record=9.0))
    assert accept_stopped(home, ["contact", "account"]) == ["contact"]
    assert [each.pairs_per_record for each in read_history(home, "contact")] == [9.0]
    with pytest.raises(OrchestrationError, match="no run was stopped"):
        accept_stopped(home, ["contact"])


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.state.mkdir()
    (home.state / "matching_history_contact.json").write_text("[{]")
    with pytest.raises(OrchestrationError, match=r"matching_history_contact\.json"):
        read_history(home, "contact")
