"""What runs by itself: the sync, extractions of single sources, and what arrivals start.

Definitions only. One sync is one consistent snapshot; an extraction alone lands what is
new and leaves the publication to the next sync.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta

import dagster as dg

from orchestration.arriving import look, watched_places
from orchestration.assets.extraction import READ_CHECK
from orchestration.home import is_held
from orchestration.logs import NAMED_CONSOLE
from orchestration.workspace import Workspace

LOOK_EVERY_SECONDS = 30
"""How often folders are looked at; a look costs a listing."""

Start = dg.RunRequest | dg.SkipReason


def extraction_jobs(workspace: Workspace) -> list[dg.UnresolvedAssetJobDefinition]:
    """One job per source that has a schedule of its own."""
    keys = {
        source.name: dg.AssetKey(["sources", source.name])
        for source in workspace.config.sources
    }
    return [
        dg.define_asset_job(
            f"extract_{source.name}",
            # Only its own check: others look at all sources at once, in the sync.
            selection=dg.AssetSelection.assets(keys[source.name]).without_checks()
            | dg.AssetSelection.checks(dg.AssetCheckKey(keys[source.name], READ_CHECK)),
            description=f"Land what is new at `{source.name}`; publishes nothing.",
            config=NAMED_CONSOLE,
        )
        for source in workspace.config.sources
        if source.schedule is not None
    ]


def build_schedules(
    workspace: Workspace,
    sync: dg.UnresolvedAssetJobDefinition,
    extractions: Sequence[dg.UnresolvedAssetJobDefinition] = (),
    housekeeping: Sequence[tuple[dg.JobDefinition, str | None, str]] = (),
) -> list[dg.ScheduleDefinition]:
    """The schedule of the sync, those of single sources, those of housekeeping.

    Args:
        workspace: Whose schedules.
        sync: The whole sync.
        extractions: From `extraction_jobs`.
        housekeeping: (job, cron or None, time zone); those without cron are left out.
    """
    schedule = workspace.config.schedule
    status = (
        dg.DefaultScheduleStatus.RUNNING
        if schedule.enabled
        else dg.DefaultScheduleStatus.STOPPED
    )
    crons = {source.name: source.schedule for source in workspace.config.sources}
    return [
        dg.ScheduleDefinition(
            name="sync_schedule",
            job=sync,
            cron_schedule=schedule.cron,
            execution_timezone=schedule.timezone,
            default_status=status,
            description="Starts a whole sync (`schedule.cron`).",
        ),
        *(
            dg.ScheduleDefinition(
                name=f"{job.name}_schedule",
                job=job,
                cron_schedule=str(crons[job.name.removeprefix("extract_")]),
                execution_timezone=schedule.timezone,
                default_status=status,
                description="Lands what is new at "
                f"`{job.name.removeprefix('extract_')}` (its `schedule`).",
            )
            for job in extractions
        ),
        *(
            dg.ScheduleDefinition(
                name=f"{each.name}_schedule",
                job=each,
                cron_schedule=cron,
                execution_timezone=timezone,
                default_status=status,
                description=each.description,
            )
            for each, cron, timezone in housekeeping
            if cron is not None
        ),
    ]


def build_sensors(
    workspace: Workspace, sync: dg.UnresolvedAssetJobDefinition
) -> list[dg.SensorDefinition]:
    """Start a sync when complete files arrived, or when a steward ruled."""
    places = watched_places(workspace.config)
    status = (
        dg.DefaultSensorStatus.RUNNING
        if workspace.config.schedule.enabled
        else dg.DefaultSensorStatus.STOPPED
    )
    sensors = [
        dg.SensorDefinition(
            name="steward_rulings",
            job=sync,
            evaluation_fn=_when_changed(workspace, lambda: _rulings(workspace)),
            minimum_interval_seconds=LOOK_EVERY_SECONDS,
            default_status=status,
            description="Starts a sync when a steward's rulings changed.",
        )
    ]
    if places:

        def arrived() -> str | dg.SkipReason:
            found = look(workspace.home, places, workspace.clock())
            if found.waiting:
                return dg.SkipReason(
                    f"{len(found.waiting)} files are not complete yet: "
                    + "; ".join(found.waiting[:5])
                )
            return found.fingerprint if found.files else ""

        sensors.append(
            dg.SensorDefinition(
                name="arriving_files",
                job=sync,
                evaluation_fn=_when_changed(workspace, arrived),
                minimum_interval_seconds=LOOK_EVERY_SECONDS,
                default_status=status,
                description="Starts a sync when files of a watched folder are complete: "
                + ", ".join(sorted({place.source for place in places})),
            )
        )
    return sensors


def freshness(workspace: Workspace) -> dg.FreshnessPolicy | None:
    """How old published tables may be; None when the as-of date is fixed.

    A sync that finds nothing new builds nothing, but the first one of each day always
    does, because the as-of date is then another one.
    """
    if workspace.config.metrics.as_of != "today":
        return None
    limit = workspace.config.publish.max_age
    return dg.FreshnessPolicy.time_window(
        fail_window=limit,
        warn_window=max(limit * 0.9, timedelta(minutes=1)) if limit else None,
    )


def with_freshness(
    workspace: Workspace, assets: Sequence[dg.AssetsDefinition]
) -> list[dg.AssetsDefinition]:
    """Give published tables the age that the configuration allows."""
    policy = freshness(workspace)
    if policy is None:
        return list(assets)

    def aged(spec: dg.AssetSpec) -> dg.AssetSpec:
        is_published = spec.key.path[0] in {"marts", "published"}
        return dg.apply_freshness_policy(spec, policy) if is_published else spec

    return [each.map_asset_specs(aged) for each in assets]


def with_owner(
    workspace: Workspace, assets: Sequence[dg.AssetsDefinition | dg.AssetSpec]
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Name the team of `publish.owner` where an asset has no owner of its own."""
    owner = workspace.config.publish.owner
    if owner is None:
        return list(assets)

    def owned(spec: dg.AssetSpec) -> dg.AssetSpec:
        return (
            spec if spec.owners else spec.replace_attributes(owners=[f"team:{owner}"])
        )

    return [
        owned(each) if isinstance(each, dg.AssetSpec) else each.map_asset_specs(owned)
        for each in assets
    ]


def _when_changed(
    workspace: Workspace, fingerprint: Callable[[], str | dg.SkipReason]
) -> Callable[[dg.SensorEvaluationContext], Start]:
    """Start a run when the fingerprint is not the one of the last start.

    The cursor moves with the start, not with the end of the run: a run that fails is
    repeated by the schedule, or by the next change.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> Start:
        found = fingerprint()
        if isinstance(found, dg.SkipReason):
            return found
        if found in ("", context.cursor):
            return dg.SkipReason("Nothing new since the last start.")
        if is_held(workspace.home):
            return dg.SkipReason(
                "Another run works on the home; looked at again after."
            )
        context.update_cursor(found)
        return dg.RunRequest(tags={"tidycrm/started_by": context.sensor_name})

    return evaluate


def _rulings(workspace: Workspace) -> str:
    digest = hashlib.sha256()
    files = sorted(workspace.home.rulings.rglob("*"))
    for path in files:
        if path.is_file() and not path.name.startswith("."):
            digest.update(str(path.relative_to(workspace.home.rulings)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest() if files else ""
