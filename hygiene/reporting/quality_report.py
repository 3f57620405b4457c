"""The data quality report of one sync: what is wrong, what it costs, who repairs it.

Takes small frames of counts and gives one page. Counts, rule names, owners and record
ids only; the content of a record never reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl

from hygiene.quality.scorecard import dimension_scores, overall_score
from hygiene.reporting.charts import bar, dial, tone, trend
from hygiene.reporting.page import escape, render_page, render_table
from hygiene.reporting.report_sections import (
    ROWS_SHOWN,
    ReportInput,
    change_text,
    money_text,
    show_causes,
    show_guards,
    show_owners,
    show_quarantine,
    show_repairs,
    source_text,
)

_LINKS_SHOWN: Final = 24
_DIMENSIONS: Final = (
    "completeness", "validity", "uniqueness", "consistency", "timeliness", "accuracy",
)  # fmt: skip


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
            show_owners(given),
            show_causes(given),
            show_guards(given),
            show_quarantine(given),
            show_repairs(given),
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
    told = f"{change_text(change)} since the last run"
    if change is None:
        told = "first run: the trend begins with the next one"
    elif weeks is not None:
        told += f", {change_text(weeks)} in four weeks"
    # Several runs of one day are told apart by the time.
    is_one_day = len({moment.date() for moment, _ in runs}) == 1
    pattern = "%d %b, %H:%M" if is_one_day else "%d %b %Y"
    line = (
        trend(
            [score / 100 for _, score in runs],
            [f"{moment:{pattern}}" for moment, _ in runs],
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
            f'<div class="d">{failed:,} defects · {change_text(moved)}</div></div>'
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
    # Scored as the whole is: the mean of the dimensions.
    scores = {
        name: overall_score(now.filter(pl.col("source_name") == name)) or 0.0
        for name in now["source_name"].unique().sort()
    }
    cells = "".join(
        f"<span>{escape(source_text(name))}</span>{bar(score / 100, label=source_text(name))}"
        f'<span class="n">{score:.1f}</span>'
        for name, score in scores.items()
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
            money_text(row["pipeline_blocked"], given.currency),
            money_text(row["revenue_blocked"], given.currency),
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
        line = [f"{escape(source_text(source))} <b>{escape(name)}</b>"]
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
        .head(ROWS_SHOWN)
    )
    weakest = [
        [
            f"{escape(source_text(row['source_name']))} {escape(row['source_object'])} "
            f"<b>{escape(row['field'])}</b>",
            escape(row["dimension"]),
            f"{row['records_failed']:,} of {row['records_checked']:,}",
            f"{row['score_pct']:.1f}",
            change_text(row["change"]),
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
    # A record that breaks a rule in two fields is one to look at.
    shown = records.unique("record_key", keep="first", maintain_order=True).head(
        _LINKS_SHOWN
    )
    items = "".join(
        f"<li>{_linked(record['record_key'], record['source_link'])}</li>"
        for record in shown.iter_rows(named=True)
    )
    told = records.join(shown, on="record_key", how="semi").height
    more = row["records_failed"] - told
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
    text = money_text(amount, currency)
    return f"{text} {what}" if text else ""


def _linked(key: str, link: str | None) -> str:
    text = f"<code>{escape(key)}</code>"
    if not link or not link.startswith(("https://", "http://")):
        return text
    return f'<a href="{escape(link)}" rel="noreferrer noopener">{text}</a>'
