"""The two dbt passes: staging and unions before hygiene, marts after it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliEventMessage, DbtCliResource, dbt_assets

from orchestration.assets.hygiene import counts_of, hygiene_key
from orchestration.dbt_build import (
    DbtTestResult,
    Translator,
    target_path,
    test_result,
)
from orchestration.quality_results import write_layer
from orchestration.runs import HOME_LOCK, WAREHOUSE_POOL, run_instant
from orchestration.workspace import Workspace

PRE_IDENTITY = "tag:pre_identity"
POST_IDENTITY = "tag:post_identity"
PREDICTIONS = hygiene_key("customer_predictions")
"""Written by the one model in Python, which calls `hygiene.metrics` in the second pass."""
_ROWS = re.compile(r"(\d+) rows")


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


def _with_row_count(
    workspace: Workspace, message: DbtCliEventMessage, event: Any
) -> Any:
    """Tell the rows of a table that was built; views are not counted."""
    if not isinstance(event, dg.Output):
        return event
    counts: dict[str, Any] = {}
    # As the macro `count_rows` of the project writes it.
    if rows := _ROWS.fullmatch(str(message.raw_event["data"].get("status"))):
        counts["dagster/row_count"] = int(rows.group(1))
    if event.output_name == PREDICTIONS.to_python_identifier():
        report = workspace.home.stages / "customer_predictions.json"
        counts |= counts_of(json.loads(report.read_text()))
    return event.with_metadata({**event.metadata, **counts})


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
            # The results are read as they come; the manifest is written by `parse`.
            "--no-write-json",
        ],
        context=context,
        target_path=target_path(workspace),
    )
    nodes = invocation.manifest["nodes"]
    tests: list[DbtTestResult] = []
    try:
        # Told while dbt goes on, so that the two share the cores.
        for message in invocation.stream_raw_events():
            if result := test_result(message.raw_event, nodes):
                tests.append(result)
            for event in message.to_default_asset_events(
                manifest=invocation.manifest,
                dagster_dbt_translator=invocation.dagster_dbt_translator,
                context=context,
                target_path=invocation.target_path,
            ):
                yield _with_row_count(workspace, message, event)
    finally:
        # A step that is stopped leaves dbt, which holds the warehouse, behind.
        has_ended = invocation.process.poll() is not None
        treated = _treated_inputs(workspace, layer) if has_ended else []
        write_layer(
            workspace.home,
            layer,
            [*treated, *map(_as_check, tests)],
            run_id=context.run.run_id,
            checked_at=instant,
        )


def _as_check(result: DbtTestResult) -> dict[str, Any]:
    """A dbt test of this invocation, as a row of the table of all checks."""
    return {
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
