"""The suppression list of a home, its secret, and the screen that landing uses.

Belongs here: the two files below `state/suppression`. What the list means for a row is
in `connectors.landing`. The list holds keyed hashes only; it is backed up with the rest
of the state, because people must stay away after a restore as well.

    state/suppression/key          the secret of all keyed hashes of this home (0600)
    state/suppression/list.jsonl   one line per identifier: kind, hash, erasure, day
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from connectors.landing import Landing, Screen, Suppression, keyed_hash
from orchestration.home import Home, replace_text

if TYPE_CHECKING:
    from orchestration.workspace import Workspace

KINDS = ("email", "record", "person")


def folder_of(home: Home) -> Path:
    """Where the list and its secret lie."""
    return home.state / "suppression"


def secret_of(home: Home) -> str:
    """The secret of the keyed hashes of a home; made when it is first needed."""
    path = folder_of(home) / "key"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(".key.lock")):
            if not path.is_file():
                beside = path.with_name(f".key.{os.getpid()}")
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                descriptor = os.open(beside, flags, 0o600)
                with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                    stream.write(secrets.token_hex(32))
                    stream.flush()
                    os.fsync(stream.fileno())
                beside.replace(path)
    return path.read_text(encoding="ascii").strip()


def read_suppression(home: Home) -> Suppression:
    """The list as landing needs it; empty as long as nobody was erased."""
    path = folder_of(home) / "list.jsonl"
    if not path.is_file():
        return Suppression("", frozenset())
    hashes = (json.loads(line)["hash"] for line in path.read_text().splitlines())
    return Suppression(secret_of(home), frozenset(hashes))


def suppress(
    home: Home, identifiers: Iterable[tuple[str, str]], *, erasure: str, on: date
) -> int:
    """Put identifiers on the list; return how many are new.

    Args:
        home: Whose list.
        identifiers: Kind (one of `KINDS`) and normalised value.
        erasure: Id of the erasure.
        on: Day of the erasure.
    """
    path = folder_of(home) / "list.jsonl"
    secret = secret_of(home)
    lines = path.read_text().splitlines() if path.is_file() else []
    known = {json.loads(line)["hash"] for line in lines}
    fresh = []
    for kind, value in sorted(set(identifiers)):
        hashed = keyed_hash(secret, f"{kind}|{value}")
        if hashed not in known:
            known.add(hashed)
            entry = {"kind": kind, "hash": hashed, "erasure": erasure, "on": str(on)}
            fresh.append(json.dumps(entry))
    if fresh:
        replace_text(path, "\n".join([*lines, *fresh]) + "\n")
    return len(fresh)


def keep_privacy(before: Path, restored: Path) -> None:
    """Carry the suppression list and the log of decisions over a restore.

    An archive may be older than an erasure: whoever was erased since must stay away, and
    a log that only grows must not become shorter.

    Args:
        before: The state that was there, moved aside.
        restored: The state that came out of the archive.
    """
    log = before / "audit.jsonl"
    if log.is_file():
        for name in ("audit.jsonl", "audit.head"):
            if (before / name).is_file():
                shutil.copy2(before / name, restored / name)
    if (before / "suppression").is_dir():
        shutil.copytree(
            before / "suppression", restored / "suppression", dirs_exist_ok=True
        )


def open_landing(workspace: Workspace) -> Landing:
    """The landing zone of a home, behind its screen: to be used by every writer."""
    home = workspace.home
    return Landing(home.landing, screen=screen_of(workspace))


def screen_of(workspace: Workspace) -> Screen:
    """What may not be landed today: erased people, and text past its time."""
    kept = workspace.config.retention.activity_text
    since = None
    if kept is not None:
        since = (workspace.clock() - kept).date()
    return Screen(read_suppression(workspace.home), since)
