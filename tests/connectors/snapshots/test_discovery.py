from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SourceFileMissingError
from connectors.snapshots import find_snapshots, natural_key

CSV = frozenset({".csv"})


def add(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def shape(path: Path | str) -> dict[str, list[str]]:
    listing = find_snapshots(str(path), CSV, source="crm")
    return {
        snapshot.directory: [file.name for file in snapshot.files]
        for snapshot in listing.snapshots
    }


def test_each_directory_with_files_is_a_snapshot_in_natural_order(
    tmp_path: Path,
) -> None:
    add(tmp_path, "w10/a.csv", "w9/part10.csv", "w9/part2.CSV", "w9/sub/x.csv", "z.csv")
    assert shape(tmp_path) == {
        ".": ["z.csv"],
        "w9": ["w9/part2.CSV", "w9/part10.csv"],
        "w9/sub": ["w9/sub/x.csv"],
        "w10": ["w10/a.csv"],
    }
    assert list(shape(tmp_path)) == [".", "w9", "w9/sub", "w10"]


def test_litter_is_invisible_and_other_kinds_are_listed(tmp_path: Path) -> None:
    add(tmp_path, "a.csv", ".hidden.csv", "~$a.csv", "__MACOSX/a.csv", "notes.txt")
    listing = find_snapshots(str(tmp_path), CSV, source="crm")
    assert [file.name for file in listing.snapshots[0].files] == ["a.csv"]
    assert listing.ignored == ("notes.txt",)


def test_single_file_and_glob_are_paths_too(tmp_path: Path) -> None:
    add(tmp_path, "2026-01/a.csv", "2026-02/a.csv", "2026-02/b.csv", "old/a.csv")
    assert shape(tmp_path / "old" / "a.csv") == {".": ["a.csv"]}
    assert shape(tmp_path / "2026-*" / "a.csv") == {
        "2026-01": ["2026-01/a.csv"],
        "2026-02": ["2026-02/a.csv"],
    }
    assert list(shape(tmp_path / "2026-*")) == ["2026-01", "2026-02"]


def test_a_folder_name_with_brackets_is_no_glob(tmp_path: Path) -> None:
    add(tmp_path, "crm [eu]/a.csv")
    assert shape(tmp_path / "crm [eu]") == {".": ["a.csv"]}


@pytest.mark.parametrize("name", ["absent", "absent/*.csv", "empty"])
def test_nothing_to_read_is_an_error_that_names_the_fix(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceFileMissingError, match="path"):
        find_snapshots(str(tmp_path / name), CSV, source="crm")


@given(st.lists(st.integers(0, 10**6), min_size=2, unique=True))
def test_numbers_in_names_sort_by_value(numbers: list[int]) -> None:
    names = [f"export-{number}" for number in numbers]
    ordered = [f"export-{number}" for number in sorted(numbers)]
    assert sorted(names, key=natural_key) == ordered
