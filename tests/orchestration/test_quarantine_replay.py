"""Lines that could not be read land once somebody corrected them, and stay landed."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.landing import Landing
from hygiene.quarantine import Fix, export_fixit, read_fixit, remember_fixes
from hygiene.standardise import collect_quarantine
from orchestration.config import connector_config, load_config
from orchestration.home import Home
from orchestration.quarantine_replay import (
    FIXED_FILE,
    replay_landing_fixes,
    statuses_file,
)
from orchestration.sources import SOURCE_KINDS
from orchestration.workspace import Workspace

MORNING = datetime(2026, 1, 15, 6, tzinfo=UTC)
HEAD = "Id,IsDeleted,FirstName,LastName,Email\n"
GOOD = "0035f00000AbCdEAAV,false,Ann,Archer,ann@site.test\n"
BAD = '0035f00000AbCdFAAV,false,"Cy,Quote,cy@site.test\n'
FIXED = "0035f00000AbCdFAAV,false,Cy,Quote,cy@site.test"


class Desk:
    """One Salesforce folder, its home, and a person who corrects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "exports").mkdir()
        config = folder / "tidycrm.yml"
        config.write_text(
            "version: 1\nsources:\n  - {name: crm, type: salesforce_files, path: exports}\n"
        )
        self.workspace = Workspace(
            config=load_config(config, {}),
            config_file=config,
            home=Home(folder / "data"),
            dbt_project=folder,
            clock=lambda: MORNING,
        )
        self.workspace.home.create()
        self.now = MORNING

    def sync(self, *lines: str) -> int:
        """Write an export, read it, replay; return how many rows came back."""
        (self.folder / "exports" / "Contact.csv").write_text(HEAD + "".join(lines))
        self.now += timedelta(hours=1)
        source = self.workspace.config.sources[0]
        home = self.workspace.home
        SOURCE_KINDS[source.type].extract(
            source, Landing(home.landing), self.now, None, home
        )
        return replay_landing_fixes(self.workspace, self.now)

    def quarantined(self) -> pl.DataFrame:
        home = self.workspace.home
        out = home.stage("quarantined_records")
        collect_quarantine(
            [],
            sorted(home.landing.glob("*/*/source=*/load=*/rejected.parquet")),
            out,
            None,
        )
        return pl.read_parquet(out)

    def correct(self, value: str) -> tuple[Fix, ...]:
        """Export, fill in, import."""
        path = self.folder / "fixes.csv"
        frame = self.quarantined()
        export_fixit(frame, path)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        quoted = value.replace('"', '""')
        path.write_text("\n".join([lines[0], f'{lines[1]}"{quoted}"']))
        report = read_fixit(path, frame, author="eva", fixed_at="now")
        remember_fixes(self.workspace.home.fixes, report.fixes)
        return report.fixes

    def alive(self) -> dict[str, tuple[str, str]]:
        rows = (
            Landing(self.workspace.home.landing)
            .current("salesforce", "contact")
            .filter(~pl.col("_is_deleted"))
            .collect()
        )
        return {
            row["firstname"]: (row["lastname"], row["_source_file"])
            for row in rows.iter_rows(named=True)
        }

    def statuses(self) -> list[str]:
        frame = pl.read_parquet(statuses_file(self.workspace.home, "landing"))
        return frame["status"].to_list()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_corrected_line_lands_and_survives_the_next_snapshots(desk: Desk) -> None:
    assert desk.sync(GOOD, BAD) == 0
    assert len(desk.correct(FIXED)) == 1
    assert desk.sync(GOOD, BAD) == 1
    assert desk.alive() == {
        "Ann": ("Archer", "Contact.csv"),
        "Cy": ("Quote", FIXED_FILE),
    }
    assert desk.statuses() == ["applied"]
    assert desk.sync(GOOD, BAD) == 0  # the same export: nothing to do
    assert desk.sync(GOOD.replace("Archer", "Baker"), BAD) == 0
    assert desk.alive()["Cy"] == ("Quote", FIXED_FILE)
    assert desk.alive()["Ann"][0] == "Baker"


def test_a_source_that_repairs_the_line_itself_wins(desk: Desk) -> None:
    desk.sync(GOOD, BAD)
    desk.correct(FIXED)
    desk.sync(GOOD, BAD)
    assert desk.sync(GOOD, FIXED.replace("Quote", "Newer") + "\n") == 0
    assert desk.alive()["Cy"] == ("Newer", "Contact.csv")
    assert desk.statuses() == ["contradicted"]


def test_a_record_that_the_source_has_no_more_does_not_come_back(desk: Desk) -> None:
    desk.sync(GOOD, BAD)
    desk.correct(FIXED)
    assert desk.sync(GOOD, BAD) == 1
    assert desk.sync(GOOD) == 0
    assert set(desk.alive()) == {"Ann"}
    assert desk.statuses() == ["gone"]


def test_a_source_that_agrees_has_adopted_the_fix(desk: Desk) -> None:
    desk.sync(GOOD, BAD)
    desk.correct(FIXED)
    assert desk.sync(GOOD, FIXED + "\n") == 0
    assert desk.statuses() == ["adopted"]


@pytest.mark.parametrize(
    "line", ["only,three,cells", "not-an-id,false,Cy,Quote,x@y.test"]
)
def test_a_correction_that_is_no_better_stays_out(desk: Desk, line: str) -> None:
    desk.sync(GOOD, BAD)
    desk.correct(line)
    assert desk.sync(GOOD, BAD) == 0
    assert set(desk.alive()) == {"Ann"}
    assert desk.statuses() == ["unusable"]


PORTAL = {
    "config": "{name: crm, type: hubspot_files, path: exports}",
    "file": "hubspot-crm-exports-all-contacts-2026-01-15.csv",
    "place": ("hubspot", "contacts"),
    # HubSpot gives two properties one label.
    "head": "Record ID,First Name,Last Name,Email,Email hard bounce reason,"
    "Email hard bounce reason,Lifecycle Stage\n",
    "good": "101,Ann,Archer,ann@site.test,,,Lead\n",
    "bad": '102,"Cy,Quote,cy@site.test,,,Lead\n',
    "fixed": "102,Cy,Quote,cy@site.test,unknown user,5.1.1,Lead",
    "name": "lastname",
}
SHEET = {
    "config": "{name: crm, type: spreadsheet, tables: ["
    "{path: exports/other.csv, object: contacts, optional: true, columns: {id: Nr}},"
    "{path: exports/people.csv, object: contacts, "
    "columns: {id: Badge no, last_name: Nachname, first_name: Vorname}}]}",
    "file": "people.csv",
    "place": ("spreadsheet", "contacts"),
    "head": "Badge no;Vorname;Nachname;E-Mail;Remark\n",
    "good": "101;Ann;Archer;ann@site.test;a, b, c, d, e\n",
    "bad": '102;"Cy;Quote;cy@site.test;none\n',
    "fixed": "102;Cy;Quote;cy@site.test;likes 1,5 l",
    "name": "last_name",
}


class OtherDesk(Desk):
    """The same for a HubSpot folder or a sheet."""

    def __init__(self, folder: Path, vendor: dict[str, Any]) -> None:
        super().__init__(folder)
        self.vendor = vendor
        config = folder / "tidycrm.yml"
        config.write_text(f"version: 1\nsources:\n  - {vendor['config']}\n")
        self.workspace = replace(self.workspace, config=load_config(config, {}))

    def sync(self, *lines: str) -> int:
        file = self.folder / "exports" / self.vendor["file"]
        file.write_text(self.vendor["head"] + "".join(lines))
        self.now += timedelta(hours=1)
        source = connector_config(self.workspace.config.sources[0])
        home = self.workspace.home
        SOURCE_KINDS[source.type].extract(
            source, Landing(home.landing), self.now, None, home
        )
        return replay_landing_fixes(self.workspace, self.now)

    def rows(self) -> dict[str, dict[str, Any]]:
        alive = (
            Landing(self.workspace.home.landing)
            .current(*self.vendor["place"])
            .filter(~pl.col("_is_deleted"))
            .collect()
        )
        return {row["_source_record_id"]: row for row in alive.iter_rows(named=True)}


@pytest.fixture(params=[PORTAL, SHEET], ids=["hubspot", "spreadsheet"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> OtherDesk:
    return OtherDesk(tmp_path, request.param)


def test_a_corrected_line_of_any_source_lands_survives_and_yields(
    other: OtherDesk,
) -> None:
    good, bad, fixed, name = (other.vendor[k] for k in ("good", "bad", "fixed", "name"))
    assert other.sync(good, bad) == 0
    assert len(other.correct(fixed)) == 1
    assert other.sync(good, bad) == 1
    landed = other.rows()["102"]
    assert (landed[name], landed["_source_file"]) == ("Quote", FIXED_FILE)
    if name == "lastname":
        assert landed["email_hard_bounce_reason_2"] == "5.1.1"
    else:
        assert landed["remark"] == "likes 1,5 l"
    # A new export in which the line is still broken neither deletes nor repeats it.
    assert other.sync(good.replace("Archer", "Baker"), bad) == 0
    assert other.rows()["102"]["_source_file"] == FIXED_FILE
    assert other.rows()["101"][name] == "Baker"
    # The source repairs the line itself, in another way: it wins, and it is told.
    assert other.sync(good, fixed.replace("Quote", "Newer") + "\n") == 0
    assert other.rows()["102"][name] == "Newer"
    assert other.statuses() == ["contradicted"]
    assert other.sync(good) == 0
    assert set(other.rows()) == {"101"}
    assert other.statuses() == ["gone"]


def test_a_row_without_a_usable_id_lands_once_it_has_one(tmp_path: Path) -> None:
    desk = OtherDesk(tmp_path, PORTAL)
    desk.sync(PORTAL["good"], "1.2E+17,Cy,Quote,cy@site.test,,5.1.1,Lead\n")
    path = tmp_path / "fixes.csv"
    frame = desk.quarantined()
    export_fixit(frame, path)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle))
    (of_id,) = [row for row in rows if "1.2E+17" in row]
    of_id[-1] = "102"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)
    report = read_fixit(path, frame, author="eva", fixed_at="now")
    remember_fixes(desk.workspace.home.fixes, report.fixes)
    assert desk.sync(PORTAL["good"], "1.2E+17,Cy,Quote,cy@site.test,,5.1.1,Lead\n") == 1
    landed = desk.rows()["102"]
    assert (landed["lastname"], landed["email_hard_bounce_reason_2"]) == (
        "Quote",
        "5.1.1",
    )
