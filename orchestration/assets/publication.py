"""The last steps: one table of all check results, then the published file."""

import json
import traceback
from pathlib import Path

import dagster as dg
import polars as pl

from connectors.landing import Landing
from hygiene.quality import build_data_docs
from orchestration.assets.timing import timed
from orchestration.dbt_build import is_published_as_view, published_models
from orchestration.executive import write_executive_report
from orchestration.home import Home, replace_text
from orchestration.privacy import audit
from orchestration.privacy.consent import CONSENT_TABLES, write_consent_tables
from orchestration.privacy.masked import masking_of
from orchestration.publishing import (
    PublishedTable,
    SourceWatermark,
    publish,
    quote,
)
from orchestration.quality_history import current_volumes, remember
from orchestration.quality_results import (
    COLUMN_COMMENTS,
    kept_counts,
    write_all,
)
from orchestration.quality_tables import (
    published_quality_tables,
    remember_scores,
    write_quality_tables,
)
from orchestration.runs import (
    HOME_LOCK,
    WAREHOUSE_POOL,
    resumed_runs,
    run_instant,
)
from orchestration.source_states import SourceState, SourceStates
from orchestration.workspace import Workspace, input_fingerprint, tidycrm_version

QUALITY_KEY = dg.AssetKey(["hygiene", "data_quality_results"])
PUBLICATION_KEY = dg.AssetKey(["published", "crm"])
REPORT_CHECK = "executive_report_was_written"
"""Check of the publication: a page that cannot be written warns and stops nothing."""


def build_publication_assets(
    workspace: Workspace, manifest: Path, marts: list[dg.AssetKey]
) -> list[dg.AssetsDefinition]:
    """The quality table and the publication; both wait for every mart."""
    return [
        _quality(workspace, marts),
        _publication(workspace, manifest, marts),
    ]


def _quality(workspace: Workspace, marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=QUALITY_KEY,
        required_resource_keys={HOME_LOCK},
        deps=marts,
        group_name="published",
        kinds={"parquet"},
        description="One row per check of this run: what was checked by whom, how many "
        "rows failed. Counts only. Scores, causes and costs are made of them, and a "
        "report for people.",
    )
    @timed
    def data_quality_results(
        context: dg.AssetExecutionContext,
    ) -> dg.MaterializeResult[None]:
        home = workspace.home
        results = write_all(home, resumed_runs(context))
        docs = build_data_docs(
            kept_counts(home),
            home.reports / "quality",
            run_id=context.run.run_id,
            checked_at=run_instant(context),
        )
        instant = run_instant(context)
        report = write_quality_tables(
            workspace,
            run_id=context.run.run_id,
            instant=instant,
            as_of=workspace.as_of(instant),
        )
        scored = {} if report.score is None else {"score": round(report.score, 2)}
        failed = results.filter(~pl.col("success"))
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": results.height,
                "checks_failed": failed.height,
                "errors": failed.filter(pl.col("severity") == "error").height,
                "warnings": failed.filter(pl.col("severity") == "warn").height,
                **scored,
                "defects": report.defects,
                "report": dg.MetadataValue.url(report.file.resolve().as_uri()),
                "report_file": dg.MetadataValue.path(str(report.file)),
                "data_docs": dg.MetadataValue.url(docs.index.resolve().as_uri()),
                **{f"rows/{name}": count for name, count in report.rows.items()},
            }
        )

    return data_quality_results


def _publication(
    workspace: Workspace, manifest: Path, marts: list[dg.AssetKey]
) -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLICATION_KEY,
        required_resource_keys={HOME_LOCK},
        deps=[*marts, QUALITY_KEY],
        group_name="published",
        kinds={"duckdb"},
        pool=WAREHOUSE_POOL,
        check_specs=[
            dg.AssetCheckSpec(
                REPORT_CHECK,
                asset=PUBLICATION_KEY,
                description="The executive report of this publication was written. A "
                "warning means that the data are published and the page is old.",
            )
        ],
        description="The DuckDB file that analysts open: every mart of this run, "
        "swapped in one step after all blocking checks passed.",
    )
    # Without [None]: Dagster does not recognise it beside the output of the check.
    @timed
    def crm(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        home = workspace.home
        instant = run_instant(context)
        as_of = workspace.as_of(instant)
        options = workspace.config.publish
        write_consent_tables(home, at=instant)
        result = publish(
            warehouse=home.warehouse,
            out=home.published,
            tables=_tables(home, manifest),
            sources=source_watermarks(home),
            run_id=context.run.run_id,
            as_of=as_of,
            published_at=instant,
            version=tidycrm_version(),
            keep_versions=options.keep_versions,
            parquet=options.parquet,
            contract_version=options.contract_version,
            masking=masking_of(workspace),
        )
        # The file is in place: that is recorded before anything else can go wrong.
        audit.record(
            home,
            audit.Action.PUBLISH,
            {
                "run_id": context.run.run_id,
                "tables": len(result.row_counts),
                "held_at": result.held_at,
            },
        )
        remember(
            home,
            "volumes",
            current_volumes(home),
            run_id=context.run.run_id,
            instant=instant,
        )
        remember_scores(home, run_id=context.run.run_id, instant=instant)
        if result.held_at is not None:
            context.log.warning(
                f"Version {result.held_at[:8]} is pinned: the new one is kept beside it "
                "until `tidycrm publish --latest`."
            )
        replace_text(
            home.last_publication,
            json.dumps(
                {
                    "run_id": context.run.run_id,
                    "published_at": instant.isoformat(),
                    "as_of": as_of.isoformat(),
                    "fingerprint": input_fingerprint(workspace, as_of),
                },
                indent=1,
            ),
        )
        report, is_written = _report(workspace, context, result.file)
        return dg.MaterializeResult(
            metadata={
                "tables": len(result.row_counts),
                "views": len(result.views),
                "rows": sum(result.row_counts.values()),
                "bytes": result.file.stat().st_size,
                "versions_kept": result.versions_kept,
                **({"held_at_version": result.held_at} if result.held_at else {}),
                "path": dg.MetadataValue.path(str(result.file)),
                **report,
            },
            check_results=[is_written],
        )

    return crm


def _report(
    workspace: Workspace, context: dg.AssetExecutionContext, published: Path
) -> tuple[dict[str, dg.MetadataValue], dg.AssetCheckResult]:
    """Write the executive report; one that fails warns, for the data are published."""
    currency = workspace.config.metrics.reporting_currency
    try:
        page = write_executive_report(published, workspace.home, currency=currency)
    except Exception as error:  # noqa: BLE001  # a page must not undo a publication
        frames = "".join(traceback.format_tb(error.__traceback__))
        # Without the text of the error, which may quote data.
        context.log.error(  # noqa: TRY400
            f"Executive report: {type(error).__name__}\n{frames}"
        )
        return {}, dg.AssetCheckResult(
            check_name=REPORT_CHECK,
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"Writing the executive report failed ({type(error).__name__}); "
            "the data are published, reports/executive.html is the one before. Try "
            "`tidycrm report`.",
        )
    return (
        {"report": dg.MetadataValue.url(page.resolve().as_uri())},
        dg.AssetCheckResult(check_name=REPORT_CHECK, passed=True),
    )


def _tables(home: Home, manifest: Path) -> list[PublishedTable]:
    tables = [
        PublishedTable(
            name=model["name"],
            relation=f"{quote(model['schema'])}.{quote(model['alias'])}",
            is_view=is_published_as_view(model),
            order_by=tuple(model["config"].get("meta", {}).get("primary_key", ())),
        )
        for model in published_models(manifest)
    ]
    quality = PublishedTable(
        name="data_quality_results",
        relation=str(home.stage("data_quality_results")),
        is_parquet=True,
        description="One row per check of the run: what it looked at, how many rows "
        "it counted and how many failed, and whether a failure stops the publication.",
        comments=COLUMN_COMMENTS,
        order_by=("layer", "object", "rule_id", "rule_name"),
    )
    consent = [
        PublishedTable(
            name=name,
            relation=str(home.stage(name)),
            is_parquet=True,
            description=table.description,
            comments=table.comments,
            order_by=table.key,
        )
        for name, table in CONSENT_TABLES.items()
    ]
    found = [*tables, quality, *consent, *published_quality_tables(home)]
    return sorted(found, key=lambda table: table.name)


def source_watermarks(home: Home) -> list[SourceWatermark]:
    """How far every landed object of every source reaches, from the manifests."""
    rows: dict[str, int] = {}
    latest: dict[str, SourceWatermark] = {}
    states = SourceStates(home)
    known_states: dict[str, SourceState] = {}
    for manifest in Landing(home.landing).manifests():
        name = f"{manifest.source_name}/{manifest.object}"
        rows[name] = rows.get(name, 0) + manifest.counts.new
        known = latest.get(name)
        if known is None or known.watermark is None:
            watermark = manifest.extracted_at
        else:
            watermark = max(known.watermark, manifest.extracted_at)
        source = manifest.source_name
        state = known_states.get(source) or states.read(source)
        known_states[source] = state
        latest[name] = SourceWatermark(
            name,
            rows[name],
            watermark,
            synced_at=state.synced_at,
            stale_since=state.failing_since,
            stale_reason=state.reason,
        )
    return [latest[name] for name in sorted(latest)]
