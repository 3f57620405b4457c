"""Hygiene: standardise, match, identify and merge, as assets over Parquet tables.

Each asset calls one function of the `hygiene` package with paths of the home folder.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import polars as pl

from connectors.landing import Landing
from hygiene.identity import audit_clusters, identify
from hygiene.matching import link
from hygiene.quarantine import annotate_quarantine, apply_fixes, read_fixes
from hygiene.standardise import (
    collect_quarantine,
    standardise_accounts,
    standardise_contacts,
    write_shared_identifiers,
    write_unlisted_values,
)
from hygiene.stewardship import put_rulings_in_force
from hygiene.survivorship import merge
from orchestration.assets.timing import timed
from orchestration.field_history import write_field_changes
from orchestration.fx import write_fx_rates
from orchestration.matching_history import keep_report
from orchestration.quarantine_replay import statuses_file
from orchestration.review import rulings_file, rulings_status_file
from orchestration.runs import HOME_LOCK, run_instant
from orchestration.workspace import Workspace

GROUP = "hygiene"
Entity = Literal["contact", "account"]


def unioned_key(entity: Entity) -> dg.AssetKey:
    """Asset key of the dbt table with every source record of one entity."""
    return dg.AssetKey(["intermediate", f"int_{entity}s_unioned"])


def links_key(entity: Entity) -> dg.AssetKey:
    """Asset key of the dbt table with the pairs that a CRM says are one."""
    return dg.AssetKey(["intermediate", f"int_{entity}_links"])


def hygiene_key(table: str) -> dg.AssetKey:
    """Asset key of a table that hygiene writes."""
    return dg.AssetKey([GROUP, table])


def counts_of(report: Any) -> dict[str, Any]:
    """Numbers of a report as asset metadata; nested values become JSON text."""
    values = asdict(report) if is_dataclass(report) else dict(report)  # type: ignore[arg-type]
    metadata: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, bool | int | float | str):
            metadata[name] = value
        elif value is not None:
            text = json.dumps(value, indent=1, default=str, sort_keys=True)
            metadata[name] = dg.MetadataValue.md(f"```json\n{text}\n```")
    return metadata


def row_count(path: Path) -> int:
    """Rows of a Parquet file, from its footer."""
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def build_hygiene_assets(workspace: Workspace) -> list[dg.AssetsDefinition]:
    """Every hygiene asset, for contacts and accounts."""
    assets = [_fx_rates(workspace), _quarantine(workspace), _lineage(workspace)]
    for entity in ("contact", "account"):
        assets += [
            _standardise(workspace, entity),
            _match(workspace, entity),
            _identify(workspace, entity),
            _merge(workspace, entity),
        ]
    assets.append(_identity_tables(workspace))
    return assets


def _fx_rates(workspace: Workspace) -> dg.AssetsDefinition:
    @dg.asset(
        key=hygiene_key("fx_rates"),
        required_resource_keys={HOME_LOCK},
        group_name=GROUP,
        kinds={"parquet"},
        deps=[unioned_key("account")],
        description="Exchange rates: one row per currency and day, in units of the "
        "reporting currency.",
    )
    @timed
    def fx_rates() -> dg.MaterializeResult[None]:
        configured = workspace.config.metrics.fx_rates
        report = write_fx_rates(
            Path(configured) if configured else None,
            workspace.home.stage("fx_rates"),
            config_file=str(workspace.config_file),
        )
        return dg.MaterializeResult(metadata=counts_of(report))

    return fx_rates


def _standardise(workspace: Workspace, entity: Entity) -> dg.AssetsDefinition:
    table = f"standardised_{entity}s"
    run = standardise_contacts if entity == "contact" else standardise_accounts

    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=[unioned_key(entity)],
        group_name=GROUP,
        kinds={"polars", "parquet"},
        description=(
            f"One row per {entity} record that is fit for use: canonical values with a "
            "status beside the raw ones. Together with the quarantine it holds every "
            "record of the union."
        ),
    )
    @timed
    def standardise() -> dg.MaterializeResult[None]:
        home = workspace.home
        out = home.stage(table)
        unioned = apply_fixes(
            home.stage(f"int_{entity}s_unioned"),
            read_fixes(home.fixes),
            home.stage(f"int_{entity}s_fixed"),
            statuses_file(home, entity),
        )
        report = run(
            unioned,
            out,
            home.stage(f"quarantined_{entity}s"),
            settings=workspace.config.standardise,
            previous=out if out.exists() else None,
        )
        suggestions = {
            "unlisted_values": write_unlisted_values(
                out,
                home.stage(f"unlisted_{entity}_values"),
                settings=workspace.config.standardise,
            )
        }
        if entity == "contact":
            suggestions["shared_identifiers"] = write_shared_identifiers(
                out,
                home.stage("data_quality_shared_identifiers"),
                most_names=workspace.config.standardise.max_names_per_identifier,
            )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": row_count(out),
                **counts_of(report),
                **suggestions,
            }
        )

    return standardise


def _quarantine(workspace: Workspace) -> dg.AssetsDefinition:
    table = "quarantined_records"

    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=[
            hygiene_key("standardised_contacts"),
            hygiene_key("standardised_accounts"),
        ],
        group_name=GROUP,
        kinds={"polars", "parquet"},
        description="One row per record or line that cannot be used, with the reason "
        "and the raw content. Nothing is dropped: it is here.",
    )
    @timed
    def quarantined_records() -> dg.MaterializeResult[None]:
        home = workspace.home
        out = home.stage(table)
        report = collect_quarantine(
            [home.stage("quarantined_contacts"), home.stage("quarantined_accounts")],
            sorted(home.landing.glob("*/*/source=*/load=*/rejected.parquet")),
            out,
            previous=out if out.exists() else None,
        )
        annotate_quarantine(
            out,
            [statuses_file(home, part) for part in ("landing", "contact", "account")],
            read_fixes(home.fixes),
            links=workspace.config.quality.record_links,
            fixes_out=home.stage("quarantine_fixes"),
        )
        return dg.MaterializeResult(
            metadata={"dagster/row_count": row_count(out), **counts_of(report)}
        )

    return quarantined_records


def _match(workspace: Workspace, entity: Entity) -> dg.AssetsDefinition:
    table = f"{entity}_match_edges"

    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=[hygiene_key(f"standardised_{entity}s"), links_key(entity)],
        group_name=GROUP,
        kinds={"splink", "duckdb"},
        description=f"One row per pair of {entity} records that was compared or that a "
        "system of record says is one: weight, probability, decision, who decided.",
    )
    @timed
    def match(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home = workspace.home
        obeyed = home.stages / f"{entity}_rulings_in_force.csv"
        rulings = put_rulings_in_force(
            rulings_file(home, entity),
            home.stage(f"standardised_{entity}s"),
            obeyed,
            rulings_status_file(home, entity),
            entity=entity,
        )
        report = link(
            home.stage(f"standardised_{entity}s"),
            home.stage(f"int_{entity}_links"),
            obeyed,
            home.stage(table),
            entity=entity,
            settings=workspace.config.matching,
            model_dir=home.models,
            state_dir=home.stages / "matching" / entity,
        )
        keep_report(home, entity, report)
        context.log.info(f"{entity}: matching finished")
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": row_count(home.stage(table)),
                **counts_of(report),
                "rulings_in_force": rulings.in_force,
                "rulings_lapsed": rulings.lapsed,
            }
        )

    return match


def _identify(workspace: Workspace, entity: Entity) -> dg.AssetsDefinition:
    table = f"{entity}_clusters"

    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=[
            hygiene_key(f"{entity}_match_edges"),
            hygiene_key(f"standardised_{entity}s"),
        ],
        group_name=GROUP,
        kinds={"duckdb", "parquet"},
        description=f"One row per {entity} record: the golden id that it belongs to.",
    )
    @timed
    def clusters(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home = workspace.home
        report = identify(
            home.stage(f"standardised_{entity}s"),
            home.stage(f"{entity}_match_edges"),
            home.identity,
            home.stage(table),
            home.stage(f"identity_events_{entity}"),
            home.stage(f"identity_redirects_{entity}"),
            entity=entity,
            run_id=context.run.run_id,
            occurred_at=run_instant(context),
            ended_out=home.stage(f"ended_assignments_{entity}"),
        )
        audit = audit_clusters(
            home.stage(f"{entity}_match_edges"),
            home.stage(table),
            home.stage(f"identity_cluster_audit_{entity}"),
            entity=entity,
        )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": row_count(home.stage(table)),
                **counts_of(report),
                "golden_records_of_several": audit.clusters,
                "of_them_expected_impure": round(audit.expected_impure, 1),
                "of_them_doubtful": audit.doubtful,
            }
        )

    return clusters


def _merge(workspace: Workspace, entity: Entity) -> dg.AssetsDefinition:
    table = f"golden_{entity}s"

    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=[
            hygiene_key(f"{entity}_clusters"),
            hygiene_key(f"standardised_{entity}s"),
        ],
        group_name=GROUP,
        kinds={"duckdb", "parquet"},
        description=f"One row per golden {entity}: the best value of every field.",
    )
    @timed
    def golden(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home = workspace.home
        changes = home.stage(f"{entity}_field_changes")
        write_field_changes(Landing(home.landing), changes, entity=entity)
        report = merge(
            home.stage(f"standardised_{entity}s"),
            home.stage(f"{entity}_clusters"),
            home.stage(table),
            home.stage(f"golden_field_lineage_{entity}"),
            entity=entity,
            rules=workspace.config.survivorship,
            field_changes=changes,
            overrides=home.overrides,
            as_of=workspace.as_of(run_instant(context)),
        )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": row_count(home.stage(table)),
                **counts_of(report),
            }
        )

    return golden


def _lineage(workspace: Workspace) -> dg.AssetsDefinition:
    return _combined(
        workspace,
        "golden_field_lineage",
        deps=[hygiene_key("golden_contacts"), hygiene_key("golden_accounts")],
        description="One row per golden record and field: the winning value, the "
        "record it came from, the rule, and the runner-up.",
    )


def _combined(
    workspace: Workspace, table: str, *, deps: list[dg.AssetKey], description: str
) -> dg.AssetsDefinition:
    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=deps,
        group_name=GROUP,
        kinds={"polars", "parquet"},
        description=description,
    )
    @timed
    def combined() -> dg.MaterializeResult[None]:
        rows = combine_entities(workspace, table)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return combined


def combine_entities(workspace: Workspace, table: str) -> int:
    """Put the contact and the account part of a table into one file."""
    home = workspace.home
    out = home.stage(table)
    temporary = out.with_name(f".{out.name}.tmp")
    pl.concat(
        [
            pl.scan_parquet(home.stage(f"{table}_{entity}"))
            for entity in ("contact", "account")
        ],
        how="vertical",
    ).sink_parquet(temporary, compression="zstd")
    temporary.replace(out)
    return row_count(out)


def _identity_tables(workspace: Workspace) -> dg.AssetsDefinition:
    described = {
        "identity_events": "One row per event of a golden id: minted, merged, split, "
        "retired, revived.",
        "identity_redirects": "One row per golden id that is no longer in use: the "
        "live id that replaced it.",
        "identity_cluster_audit": "One row per golden record of two or more records: what holds "
        "it together, and how likely it is one customer.",
        "ended_assignments": "One row per source record and golden id that it no "
        "longer belongs to, from when to when.",
    }
    specs = [
        dg.AssetSpec(
            hygiene_key(table),
            deps=[hygiene_key("contact_clusters"), hygiene_key("account_clusters")],
            group_name=GROUP,
            kinds={"polars", "parquet"},
            description=description,
        )
        for table, description in described.items()
    ]

    @dg.multi_asset(
        name="identity_tables", specs=specs, required_resource_keys={HOME_LOCK}
    )
    def identity_tables() -> Iterator[dg.MaterializeResult[None]]:
        for table in described:
            rows = combine_entities(workspace, table)
            yield dg.MaterializeResult(
                asset_key=hygiene_key(table), metadata={"dagster/row_count": rows}
            )

    return identity_tables
