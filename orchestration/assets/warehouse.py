"""The two dbt passes: staging and unions before hygiene, marts after it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.assets.hygiene import counts_of, hygiene_key
from orchestration.dbt_build import Translator, target_path, test_results
from orchestration.quality_results import write_layer
from orchestration.runs import HOME_LOCK, WAREHOUSE_POOL, run_instant
from orchestration.workspace import Workspace

PRE_IDENTITY = "tag:pre_identity"
POST_IDENTITY = "tag:post_identity"
PREDICTIONS = hygiene_key("customer_predictions")
"""Written by the one model in Python, which calls `hygiene.metrics` in the second pass."""
_PREDICTED_TABLE = "intermediate__int_customers_predicted"


def build_dbt_assets(workspace: Workspace, manifest: Path) -> list[dg.AssetsDefinition]:
    """Both passes as asset definitions; dbt tests appear as asset checks."""

    @dbt_assets(
        manifest=manifest,
        select=PRE_IDENTITY,
        name="dbt_before_identity",
        dagster_dbt_translator=Translator(),
        pool=WAREHOUSE_POOL,
        required_resource_keys={HOME_LOCK, "dbt"},
    )
    def before_identity(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from _build(workspace, context, layer="staging")

    @dbt_assets(
        manifest=manifest,
        select=POST_IDENTITY,
        name="dbt_after_identity",
        dagster_dbt_translator=Translator(),
        pool=WAREHOUSE_POOL,
        required_resource_keys={HOME_LOCK, "dbt"},
    )
    def after_identity(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from _build(workspace, context, layer="warehouse")

    return [before_identity, after_identity]


def _with_row_counts(workspace: Workspace, events: list[Any]) -> Iterator[Any]:
    """Tell the rows of every table that was built; views are not counted."""
    with duckdb.connect(str(workspace.home.warehouse), read_only=True) as warehouse:
        rows = {
            f"{schema}__{table}": count
            for schema, table, count in warehouse.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables()"
            ).fetchall()
        }
    rows[PREDICTIONS.to_python_identifier()] = rows.get(_PREDICTED_TABLE, 0)
    for event in events:
        if not isinstance(event, dg.Output) or event.output_name not in rows:
            yield event
            continue
        metadata = {**event.metadata, "dagster/row_count": rows[event.output_name]}
        if event.output_name == PREDICTIONS.to_python_identifier():
            report = workspace.home.stages / "customer_predictions.json"
            metadata |= counts_of(json.loads(report.read_text()))
        yield event.with_metadata(metadata)


def _build(
    workspace: Workspace,
    context: dg.AssetExecutionContext,
    *,
    layer: str,
) -> Iterator[Any]:
    instant = run_instant(context)
    dbt: DbtCliResource = context.resources.dbt
    variables = workspace.dbt_vars(workspace.as_of(instant))
    invocation = dbt.cli(
        [
            "build",
            "--vars",
            json.dumps(variables),
            "--exclude-resource-type",
            "unit_test",
        ],
        context=context,
        target_path=target_path(workspace),
    )
    try:
        # dagster-dbt can fetch row counts too, but keeps the warehouse open in this
        # process, so the next dbt could not have it.
        yield from _with_row_counts(workspace, list(invocation.stream()))
    finally:
        results = target_path(workspace) / "run_results.json"
        if results.exists():
            write_layer(
                workspace.home,
                layer,
                [
                    *_treated_inputs(workspace, layer),
                    *_dbt_checks(workspace, results),
                ],
                run_id=context.run_id,
                checked_at=instant,
            )


def _dbt_checks(workspace: Workspace, results: Path) -> Iterator[dict[str, Any]]:
    """Every dbt test of this invocation, as a row of the table of all checks."""
    for result in test_results(results, target_path(workspace) / "manifest.json"):
        yield {
            "layer": "warehouse",
            "object": result.model,
            "rule_id": result.rule_id,
            "rule_name": result.rule_name,
            "dimension": result.dimension,
            "severity": result.severity,
            "is_blocking": result.severity == "error",
            "rows_checked": None,
            "rows_failed": result.rows_failed,
            "success": result.success,
            "engine": "dbt",
        }


def _treated_inputs(workspace: Workspace, layer: str) -> list[dict[str, Any]]:
    """Questionable input that a stated policy treats: counted, and no failure."""
    if layer != "warehouse":
        return []
    with duckdb.connect(str(workspace.home.warehouse), read_only=True) as warehouse:
        if not warehouse.execute(
            "select 1 from duckdb_tables() where schema_name = 'marts' "
            "and table_name = 'bad_input_counts'"
        ).fetchall():
            return []
        counts = warehouse.execute(
            "select issue, table_name, policy, row_count from marts.bad_input_counts"
        ).fetchall()
    return [
        {
            "layer": "warehouse",
            "object": table,
            "rule_id": f"policy_{issue}",
            "rule_name": policy,
            "dimension": "validity",
            "severity": "info",
            "is_blocking": False,
            "rows_checked": None,
            "rows_failed": rows,
            "success": True,
            "engine": "tidycrm",
        }
        for issue, table, policy, rows in counts
    ]
