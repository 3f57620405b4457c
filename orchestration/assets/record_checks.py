"""Rules about records as asset checks: one check per rule, with its counts and its cost.

Run as one step between dbt and the publication; counts only, never a value of a record.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from hygiene.quality import RecordRule, RuleResult, record_results, record_rules
from orchestration.dbt_build import published_models
from orchestration.errors import ConfigError, ConfigProblem
from orchestration.quality_results import write_layer
from orchestration.record_quality import check_asset, run_record_checks
from orchestration.runs import HOME_LOCK, WAREHOUSE_POOL, run_instant
from orchestration.workspace import Workspace


def build_record_checks(
    workspace: Workspace, manifest: Path
) -> list[dg.AssetChecksDefinition]:
    """Rules about records, run as one step between dbt and the publication."""
    quality = workspace.config.quality
    rules = record_rules(quality)
    tables = {model["name"] for model in published_models(manifest)}
    assets = {
        rule.id: key for rule in rules if (key := check_asset(rule, tables)) is not None
    }
    unknown = [rule for rule in rules if rule.id not in assets]
    if unknown:
        raise ConfigError(
            str(workspace.config_file),
            [
                ConfigProblem(
                    f"quality.rules ({rule.id})",
                    f"speaks of a table {rule.table!r}, which is neither one of the "
                    "record tables (contacts, accounts, opportunities, customers, "
                    "people, synced_fields) nor published",
                )
                for rule in unknown
            ],
        )
    names = check_names(rules)
    specs = [
        dg.AssetCheckSpec(
            names[rule.id],
            asset=assets[rule.id],
            blocking=rule.blocking,
            description=f"{rule.id}: {rule.name} ({rule.dimension}; {rule.owner}). "
            f"{rule.fix or ''}".strip(),
        )
        for rule in rules
    ]

    @dg.multi_asset_check(
        name="record_rules",
        specs=specs,
        pool=WAREHOUSE_POOL,
        required_resource_keys={HOME_LOCK},
    )
    def record_rules_step(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckResult]:
        instant = run_instant(context)
        checks = run_record_checks(
            workspace, manifest, rules, as_of=workspace.as_of(instant)
        )
        results = record_results(checks)
        by_id = {result.rule_id: result for result in results}
        costs = {row[0]: row[1:] for row in checks.money.iter_rows()}
        for rule in rules:
            yield _record_result(
                rule,
                by_id[rule.id],
                checks.counts.filter(pl.col("rule_id") == rule.id),
                costs.get(rule.id),
                asset=assets[rule.id],
                check_name=names[rule.id],
                may_block=quality.blocking,
            )
        write_layer(
            workspace.home,
            "records",
            (asdict(result) for result in results),
            run_id=context.run.run_id,
            checked_at=instant,
        )

    return [record_rules_step]


def check_names(rules: Sequence[RecordRule]) -> dict[str, str]:
    """Name every rule's check in plain words, by the rule's id.

    Dagster allows letters, digits and underscores. Rules that say the same carry their id.
    """
    words = {rule.id: _slug(rule.name) for rule in rules}
    often = Counter(words.values())
    return {
        name: said if often[said] == 1 else f"{said}_{_slug(name)}"
        for name, said in words.items()
    }


def _slug(text: str) -> str:
    plain = re.sub(r"'s?\b", "", text.lower())
    said = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return re.sub(r"^(a|an|the)_", "", said)


def _record_result(
    rule: RecordRule,
    result: RuleResult,
    counts: pl.DataFrame,
    cost: tuple[object, ...] | None,
    *,
    asset: dg.AssetKey,
    check_name: str,
    may_block: bool,
) -> dg.AssetCheckResult:
    by_source = (
        counts.group_by("source_name", "source_object", "field")
        .agg(pl.col("records_checked").sum(), pl.col("records_failed").sum())
        .sort("source_name", "source_object", "field")
    )
    metadata: dict[str, Any] = {
        "statement": rule.name,
        "dimension": str(rule.dimension),
        "owner": rule.owner,
        "records_checked": result.rows_checked,
        "records_failed": result.rows_failed,
    }
    if cost is not None:
        metadata["pipeline_blocked"] = float(str(cost[0]))
        metadata["revenue_blocked"] = float(str(cost[1]))
    if by_source.height:
        metadata["by_source"] = dg.MetadataValue.table(
            [
                dg.TableRecord(dict(zip(by_source.columns, row, strict=True)))
                for row in by_source.iter_rows()
            ]
        )
    stops = rule.blocking and may_block
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check_name,
        passed=result.success,
        severity=(dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN),
        description=(
            f"{rule.id} {rule.name}: {result.rows_failed:,} of "
            f"{result.rows_checked:,} records break it."
        ),
        metadata=metadata,
    )
