"""The published quality tables and the report: read the counts of a run, write, link.

Wiring between `hygiene.quality`, `hygiene.reporting` and the home folder. Which rule
counts what, and how a page looks, is decided there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from connectors.landing import Landing
from hygiene.quality import (
    RecordRule,
    Volume,
    judge_freshness,
    judge_volumes,
)
from hygiene.quality.changes import COMMENTS as CHANGE_COMMENTS
from hygiene.quality.changes import VOCABULARIES, write_changes
from hygiene.quality.scorecard import COMMENTS, build_tables, overall_score
from hygiene.quarantine import record_link
from hygiene.reporting.quality_report import render_report
from hygiene.reporting.report_sections import ReportInput
from hygiene.standardise.suggestions import COMMENTS as SUGGESTION_COMMENTS
from hygiene.standardise.suggestions import join_unlisted_values
from orchestration.home import Home, replace_text
from orchestration.publishing import PublishedTable, literal
from orchestration.quality_history import (
    current_volumes,
    read_volumes,
    recall,
    remember,
)
from orchestration.record_quality import (
    counts_file,
    defects_file,
    money_file,
    rules_file,
)
from orchestration.workspace import Workspace

SCORES = "scores"
SHOWN_PER_RULE = 24

_ORDER: dict[str, tuple[str, ...]] = {
    "data_quality_scorecard": (
        "checked_at", "run_id", "source_name", "source_object", "field", "dimension",
    ),
    "data_quality_by_owner": ("owner_name",),
    "data_quality_causes": (
        "rule_id", "field", "source_name", "source_object", "entry_point",
    ),
    "data_quality_costs": ("rule_id",),
    "data_quality_defects": ("rule_id", "record_key", "field"),
    "standardisation_changes": (
        "entity_type", "field", "raw", "clean", "status", "rule",
    ),
    "data_quality_unlisted_values": ("entity_type", "field", "value"),
    "data_quality_shared_identifiers": ("identifier_type", "identifier"),
    "quarantine_fixes": ("quarantine_id", "field"),
}  # fmt: skip
_DESCRIPTIONS = {
    "data_quality_scorecard": "One row per run, source, object, field and quality "
    "dimension: records checked and failed, and the score. Follow it over time.",
    "data_quality_by_owner": "One row per owner of records, with how many of their "
    "records break a rule and the money that depends on them.",
    "data_quality_causes": "One row per rule, field, source, object and entry point "
    "(form, import, integration): where the bad records come from.",
    "data_quality_costs": "One row per rule: the records that break it and the "
    "pipeline and revenue that depend on them.",
    "data_quality_defects": "One row per source record and rule that it breaks: the "
    "worklist behind the scorecard. Counts and links, no contents.",
    "standardisation_changes": "One row per distinct raw value and what standardising "
    "made of it, with the rule that decided: the before and after of every field.",
    "data_quality_unlisted_values": "One row per value that no vocabulary lists, with "
    "how many records hold it: words to add, or to correct at the source.",
    "data_quality_shared_identifiers": "One row per mailbox or number that many "
    "differently named people have: proposals for the blocklist.",
    "quarantine_fixes": "One row per correction that a person gave for a quarantined "
    "row, and whether it holds.",
}
_FIX_COMMENTS = {
    "quarantine_id": "Key of the quarantined row.",
    "source_record_key": "Key of the record; empty for a line that could not be read.",
    "source_name": "Source of the record.",
    "source_type": "Kind of the source.",
    "source_object": "Object of the source.",
    "stage": "Where the record was set aside: landing or standardise.",
    "field": "Field that was corrected; `line` for a line that could not be split.",
    "value_before": "Value when it was corrected. Personal data.",
    "value_fixed": "Value that a person gave. Personal data.",
    "value_now": "Value that the source holds now. Personal data.",
    "status": "applied, adopted (the source agrees), contradicted (the source holds a "
    "newer, different value: not applied), unusable, gone.",
    "author": "Who corrected.",
    "fixed_at": "When the correction came back, UTC.",
}
PERSONAL: Mapping[str, Mapping[str, str]] = {
    "data_quality_by_owner": {"owner_name": "employee_name"},
    "data_quality_defects": {"owner_name": "employee_name"},
    "standardisation_changes": {"raw": "any", "clean": "any"},
    "data_quality_unlisted_values": {"value": "any"},
    "data_quality_shared_identifiers": {"identifier": "any"},
    "quarantine_fixes": {
        "value_before": "any",
        "value_fixed": "any",
        "value_now": "any",
        "author": "employee_name",
    },
}
"""Class of every personal column of the tables that are published from here."""


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What was written for a run."""

    file: Path
    score: float | None
    previous_score: float | None
    defects: int
    rows: Mapping[str, int]


def report_file(home: Home) -> Path:
    """The report that a person opens."""
    return home.reports / "data-quality.html"


def published_quality_tables(home: Home) -> list[PublishedTable]:
    """Quality tables that exist, as tables to publish."""
    comments = {
        "standardisation_changes": CHANGE_COMMENTS,
        "data_quality_unlisted_values": SUGGESTION_COMMENTS,
        "data_quality_shared_identifiers": SUGGESTION_COMMENTS,
        "quarantine_fixes": _FIX_COMMENTS,
    }
    return [
        PublishedTable(
            name=name,
            relation=str(home.stage(name)),
            is_parquet=True,
            description=_DESCRIPTIONS[name],
            comments={
                column: text
                for column, text in comments.get(name, COMMENTS).items()
                if column in pl.read_parquet_schema(home.stage(name))
            },
            order_by=order,
        )
        for name, order in _ORDER.items()
        if home.stage(name).is_file()
    ]


def remember_scores(home: Home, *, run_id: str, instant: datetime) -> None:
    """Keep the scorecard of a run that was published."""
    path = home.stage("data_quality_scorecard")
    if not path.is_file():
        return
    frame = pl.read_parquet(path).filter(pl.col("run_id") == run_id)
    remember(home, SCORES, frame, run_id=run_id, instant=instant)


def write_quality_tables(
    workspace: Workspace, *, run_id: str, instant: datetime, as_of: date
) -> QualityReport:
    """Write the quality tables and the report of a run.

    Args:
        workspace: Configuration and home.
        run_id: The run whose records were checked.
        instant: When it began.
        as_of: Date up to which data count.
    """
    home = workspace.home
    checked_at = instant.astimezone(UTC).replace(tzinfo=None)
    rules = [
        RecordRule.model_validate(each)
        for each in json.loads(rules_file(home).read_text())
    ]
    tables = build_tables(
        pl.read_parquet(counts_file(home)),
        pl.read_parquet(money_file(home)),
        rules,
        defects=defects_file(home),
        history=recall(home, SCORES),
        run_id=run_id,
        checked_at=checked_at,
    )
    frames = {
        "data_quality_scorecard": tables.scorecard,
        "data_quality_by_owner": tables.by_owner,
        "data_quality_causes": tables.causes,
        "data_quality_costs": tables.costs,
    }
    for name, frame in frames.items():
        temporary = home.stage(name).with_suffix(".tmp")
        frame.write_parquet(temporary, compression="zstd")
        temporary.replace(home.stage(name))
    changes = write_changes(
        {
            "contact": home.stage("standardised_contacts"),
            "account": home.stage("standardised_accounts"),
        },
        home.stage("standardisation_changes"),
    )
    unlisted = join_unlisted_values(
        {
            entity: home.stage(f"unlisted_{entity}_values")
            for entity in ("contact", "account")
        },
        home.stage("data_quality_unlisted_values"),
    )
    links = workspace.config.quality.record_links
    repairs, recognised = _repairs(home)
    page = render_report(
        ReportInput(
            run_id=run_id,
            as_of=as_of.isoformat(),
            checked_at=checked_at,
            currency=workspace.config.metrics.reporting_currency,
            scorecard=tables.scorecard,
            by_owner=tables.by_owner,
            causes=tables.causes,
            costs=tables.costs,
            defects=_examples(home, links),
            guards=_guards(workspace, instant),
            quarantine=_quarantined(home),
            repairs=repairs,
            recognised=recognised,
            unlisted=unlisted,
        )
    )
    replace_text(report_file(home), page)
    past = tables.scorecard.filter(pl.col("run_id") != run_id)
    previous = None
    if not past.is_empty():
        latest = past.filter(pl.col("checked_at") == pl.col("checked_at").max())
        previous = overall_score(latest)
    return QualityReport(
        file=report_file(home),
        score=overall_score(tables.scorecard.filter(pl.col("run_id") == run_id)),
        previous_score=previous,
        defects=int(tables.costs["records_failed"].sum()),
        rows={
            **{name: frame.height for name, frame in frames.items()},
            "standardisation_changes": changes,
            "data_quality_unlisted_values": unlisted.height,
        },
    )


def _examples(home: Home, links: Mapping[str, str]) -> pl.DataFrame:
    """A few records per rule, the costliest first, with how many their owner has."""
    with duckdb.connect(":memory:") as connection:
        relation = f"read_parquet({literal(str(defects_file(home)))})"
        known = [
            row[0] for row in connection.execute(f"describe from {relation}").fetchall()
        ]
        if "owner_name" not in known:
            return pl.DataFrame(
                schema={
                    "rule_id": pl.String(), "record_key": pl.String(),
                    "owner_name": pl.String(), "source_link": pl.String(),
                }
            )  # fmt: skip
        frame = connection.execute(
            "select * exclude (money), count(*) over (partition by rule_id, owner_name) "
            "as owner_records from (select rule_id, record_key, source_name, "
            "source_object, owner_name, coalesce(pipeline_blocked, 0) + "
            f"coalesce(revenue_blocked, 0) as money from {relation}) qualify "
            "row_number() over (partition by rule_id order by money desc, record_key) "
            f"<= {SHOWN_PER_RULE} or row_number() over (partition by rule_id, "
            "owner_name order by record_key) = 1 order by rule_id, money desc, record_key"
        ).pl()
    return frame.with_columns(
        pl.Series(
            "source_link",
            [
                record_link(links, source, name, key)
                for source, name, key in frame.select(
                    "source_name", "source_object", "record_key"
                ).iter_rows()
            ],
            dtype=pl.String(),
        )
    )


def _guards(workspace: Workspace, instant: datetime) -> list[dict[str, Any]]:
    home = workspace.home
    quality = workspace.config.quality
    history = read_volumes(home)
    manifests = Landing(home.landing).manifests()
    vendors = {(each.source_name, each.object): each.source_type for each in manifests}
    now = dict(current_volumes(home).iter_rows())
    volumes = [
        Volume(source, vendor, name, now.get(f"{source}/{name}", 0))
        for (source, name), vendor in sorted(vendors.items())
        if f"{source}/{name}" in now
    ]
    loads: dict[tuple[str, str], list[datetime]] = {}
    for each in manifests:
        loads.setdefault((each.source_name, each.source_type), []).append(
            each.extracted_at.replace(tzinfo=None)
        )
    findings = [
        # Whatever stopped this run was accepted, or there would be no report.
        *judge_volumes(volumes, history, quality.volume, accept_all=True),
        *judge_freshness(loads, quality.freshness, now=instant.replace(tzinfo=None)),
    ]
    return [
        {
            "name": f"{each.source_name}/{each.object}".removesuffix("/*"),
            "text": each.text,
            "holds": each.holds,
            "blocks": each.blocks,
            "verdict": str(each.verdict),
            "history": (
                [*history.get(f"{each.source_name}/{each.object}", [])[-20:], each.now]
                if each.object != "*"
                else []
            ),
        }
        for each in findings
    ]


def _quarantined(home: Home) -> pl.DataFrame:
    path = home.stage("quarantined_records")
    if not path.is_file():
        return pl.DataFrame()
    return (
        pl.scan_parquet(path)
        .group_by("source_name", "source_object", "reason_code")
        .agg(pl.len().alias("records"))
        .sort(["records", "source_name", "source_object", "reason_code"],
              descending=[True, False, False, False])
        .collect()
    )  # fmt: skip


def _repairs(home: Home) -> tuple[pl.DataFrame, pl.DataFrame]:
    changes = pl.scan_parquet(home.stage("standardisation_changes"))
    status = pl.col("status")
    count = pl.col("record_count")
    repairs = (
        changes.group_by("entity_type", "field")
        .agg(
            count.filter(status == "valid").sum().alias("layout"),
            count.filter(status == "corrected").sum().alias("corrected"),
            count.filter(status.is_in(["invalid", "placeholder"]))
            .sum()
            .alias("unusable"),
        )
        .sort("entity_type", "field")
        .collect()
    )
    # Only words that a closed list knows: anything else might be somebody's name.
    recognised = (
        changes.filter(
            pl.col("field").is_in(VOCABULARIES)
            & pl.col("clean").is_not_null()
            & status.is_in(["valid", "corrected"])
        )
        .group_by("field", "raw", "clean")
        .agg(count.sum().alias("records"))
        .sort(
            ["field", "records", "raw", "clean"], descending=[False, True, False, False]
        )
        .collect()
        .group_by("field", maintain_order=True)
        .head(5)
    )
    return repairs, recognised
