"""The report: complete, harmless whatever the data say, and honest about trends."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hygiene.quality import RecordChecks, record_rules
from hygiene.quality.changes import write_changes
from hygiene.quality.scorecard import (
    QualityTables,
    build_tables,
    dimension_scores,
    overall_score,
)
from hygiene.reporting import bar, dial, escape, sparkline, trend
from hygiene.reporting.quality_report import render_report
from hygiene.reporting.report_sections import ReportInput
from tests.hygiene.quality.world import check

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - UTC-naive, as the tables have it
LATER = datetime(2026, 2, 1)  # noqa: DTZ001
NASTY = "<script>alert(1)</script>\"'&"


class Structure(HTMLParser):
    """Collects tags and what they would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "src" or (name == "href" and tag == "link"):
                self.loads.append(value or "")
            assert not name.startswith("on"), name


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordChecks, Path]:
    out = tmp_path_factory.mktemp("report")
    return check(out), out / "defects.parquet"


def tables(
    checked: tuple[RecordChecks, Path],
    history: pl.DataFrame | None = None,
    run_id: str = "run-1",
    moment: datetime = FIRST,
) -> QualityTables:
    checks, defects = checked
    return build_tables(
        checks.counts,
        checks.money,
        checks.rules,
        defects=defects,
        history=pl.DataFrame() if history is None else history,
        run_id=run_id,
        checked_at=moment,
    )


def page(
    checked: tuple[RecordChecks, Path], made: QualityTables, **changes: Any
) -> str:
    defects = pl.read_parquet(checked[1]).with_columns(
        pl.lit("https://crm.test/1").alias("source_link")
    )
    given = {
        "run_id": "run-1", "as_of": "2026-01-15", "checked_at": FIRST, "currency": "EUR",
        "scorecard": made.scorecard, "by_owner": made.by_owner, "causes": made.causes,
        "costs": made.costs, "defects": defects, **changes,
    }  # fmt: skip
    return render_report(ReportInput(**given))


def test_every_line_of_the_scorecard_has_one_key(
    checked: tuple[RecordChecks, Path],
) -> None:
    frame = tables(checked).scorecard
    key = ["run_id", "source_name", "source_object", "field", "dimension"]
    assert frame.select(key).is_unique().all()
    assert frame["score_pct"].is_between(0, 100).all()
    assert frame["records_checked"].sum() == checked[0].counts["records_checked"].sum()
    assert frame["previous_score_pct"].is_null().all()


def test_trends_compare_with_the_last_run_and_with_four_weeks_ago(
    checked: tuple[RecordChecks, Path],
) -> None:
    first = tables(checked).scorecard.with_columns(pl.lit(50.0).alias("score_pct"))
    recent = first.with_columns(
        pl.lit("run-0").alias("run_id"),
        pl.lit(datetime(2026, 1, 30)).cast(pl.Datetime("us")).alias("checked_at"),  # noqa: DTZ001
        pl.lit(60.0).alias("score_pct"),
    )
    both = pl.concat([first, recent])
    made = tables(checked, both, "run-2", LATER).scorecard
    now = made.filter(pl.col("run_id") == "run-2")
    assert set(now["previous_score_pct"]) == {60.0}
    assert set(now["score_4_weeks_ago_pct"]) == {50.0}
    assert (now["change"] - (now["score_pct"] - 60)).abs().max() < 0.01
    assert made.height == 3 * now.height
    again = tables(checked, made, "run-2", LATER).scorecard
    assert again.height == made.height


def test_runs_of_one_day_are_told_apart_by_the_time(
    checked: tuple[RecordChecks, Path],
) -> None:
    noon, week = FIRST.replace(hour=12, minute=30), FIRST.replace(day=8)
    for moment, told in ((noon, "01 Jan, 12:30"), (week, "08 Jan 2026")):
        made = tables(checked, tables(checked).scorecard, "run-2", moment)
        text = page(checked, made, run_id="run-2", checked_at=moment)
        assert f">{told}<" in text


def test_many_full_fields_do_not_hide_a_bad_dimension() -> None:
    frame = pl.DataFrame(
        {
            "dimension": ["completeness", "consistency"],
            "records_checked": [1_000_000, 10],
            "records_failed": [0, 10],
        }
    )
    assert dimension_scores(frame) == {"completeness": 100.0, "consistency": 0.0}
    assert overall_score(frame) == 50.0
    assert overall_score(frame.clear()) is None


def test_owners_ways_in_and_costs_tell_who_how_and_how_much(
    checked: tuple[RecordChecks, Path],
) -> None:
    made = tables(checked)
    ann = made.by_owner.filter(pl.col("owner_name") == "Ann").to_dicts()[0]
    assert ann["defects"] > 0
    assert ann["worst_rule_id"]
    assert "no owner" in set(made.by_owner["owner_name"])
    cause = made.causes.filter(
        (pl.col("rule_id") == "DQ-C-201") & (pl.col("entry_point") == "Import")
    ).to_dicts()[0]
    assert (cause["failure_rate_pct"], cause["usual_rate_pct"]) == (50.0, 20.0)
    assert cause["lift"] == 2.5
    cost = made.costs.filter(pl.col("rule_id") == "DQ-C-303").to_dicts()[0]
    assert float(cost["pipeline_blocked"]) == 700
    assert cost["fix"]


def test_the_report_shows_scores_rules_links_and_loads_nothing(
    checked: tuple[RecordChecks, Path],
) -> None:
    made = tables(checked)
    text = page(
        checked,
        made,
        guards=[
            {"name": "crm/contact", "text": "fine", "holds": True, "blocks": False,
             "verdict": "usual", "history": [1, 2, 3]},
        ],
        quarantine=pl.DataFrame(
            {"reason_code": ["broken_quote"], "source_name": ["crm"],
             "source_object": ["contact"], "records": [7]}
        ),
    )  # fmt: skip
    structure = Structure()
    structure.feed(text)
    assert [each for each in structure.loads if not each.startswith("data:")] == []
    assert "script" not in structure.tags
    assert (
        structure.tags.count("details")
        == made.costs.filter(
            (pl.col("records_failed") > 0) & (pl.col("severity") != "info")
        ).height
    )
    assert 'href="https://crm.test/1"' in text
    assert "broken quote" in text
    assert "url(" not in text
    assert re.search(r"<h1>Data quality</h1>", text)


def test_sources_are_scored_as_the_whole_is_and_a_record_is_shown_once(
    checked: tuple[RecordChecks, Path],
) -> None:
    made = tables(checked)
    once = pl.read_parquet(checked[1]).with_columns(source_link=pl.lit(None, pl.String))
    text = page(checked, made, defects=pl.concat([once, once]))
    bars = text.partition('class="bars"')[2].partition("</div></section>")[0]
    now = made.scorecard.filter(pl.col("run_id") == made.scorecard["run_id"][-1])
    for name in now["source_name"].unique():
        score = overall_score(now.filter(pl.col("source_name") == name))
        shown = "across sources" if name == "all sources" else name
        assert f">{shown}</span>" in bars
        assert f'<span class="n">{score:.1f}</span>' in bars
    assert "all sources" not in text
    for part in text.split("<details ")[1:]:
        links = re.findall(r"<li>.*?</li>", part)
        assert len(links) == len(set(links))


def test_nothing_in_the_data_becomes_markup(
    checked: tuple[RecordChecks, Path],
) -> None:
    made = tables(checked)
    dirty = QualityTables(
        scorecard=made.scorecard.with_columns(pl.lit(NASTY).alias("source_name")),
        by_owner=made.by_owner.with_columns(pl.lit(NASTY).alias("owner_name")),
        causes=made.causes.with_columns(
            pl.lit(NASTY).alias("entry_point"), pl.lit(9.0).alias("lift"),
            pl.lit(9, dtype=pl.Int64).alias("records_failed"),
        ),
        costs=made.costs.with_columns(pl.lit(NASTY).alias("rule_name")),
    )  # fmt: skip
    defects = pl.read_parquet(checked[1]).with_columns(
        pl.lit(NASTY).alias("record_key"),
        pl.lit("javascript:alert(1)").alias("source_link"),
    )
    text = page(checked, dirty, defects=defects, currency=NASTY, as_of=NASTY)
    structure = Structure()
    structure.feed(text)
    assert "script" not in structure.tags
    assert "javascript:" not in text
    assert escape(NASTY) in text


def test_an_empty_crm_has_a_report(checked: tuple[RecordChecks, Path]) -> None:
    made = tables(checked)
    empty = QualityTables(
        made.scorecard.clear(), made.by_owner.clear(), made.causes.clear(),
        made.costs.clear(),
    )  # fmt: skip
    assert "No record was checked yet" in page(checked, empty)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_charts_take_any_scores(values: list[float]) -> None:
    labels = [str(number) for number in range(len(values))]
    for chart in (
        trend(values, labels, label="x"), sparkline(values, label="x"),
        dial(values[0], label="x"), bar(values[0], label="x"),
    ):  # fmt: skip
        assert chart.startswith("<svg")
        assert "nan" not in chart


def test_every_change_of_standardising_is_listed_once(tmp_path: Path) -> None:
    contacts = pl.DataFrame(
        {
            "source_record_key": ["a", "b", "c", "d"],
            "email": ["A@X.de", "A@X.de", "ok@x.de", "???"],
            "email_std": ["a@x.de", "a@x.de", "ok@x.de", None],
            "email_status": ["valid", "valid", "valid", "invalid"],
            "email_rule": ["email.case", "email.case", "email.ok", "email.syntax"],
            "full_name": [None, "BO B", None, None],
            "first_name": ["ann", "x", None, None],
            "last_name": ["ARCHER", "y", None, None],
            "full_name_std": ["Ann Archer", "Bo B", None, None],
            "name_status": ["valid", "corrected", "missing", "missing"],
        }
    )
    contacts.write_parquet(tmp_path / "c.parquet")
    out = tmp_path / "changes.parquet"
    assert write_changes({"contact": tmp_path / "c.parquet"}, out) == 4
    rows = pl.read_parquet(out).rows()
    assert rows[0] == (
        "contact", "email", "A@X.de", "a@x.de", "valid", "email.case", 2, "a",
    )  # fmt: skip
    assert ("contact", "email", "???", None, "invalid", "email.syntax", 1, "d") in rows
    assert (
        "contact",
        "name",
        "ann ARCHER",
        "Ann Archer",
        "valid",
        "valid",
        1,
        "a",
    ) in rows


def test_a_part_of_an_address_line_is_listed_with_the_line(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "source_record_key": ["a", "b"],
            "street": ["1 Main St, Reno, NV 89501", "1 Main St"],
            "city": [None, "RENO"],
            "city_std": ["Reno", "Reno"],
            "city_status": ["corrected", "corrected"],
            "city_rule": ["city.address_line", "city.case"],
        }
    ).write_parquet(tmp_path / "c.parquet")
    out = tmp_path / "changes.parquet"
    write_changes({"contact": tmp_path / "c.parquet"}, out)
    assert pl.read_parquet(out).filter(pl.col("field") == "city")[
        "raw", "rule"
    ].rows() == [
        ("1 Main St, Reno, NV 89501", "city.address_line"),
        ("RENO", "city.case"),
    ]


def test_shipped_rules_have_what_the_report_shows() -> None:
    assert all(rule.fix and rule.owner and rule.name for rule in record_rules())


def test_values_on_no_list_are_counted_and_never_shown(
    checked: tuple[RecordChecks, Path],
) -> None:
    frames = {
        "repairs": pl.DataFrame(
            [("contact", "job_title", 1, 2, 3)],
            schema=["entity_type", "field", "layout", "corrected", "unusable"],
            orient="row",
        ),
        "unlisted": pl.DataFrame(
            [("contact", "job_title", "Secret Canary", 7),
             ("contact", "job_title", "Other Canary", 2)],
            schema=["entity_type", "field", "value", "records"],
            orient="row",
        ),
    }  # fmt: skip
    text = page(checked, tables(checked), **frames)
    assert "Values that no vocabulary lists" in text
    assert re.search(r">job title</td>.*?>2</td>.*?>9</td>", text)
    assert "Canary" not in text
