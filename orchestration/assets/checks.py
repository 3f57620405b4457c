"""Checks of what lands and what is published, as asset checks.

Great Expectations judges landed objects and published tables, one asset check per object
with one line per rule. Guards compare what landed with its history. Counts only; a failed
blocking rule stops everything behind it. Rules about records are in `record_checks`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import Field

from connectors.landing import Landing, Manifest
from hygiene.quality import (
    GuardFinding,
    RuleResult,
    Suite,
    Volume,
    apply_to_suite,
    guard_results,
    judge_freshness,
    judge_volumes,
    landing_suite,
    published_suite,
    published_tables_with_rules,
    validate_relation,
)
from orchestration.assets.extraction import DECLARED_OBJECTS
from orchestration.dbt_build import published_models
from orchestration.publishing import literal, quote
from orchestration.quality_history import keep_volumes, read_volumes
from orchestration.quality_results import kept_counts, write_layer
from orchestration.runs import HOME_LOCK, WAREHOUSE_POOL, run_instant
from orchestration.workspace import Workspace

CHECK = "rules"
VOLUME = "volume"
FRESHNESS = "freshness"


class LandingCheckConfig(dg.Config):
    """What a person may decide for one run."""

    accept_volume_drop: list[str] = Field(default_factory=list)
    """Objects (<source>/<object>) whose drop is meant; `all` accepts every drop."""


def build_landing_checks(workspace: Workspace) -> list[dg.AssetChecksDefinition]:
    """Checks of every landed object, run as one step between landing and dbt."""
    objects = [
        (vendor, name)
        for vendor in DECLARED_OBJECTS
        for name in DECLARED_OBJECTS[vendor]
    ]
    described = {
        CHECK: "Rules on landed {} {} records (Great Expectations).",
        VOLUME: "No source lost more {} {} records than its history allows.",
    }
    quality = workspace.config.quality
    if quality.freshness.enabled and quality.freshness.blocking:
        # On what landed, because a check of the source itself would have to run before
        # its records land.
        described[FRESHNESS] = (
            "The sources of {} {} records bring news as they used to."
        )
    specs = [
        dg.AssetCheckSpec(
            check,
            asset=["landing", vendor, name],
            blocking=True,
            description=words.format(vendor, name),
        )
        for check, words in described.items()
        for vendor, name in objects
    ]
    sources = workspace.config.sources
    specs += [
        dg.AssetCheckSpec(
            FRESHNESS,
            asset=["sources", source.name],
            description=f"`{source.name}` brings news as often as it used to.",
        )
        for source in sources
    ]

    @dg.multi_asset_check(
        name="landing_rules", specs=specs, required_resource_keys={HOME_LOCK}
    )
    def landing_rules(
        context: dg.AssetCheckExecutionContext, config: LandingCheckConfig
    ) -> Iterator[dg.AssetCheckResult]:
        home = workspace.home
        history = read_volumes(home)
        manifests = Landing(home.landing).manifests()
        landed = {(each.source_type, each.object) for each in manifests}
        results: list[RuleResult] = []
        counted: list[Volume] = []
        fresh = judge_freshness(
            _loads(manifests),
            quality.freshness,
            now=run_instant(context).replace(tzinfo=None),
        )
        for vendor, name in objects:
            found: list[RuleResult] = []
            volumes: list[Volume] = []
            if (vendor, name) in landed:
                suite = apply_to_suite(landing_suite(vendor, name), quality.changes)
                found, volumes = check_landed(workspace, suite, vendor, name)
            counted += volumes
            guarded = judge_volumes(
                volumes,
                history,
                quality.volume,
                accepted=config.accept_volume_drop,
                accept_all="all" in config.accept_volume_drop,
            )
            results += [*found, *guard_results(guarded)]
            key = dg.AssetKey(["landing", vendor, name])
            yield _check_result(key, found, may_block=quality.blocking)
            yield _guard_result(key, VOLUME, guarded, may_block=quality.blocking)
            if FRESHNESS in described:
                named = {each.source_name for each in volumes}
                yield _guard_result(
                    key,
                    FRESHNESS,
                    [each for each in fresh if each.source_name in named],
                    may_block=quality.blocking,
                )
        results += guard_results(fresh)
        for source in sources:
            yield _guard_result(
                dg.AssetKey(["sources", source.name]),
                FRESHNESS,
                [each for each in fresh if each.source_name == source.name],
                may_block=quality.blocking,
            )
        keep_volumes(home, counted)
        write_layer(
            home,
            "landing",
            (asdict(result) for result in results),
            run_id=context.run.run_id,
            checked_at=run_instant(context),
        )

    return [landing_rules]


def _loads(manifests: Sequence[Manifest]) -> dict[tuple[str, str], list[datetime]]:
    loads: dict[tuple[str, str], list[datetime]] = {}
    for each in manifests:
        moment = each.extracted_at.replace(tzinfo=None)
        loads.setdefault((each.source_name, each.source_type), []).append(moment)
    return loads


def check_landed(
    workspace: Workspace, suite: Suite, vendor: str, name: str
) -> tuple[list[RuleResult], list[Volume]]:
    """Check the latest versions of an object, and count them per source.

    Args:
        workspace: Where the landing zone lies.
        suite: Rules of the object.
        vendor: Source type.
        name: The object.

    Returns:
        Verdicts, and records per source.
    """
    folder = workspace.home.landing / vendor / name
    parts = sorted(
        path
        for path in folder.glob("source=*/load=*/part-*.parquet")
        if "source=_contract" not in path.parts
    )
    if not parts:
        return [], []
    files = ", ".join(literal(str(path)) for path in parts)
    scan = f"read_parquet([{files}], union_by_name=true, hive_partitioning=false)"
    with duckdb.connect(":memory:") as connection:
        known = {
            row[0] for row in connection.execute(f"describe from {scan}").fetchall()
        }
        wanted = dict.fromkeys(
            [
                *(each for each in suite.columns if each in known),
                "_source_name", "_source_record_id", "_load_id", "_is_deleted",
            ]
        )  # fmt: skip
        connection.execute(
            f"create view landed as select {', '.join(map(quote, wanted))} from {scan}"
        )
        latest = "landed"
        # A packed file holds the rows of many loads.
        if len(parts) > 1 or parts[0].name != "part-0.parquet":
            latest = (
                "landed semi join (select _source_name, _source_record_id, "
                "max(_load_id) as _load_id from landed group by 1, 2) as newest "
                "using (_source_name, _source_record_id, _load_id)"
            )
        columns = ", ".join(quote(each) for each in wanted)
        connection.execute(
            f"create temp table current as select {columns} from {latest}"
        )
        found = validate_relation(
            connection, "current", suite, keep_in=kept_counts(workspace.home)
        )
        volumes = [
            Volume(source, vendor, name, records)
            for source, records in connection.execute(
                "select _source_name, count_if(not coalesce(_is_deleted, false)) "
                "from current group by 1 order by 1"
            ).fetchall()
        ]
    return found, volumes


def build_published_checks(
    workspace: Workspace, manifest: Path
) -> list[dg.AssetChecksDefinition]:
    """Checks of the marts, run as one step between dbt and the publication."""
    relations = {
        model["name"]: f"{quote(model['schema'])}.{quote(model['alias'])}"
        for model in published_models(manifest)
    }
    quality = workspace.config.quality
    suites = [
        apply_to_suite(published_suite(table), quality.changes)
        for table in published_tables_with_rules()
        if table in relations
    ]
    specs = [
        dg.AssetCheckSpec(
            CHECK,
            asset=["marts", suite.object],
            blocking=True,
            description=f"Rules on the published table {suite.object} "
            "(Great Expectations).",
        )
        for suite in suites
    ]

    @dg.multi_asset_check(name="published_rules", specs=specs, pool=WAREHOUSE_POOL)
    def published_rules(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckResult]:
        results: list[RuleResult] = []
        with duckdb.connect(str(workspace.home.warehouse), read_only=True) as warehouse:
            for suite in suites:
                found = check_table(warehouse, suite, relations, workspace)
                results += found
                yield _check_result(
                    dg.AssetKey(["marts", suite.object]),
                    found,
                    may_block=quality.blocking,
                )
        write_layer(
            workspace.home,
            "published",
            (asdict(result) for result in results),
            run_id=context.run.run_id,
            checked_at=run_instant(context),
        )

    return [published_rules]


def check_table(
    warehouse: duckdb.DuckDBPyConnection,
    suite: Suite,
    relations: dict[str, str],
    workspace: Workspace,
) -> list[RuleResult]:
    """Check one published table.

    Args:
        warehouse: Connection that sees the table.
        suite: Rules of the table.
        relations: Quoted names of the published tables.
        workspace: Where counts are kept.

    Returns:
        Verdicts.
    """
    return validate_relation(
        warehouse,
        relations[suite.object],
        suite,
        references={
            (table, key): relations[table]
            for table, key in suite.references
            if table in relations
        },
        keep_in=kept_counts(workspace.home),
    )


def _check_result(
    asset: dg.AssetKey, results: Sequence[RuleResult], *, may_block: bool
) -> dg.AssetCheckResult:
    failed = [result for result in results if not result.success]
    blocking = may_block and any(result.is_blocking for result in failed)
    if not results:
        text = "Nothing landed yet."
    elif not failed:
        text = f"All {len(results)} rules hold."
    else:
        text = "; ".join(
            f"{result.rule_id} {result.rule_name}: {result.rows_failed:,} rows"
            for result in failed
        )
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CHECK,
        passed=not failed,
        severity=(
            dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
        ),
        description=text,
        metadata={
            "rules": len(results),
            "rules_failed": len(failed),
            "rows_checked": max((each.rows_checked for each in results), default=0),
            "rows_failed": sum(result.rows_failed for result in failed),
            **({"by_rule": _as_table(results)} if results else {}),
        },
    )


def _guard_result(
    asset: dg.AssetKey,
    check: str,
    findings: Sequence[GuardFinding],
    *,
    may_block: bool,
) -> dg.AssetCheckResult:
    odd = [each for each in findings if not each.holds]
    blocking = may_block and any(each.blocks for each in odd)
    told = odd or findings
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check,
        passed=not odd,
        severity=(
            dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
        ),
        description=" ".join(
            f"{each.source_name}/{each.object}: {each.text}" for each in told
        )
        or "Nothing landed yet.",
        metadata={
            "sources": len(findings),
            "records": sum(each.now for each in findings),
            "records_before": sum(each.before for each in findings),
        },
    )


def _as_table(results: Sequence[RuleResult]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "rule": result.rule_id,
                    "statement": result.rule_name,
                    "dimension": result.dimension,
                    "severity": result.severity,
                    "failed": result.rows_failed,
                    "of": result.rows_checked,
                    "holds": result.success,
                }
            )
            for result in results
        ]
    )
