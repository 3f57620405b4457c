"""Which alerts there are: the state of sources and publication, and the last failure.

Conditions are read from what runs left behind, so the same ones are found after a
command, after a run of the daemon, and by `tidycrm alerts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from orchestration.alerts.causes import likely_cause
from orchestration.alerts.model import Alert
from orchestration.config import Severity, shown_duration
from orchestration.health import read_health
from orchestration.publishing import Shelf
from orchestration.source_states import SourceState, SourceStates
from orchestration.status import folder_bytes
from orchestration.workspace import Workspace

PIN_REMINDER = timedelta(hours=24)
"""After this time somebody may have forgotten that an older version is pinned."""

_LONGEST = 600


def find_conditions(
    workspace: Workspace, *, now: datetime, failure: str | None = None
) -> list[Alert]:
    """Everything that a person should know of now.

    Args:
        workspace: Whose conditions.
        now: UTC.
        failure: Why the last run ended without publishing; None if it did not.
    """
    sources = list(_sources(workspace, now))
    found = [
        *sources,
        *_late(workspace, now),
        *_pinned(workspace, now),
        *_health(workspace),
        *_disk(workspace),
    ]
    # A source that is not tolerated is the reason of the failure: told once.
    if failure and not any(each.severity is Severity.ERROR for each in sources):
        found.append(_failed(failure))
    # What belongs to no source belongs to whoever owns the publication.
    owner = workspace.config.publish.owner
    return [each if each.owner else replace(each, owner=owner) for each in found]


def _sources(workspace: Workspace, now: datetime) -> Iterator[Alert]:
    states = SourceStates(workspace.home)
    for source in workspace.config.sources:
        state = states.read(source.name)
        if not state.is_failing:
            continue
        is_tolerated = state.is_tolerated(now, source.tolerance)
        cause, step = likely_cause(state.reason)
        yield Alert(
            # Getting worse is another condition: it is told although the first one was.
            key=f"source:{source.name}:{'stale' if is_tolerated else 'down'}",
            severity=Severity.WARNING if is_tolerated else Severity.ERROR,
            title=(
                f"Source {source.name} is stale"
                if is_tolerated
                else f"Source {source.name} stops the publication"
            ),
            found=_age(state, now, source.tolerance) + (state.message or ""),
            cause=cause,
            step=step,
            source=source.name,
            owner=source.owner,
        )


def _age(state: SourceState, now: datetime, tolerance: timedelta) -> str:
    age = state.age(now)
    if age is None:
        return "It was never read completely. "
    return (
        f"Its last good data are {shown_duration(age)} old "
        f"({shown_duration(tolerance)} are tolerated). "
    )


def _failed(failure: str) -> Alert:
    text = failure if len(failure) <= _LONGEST else f"{failure[:_LONGEST]} …"
    if "the published file failed:" in failure:
        return Alert(
            "publish:blocked",
            Severity.ERROR,
            "The publication was blocked by checks",
            text,
            "data of a source broke a rule, or a rule no longer fits",
            "Open the named checks in `tidycrm ui`; the last good file stays in place.",
        )
    if "Publishing" in failure:
        return Alert(
            "publish:blocked",
            Severity.ERROR,
            "The publication was blocked",
            text,
            "the new tables are not what analysts rely on",
            "Follow the message; the last good file stays in place.",
        )
    return Alert(
        "sync:failed",
        Severity.ERROR,
        "The sync failed",
        text,
        "see what was found",
        "Follow the message; the step's log is in `tidycrm ui`, Runs.",
    )


def _late(workspace: Workspace, now: datetime) -> Iterator[Alert]:
    if workspace.config.metrics.as_of != "today":
        return
    try:
        last = json.loads(workspace.home.last_publication.read_text())
        published = datetime.fromisoformat(last["published_at"])
    except (OSError, ValueError, KeyError):
        return
    limit = workspace.config.publish.max_age
    if now - published > limit:
        yield Alert(
            "publish:late",
            Severity.WARNING,
            "The published file is late",
            f"It is {shown_duration(now - published)} old; {shown_duration(limit)} are "
            "expected (publish.max_age).",
            "the scheduler does not run, or syncs fail",
            "`tidycrm status`; then start the scheduler, or run `tidycrm sync`.",
        )


def _pinned(workspace: Workspace, now: datetime) -> Iterator[Alert]:
    pin = Shelf(workspace.home.published).pin
    if pin is None:
        return
    age = now - datetime.fromisoformat(pin.pinned_at)
    if age > PIN_REMINDER:
        yield Alert(
            "publish:pinned",
            Severity.WARNING,
            "An older version is still pinned",
            f"Analysts read version {pin.version[:8]} since {shown_duration(age)}.",
            "somebody rolled back and did not go forward again",
            "`tidycrm publish --latest`, once the reason of the rollback is gone.",
        )


def _health(workspace: Workspace) -> Iterator[Alert]:
    health, limits = read_health(workspace.home), workspace.config.alerts
    if health is None:
        return
    if health.backlog > limits.review_backlog:
        yield Alert(
            "review:backlog",
            Severity.WARNING,
            "Doubtful matches pile up",
            f"{health.backlog:,} pairs wait for a steward; {limits.review_backlog:,} are "
            "expected at most (alerts.review_backlog).",
            "nobody rules, or a new source brought many similar records",
            "`tidycrm review export` gives the most valuable ones first.",
        )
    score, before = health.score, health.previous_score
    if score is not None and before is not None:
        lost = before - score
        if lost >= limits.quality_drop:
            weakest = min(health.dimensions, key=lambda name: health.dimensions[name])
            yield Alert(
                "quality:regression",
                Severity.WARNING,
                "Data quality fell",
                f"The score is {score:.1f} of 100, {lost:.1f} less than in the "
                f"publication before; the weakest dimension is {weakest}.",
                "an import or a form writes worse data than before",
                "Open the quality report; its causes name source, field and entry point.",
            )


def _disk(workspace: Workspace) -> Iterator[Alert]:
    budget = workspace.config.retention.size_budget_gb
    if budget is None:
        return
    size = folder_bytes(workspace.home.root) / 1e9
    if size > budget:
        yield Alert(
            "disk:budget",
            Severity.WARNING,
            "The home folder outgrows its budget",
            f"It takes {size:,.2f} GB; {budget:,.2f} GB are expected at most "
            "(retention.size_budget_gb).",
            "more versions or runs are kept than fit, or the CRM grew",
            "`tidycrm prune`; then lower `publish.keep_versions` or `retention.runs`, or "
            "raise the budget.",
        )
