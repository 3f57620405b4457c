"""The Dagster code location: every asset, the sync job, its schedule.

Wiring only. `build_defs` takes a workspace, so that tests get a code location without
touching the environment; the module attribute `defs` is what `dagster dev` loads.
"""

from __future__ import annotations

import dagster as dg

from orchestration.assets.checks import (
    build_landing_checks,
    build_published_checks,
    build_record_checks,
)
from orchestration.assets.extraction import build_landing_asset, build_source_assets
from orchestration.assets.hygiene import build_hygiene_assets
from orchestration.assets.publication import build_publication_assets
from orchestration.assets.warehouse import build_dbt_assets
from orchestration.dbt_build import dbt_resource, ensure_manifest
from orchestration.runs import HOME_LOCK, home_lock
from orchestration.settings import Settings
from orchestration.workspace import Workspace, open_workspace

JOB = "sync"


def build_defs(workspace: Workspace) -> dg.Definitions:
    """Everything that Dagster shows and runs for one workspace."""
    workspace.home.create()
    manifest = ensure_manifest(workspace)
    dbt = build_dbt_assets(workspace, manifest)
    marts = sorted(dbt[-1].keys, key=lambda key: key.to_user_string())
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        description="One consistent snapshot: extract, clean, match, build, check, "
        "publish.",
        tags={"tidycrm/home": workspace.home.root.name},
    )
    schedule = workspace.config.schedule
    return dg.Definitions(
        assets=[
            *build_source_assets(workspace),
            build_landing_asset(workspace),
            *dbt,
            *build_hygiene_assets(workspace),
            *build_publication_assets(workspace, manifest, marts),
        ],
        asset_checks=[
            *build_landing_checks(workspace),
            *build_record_checks(workspace, manifest),
            *build_published_checks(workspace, manifest),
        ],
        jobs=[job],
        schedules=[
            dg.ScheduleDefinition(
                name="sync_schedule",
                job=job,
                cron_schedule=schedule.cron,
                execution_timezone=schedule.timezone,
                default_status=(
                    dg.DefaultScheduleStatus.RUNNING
                    if schedule.enabled
                    else dg.DefaultScheduleStatus.STOPPED
                ),
            )
        ],
        # One process per run: it holds the home for all of its steps.
        executor=dg.in_process_executor,
        resources={
            "dbt": dbt_resource(workspace),
            HOME_LOCK: home_lock(workspace.home),
        },
    )


@dg.definitions
def defs() -> dg.Definitions:
    return build_defs(open_workspace(Settings()))
