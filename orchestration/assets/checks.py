"""Great Expectations at the edges: landed objects before dbt, marts before publishing.

One asset check per object or table, with one line per rule in its metadata: counts only.
A failed blocking rule stops everything behind the check; other failures warn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import dagster as dg
import duckdb

from connectors.landing import Landing
from hygiene.quality import (
    RuleResult,
    Suite,
    landing_suite,
    published_suite,
    published_tables_with_rules,
    validate_frame,
)
from orchestration.assets.extraction import DECLARED_OBJECTS
from orchestration.dbt_build import published_models
from orchestration.publishing import quote
from orchestration.quality_results import kept_counts, write_layer
from orchestration.runs import WAREHOUSE_POOL, run_instant
from orchestration.workspace import Workspace

CHECK = "rules"


def build_landing_checks(workspace: Workspace) -> list[dg.AssetChecksDefinition]:
    """Checks of every landed object, run as one step between landing and dbt."""
    specs = [
        dg.AssetCheckSpec(
            CHECK,
            asset=["landing", vendor, name],
            blocking=True,
            description=f"Rules on landed {vendor} {name} records (Great Expectations).",
        )
        for vendor, names in DECLARED_OBJECTS.items()
        for name in names
    ]

    @dg.multi_asset_check(name="landing_rules", specs=specs)
    def landing_rules(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckResult]:
        landing = Landing(workspace.home.landing)
        landed = {
            (manifest.source_type, manifest.object) for manifest in landing.manifests()
        }
        results: list[RuleResult] = []
        for vendor, names in DECLARED_OBJECTS.items():
            for name in names:
                found: list[RuleResult] = []
                if (vendor, name) in landed:
                    suite = landing_suite(vendor, name)
                    current = landing.current(vendor, name)
                    known = current.collect_schema().names()
                    columns = [each for each in suite.columns if each in known]
                    found = validate_frame(
                        current.select(columns).collect().to_pandas(),
                        suite,
                        keep_in=kept_counts(workspace.home),
                    )
                results += found
                yield _check_result(dg.AssetKey(["landing", vendor, name]), found)
        write_layer(
            workspace.home,
            "landing",
            (asdict(result) for result in results),
            run_id=context.run.run_id,
            checked_at=run_instant(context),
        )

    return [landing_rules]


def build_published_checks(
    workspace: Workspace, manifest: Path
) -> list[dg.AssetChecksDefinition]:
    """Checks of the marts, run as one step between dbt and the publication."""
    relations = {
        model["name"]: f"{quote(model['schema'])}.{quote(model['alias'])}"
        for model in published_models(manifest)
    }
    suites = [
        published_suite(table)
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
                found = _check_table(warehouse, suite, relations, workspace)
                results += found
                yield _check_result(dg.AssetKey(["marts", suite.object]), found)
        write_layer(
            workspace.home,
            "published",
            (asdict(result) for result in results),
            run_id=context.run.run_id,
            checked_at=run_instant(context),
        )

    return [published_rules]


def _check_table(
    warehouse: duckdb.DuckDBPyConnection,
    suite: Suite,
    relations: dict[str, str],
    workspace: Workspace,
) -> list[RuleResult]:
    columns = ", ".join(quote(column) for column in suite.columns) or "1 as one"
    frame = warehouse.sql(f"select {columns} from {relations[suite.object]}").df()
    references = {
        (table, key): {
            row[0]
            for row in warehouse.sql(
                f"select distinct {quote(key)} from {relations[table]}"
            ).fetchall()
        }
        for table, key in suite.references
        if table in relations
    }
    return validate_frame(
        frame, suite, references=references, keep_in=kept_counts(workspace.home)
    )


def _check_result(
    asset: dg.AssetKey, results: Sequence[RuleResult]
) -> dg.AssetCheckResult:
    failed = [result for result in results if not result.success]
    blocking = any(result.is_blocking for result in failed)
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
