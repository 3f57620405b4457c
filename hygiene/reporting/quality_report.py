"""The data quality report of one sync: what is wrong, what it costs, who repairs it.

Takes small frames of counts and gives one page. Counts, rule names, owners and record
ids only; the content of a record never reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl

from hygiene.quality.scorecard import dimension_scores, overall_score
from hygiene.reporting.charts import bar, dial, sparkline, tone, trend
from hygiene.reporting.page import escape, render_page, render_table

_LINKS_SHOWN: Final = 24
_ROWS_SHOWN: Final = 12
_DIMENSIONS: Final = (
    "completeness", "validity", "uniqueness", "consistency", "timeliness", "accuracy",
)  # fmt: skip


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
    data_docs: str = "quality/index.html"


def render_report(given: ReportInput) -> str:
    """Return the report as one HTML document.

    Args:
        given: What to show.

    Returns:
        HTML that loads nothing.
    """
    now = given.scorecard.filter(pl.col("run_id") == given.run_id)
    body = "".join(
        (
            _hero(given, now),
            _costs(given),
            _heat(now),
            _rules(given),
            _owners(given),
            _causes(given),
            _guards(given),
            _quarantine(given),
            _repairs(given),
            "<footer>A score is the share of checked records that keep the rules; the "
            "overall score is the mean of its dimensions. Money is counted once per "
            "deal or account, however many records are wrong, and one account may stand "
            "behind several rules. Counts and record ids only. "
            f'<a href="{escape(given.data_docs)}">Data Docs</a> list every rule at the '
            "edges; the tables <code>data_quality_*</code> in the published file hold "
            "all of this.</footer>",
        )
    )
    return render_page(
        "Data quality",
        body,
        subtitle=f"as of {escape(given.as_of)} · run <code>{escape(given.run_id[:8])}"
        f"</code> · checked {given.checked_at:%d %B %Y, %H:%M} UTC",
    )


def _money(value: Any, currency: str) -> str:
    amount = float(value or 0)
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(amount) >= size:
            return f"{amount / size:,.1f}{unit} {escape(currency)}"
    return f"{amount:,.0f} {escape(currency)}" if amount else ""


def _delta(change: float | None, *, unit: str = "") -> str:
    if change is None:
        return '<span class="d">first run</span>'
    if abs(change) < 0.05:
        return f'<span class="d">± 0{unit}</span>'
    css = "up" if change > 0 else "down"
    return f'<span class="{css}">{change:+.1f}{unit}</span>'


def _per_run(scorecard: pl.DataFrame) -> list[tuple[datetime, float]]:
    runs = (
        scorecard.select("checked_at", "run_id").unique().sort("checked_at", "run_id")
    )
    scores = []
    for moment, run_id in runs.tail(60).iter_rows():
        score = overall_score(scorecard.filter(pl.col("run_id") == run_id))
        if score is not None:
            scores.append((moment, score))
    return scores


def _hero(given: ReportInput, now: pl.DataFrame) -> str:
    overall = overall_score(now)
    if overall is None:
        return '<section class="card"><p>No record was checked yet.</p></section>'
    runs = _per_run(given.scorecard)
    change = runs[-1][1] - runs[-2][1] if len(runs) > 1 else None
    weeks = None
    old = [score for moment, score in runs if (runs[-1][0] - moment).days >= 28]
    if old:
        weeks = runs[-1][1] - old[-1]
    told = f"{_delta(change)} since the last run"
    if change is None:
        told = "first run: the trend begins with the next one"
    elif weeks is not None:
        told += f", {_delta(weeks)} in four weeks"
    line = (
        trend(
            [score / 100 for _, score in runs],
            [f"{moment:%d %b %Y}" for moment, _ in runs],
            label="overall score over time",
        )
        if len(runs) > 1
        else _bars(now)
    )
    before = _previous(given.scorecard, given.run_id)
    cards = ""
    for name, score in _in_order(dimension_scores(now)):
        moved = score - before[name] if name in before else None
        failed = now.filter(pl.col("dimension") == name)["records_failed"].sum()
        cards += (
            f'<div class="card"><div class="k">{name}</div><div class="v">{score:.1f}</div>'
            f"{bar(score / 100, label=f'{name} {score:.1f}')}"
            f'<div class="d">{failed:,} defects · {_delta(moved)}</div></div>'
        )
    return (
        '<section class="grid two"><div class="card">'
        f"{dial(overall / 100, label=f'overall score {overall:.1f} of 100')}"
        f'<p class="note" style="text-align:center">{told}</p></div>'
        f'<div class="card"><h3>{"Overall score" if len(runs) > 1 else "By source"}</h3>'
        f"{line}</div></section>"
        f'<section class="grid dims">{cards}</section>'
    )


def _bars(now: pl.DataFrame) -> str:
    rows = (
        now.group_by("source_name")
        .agg(pl.col("records_checked").sum(), pl.col("records_failed").sum())
        .sort("source_name")
    )
    cells = "".join(
        f"<span>{escape(name)}</span>{bar(1 - failed / checked, label=str(name))}"
        f'<span class="n">{100 * (1 - failed / checked):.1f}</span>'
        for name, checked, failed in rows.iter_rows()
    )
    return f'<div class="bars">{cells}</div>'


def _previous(scorecard: pl.DataFrame, run_id: str) -> dict[str, float]:
    others = scorecard.filter(pl.col("run_id") != run_id)
    if others.is_empty():
        return {}
    latest = others.filter(pl.col("checked_at") == pl.col("checked_at").max())
    return dimension_scores(latest)


def _in_order(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(name, scores[name]) for name in _DIMENSIONS if name in scores]


def _costs(given: ReportInput) -> str:
    worth = given.costs.with_columns(
        (pl.col("pipeline_blocked") + pl.col("revenue_blocked"))
        .cast(pl.Float64())
        .alias("money")
    ).filter((pl.col("money") > 0) & (pl.col("severity") != "info"))
    worth = worth.sort(["money", "rule_id"], descending=[True, False]).head(8)
    if worth.is_empty():
        return ""
    most = float(worth["money"].max() or 1)  # type: ignore[arg-type]
    rows = [
        [
            f'<a href="#{escape(row["rule_id"])}">{escape(row["rule_name"])}</a>',
            f"{row['records_failed']:,}",
            _money(row["pipeline_blocked"], given.currency),
            _money(row["revenue_blocked"], given.currency),
            bar(row["money"] / most, label="money at stake", css="plain"),
        ]
        for row in worth.iter_rows(named=True)
    ]
    return (
        "<h2>What defects stand in the way of</h2>"
        + render_table(
            [
                "Rule that is broken",
                "Defects",
                "Open pipeline",
                "Revenue, 12 months",
                "",
            ],
            rows,
            numeric=[1, 2, 3],
        )
        + '<p class="note">Pipeline and revenue behind the records that break the rule.</p>'
    )


def _heat(now: pl.DataFrame) -> str:
    present = [name for name in _DIMENSIONS if name in set(now["dimension"])]
    grouped = now.group_by("source_name", "source_object", "dimension").agg(
        pl.col("records_checked").sum(), pl.col("records_failed").sum()
    )
    cells = {
        (source, name, dimension): 100 * (1 - failed / checked)
        for source, name, dimension, checked, failed in grouped.iter_rows()
    }
    rows = []
    for source, name in sorted({key[:2] for key in cells}):
        line = [f"{escape(source)} <b>{escape(name)}</b>"]
        for dimension in present:
            score = cells.get((source, name, dimension))
            line.append(
                ""
                if score is None
                else f'<span class="{tone(score / 100)}">{score:.1f}</span>'
            )
        rows.append(line)
    fields = (
        now.filter(pl.col("dimension").is_in(["completeness", "validity"]))
        .filter(pl.col("records_failed") > 0)
        .sort("score_pct", "source_name", "source_object", "field", "dimension")
        .head(_ROWS_SHOWN)
    )
    weakest = [
        [
            f"{escape(row['source_name'])} {escape(row['source_object'])} "
            f"<b>{escape(row['field'])}</b>",
            escape(row["dimension"]),
            f"{row['records_failed']:,} of {row['records_checked']:,}",
            f"{row['score_pct']:.1f}",
            _delta(row["change"]),
            bar(row["score_pct"] / 100, label=f"{row['score_pct']:.1f}"),
        ]
        for row in fields.iter_rows(named=True)
    ]
    return (
        "<h2>Scorecard</h2>"
        + render_table(
            ["Source and object", *present],
            rows,
            numeric=range(1, len(present) + 1),
            kind="heat",
        )
        + "<h2>Weakest fields</h2>"
        + render_table(
            ["Field", "Dimension", "Defects", "Score", "Change", ""],
            weakest,
            numeric=[2, 3, 4],
        )
    )


def _rules(given: ReportInput) -> str:
    order = {"error": 0, "warn": 1, "info": 2}
    broken = given.costs.filter(
        (pl.col("records_failed") > 0) & (pl.col("severity") != "info")
    )
    rows = sorted(
        broken.iter_rows(named=True),
        key=lambda row: (
            order[row["severity"]],
            -float(row["pipeline_blocked"] + row["revenue_blocked"]),
            -row["records_failed"],
            row["rule_id"],
        ),
    )
    if not rows:
        return "<h2>Rules about records</h2><p>Every rule holds.</p>"
    return (
        "<h2>Rules that are broken</h2>"
        '<p class="note">Open a line for owners, ways in and records.</p>'
        + "".join(_rule(row, given) for row in rows)
    )


def _rule(row: Mapping[str, Any], given: ReportInput) -> str:
    rule_id = row["rule_id"]
    share = row["records_failed"] / max(row["records_checked"], 1)
    css = {"error": "bad", "warn": "fair"}.get(row["severity"], "")
    causes = given.causes.filter(pl.col("rule_id") == rule_id)
    ways = (
        causes.group_by("source_name", "source_object", "entry_point")
        .agg(pl.col("records_failed").sum(), pl.col("records_checked").sum())
        .sort(["records_failed", "source_name", "source_object", "entry_point"],
              descending=[True, False, False, False])
        .head(6)
    )  # fmt: skip
    records = given.defects.filter(pl.col("rule_id") == rule_id)
    owners = (
        records.group_by("owner_name")
        .agg(pl.len().alias("records"))
        .sort(["records", "owner_name"], descending=[True, False])
        .head(6)
        if "owner_records" not in records.columns
        else records.select("owner_name", "owner_records")
        .unique()
        .sort(["owner_records", "owner_name"], descending=[True, False])
        .head(6)
    )
    items = "".join(
        f"<li>{_linked(record['record_key'], record['source_link'])}</li>"
        for record in records.head(_LINKS_SHOWN).iter_rows(named=True)
    )
    more = row["records_failed"] - min(records.height, _LINKS_SHOWN)
    note = (
        f'<p class="note">… and {more:,} more: <code>select * from data_quality_defects '
        f"where rule_id = '{escape(rule_id)}'</code></p>"
        if more > 0
        else ""
    )
    money = " · ".join(
        text
        for text in (
            _worded(row["pipeline_blocked"], "pipeline", given.currency),
            _worded(row["revenue_blocked"], "revenue", given.currency),
        )
        if text
    )
    return (
        f'<details id="{escape(rule_id)}"><summary><span class="id">{escape(rule_id)}</span>'
        f'<span class="name">{escape(row["rule_name"])}</span>'
        f'<span class="n">{row["records_failed"]:,}</span>'
        f'<span class="tag {css}">{share:.1%}</span></summary><div class="in">'
        f'<p>{escape(row["fix"] or "")}</p><p class="note">{escape(row["dimension"])} · '
        f"{escape(row['severity'])} · owner of the rule: {escape(row['rule_owner'])} · "
        f"{row['records_failed']:,} of {row['records_checked']:,} records"
        f"{' · ' + money if money else ''}</p>"
        '<div class="cols"><div><h3>Where they come from</h3>'
        + render_table(
            ["Way in", "Defects", "Rate"],
            [
                [
                    escape(
                        way if source == "all sources" else f"{source} {name}: {way}"
                    ),
                    f"{failed:,}",
                    f"{failed / checked:.0%}",
                ]
                for source, name, way, failed, checked in ways.iter_rows()
            ],
            numeric=[1, 2],
        )
        + "</div><div><h3>Whose records</h3>"
        + render_table(
            ["Owner", "Defects"],
            [[escape(name), f"{count:,}"] for name, count in owners.iter_rows()],
            numeric=[1],
        )
        + f'</div></div><h3 style="margin-top:1em">Records</h3><ul class="links">{items}'
        f"</ul>{note}</div></details>"
    )


def _worded(amount: Any, what: str, currency: str) -> str:
    text = _money(amount, currency)
    return f"{text} {what}" if text else ""


def _linked(key: str, link: str | None) -> str:
    text = f"<code>{escape(key)}</code>"
    if not link or not link.startswith(("https://", "http://")):
        return text
    return f'<a href="{escape(link)}" rel="noreferrer noopener">{text}</a>'


def _owners(given: ReportInput) -> str:
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
            _money(row["pipeline_blocked"], given.currency),
        ]
        for row in frame.head(_ROWS_SHOWN).iter_rows(named=True)
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


def _causes(given: ReportInput) -> str:
    worst = given.causes.filter(
        (pl.col("lift") >= 1.5) & (pl.col("records_failed") >= 5)
    ).sort(
        ["lift", "records_failed", "rule_id", "entry_point"],
        descending=[True, True, False, False],
    )
    rows = [
        [
            f"{escape(row['source_name'])} {escape(row['source_object'])}: "
            f"<b>{escape(row['entry_point'])}</b>",
            escape(row["rule_name"]),
            f"{row['records_failed']:,}",
            f"{row['failure_rate_pct']:.0f} %",
            f"{row['usual_rate_pct']:.0f} %",
            f'<span class="tag fair">{row["lift"]:.1f} times</span>',
        ]
        for row in worst.head(_ROWS_SHOWN).iter_rows(named=True)
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


def _guards(given: ReportInput) -> str:
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


def _quarantine(given: ReportInput) -> str:
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


def _repairs(given: ReportInput) -> str:
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
