"""Checking frames: every kind of check, counts that are right, and no value anywhere."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from hygiene.errors import EngineError, InputError
from hygiene.quality import (
    Layer,
    Rule,
    RuleResult,
    Suite,
    build_data_docs,
    engine,
    landing_suite,
    published_suite,
    validate_frame,
)

CANARY = "canary-7f3a@secret.example"
CHECKED_AT = datetime(2026, 1, 15, tzinfo=UTC)


def suite_of(*checks: dict[str, Any]) -> Suite:
    rules = tuple(
        Rule.model_validate(
            {
                "id": f"DQ-V-{number:03d}",
                "name": f"check {number}",
                "dimension": "validity",
                "severity": "error",
                "blocking": False,
                "owner": "RevOps",
                "check": {
                    key: value for key, value in check.items() if key != "mostly"
                },
                "mostly": check.get("mostly", 1.0),
            }
        )
        for number, check in enumerate(checks)
    )
    return Suite(Layer.PUBLISHED, "things", rules)


def outcome(frame: pd.DataFrame, **check: Any) -> tuple[int, int, bool]:
    (result,) = validate_frame(
        frame,
        suite_of(check),
        references={("other", "key"): ["a", "b"]},
    )
    return result.rows_checked, result.rows_failed, result.success


FRAME = pd.DataFrame(
    {
        "text": ["a", "b", "b", None],
        "number": [1.0, 2.0, None, 99.0],
        "money": [Decimal("1.50"), Decimal("-3.00"), None, Decimal("2.00")],
        "key": ["a", "x", None, "b"],
        "full": [1, 2, 3, 4],
    }
)


@pytest.mark.parametrize(
    ("check", "failed"),
    [
        ({"kind": "not_null", "column": "text"}, 1),
        ({"kind": "not_null", "column": "full"}, 0),
        ({"kind": "unique", "columns": ["text"]}, 2),
        ({"kind": "unique", "columns": ["full"]}, 0),
        ({"kind": "unique", "columns": ["text", "full"]}, 0),
        ({"kind": "matches", "column": "text", "pattern": "^a$"}, 2),
        ({"kind": "in_set", "column": "text", "values": ["a"]}, 2),
        ({"kind": "in_set", "column": "text", "values": ["a", "b"]}, 0),
        ({"kind": "between", "column": "number", "min": 0, "max": 10}, 1),
        ({"kind": "between", "column": "money", "min": 0}, 1),
        ({"kind": "resolves", "column": "key", "table": "other", "key": "key"}, 1),
        ({"kind": "column_exists", "column": "text"}, 0),
        ({"kind": "row_count", "min": 1}, 0),
    ],
    ids=str,
)
def test_every_kind_of_check_counts_its_failures(
    check: dict[str, Any], failed: int
) -> None:
    assert outcome(FRAME, **check) == (4, failed, failed == 0)


def test_two_columns_that_repeat_together_fail() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "x", "x"]})
    assert outcome(frame, kind="unique", columns=["a", "b"]) == (3, 2, False)


def test_mostly_lets_some_rows_fail() -> None:
    check = {"kind": "not_null", "column": "text", "mostly": 0.5}
    assert outcome(FRAME, **check) == (4, 1, True)


@pytest.mark.parametrize(
    "check",
    [
        {"kind": "not_null", "column": "absent"},
        {"kind": "column_exists", "column": "absent"},
        {"kind": "unique", "columns": ["text", "absent"]},
        {"kind": "resolves", "column": "key", "table": "unknown", "key": "key"},
    ],
    ids=str,
)
def test_what_is_not_there_fails_for_all_rows(check: dict[str, Any]) -> None:
    assert outcome(FRAME, **check) == (4, 4, False)


def test_an_empty_table_keeps_row_rules_and_breaks_the_row_count() -> None:
    empty = pd.DataFrame({"text": pd.Series([], dtype=object)})
    assert outcome(empty, kind="not_null", column="text") == (0, 0, True)
    assert outcome(empty, kind="row_count", min=1) == (0, 0, False)


def test_results_come_in_the_suites_order_with_its_facts() -> None:
    suite = landing_suite("salesforce", "contact")
    frame = pd.DataFrame({column: ["003000000000001AAA"] for column in suite.columns})
    results = validate_frame(frame, suite)
    assert [result.rule_id for result in results] == [rule.id for rule in suite.rules]
    first = results[0]
    assert first == RuleResult(
        layer="landing",
        object="salesforce/contact",
        rule_id="DQ-C-001",
        rule_name="every record has the id that its source gave it",
        dimension="completeness",
        severity="error",
        is_blocking=True,
        rows_checked=1,
        rows_failed=0,
        success=True,
        engine="great_expectations",
    )


@pytest.mark.parametrize(
    ("amount", "ok"),
    [
        ("100", True), ("1,234.50", True), ("1.234,50", True), ("-5", True), ("€ 5.00", True),
        ("5 EUR", True), ("(5.00)", True), ("1E+06", True), ("1'234.00", True),
        ("abc", False), ("12-05-2024", False), ("n/a", False), ("", False),
    ],
)  # fmt: skip
def test_amounts_are_recognised_in_the_layouts_of_exports(
    amount: str, ok: bool
) -> None:
    suite = landing_suite("salesforce", "opportunity")
    frame = pd.DataFrame({column: [amount] for column in suite.columns})
    results = {result.rule_id: result for result in validate_frame(frame, suite)}
    assert results["DQ-V-004"].success is ok


def test_repeated_columns_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(InputError, match="repeats column names"):
        validate_frame(frame, suite_of({"kind": "row_count", "min": 1}))


def canary_frame(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({column: [CANARY, CANARY, None] for column in columns})


def test_no_value_reaches_results_logs_kept_counts_or_the_site(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    kept, site = tmp_path / "kept", tmp_path / "site"
    suites = [
        landing_suite("salesforce", "opportunity"),
        published_suite("dim_contacts"),
        published_suite("fct_opportunities"),
    ]
    told = ""
    with caplog.at_level(logging.DEBUG):
        for suite in suites:
            results = validate_frame(
                canary_frame(suite.columns),
                suite,
                references={pair: [CANARY] for pair in suite.references},
                keep_in=kept,
            )
            assert not all(result.success for result in results)
            told += "".join(str(asdict(result)) for result in results)
        report = build_data_docs(kept, site, run_id="run-1", checked_at=CHECKED_AT)
    assert report.suites == 3
    assert report.index.is_file()
    captured = capfd.readouterr()
    told += caplog.text + captured.out + captured.err
    for path in (*kept.rglob("*"), *site.rglob("*")):
        if path.is_file():
            told += path.read_bytes().decode("utf-8", errors="replace")
    assert "landing.salesforce.opportunity" in told
    assert CANARY not in told
    assert CANARY.partition("@")[0] not in told


@pytest.mark.parametrize("culprit", ["count_rules", "_metrics"])
def test_a_failure_is_told_without_values(
    culprit: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise duckdb.ConversionException(f"could not convert {CANARY}")

    monkeypatch.setattr(engine, culprit, fail)
    frame = pd.DataFrame({"day": ["x"]})
    suite = suite_of({"kind": "not_null", "column": "day"})
    with caplog.at_level(logging.DEBUG), pytest.raises(EngineError) as error:
        validate_frame(frame, suite)
    assert "expected" in str(error.value)
    assert CANARY not in str(error.value)
    assert CANARY not in caplog.text


def test_pages_load_nothing_from_anywhere(tmp_path: Path) -> None:
    suite = suite_of({"kind": "not_null", "column": "text"})
    validate_frame(FRAME, suite, keep_in=tmp_path / "kept")
    report = build_data_docs(
        tmp_path / "kept", tmp_path / "site", run_id="r", checked_at=CHECKED_AT
    )
    pages = sorted(report.index.parent.rglob("*.html"))
    assert [page.name for page in pages] == ["index.html", "published.things.html"]
    for page in pages:
        text = page.read_text()
        assert "default-src 'none'" in text
        assert re.findall(r"(?:src|href)=\"(?!data:|\.\./|suites/)[^\"]*", text) == []


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (["1 234", "1\u00a0234", "x", None], r"^[\d\s]+$"),
        (["A", "a", "", "É", None], r"^[A-Z]$"),
    ],
)
def test_duckdb_counts_what_python_would_count(
    values: list[str | None], pattern: str
) -> None:
    frame = pd.DataFrame({"text": values})
    expected = sum(
        value is not None and not re.search(pattern, value, re.ASCII)
        for value in values
    )
    assert outcome(frame, kind="matches", column="text", pattern=pattern)[1] == expected


def test_site_is_replaced_as_a_whole(tmp_path: Path) -> None:
    kept, site = tmp_path / "kept", tmp_path / "site"
    suite = suite_of({"kind": "not_null", "column": "text"})
    validate_frame(FRAME, suite, keep_in=kept)
    build_data_docs(kept, site, run_id="run-1", checked_at=CHECKED_AT)
    (site / "left-over.html").write_text("old")
    build_data_docs(kept, site, run_id="run-2", checked_at=CHECKED_AT)
    assert not (site / "left-over.html").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_broken_kept_file_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "x.json").write_text("{")
    with pytest.raises(InputError, match=r"x\.json"):
        build_data_docs(kept, tmp_path / "site", run_id="r", checked_at=CHECKED_AT)
    assert not (tmp_path / "site").exists()
