"""How the last run ended, for whoever asks without opening the run history.

One small file, safe to lose. Which runs there were is in Dagster's own storage.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from orchestration.home import Home, replace_text

_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class LastRun:
    """The end of a run."""

    run_id: str | None
    ended_at: str
    """ISO 8601, UTC."""
    succeeded: bool
    failure: str | None = None
    """Why nothing was published: the message as it was told."""


def remember_run(
    home: Home, *, at: datetime, run_id: str | None, failure: str | None
) -> None:
    """Note the end of a run.

    Args:
        home: Whose run.
        at: Now, UTC.
        run_id: The run.
        failure: Why it ended without publishing; None if all is well.
    """
    told = LastRun(
        run_id,
        at.isoformat(timespec="seconds"),
        failure is None,
        failure[:_LONGEST] if failure else None,
    )
    replace_text(home.last_run, json.dumps(asdict(told), indent=1))


def read_last_run(home: Home) -> LastRun | None:
    """Read the end of the last run; None if there was none, or the file is damaged."""
    try:
        return LastRun(**json.loads(home.last_run.read_text()))
    except (OSError, ValueError, TypeError):
        return None
