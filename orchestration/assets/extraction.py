"""Extraction: one asset per configured source, then one per landed object.

A source asset copies what is new at the source into the landing zone; it alone is
retried. The landed objects follow it in the graph, where checks and dbt attach.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import dagster as dg

import connectors.hubspot
import connectors.salesforce
import connectors.spreadsheet
from connectors.errors import PermanentError
from connectors.landing import Landing, SourceReport
from orchestration.config import VENDOR_OF_TYPE, connector_config
from orchestration.runs import HOME_LOCK, run_instant
from orchestration.sources import SOURCE_KINDS
from orchestration.workspace import Workspace, input_fingerprint

DECLARED_OBJECTS: dict[str, tuple[str, ...]] = {
    "salesforce": tuple(sorted(connectors.salesforce.declared_columns())),
    "hubspot": tuple(sorted(connectors.hubspot.declared_columns())),
    "spreadsheet": tuple(sorted(connectors.spreadsheet.declared_columns())),
}
"""Objects that dbt has models for, by vendor; others land as well and stay there."""

RETRIES = dg.RetryPolicy(
    max_retries=3,
    delay=30,
    backoff=dg.Backoff.EXPONENTIAL,
    jitter=dg.Jitter.PLUS_MINUS,
)


class LandingRunConfig(dg.Config):
    """What a person may decide for one run."""

    force: bool = False
    """Build and publish even when no input changed since the last publication."""


def ensure_contracts(landing: Landing) -> None:
    """Make sure that every declared object has its zero-row file, for every vendor."""
    connectors.salesforce.ensure_contracts(landing)
    connectors.hubspot.ensure_contracts(landing)
    connectors.spreadsheet.ensure_contracts(landing)


def build_source_assets(
    workspace: Workspace,
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """One asset per source, with the export that it reads as its origin."""
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = []
    for source in workspace.config.sources:
        vendor = VENDOR_OF_TYPE[source.type]
        export = dg.AssetSpec(
            ["exports", source.name],
            group_name="exports",
            kinds={vendor},
            description=f"What source `{source.name}` has: files or a live service.",
        )
        assets += [export, _source_asset(workspace, source, vendor, export.key)]
    return assets


def _source_asset(
    workspace: Workspace, source: Any, vendor: str, export: dg.AssetKey
) -> dg.AssetsDefinition:
    @dg.asset(
        key=["sources", source.name],
        required_resource_keys={HOME_LOCK},
        deps=[export],
        group_name="sources",
        kinds={vendor, "polars"},
        retry_policy=RETRIES,
        description=(
            f"New, changed and deleted records of `{source.name}` copied into the "
            "landing zone: one load per object, only if something changed."
        ),
    )
    def extract(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        landing = Landing(workspace.home.landing)

        def progress(label: str, done: int, total: int) -> None:
            context.log.debug(f"{source.name}: {label} {done}/{total}")

        try:
            report = SOURCE_KINDS[source.type].extract(
                connector_config(source),
                landing,
                run_instant(context),
                progress,
                workspace.home,
            )
        except PermanentError as error:
            # A retry would meet the same file: fail at once, with the reason first.
            raise dg.Failure(
                description=str(error),
                metadata={"source": source.name, "kind": type(error).__name__},
                allow_retries=False,
            ) from error
        for note in report.notes:
            context.log.info(f"{source.name}: {note}")
        for warning in (*report.skipped, *report.warnings):
            context.log.warning(f"{source.name}: {warning}")
        return dg.MaterializeResult(metadata=_report_metadata(report))

    return extract


def _report_metadata(report: SourceReport) -> dict[str, Any]:
    per_object = {
        name: {
            "new": counts.new,
            "changed": counts.changed,
            "deleted": counts.tombstoned,
            "rejected": counts.rejected_new,
        }
        for name, counts in report.counts.items()
    }
    landed = sum(result.counts.landed for result in report.loads)
    usage = {} if report.usage is None else asdict(report.usage)
    return {
        **{f"usage/{name}": value for name, value in usage.items()},
        "rows_landed": landed,
        "loads": len(report.loads),
        "notes": len(report.notes),
        "warnings": dg.MetadataValue.md(
            "\n".join(f"- {item}" for item in (*report.skipped, *report.warnings))
            or "none"
        ),
        "by_object": dg.MetadataValue.md(
            f"```json\n{json.dumps(per_object, indent=1, sort_keys=True)}\n```"
        ),
    }


def build_landing_asset(workspace: Workspace) -> dg.AssetsDefinition:
    """One asset per landed object; all of them are skipped when nothing changed."""
    sources = workspace.config.sources
    specs = [
        dg.AssetSpec(
            ["landing", vendor, name],
            deps=[
                dg.AssetKey(["sources", source.name])
                for source in sources
                if VENDOR_OF_TYPE[source.type] == vendor
            ],
            group_name=f"landing_{vendor}",
            kinds={"parquet"},
            skippable=True,
            description=(
                f"Every landed version of {vendor} `{name}` records, of all sources: "
                "one row per record and load, as received."
            ),
        )
        for vendor, names in DECLARED_OBJECTS.items()
        for name in names
    ]

    @dg.multi_asset(name="landing", specs=specs, required_resource_keys={HOME_LOCK})
    def landing(
        context: dg.AssetExecutionContext, config: LandingRunConfig
    ) -> Iterator[dg.MaterializeResult[None]]:
        zone = Landing(workspace.home.landing)
        ensure_contracts(zone)
        as_of = workspace.as_of(run_instant(context))
        published = workspace.home.published_file.exists()
        if (
            published
            and not config.force
            and input_fingerprint(workspace, as_of) == last_fingerprint(workspace)
        ):
            context.log.info(
                "No input changed since the last publication; the published file is "
                "current. Run with force to build it again."
            )
            return
        rows: dict[tuple[str, str], int] = {}
        loads: dict[tuple[str, str], int] = {}
        for manifest in zone.manifests():
            key = (manifest.source_type, manifest.object)
            rows[key] = rows.get(key, 0) + manifest.counts.landed
            loads[key] = loads.get(key, 0) + 1
        for spec in specs:
            _, vendor, name = spec.key.path
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata={
                    "dagster/row_count": rows.get((vendor, name), 0),
                    "loads": loads.get((vendor, name), 0),
                },
            )

    return landing


def last_fingerprint(workspace: Workspace) -> str | None:
    """Fingerprint of the inputs that the published file was made from."""
    try:
        state = json.loads(workspace.home.last_publication.read_text())
    except (OSError, ValueError):
        return None
    value = state.get("fingerprint")
    return value if isinstance(value, str) else None
