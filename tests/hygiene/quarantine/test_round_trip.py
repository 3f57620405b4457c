"""A record without identity goes out to a person, comes back, and stays back."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl

from hygiene.quarantine import (
    annotate_quarantine,
    apply_fixes,
    export_fixit,
    read_fixes,
    read_fixit,
    remember_fixes,
)
from hygiene.quarantine.fixit_file import HEADS
from hygiene.standardise import (
    StandardiseSettings,
    collect_quarantine,
    standardise_contacts,
)
from tests.hygiene.standardise.tables import write_contacts

GOOD = {"first_name": "Ann", "last_name": "Archer", "email": "ann@kelp-tools.de"}
HOPELESS = {"email": "none@none.com", "owner_name": "Rita RevOps"}


class Stages:
    """The steps of a sync that matter here, on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getattr__(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def sync(self, *people: dict[str, Any]) -> pl.DataFrame:
        """Return what remains in quarantine; records in must be records out."""
        union = write_contacts(self.union, list(people))
        fixes = read_fixes(self.folder / "state")
        report = standardise_contacts(
            apply_fixes(union, fixes, self.fixed, self.told),
            self.standardised,
            self.aside,
            settings=StandardiseSettings(),
            previous=self.standardised if self.standardised.exists() else None,
        )
        assert report.rows_in == report.standardised + report.quarantined == len(people)
        collect_quarantine([self.aside], [], self.quarantined, None)
        annotate_quarantine(
            self.quarantined, [self.told], fixes, links={}, fixes_out=self.fixes
        )
        return pl.read_parquet(self.quarantined)

    def correct(self, quarantined: pl.DataFrame, **values: str) -> int:
        path = self.folder / "fixes.csv"
        export_fixit(quarantined, path)
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.reader(handle))
        for row in rows[1:]:
            row[-1] = values.get(row[HEADS.index("field")], "")
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(rows)
        report = read_fixit(path, quarantined, author="eva", fixed_at="now")
        return remember_fixes(self.folder / "state", report.fixes)

    def emails(self) -> list[str | None]:
        return pl.read_parquet(self.standardised)["email_std"].to_list()

    def statuses(self) -> list[str]:
        return pl.read_parquet(self.fixes)["status"].to_list()


def test_a_corrected_record_comes_back_on_every_sync(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    aside = stages.sync(GOOD, HOPELESS)
    assert aside["owner_name"].to_list() == ["Rita RevOps"]
    assert stages.correct(aside, email="bob@kelp-tools.de") == 1
    for _ in range(2):
        assert stages.sync(GOOD, HOPELESS).is_empty()
        assert stages.emails() == ["ann@kelp-tools.de", "bob@kelp-tools.de"]
        assert stages.statuses() == ["applied"]


def test_a_newer_value_of_the_source_wins_and_is_told(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    stages.correct(stages.sync(GOOD, HOPELESS), email="bob@kelp-tools.de")
    newer = {**HOPELESS, "email": "carl@kelp-tools.de"}
    assert stages.sync(GOOD, newer).is_empty()
    assert stages.emails() == ["ann@kelp-tools.de", "carl@kelp-tools.de"]
    assert stages.statuses() == ["contradicted"]
    worse = {**HOPELESS, "email": "test@test.com"}
    (row,) = stages.sync(GOOD, worse).to_dicts()
    assert row["fix_status"] == "contradicted"
    assert "newer" in row["fix_detail"]


def test_a_correction_that_is_no_better_leaves_the_record_out(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    stages.correct(stages.sync(GOOD, HOPELESS), email="also not an address")
    (row,) = stages.sync(GOOD, HOPELESS).to_dicts()
    assert row["fix_status"] == "applied"
    assert "not enough" in row["fix_detail"]


def test_a_record_that_is_gone_takes_its_fix_along(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    stages.correct(stages.sync(GOOD, HOPELESS), email="bob@kelp-tools.de")
    assert stages.sync(GOOD).is_empty()
    assert stages.statuses() == ["gone"]
