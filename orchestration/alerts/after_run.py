"""Tell what a run left behind: after a command, and after a run of the daemon.

A problem of a channel is reported and never stops or fails what was done.
"""

from __future__ import annotations

import dagster as dg

from orchestration.alerts.conditions import find_conditions
from orchestration.alerts.dispatch import Delivery, dispatch
from orchestration.failures import explain
from orchestration.last_run import remember_run
from orchestration.metrics_file import write_metrics
from orchestration.runs import HOLDER_TAG
from orchestration.workspace import Workspace


def tell(
    workspace: Workspace, *, failure: str | None = None, run_id: str | None = None
) -> Delivery:
    """Find the present conditions and tell the channels what is due."""
    config = workspace.config.alerts
    if not config.channels:
        return Delivery(0, 0, ())
    now = workspace.clock()
    return dispatch(
        workspace.home,
        config,
        find_conditions(workspace, now=now, failure=failure),
        now=now,
        run_id=run_id,
    )


def build_alert_sensors(
    workspace: Workspace, job: dg.UnresolvedAssetJobDefinition
) -> list[dg.SensorDefinition]:
    """Sensors that tell what runs of the daemon left; commands tell it themselves."""

    def after(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if HOLDER_TAG in run.tags:
            return dg.SkipReason("The command that started this run tells it.")
        failure = None
        if run.status is dg.DagsterRunStatus.FAILURE:
            failure = explain(
                entry.dagster_event
                for entry in context.instance.all_logs(run.run_id)
                if entry.dagster_event is not None
            )
        remember_run(
            workspace.home,
            at=workspace.clock(),
            run_id=run.run_id,
            failure=failure,
        )
        write_metrics(workspace, at=workspace.clock(), succeeded=failure is None)
        done = tell(workspace, failure=failure, run_id=run.run_id)
        for problem in done.problems:
            context.log.warning(problem)
        return None

    return [
        dg.run_status_sensor(
            run_status=status,
            name=f"tell_after_{status.value.lower()}",
            monitored_jobs=[job],
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Tells the configured channels what is the matter, and writes "
            "the metrics file.",
        )(after)
        for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS)
    ]
