"""The Dagster code location: every asset, the jobs, what starts them.

Wiring only. `build_defs` takes a workspace, so that tests get a code location without
touching the environment; the module attribute `defs` is what `dagster dev` loads.
"""

from __future__ import annotations

import dagster as dg

from orchestration.alerts.after_run import build_alert_sensors
from orchestration.assets.account_changes import build_account_changes
from orchestration.assets.checks import (
    build_landing_checks,
    build_published_checks,
)
from orchestration.assets.extraction import build_landing_asset, build_source_assets
from orchestration.assets.hygiene import build_hygiene_assets
from orchestration.assets.identity_checks import build_identity_checks
from orchestration.assets.publication import build_publication_assets
from orchestration.assets.record_checks import build_record_checks
from orchestration.assets.training import TRAINING, build_training_assets
from orchestration.assets.warehouse import build_dbt_assets
from orchestration.automation import (
    build_schedules,
    build_sensors,
    extraction_jobs,
    with_freshness,
    with_owner,
)
from orchestration.column_metadata import with_columns
from orchestration.dbt_build import dbt_resource, ensure_manifest, refuse_open_warehouse
from orchestration.housekeeping import build_digest_job, build_prune_job
from orchestration.logs import NAMED_CONSOLE, console_of
from orchestration.report_pages import with_links
from orchestration.runs import HOME_LOCK, home_lock
from orchestration.settings import Settings
from orchestration.state_version import ensure_state
from orchestration.workspace import Workspace, open_workspace

JOB = "sync"


def build_defs(
    workspace: Workspace, *, is_shown: bool = False, reports_url: str | None = None
) -> dg.Definitions:
    """Everything that Dagster shows and runs for one workspace.

    Args:
        workspace: Home and configuration.
        is_shown: Tell the columns of every asset and where they come from. A run does
            without: it would load what nobody looks at.
        reports_url: Where the reports folder is served, for links to them.
    """
    workspace.home.create()
    manifest = ensure_manifest(workspace)
    dbt = build_dbt_assets(workspace, manifest)
    marts = sorted(dbt[-1].keys, key=lambda key: key.to_user_string())
    job = dg.define_asset_job(
        JOB,
        # A model is learned rarely, and put in force by a person.
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups(TRAINING),
        description="One consistent snapshot: extract, clean, match, build, check, "
        "publish.",
        tags={"tidycrm/home": workspace.home.root.name},
        config=NAMED_CONSOLE,
    )
    training = dg.define_asset_job(
        "train",
        selection=dg.AssetSelection.groups(TRAINING),
        description="Learn candidate models from the records of the last sync. Nothing "
        "else changes; see `tidycrm model`.",
        config=NAMED_CONSOLE,
    )
    extractions = extraction_jobs(workspace)
    pruning, digest = build_prune_job(workspace), build_digest_job(workspace)
    times, told = workspace.config.schedule, workspace.config.alerts.digest
    assets = with_owner(
        workspace,
        [
            *build_source_assets(workspace),
            build_landing_asset(workspace),
            *dbt[:-1],
            *build_hygiene_assets(workspace),
            build_account_changes(workspace),
            *build_training_assets(workspace),
            *with_freshness(
                workspace,
                [dbt[-1], *build_publication_assets(workspace, manifest, marts)],
            ),
        ],
    )
    if is_shown:
        assets = with_links(with_columns(workspace, manifest, assets), reports_url)
    return dg.Definitions(
        assets=assets,
        asset_checks=[
            *build_landing_checks(workspace),
            *build_identity_checks(workspace),
            *build_record_checks(workspace, manifest),
            *build_published_checks(workspace, manifest),
        ],
        jobs=[job, training, *extractions, pruning, digest],
        schedules=build_schedules(
            workspace,
            job,
            extractions,
            housekeeping=[
                (pruning, times.prune, times.timezone),
                (digest, told.cron if told else None, told.timezone if told else "UTC"),
            ],
        ),
        sensors=[
            *build_sensors(workspace, job),
            *build_alert_sensors(workspace, job),
        ],
        # One process per run: it holds the home for all of its steps.
        executor=dg.in_process_executor,
        loggers=console_of(workspace),
        resources={
            "dbt": dbt_resource(workspace),
            HOME_LOCK: home_lock(workspace.home, ready=lambda: _ready(workspace)),
        },
    )


def _ready(workspace: Workspace) -> None:
    """What holds for every writing run, whoever started it."""
    ensure_state(workspace.home, at=workspace.clock())
    refuse_open_warehouse(workspace)


@dg.definitions
def defs() -> dg.Definitions:
    settings = Settings()
    return build_defs(
        open_workspace(settings), is_shown=True, reports_url=settings.reports_url
    )
