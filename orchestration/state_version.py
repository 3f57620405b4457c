"""The version of what a home keeps, and the steps from an older one to the present.

Belongs here: `state/version.json` and the migrations. State is what cannot be rebuilt, so
it is copied aside before the first step; a newer version than this one is refused.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hygiene.identity import date_assignments
from orchestration.errors import StateError
from orchestration.home import Home, replace_text
from orchestration.workspace import tidycrm_version

STATE_VERSION = 2
"""Raised with every change of a file below `state/` that older code cannot read."""

Migration = Callable[[Home], None]


def _name_version(home: Home) -> None:
    """0 to 1: releases up to 0.1.0 kept the same files and named no version."""


def _date_assignments(home: Home) -> None:
    """1 to 2: the ledger tells since when each record has its golden id.

    Marks that merging kept, and verdicts on mailboxes, are of no use any more.
    """
    date_assignments(home.identity)
    for unused in (home.stages / "merging", *home.stages.glob("matching/*/handles")):
        shutil.rmtree(unused, ignore_errors=True)


MIGRATIONS: Mapping[int, Migration] = {0: _name_version, 1: _date_assignments}
"""By the version that they start from; each leads to the next one."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did: versions, and where the state before it lies."""

    before: int
    after: int
    kept_at: Path | None


def read_version(home: Home) -> int:
    """Version of the state of a home; 0 where none is named, `STATE_VERSION` if empty.

    Raises:
        StateError: The file cannot be read.
    """
    file = _file(home)
    try:
        return int(json.loads(file.read_text(encoding="utf-8"))["state_version"])
    except FileNotFoundError:
        has_state = any(home.identity.glob("*")) or any(home.rulings.glob("*"))
        return 0 if has_state else STATE_VERSION
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"Reading the version of {home.state}: version.json cannot be read "
            f"({type(error).__name__}); nothing was changed. Restore it with `tidycrm "
            "restore`, or remove the file if the state was written by release 0.1.0."
        ) from None


def ensure_state(
    home: Home,
    *,
    at: datetime,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    wanted: int = STATE_VERSION,
) -> Upgraded:
    """Bring the state of a home to the present version; the caller holds the home.

    Args:
        home: Whose state.
        at: Now, UTC; names the copy.
        migrations: Steps by the version that they start from.
        wanted: Version to reach.

    Raises:
        StateError: It is of a newer version, or a step failed; the state is as before.
    """
    before = read_version(home)
    if before > wanted:
        raise StateError(
            f"Opening {home.state}: it is of version {before}, and this tidycrm "
            f"({tidycrm_version()}) reads up to {wanted}; nothing was changed. Install "
            "the version that wrote it, or a later one."
        )
    if before == wanted:
        if not _file(home).exists():
            _write(home, wanted)
        return Upgraded(before, before, None)
    kept = home.root / f"state.before-upgrade-{before}-{at:%Y%m%dT%H%M%SZ}"
    shutil.copytree(home.state, kept)
    try:
        for version in range(before, wanted):
            migrations[version](home)
            _write(home, version + 1)
    except Exception as error:
        shutil.rmtree(home.state)
        kept.replace(home.state)
        raise StateError(
            f"Upgrading {home.state} from version {before} to {wanted}: a step failed "
            f"({type(error).__name__}); the state is as it was before. Go on with the "
            "version that wrote it, and report this."
        ) from error
    return Upgraded(before, wanted, kept)


def _file(home: Home) -> Path:
    return home.state / "version.json"


def _write(home: Home, version: int) -> None:
    facts = {"state_version": version, "tidycrm_version": tidycrm_version()}
    replace_text(_file(home), json.dumps(facts, indent=1))
