"""Say why a run failed, in words that help the person who reads them on Tuesday night.

Errors that tidycrm raises on purpose already say what was done, found, expected and
what to do next, so their message is passed on as it is. Anything else is named with
its step and class; its text may quote data, so it stays in the run's log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from orchestration.disk_errors import disk_trouble_in
from orchestration.errors import OrchestrationError

_INTERRUPTED = "DagsterExecutionInterruptedError"


@cache
def _own_errors() -> frozenset[str]:
    """Names of all errors that tidycrm raises on purpose: their text may be shown."""
    from connectors.errors import ConnectorError
    from hygiene.errors import HygieneError

    found: set[str] = set()
    open_ends: list[type[Exception]] = [
        ConnectorError,
        HygieneError,
        OrchestrationError,
    ]
    while open_ends:
        kind = open_ends.pop()
        found.add(kind.__name__)
        open_ends += kind.__subclasses__()
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that did not pass: where, which, how bad, and what it says of itself."""

    asset: str
    name: str
    is_error: bool
    rows_failed: int | None
    description: str | None


def explain(events: Iterable[dg.DagsterEvent]) -> str:
    """One message for a failed run from its events."""
    events = list(events)
    lines: list[str] = []
    errors = [check for check in failed_checks(events) if check.is_error]
    if errors:
        checks = (
            "One check that guards"
            if len(errors) == 1
            else f"{len(errors)} checks that guard"
        )
        lines.append(f"{checks} the published file failed:")
        lines += [f"  - {_describe(check)}" for check in errors[:20]]
        if len(errors) > 20:
            lines.append(f"  - and {len(errors) - 20} more")
    for event in events:
        if event.event_type != dg.DagsterEventType.STEP_FAILURE:
            continue
        data = event.step_failure_data
        if data.user_failure_data is not None and data.user_failure_data.description:
            lines.append(f"{event.step_key}: {data.user_failure_data.description}")
        elif data.error is not None and not _is_check_failure(data.error):
            lines.append(f"{event.step_key}: {_message(data.error)}")
    return "\n".join(lines) or "The run failed before its first step."


def failed_checks(events: Iterable[dg.DagsterEvent]) -> Iterator[FailedCheck]:
    """Every check that did not pass, in the order of their evaluation."""
    for event in events:
        if event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        data = event.asset_check_evaluation_data
        if data.passed:
            continue
        rows = data.metadata.get("rows_failed") or data.metadata.get(
            "dagster_dbt/failed_row_count"
        )
        value = getattr(rows, "value", None)
        yield FailedCheck(
            asset=data.asset_key.to_user_string(),
            name=data.check_name,
            is_error=data.severity == dg.AssetCheckSeverity.ERROR,
            rows_failed=value if isinstance(value, int) else None,
            description=data.description,
        )


def _describe(check: FailedCheck) -> str:
    rows = "" if check.rows_failed is None else f" ({check.rows_failed:,} rows)"
    said = f". {check.description}" if check.description else ""
    return f"{check.asset}: {check.name}{rows}{said}"


def _is_check_failure(error: SerializableErrorInfo) -> bool:
    return any(
        link.cls_name == "DagsterAssetCheckFailedError" for link in _chain(error)
    )


def _message(error: SerializableErrorInfo) -> str:
    links = list(_chain(error))
    for link in links:
        if link.cls_name in _own_errors():
            return _text(link)
    last = links[-1]
    if last.cls_name == _INTERRUPTED:
        return (
            "the run was interrupted (Ctrl+C, a stopped service or a shutdown). Run "
            "`tidycrm sync` again: it goes on from what was landed."
        )
    told = next(filter(None, (disk_trouble_in(link.message) for link in links)), None)
    if told is not None:
        return f"{told}."
    return (
        f"{last.cls_name}. The full text is in the log of this run: `tidycrm ui`, "
        "Runs, step as named here."
    )


def _chain(error: SerializableErrorInfo) -> Iterator[SerializableErrorInfo]:
    link: SerializableErrorInfo | None = error
    while link is not None:
        yield link
        link = link.cause


def _text(error: SerializableErrorInfo) -> str:
    # Dagster stores "module.Class: message".
    _, _, message = error.message.partition(": ")
    return message.strip() or error.message.strip()
