"""A browsable site of what was checked and how it went: rules and counts.

Built by one process at the end from the verdicts of Great Expectations that each
validation kept. The library's own site loads eight style sheets and scripts from four
networks, is bare text without them and takes longer than all checks; these pages need
nothing but themselves. No cell value can reach them: none is kept.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from hygiene.errors import InputError
from hygiene.reporting import bar, escape, render_page, render_table

_WORDS: Final = {
    "expect_column_values_to_not_be_null": "is filled",
    "expect_column_values_to_be_unique": "is unique",
    "expect_compound_columns_to_be_unique": "are unique together",
    "expect_column_values_to_match_regex": "matches the pattern",
    "expect_column_values_to_be_in_set": "is one of the list",
    "expect_column_values_to_be_between": "lies in the range",
    "expect_column_to_exist": "exists",
    "expect_table_row_count_to_be_between": "number of rows",
}


@dataclass(frozen=True, slots=True)
class DataDocsReport:
    """Where the site lies and how much it shows."""

    index: Path
    suites: int


def build_data_docs(
    kept: Path, folder: Path, *, run_id: str, checked_at: datetime
) -> DataDocsReport:
    """Write the site of the validations whose counts were kept.

    Args:
        kept: Folder that was given to `validate_relation` as `keep_in`.
        folder: The site's folder; replaced as a whole when the new site is complete.
        run_id: The run whose checks they are.
        checked_at: When that run checked, shown beside each suite.

    Returns:
        The index page and the number of suites.

    Raises:
        InputError: A kept file is not what `validate_relation` wrote.
    """
    contents = [_read(path) for path in sorted(kept.glob("*.json"))]
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{uuid4().hex}.tmp")
    when = (
        f"checked {checked_at:%d %B %Y, %H:%M} UTC by Great Expectations · run "
        f"<code>{escape(run_id[:8])}</code>"
    )
    try:
        (fresh / "suites").mkdir(parents=True)
        for content in contents:
            page = fresh / "suites" / f"{content['suite_name']}.html"
            page.write_text(_suite_page(content, when), encoding="utf-8")
        (fresh / "index.html").write_text(_index(contents, when), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return DataDocsReport(folder / "index.html", len(contents))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"building Data Docs: {path.name} could not be read as JSON "
            f"({type(error).__name__}); expected kept counts; validate again"
        ) from error
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list) or not all("rule" in each for each in results):
        raise InputError(
            f"building Data Docs: {path.name} holds no validation; expected kept counts; "
            "remove the file and validate again"
        )
    return content  # type: ignore[no-any-return]


def _failed(content: Mapping[str, Any]) -> int:
    return sum(not each["success"] for each in content["results"])


def _rows(content: Mapping[str, Any]) -> int:
    return max(
        (
            each["result"].get("element_count")
            or each["result"].get("observed_value")
            or 0
            for each in content["results"]
        ),
        default=0,
    )


def _verdict(content: Mapping[str, Any]) -> str:
    failed = _failed(content)
    if not failed:
        return '<span class="tag good">all hold</span>'
    blocking = any(
        each["rule"]["is_blocking"] and not each["success"]
        for each in content["results"]
    )
    return f'<span class="tag {"bad" if blocking else "fair"}">{failed} failed</span>'


def _index(contents: Sequence[Mapping[str, Any]], when: str) -> str:
    rules = sum(len(content["results"]) for content in contents)
    failed = sum(_failed(content) for content in contents)
    cards = [
        ("Suites", f"{len(contents):,}", "objects and tables with rules"),
        ("Rules", f"{rules:,}", "checked in this run"),
        ("Failed", f"{failed:,}", "see the suites marked below"),
        ("Rows", f"{sum(_rows(content) for content in contents):,}", "looked at"),
    ]
    body = '<section class="grid">' + "".join(
        f'<div class="card"><div class="k">{name}</div><div class="v">{value}</div>'
        f'<div class="d">{words}</div></div>'
        for name, value, words in cards
    )
    body += "</section>"
    titles = {
        "landing": "Landed objects",
        "published": "Published tables",
    }
    for layer in dict.fromkeys(content["layer"] for content in contents):
        rows = [
            [
                f'<a href="suites/{escape(content["suite_name"])}.html">'
                f"{escape(content['object'])}</a>",
                _verdict(content),
                f"{len(content['results']):,}",
                f"{_rows(content):,}",
                bar(
                    1 - _failed(content) / max(len(content["results"]), 1),
                    label="share of rules that hold",
                ),
            ]
            for content in contents
            if content["layer"] == layer
        ]
        body += f"<h2>{escape(titles.get(layer, layer.capitalize()))}</h2>"
        body += render_table(
            ["Object", "Verdict", "Rules", "Rows", "Rules that hold"],
            rows,
            numeric=[2, 3],
        )
    body += (
        "<footer>Counts only: no value of any record is shown or kept. What a rule means "
        "and who repairs what it finds stands on each suite's page.</footer>"
    )
    return render_page("Data Docs", body, subtitle=when)


def _statement(outcome: Mapping[str, Any]) -> str:
    """Return what the expectation says, from its arguments."""
    kwargs = outcome["kwargs"]
    kind = outcome["expectation_type"]
    words = _WORDS.get(kind, kind.removeprefix("expect_").replace("_", " "))
    subject = kwargs.get("column") or ", ".join(kwargs.get("column_list", ()))
    if " in " in str(subject):
        column, _, target = str(subject).partition(" in ")
        return f"<code>{escape(column)}</code> exists in <code>{escape(target)}</code>"
    text = f"<code>{escape(subject)}</code> {words}" if subject else words
    if "regex" in kwargs:
        text += f" <code>{escape(kwargs['regex'])}</code>"
    if "value_set" in kwargs:
        text += f": {escape(', '.join(map(str, kwargs['value_set'])))}"
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None or high is not None:
        ends = [f"from {low:g}"] if low is not None else []
        ends += [f"up to {high:g}"] if high is not None else []
        text += f" {' '.join(ends)}"
    if kwargs.get("mostly") not in {None, 1}:
        text += f", for at least {float(kwargs['mostly']):.0%} of the rows"
    return text


def _suite_page(content: Mapping[str, Any], when: str) -> str:
    rows = []
    for outcome in content["results"]:
        rule, result = outcome["rule"], outcome["result"]
        total = result.get("element_count") or 0
        failed = result.get("unexpected_count") or 0
        if outcome["success"]:
            verdict = '<span class="tag good">holds</span>'
        else:
            css = "bad" if rule["is_blocking"] else "fair"
            words = "failed, blocks" if rule["is_blocking"] else "failed"
            verdict = f'<span class="tag {css}">{words}</span>'
        rows.append(
            [
                f'<span class="id">{escape(rule["rule_id"])}</span>',
                f"<div><div>{escape(rule.get('name', ''))}</div>"
                f'<div class="note">{_statement(outcome)}</div></div>',
                verdict,
                escape(rule["dimension"]),
                escape(rule["owner"]),
                f"{total:,}" if total else "",
                f"{result.get('missing_count') or 0:,}" if total else "",
                f"{failed:,}" if total else "",
                bar(1 - failed / total, label="share of rows that keep the rule")
                if total
                else "",
            ]
        )
    table = render_table(
        [
            "Id", "Rule", "Verdict", "Dimension", "Owner", "Rows", "Empty", "Break it",
            "Keep it",
        ],
        rows,
        numeric=[5, 6, 7],
    )  # fmt: skip
    return render_page(
        content["object"],
        f'<p>{_verdict(content)} <span class="note">{len(rows)} rules on '
        f"{_rows(content):,} rows</span></p>{table}",
        subtitle=when,
        nav='<nav><a href="../index.html">Data Docs</a> / '
        f"{escape(content['layer'])}</nav>",
    )
