"""The steward's commands on a home: what they write, say and refuse."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from tests.hygiene.stewardship.made_run import MadeRun

CONFIG = """
version: 1
sources:
- {name: shop, type: spreadsheet, tables: [{path: x.csv, object: contacts}]}
matching: {training: never}
"""


class Steward:
    """A home with the tables of a small run, and a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        stages = self.data / "stages"
        stages.mkdir(parents=True)
        (folder / "tidycrm.yml").write_text(CONFIG, "utf-8")
        suspected = (("hs:contacts:2", "sf:contact:2"),)
        self.run = MadeRun(folder / "run").run(suspected=suspected)
        tables = self.run.tables
        for source, name in (
            (tables.standardised, "standardised_contacts"),
            (tables.edges, "contact_match_edges"),
            (tables.clusters, "contact_clusters"),
            (tables.links, "int_contact_links"),
            (self.run.folder / "audit.parquet", "identity_cluster_audit_contact"),
        ):
            source.rename(stages / f"{name}.parquet")
        (self.data / "state").mkdir()
        tables.ledger.rename(self.data / "state" / "identity")
        key = {"source_record_key": pl.String}
        pl.DataFrame(schema=key | {"is_deleted": pl.Boolean}).write_parquet(
            stages / "standardised_accounts.parquet"
        )
        pl.DataFrame(schema=key | {"golden_account_id": pl.String}).write_parquet(
            stages / "account_clusters.parquet"
        )
        pl.read_parquet(stages / "contact_match_edges.parquet").clear().write_parquet(
            stages / "account_match_edges.parquet"
        )
        clusters = pl.read_parquet(stages / "contact_clusters.parquet")
        self.golden = dict(
            clusters.select("source_record_key", "golden_contact_id").iter_rows()
        )
        self._publish(self.golden["sf:contact:2"])

    def _publish(self, golden_id: str) -> None:
        (self.data / "published").mkdir()
        with duckdb.connect(str(self.data / "published" / "crm.duckdb")) as crm:
            for table, flag in (
                ("fct_revenue_events", "false AS is_closed"),
                ("fct_opportunities", "false AS is_closed"),
            ):
                crm.execute(
                    f"CREATE TABLE {table} AS SELECT ? AS golden_contact_id, "
                    "NULL::VARCHAR AS golden_account_id, 100.0 AS amount_reporting, "
                    f"true AS is_counted, {flag}",
                    [golden_id],
                )

    def __call__(self, *words: str, code: int = 0) -> str:
        places = ["-c", str(self.folder / "tidycrm.yml"), "--home", str(self.data)]
        result = CliRunner().invoke(app, [*words, *places], env={"COLUMNS": "200"})
        assert result.exit_code == code, result.output
        return result.output

    def answer(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture(scope="module")
def steward(tmp_path_factory: pytest.TempPathFactory) -> Steward:
    return Steward(tmp_path_factory.mktemp("home"))


def test_a_review_goes_out_and_comes_back(steward: Steward) -> None:
    out = steward.folder / "review.csv"
    done = steward.answer("review", "export", "-o", str(out), "--entity", "contact")
    assert done["pairs"]["contact"] == done["waiting"]["contact"] > 0
    with out.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert float(rows[0]["money at stake"]) == 200.0
    assert {rows[0]["record A"], rows[0]["record B"]} == {
        "hs:contacts:2",
        "sf:contact:2",
    }
    rows[0]["ruling"] = "different"
    rows[0]["reason"] = "mother and daughter"
    with out.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    kept = steward.answer("review", "import", str(out), "--author", "sam")
    assert kept["rulings"]["contact"] == {"cannot_link": 1}
    assert kept["skipped"] == len(rows) - 1
    status = steward.answer("review", "status")
    assert [(row["status"], row["author"]) for row in status] == [("in_force", "sam")]
    again = steward.answer("review", "export", "-o", str(out), "--entity", "contact")
    assert again["waiting"]["contact"] == done["waiting"]["contact"] - 1


def test_a_file_with_mistakes_changes_nothing(steward: Steward) -> None:
    file = steward.folder / "bad.csv"
    file.write_text(
        "ruling,record A,record B\nsame,sf:contact:1,hs:contacts:1\n"
        "perhaps,sf:contact:1,hs:contacts:1\nsame,sf:contact:1,nobody\n",
        "utf-8",
    )
    before = steward.answer("review", "status")
    said = steward("review", "import", str(file), "--author", "sam", code=1)
    assert "2 mistakes; no ruling was kept" in said
    assert "bad.csv, line 3:" in said
    assert "bad.csv, line 4:" in said
    assert "perhaps" not in said
    assert steward.answer("review", "status") == before


def test_why_ends_with_the_command_that_undoes_it(steward: Steward) -> None:
    said = steward("why", "shop:contacts:1", "hs:contacts:1")
    assert "One person" in said
    assert "same surname" in said
    last = said.strip().splitlines()[-1].strip()
    words = shlex.split(last)
    assert words[:4] == ["tidycrm", "unmerge", "shop:contacts:1", "hs:contacts:1"]
    chart = steward.folder / "chart.html"
    found = steward.answer("why", steward.golden["sf:contact:1"], "--chart", str(chart))
    assert found["is_one"]
    assert 0.5 < found["purity_probability"] < 1
    assert any("are one person: 9" in line for line in found["summary"])
    assert found["undo"].startswith("tidycrm unmerge ")
    page = chart.read_text("utf-8")
    assert "vegaEmbed" in page
    assert "<script src" not in page
    assert "<link" not in page


def test_why_says_what_the_crm_suspects(steward: Steward) -> None:
    said = steward("why", "sf:contact:2", "hs:contacts:2")
    assert "A duplicate rule of the CRM suspects that they are one." in said
    assert "Weight " in said


def test_merge_and_unmerge_write_rulings(steward: Steward) -> None:
    options = ("--author", "sam", "--reason", "called")
    made = steward.answer("merge", "sf:contact:3", "crowd:contact:0001", *options)
    assert [each["ruling"] for each in made["rulings"]] == ["must_link"]
    assert made["undo"].startswith("tidycrm unmerge sf:contact:3 crowd:contact:0001")
    said = steward("unmerge", "shop:contacts:1", *options)
    assert said.count("cannot_link:") == 3
    assert "To undo:  tidycrm merge shop:contacts:1" in said
    wrong = steward("merge", "sf:contact:3", "ga_1", *options, code=1)
    assert "Looking up a record" in wrong


def test_an_override_is_set_listed_and_removed(steward: Steward) -> None:
    golden = steward.golden["sf:contact:1"]
    options = ("--author", "sam", "--reason", "called")
    steward("override", "set", golden, "job_title", "Chief", *options)
    steward("override", "set", "hs:contacts:1", "job_title", "Chair", *options)
    found = steward.answer("override", "list")
    assert [(row["value"], row["status"]) for row in found] == [("Chair", "in_force")]
    assert found[0]["golden_id"] == golden
    steward("override", "remove", golden, "job_title")
    assert steward.answer("override", "list") == []
    steward("override", "remove", golden, "job_title", code=1)
    past = ("--until", "2020-01-01")
    steward("override", "set", golden, "job_title", "x", *options, *past, code=1)


def test_a_home_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "tidycrm.yml").write_text(CONFIG, "utf-8")
    places = ["-c", str(tmp_path / "tidycrm.yml"), "--home", str(tmp_path / "d")]
    result = CliRunner().invoke(app, ["why", "a", "b", *places])
    assert result.exit_code == 1
    assert "Run `tidycrm sync` first" in result.output


def test_a_plan_counts_pending_rulings_and_touches_nothing(steward: Steward) -> None:
    def contents() -> dict[str, bytes]:
        return {
            str(path.relative_to(steward.data)): path.read_bytes()
            for path in sorted(steward.data.rglob("*"))
            if path.is_file() and not path.name.startswith(".lock")
        }

    steward(
        "merge", "sf:contact:3", "crowd:contact:0002", "--author", "s", "--reason", "r"
    )
    for table in ("int_account_links",):
        pl.read_parquet(
            steward.data / "stages" / "int_contact_links.parquet"
        ).clear().write_parquet(steward.data / "stages" / f"{table}.parquet")
    before = contents()
    found = steward.answer("plan")
    contacts = next(each for each in found["impacts"] if each["entity"] == "contact")
    moved = {each["golden_before"] for each in contacts["moves"]}
    moved |= {each["golden_after"] for each in contacts["moves"]}
    assert steward.golden["sf:contact:3"] in moved
    assert contacts["merged"] >= 1
    assert contents() == before
