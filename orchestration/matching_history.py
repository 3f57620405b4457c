"""What earlier runs of matching looked like, and which of them count as normal.

Belongs here: keeping measures in the home's state, and accepting a drift. Judging is in
`hygiene.stewardship.drift`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hygiene.matching import MatchReport
from hygiene.stewardship.drift import RunMeasures
from orchestration.errors import OrchestrationError
from orchestration.home import Home, exclusive, replace_text

_KEPT = 50


def report_file(home: Home, entity: str) -> Path:
    """The report of the last run of matching."""
    return home.stages / f"{entity}_match_report.json"


def keep_report(home: Home, entity: str, report: MatchReport) -> None:
    """Write the report of a run beside its edges."""
    replace_text(report_file(home, entity), json.dumps(asdict(report), indent=1))


def read_report(home: Home, entity: str) -> dict[str, Any]:
    """Read the report of the last run of matching."""
    found: dict[str, Any] = json.loads(report_file(home, entity).read_text("utf-8"))
    return found


def read_history(home: Home, entity: str) -> list[RunMeasures]:
    """Accepted runs, oldest first."""
    return _read(_history_file(home, entity))


def accept(home: Home, entity: str, run: RunMeasures) -> None:
    """Add a normal run to the history; one that changed nothing adds nothing."""
    known = read_history(home, entity)
    if known and known[-1].model_dump(exclude={"run_id"}) == run.model_dump(
        exclude={"run_id"}
    ):
        return
    _write(_history_file(home, entity), [*known, run][-_KEPT:])


def set_aside(home: Home, entity: str, run: RunMeasures | None) -> None:
    """Keep a run that was stopped, so that it can be accepted; none clears it."""
    file = _stopped_file(home, entity)
    if run is None:
        file.unlink(missing_ok=True)
    else:
        _write(file, [run])


def accept_stopped(home: Home, entities: Sequence[str]) -> list[str]:
    """Make the runs that drift stopped the new normal.

    Args:
        home: The home.
        entities: Which.

    Returns:
        The entities for which there was one.

    Raises:
        OrchestrationError: No run was stopped.
    """
    with exclusive(home, purpose="tidycrm drift accept"):
        accepted = []
        for entity in entities:
            stopped = _read(_stopped_file(home, entity))
            if stopped:
                # From here on this is normal: what was before says nothing any more.
                _write(_history_file(home, entity), stopped)
                set_aside(home, entity, None)
                accepted.append(entity)
    if not accepted:
        raise OrchestrationError(
            "Accepting a drift: no run was stopped by one; there is nothing to accept. "
            "`tidycrm status` shows the last run."
        )
    return accepted


def _history_file(home: Home, entity: str) -> Path:
    return home.state / f"matching_history_{entity}.json"


def _stopped_file(home: Home, entity: str) -> Path:
    return home.state / f"matching_stopped_{entity}.json"


def _read(file: Path) -> list[RunMeasures]:
    if not file.is_file():
        return []
    try:
        return [
            RunMeasures.model_validate(item) for item in json.loads(file.read_text())
        ]
    except ValueError as error:
        raise OrchestrationError(
            f"Reading what earlier runs looked like: {file.name} is not readable "
            f"({type(error).__name__}); a list of measures is expected. Restore it from "
            "a backup, or delete it to start a new history."
        ) from error


def _write(file: Path, runs: Sequence[RunMeasures]) -> None:
    replace_text(file, json.dumps([item.model_dump() for item in runs], indent=1))
