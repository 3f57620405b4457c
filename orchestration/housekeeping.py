"""What runs beside the sync: the nightly pruning and the digest, as jobs of Dagster.

Wiring only; `pruning` and `alerts.digest` do the work, also for the command line. Without
postponed annotations: Dagster looks at the type of the context.
"""

import dagster as dg

from orchestration.alerts.conditions import find_conditions
from orchestration.alerts.digest import send_digest
from orchestration.logs import NAMED_CONSOLE, console_of
from orchestration.pruning import prune
from orchestration.workspace import Workspace

PRUNE_JOB = "prune"
DIGEST_JOB = "digest"
_PATIENCE_SECONDS = 3600.0
"""How long the pruning waits for a sync that still runs."""


def build_prune_job(workspace: Workspace) -> dg.JobDefinition:
    """Remove what is no longer kept, pack landed files, tell the size."""

    @dg.op(name="remove_what_is_not_kept")
    def remove(context: dg.OpExecutionContext) -> None:
        done = prune(
            workspace,
            context.instance,
            now=workspace.clock(),
            wait_seconds=_PATIENCE_SECONDS,
        )
        context.log.info(
            f"Removed {done.runs} runs, {done.versions} versions, {done.folders} "
            f"leftovers; packed {done.landing_files} landed files; "
            f"{done.bytes / 1e6:,.1f} MB freed, {done.size_bytes / 1e6:,.1f} MB left."
        )
        if done.is_over_budget:
            context.log.warning("The home is larger than `retention.size_budget_gb`.")

    @dg.job(
        name=PRUNE_JOB,
        description="Removes what `retention` no longer keeps; publishes nothing.",
        executor_def=dg.in_process_executor,
        logger_defs=console_of(workspace),
        config=NAMED_CONSOLE,
    )
    def tidy_up() -> None:
        remove()

    return tidy_up


def build_digest_job(workspace: Workspace) -> dg.JobDefinition:
    """Tell every channel how the warehouse stands."""

    @dg.op(name="send_the_digest")
    def tell(context: dg.OpExecutionContext) -> None:
        now = workspace.clock()
        found = tuple(find_conditions(workspace, now=now))
        done = send_digest(workspace, now=now, alerts=found)
        context.log.info(f"{done.sent} messages sent.")
        for problem in done.problems:
            context.log.warning(problem)

    @dg.job(
        name=DIGEST_JOB,
        description="Tells every channel how the warehouse stands; changes nothing.",
        executor_def=dg.in_process_executor,
        logger_defs=console_of(workspace),
        config=NAMED_CONSOLE,
    )
    def tell_all() -> None:
        tell()

    return tell_all
