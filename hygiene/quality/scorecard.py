"""Scores, league tables, causes and costs: small tables made of counts.

Everything here is an aggregate of the counts that checking the records gave, plus the
scores of earlier runs. A score is the share of checked records that keep the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from hygiene.parquet_exchange import quote_literal
from hygiene.quality.record_rule import RecordRule

FOUR_WEEKS: Final = timedelta(days=28)
_KEY: Final = ("source_name", "source_object", "field", "dimension")
_SCORE: Final = (
    100 * (1 - pl.col("records_failed") / pl.col("records_checked"))
).round(3)

COMMENTS: Final[dict[str, str]] = {
    "run_id": "Run that checked; the same id as in the Dagster UI.",
    "checked_at": "When that run began, UTC.",
    "source_name": "Source, or `all sources` where records of several are compared.",
    "source_object": "Object of the source.",
    "field": "Field that the rules are about; `record` for the record as a whole.",
    "dimension": "Quality dimension.",
    "rules": "Rules behind the line.",
    "records_checked": "Records that the rules are about, once per rule.",
    "records_failed": "Records that break a rule, once per rule.",
    "score_pct": "Share of checked records that keep the rules, 0 to 100.",
    "previous_score_pct": "The same at the publication before.",
    "change": "Percentage points since the publication before.",
    "score_4_weeks_ago_pct": "The same at the last publication at least 28 days earlier.",
    "change_4_weeks": "Percentage points over those four weeks.",
    "owner_name": "Owner in the CRM; `no owner` where none is named.",
    "records_owned": "Records of that owner that were looked at.",
    "defects": "Broken rules, once per record.",
    "defects_per_100_records": "Defects per hundred records.",
    "worst_rule_id": "The rule with most defects among those that warn.",
    "worst_rule_name": "Its statement.",
    "pipeline_blocked": "Open pipeline that defects stand in the way of, reporting "
    "currency; each deal or account counts once.",
    "revenue_blocked": "Revenue of the last 12 months at stake, reporting currency; each "
    "account counts once.",
    "entry_point": "How the records came in: lead source, form, import file, integration.",
    "rule_id": "Id of the rule.",
    "rule_name": "The statement.",
    "failure_rate_pct": "Share of these records that break the rule, 0 to 100.",
    "usual_rate_pct": "The same over all ways in.",
    "lift": "How many times the usual rate.",
    "severity": "error, warn or info.",
    "rule_owner": "Who repairs what the rule finds.",
    "fix": "What to do about it.",
    "record_key": "Key of the record: source_record_key or golden id.",
    "money_key": "Golden account or opportunity behind the money.",
    "source_link": "Address of the record in its source, where a template is configured.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class QualityTables:
    """The tables of one run."""

    scorecard: pl.DataFrame
    by_owner: pl.DataFrame
    causes: pl.DataFrame
    costs: pl.DataFrame


def build_tables(
    counts: pl.DataFrame,
    money: pl.DataFrame,
    rules: Sequence[RecordRule],
    *,
    defects: Path,
    history: pl.DataFrame,
    run_id: str,
    checked_at: datetime,
) -> QualityTables:
    """Make the published quality tables of a run.

    Args:
        counts: `RecordChecks.counts`.
        money: `RecordChecks.money`.
        rules: The rules that were checked.
        defects: Parquet of defects.
        history: Scorecards of earlier publications; may be empty.
        run_id: This run.
        checked_at: When it began, UTC, without a zone.

    Returns:
        Tables in a total order. The scorecard holds earlier runs as well.
    """
    named = counts.join(_describe(rules), on="rule_id", how="inner")
    stamp = (
        pl.lit(run_id).alias("run_id"),
        pl.lit(checked_at, dtype=pl.Datetime("us")).alias("checked_at"),
    )
    score = _score(named).with_columns(*stamp)
    past = history if history.is_empty() else history.filter(pl.col("run_id") != run_id)
    return QualityTables(
        scorecard=_with_trend(score, past, checked_at),
        by_owner=_by_owner(named, defects).with_columns(*stamp),
        causes=_causes(named).with_columns(*stamp),
        costs=_costs(named, money, rules).with_columns(*stamp),
    )


def overall_score(scorecard: pl.DataFrame) -> float | None:
    """Return one number for a run: the mean of its dimensions, 0 to 100.

    Each dimension weighs the same, so that many filled fields do not hide that systems
    disagree.

    Args:
        scorecard: Lines of one run.

    Returns:
        The score; none without lines.
    """
    scores = dimension_scores(scorecard)
    return sum(scores.values()) / len(scores) if scores else None


def dimension_scores(scorecard: pl.DataFrame) -> dict[str, float]:
    """Return the score of each dimension of one run, 0 to 100.

    Args:
        scorecard: Lines of one run.

    Returns:
        Score by dimension, sorted by name.
    """
    if scorecard.is_empty():
        return {}
    frame = (
        scorecard.group_by("dimension")
        .agg(pl.col("records_checked").sum(), pl.col("records_failed").sum())
        .sort("dimension")
        .select("dimension", _SCORE.alias("score"))
    )
    return dict(frame.iter_rows())


def _describe(rules: Sequence[RecordRule]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "rule_id": rule.id,
                "rule_name": rule.name,
                "dimension": str(rule.dimension),
                "severity": str(rule.severity),
                "rule_owner": rule.owner,
            }
            for rule in rules
        ],
        schema=dict.fromkeys(
            ("rule_id", "rule_name", "dimension", "severity", "rule_owner"), pl.String()
        ),
    )


def _score(named: pl.DataFrame) -> pl.DataFrame:
    return (
        named.group_by(_KEY)
        .agg(
            pl.col("rule_id").unique().sort().str.join(", ").alias("rules"),
            pl.col("records_checked").sum(),
            pl.col("records_failed").sum(),
        )
        .sort(_KEY)
        .with_columns(_SCORE.alias("score_pct"))
    )


def _with_trend(
    score: pl.DataFrame, past: pl.DataFrame, checked_at: datetime
) -> pl.DataFrame:
    def earlier(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        if frame.is_empty():
            return pl.DataFrame(
                schema={**dict.fromkeys(_KEY, pl.String()), name: pl.Float64()}
            )
        latest = frame.filter(pl.col("checked_at") == pl.col("checked_at").max())
        return latest.select(*_KEY, pl.col("score_pct").alias(name)).unique(
            subset=_KEY, keep="first", maintain_order=True
        )

    before = past
    if not past.is_empty():
        before = past.filter(pl.col("checked_at") < checked_at)
    weeks = before
    if not before.is_empty():
        weeks = before.filter(pl.col("checked_at") <= checked_at - FOUR_WEEKS)
    current = (
        score.join(
            earlier(before, "previous_score_pct"), on=_KEY, how="left",
            maintain_order="left",
        )
        .join(
            earlier(weeks, "score_4_weeks_ago_pct"), on=_KEY, how="left",
            maintain_order="left",
        )
        .with_columns(
            (pl.col("score_pct") - pl.col("previous_score_pct")).round(3).alias("change"),
            (pl.col("score_pct") - pl.col("score_4_weeks_ago_pct"))
            .round(3)
            .alias("change_4_weeks"),
        )
        .select(
            "run_id", "checked_at", *_KEY, "rules", "records_checked", "records_failed",
            "score_pct", "previous_score_pct", "change", "score_4_weeks_ago_pct",
            "change_4_weeks",
        )
    )  # fmt: skip
    if past.is_empty():
        return current
    return pl.concat(
        [past.select(current.columns).cast(dict(current.schema)), current]  # type: ignore[arg-type]
    ).sort("checked_at", "run_id", *_KEY)


def _by_owner(named: pl.DataFrame, defects: Path) -> pl.DataFrame:
    owned = (
        named.group_by("owner_name", "source_name", "source_object", "rule_id")
        .agg(pl.col("records_checked").sum())
        .group_by("owner_name", "source_name", "source_object")
        .agg(pl.col("records_checked").max())
        .group_by("owner_name")
        .agg(pl.col("records_checked").sum().alias("records_owned"))
    )
    worst = (
        named.group_by(
            "owner_name",
            "rule_id",
            "rule_name",
            (pl.col("severity") == "info").alias("informs"),
        )
        .agg(pl.col("records_failed").sum())
        .filter(pl.col("records_failed") > 0)
        # What only informs is everywhere: a rule that warns is named before it.
        .sort(
            ["owner_name", "informs", "records_failed", "rule_id"],
            descending=[False, False, True, False],
        )
        .group_by("owner_name", maintain_order=True)
        .agg(
            pl.col("records_failed").sum().alias("defects"),
            pl.col("rule_id").first().alias("worst_rule_id"),
            pl.col("rule_name").first().alias("worst_rule_name"),
        )
    )
    return (
        owned.join(worst, on="owner_name", how="left")
        .join(_money_by_owner(defects), on="owner_name", how="left")
        .with_columns(
            pl.col("defects").fill_null(0),
            pl.col("pipeline_blocked", "revenue_blocked").fill_null(0),
        )
        .with_columns(
            (100 * pl.col("defects") / pl.col("records_owned"))
            .round(1)
            .alias("defects_per_100_records")
        )
        .select(
            "owner_name", "records_owned", "defects", "defects_per_100_records",
            "worst_rule_id", "worst_rule_name", "pipeline_blocked", "revenue_blocked",
        )
        .sort(["defects", "owner_name"], descending=[True, False])
    )  # fmt: skip


def _money_by_owner(defects: Path) -> pl.DataFrame:
    """Money behind the defects of each owner; what several share counts once."""
    with duckdb.connect(":memory:") as connection:
        relation = f"read_parquet({quote_literal(str(defects))})"
        names = {
            row[0] for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()
        }
        if "owner_name" not in names:
            return pl.DataFrame(
                schema={
                    "owner_name": pl.String(),
                    "pipeline_blocked": pl.Decimal(18, 2),
                    "revenue_blocked": pl.Decimal(18, 2),
                }
            )
        return connection.execute(
            "SELECT owner_name, sum(pipeline)::decimal(18,2) AS pipeline_blocked, "
            "sum(revenue)::decimal(18,2) AS revenue_blocked FROM (SELECT owner_name, "
            "money_key, max(pipeline_blocked) AS pipeline, max(revenue_blocked) AS "
            f"revenue FROM {relation} GROUP BY 1, 2) GROUP BY 1 ORDER BY 1"
        ).pl()


def _causes(named: pl.DataFrame) -> pl.DataFrame:
    """How often each way in breaks each rule, against how often that is usual."""
    per_way = named.group_by(
        "source_name", "source_object", "entry_point", "rule_id", "rule_name",
        "dimension", "field",
    ).agg(pl.col("records_checked").sum(), pl.col("records_failed").sum())  # fmt: skip
    usual = named.group_by("rule_id", "field").agg(
        (100 * pl.col("records_failed").sum() / pl.col("records_checked").sum())
        .round(3)
        .alias("usual_rate_pct")
    )
    rate = 100 * pl.col("records_failed") / pl.col("records_checked")
    return (
        per_way.filter(pl.col("records_failed") > 0)
        .join(usual, on=["rule_id", "field"], how="left")
        .with_columns(rate.round(3).alias("failure_rate_pct"))
        .with_columns(
            (pl.col("failure_rate_pct") / pl.col("usual_rate_pct"))
            .round(2)
            .alias("lift")
        )
        .sort(
            [
                "records_failed",
                "rule_id",
                "source_name",
                "source_object",
                "entry_point",
                "field",
            ],
            descending=[True, False, False, False, False, False],
        )
    )


def _costs(
    named: pl.DataFrame, money: pl.DataFrame, rules: Sequence[RecordRule]
) -> pl.DataFrame:
    fixes: dict[str, Any] = {rule.id: rule.fix for rule in rules}
    fields = {rule.id: rule.field or "by field" for rule in rules}
    totals = (
        named.group_by("rule_id", "rule_name", "dimension", "severity", "rule_owner")
        .agg(pl.col("records_checked").sum(), pl.col("records_failed").sum())
        .join(money, on="rule_id", how="left")
        .with_columns(
            pl.col("pipeline_blocked", "revenue_blocked").fill_null(0),
            pl.col("rule_id")
            .replace_strict(fields, default="record", return_dtype=pl.String())
            .alias("field"),
            pl.col("rule_id")
            .replace_strict(fixes, default=None, return_dtype=pl.String())
            .alias("fix"),
        )
    )
    return totals.select(
        "rule_id", "rule_name", "field", "dimension", "severity", "rule_owner",
        "records_checked", "records_failed", "pipeline_blocked", "revenue_blocked", "fix",
    ).sort("rule_id")  # fmt: skip
