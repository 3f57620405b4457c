"""The sections of the quality report about people, ways in, guards and repairs.

And what every section shares: the report's input, and how money and changes are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl

from hygiene.reporting.charts import bar, sparkline
from hygiene.reporting.page import escape, render_table

ROWS_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class ReportInput:
    """What the report shows; every frame is an aggregate or a list of record ids."""

    run_id: str
    as_of: str
    checked_at: datetime
    currency: str
    scorecard: pl.DataFrame
    """Every known run."""
    by_owner: pl.DataFrame
    causes: pl.DataFrame
    costs: pl.DataFrame
    defects: pl.DataFrame
    """At most a few dozen records per rule: rule_id, record_key, owner_name, source_link."""
    guards: Sequence[Mapping[str, Any]] = ()
    """Per object: name, text, holds, history (records at each publication)."""
    quarantine: pl.DataFrame = field(default_factory=pl.DataFrame)
    """reason_code, source_name, source_object, records."""
    repairs: pl.DataFrame = field(default_factory=pl.DataFrame)
    """entity_type, field, status, changes, records."""
    recognised: pl.DataFrame = field(default_factory=pl.DataFrame)
    """field, raw, clean, records: words of closed lists that were recognised."""
    unlisted: pl.DataFrame = field(default_factory=pl.DataFrame)
    """entity_type, field, value, records: values on no list; only counted on the page."""
    data_docs: str = "quality/index.html"


def money_text(value: Any, currency: str) -> str:
    """Return an amount as a person reads it; nothing for none."""
    amount = float(value or 0)
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(amount) >= size:
            return f"{amount / size:,.1f}{unit} {escape(currency)}"
    return f"{amount:,.0f} {escape(currency)}" if amount else ""


def source_text(name: str) -> str:
    """Return a source as the page calls it: people and customers belong to several."""
    return "across sources" if name == "all sources" else name


def change_text(change: float | None, *, unit: str = "") -> str:
    """Return a change with its sign and colour."""
    if change is None:
        return '<span class="d">first run</span>'
    if abs(change) < 0.05:
        return f'<span class="d">± 0{unit}</span>'
    css = "up" if change > 0 else "down"
    return f'<span class="{css}">{change:+.1f}{unit}</span>'


def show_owners(given: ReportInput) -> str:
    """Return the league table of owners."""
    frame = given.by_owner.filter(pl.col("owner_name") != "no owner").sort(
        ["defects_per_100_records", "owner_name"], descending=[True, False]
    )
    if frame.is_empty():
        return ""
    most = float(frame["defects_per_100_records"].max() or 1)  # type: ignore[arg-type]
    rows = [
        [
            escape(row["owner_name"]),
            f"{row['records_owned']:,}",
            f"{row['defects']:,}",
            f"{row['defects_per_100_records']:.1f}",
            bar(row["defects_per_100_records"] / most, label="defects", css="plain"),
            escape(row["worst_rule_name"] or ""),
            money_text(row["pipeline_blocked"], given.currency),
        ]
        for row in frame.head(ROWS_SHOWN).iter_rows(named=True)
    ]
    return (
        "<h2>Owners</h2>"
        + render_table(
            [
                "Owner",
                "Records",
                "Defects",
                "per 100",
                "",
                "Most often broken",
                "Pipeline",
            ],
            rows,
            numeric=[1, 2, 3, 6],
        )
        + '<p class="note">All rules together, the ones that only inform included.</p>'
    )


def show_causes(given: ReportInput) -> str:
    """Return the ways in whose records break rules more often than usual."""
    worst = given.causes.filter(
        (pl.col("lift") >= 1.5) & (pl.col("records_failed") >= 5)
    ).sort(
        ["lift", "records_failed", "rule_id", "entry_point"],
        descending=[True, True, False, False],
    )
    rows = [
        [
            f"{escape(source_text(row['source_name']))} {escape(row['source_object'])}: "
            f"<b>{escape(row['entry_point'])}</b>",
            escape(row["rule_name"]),
            f"{row['records_failed']:,}",
            f"{row['failure_rate_pct']:.0f} %",
            f"{row['usual_rate_pct']:.0f} %",
            f'<span class="tag fair">{row["lift"]:.1f} times</span>',
        ]
        for row in worst.head(ROWS_SHOWN).iter_rows(named=True)
    ]
    if not rows:
        return ""
    return (
        "<h2>Ways in that make bad records</h2>"
        + render_table(
            ["Way in", "Rule that is broken", "Defects", "Here", "Usually", ""],
            rows,
            numeric=[2, 3, 4],
        )
        + '<p class="note">Lead sources, import files and integrations whose records break '
        "a rule at least one and a half times as often as is usual.</p>"
    )


def show_guards(given: ReportInput) -> str:
    """Return volume and freshness of every object."""
    if not given.guards:
        return ""
    rows = []
    for each in given.guards:
        past = list(each["history"])
        verdict = "good" if each["holds"] else "bad" if each["blocks"] else "fair"
        rows.append(
            [
                escape(each["name"]),
                f"{past[-1]:,}" if past else "",
                sparkline(past, label="records at each publication"),
                f'<span class="tag {verdict}">{escape(each["verdict"])}</span>',
                f'<span class="note">{escape(each["text"])}</span>',
            ]
        )
    return "<h2>Volume and freshness</h2>" + render_table(
        ["Source and object", "Records", "", "Verdict", "In words"], rows, numeric=[1]
    )


def show_quarantine(given: ReportInput) -> str:
    """Return what stands aside, by reason."""
    if given.quarantine.is_empty():
        return "<h2>Quarantine</h2><p>Every record could be used.</p>"
    rows = [
        [
            escape(row["source_name"]), escape(row["source_object"]),
            escape(row["reason_code"]).replace("_", " "), f"{row['records']:,}",
        ]
        for row in given.quarantine.iter_rows(named=True)
    ]  # fmt: skip
    return (
        "<h2>Quarantine</h2>"
        + render_table(["Source", "Object", "Why", "Records"], rows, numeric=[3])
        + '<p class="note"><code>tidycrm quarantine export fixes.xlsx</code> writes a file '
        "to correct them in; <code>tidycrm quarantine fix fixes.xlsx</code> brings it back."
        "</p>"
    )


def show_repairs(given: ReportInput) -> str:
    """Return what standardising changed, by field."""
    if given.repairs.is_empty():
        return ""
    rows = [
        [
            escape(row["entity_type"]), escape(row["field"]).replace("_", " "),
            f"{row['layout']:,}", f"{row['corrected']:,}", f"{row['unusable']:,}",
        ]
        for row in given.repairs.iter_rows(named=True)
    ]  # fmt: skip
    words = ""
    if not given.recognised.is_empty():
        listed = [
            [escape(row["field"]).replace("_", " "), escape(row["raw"]),
             escape(row["clean"]), f"{row['records']:,}"]
            for row in given.recognised.iter_rows(named=True)
        ]  # fmt: skip
        words = "<h2>Words that were recognised</h2>" + render_table(
            ["Field", "As received", "Canonical", "Records"], listed, numeric=[3]
        )
    if not given.unlisted.is_empty():
        counted = (
            given.unlisted.group_by("entity_type", "field")
            .agg(pl.len().alias("values"), pl.col("records").sum())
            .sort(["records", "entity_type", "field"], descending=[True, False, False])
        )
        words += (
            "<h2>Values that no vocabulary lists</h2>"
            + render_table(
                ["Records", "Field", "Values", "Records that hold them"],
                [
                    [escape(kind), escape(name).replace("_", " "), f"{values:,}",
                     f"{records:,}"]
                    for kind, name, values, records in counted.iter_rows()
                ],
                numeric=[2, 3],
            )
            + '<p class="note">Which ones: table <code>data_quality_unlisted_values</code>. '
            "Add them under <code>standardise.vocabularies</code>, or correct them at the "
            "source.</p>"
        )  # fmt: skip
    return (
        "<h2>What standardising changed</h2>"
        + render_table(
            ["Records", "Field", "Layout only", "Repaired", "Unusable"],
            rows,
            numeric=[2, 3, 4],
        )
        + '<p class="note">Every change with raw value, clean value and rule: table '
        "<code>standardisation_changes</code>.</p>" + words
    )
