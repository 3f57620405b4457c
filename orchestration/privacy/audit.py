"""The log of decisions: who merged, ruled, exported, erased, published, and when.

Belongs here: appending to the log and checking it. Each line carries the hash of the
line before it, so that a line that was changed, removed or put in shows. People are named
by keyed hashes only: a log that cannot be changed must not hold what has to be erased.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock

from connectors.landing import keyed_hash
from orchestration.errors import OrchestrationError
from orchestration.home import Home, replace_text
from orchestration.privacy.suppressed import secret_of

FIRST = "0" * 64
REFERENCE_LENGTH = 16
_FIELDS = ("seq", "at", "action", "actor", "details", "previous")


class Action(StrEnum):
    """What is worth remembering."""

    MERGE = "merge"
    UNMERGE = "unmerge"
    RULINGS = "rulings"
    OVERRIDE_SET = "override_set"
    OVERRIDE_REMOVED = "override_removed"
    EXPORT = "export"
    ACCESS_REQUEST = "access_request"
    ERASURE = "erasure"
    RETENTION = "retention"
    PUBLISH = "publish"
    ROLLBACK = "rollback"
    ROLLBACK_RELEASED = "rollback_released"
    BACKUP = "backup"
    RESTORE = "restore"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    seq: int
    at: str
    action: str
    actor: str
    details: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the log is whole.

    Attributes:
        entries: Lines that are in order.
        head: Hash of the last one: note it elsewhere, and a log that was cut shows too.
        problem: The first thing that is wrong, in words; None when the log is whole.
    """

    entries: int
    head: str
    problem: str | None = None


def audit_file(home: Home) -> Path:
    """Where the log of a home lies."""
    return home.state / "audit.jsonl"


def reference(home: Home, text: str) -> str:
    """What the log calls a person or a record: a keyed hash, the same every time."""
    return keyed_hash(secret_of(home), f"audit|{text}")[:REFERENCE_LENGTH]


def record(
    home: Home,
    action: Action,
    details: Mapping[str, Any],
    *,
    at: datetime | None = None,
    actor: str | None = None,
) -> Entry:
    """Append one line; it is on the disk when this returns.

    Args:
        home: Whose log.
        action: What was done.
        details: Counts, ids of runs and files, golden ids, references; no personal data.
        at: When; now by default, because the log tells when a line was written.
        actor: Who; the user of this process by default.

    Raises:
        OrchestrationError: The log is damaged, so nothing can be appended to it.
    """
    path = audit_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(".audit.lock")):
        _drop_torn_line(path)
        last = _last(path)
        body = {
            "seq": last.seq + 1 if last else 1,
            "at": (at or datetime.now(UTC)).isoformat(timespec="seconds"),
            "action": str(action),
            "actor": actor or _user(),
            "details": json.loads(json.dumps(dict(details), default=str)),
            "previous": last.hash if last else FIRST,
        }
        entry = Entry(**body, hash=_hash(body))
        line = json.dumps({**body, "hash": entry.hash}, ensure_ascii=False) + "\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        head = {"entries": entry.seq, "head": entry.hash}
        replace_text(path.with_suffix(".head"), json.dumps(head))
    return entry


def read(home: Home) -> list[Entry]:
    """Every line, oldest first; a damaged log is read as far as it goes."""
    return [entry for entry, problem in _walk(audit_file(home)) if problem is None]


def verify(home: Home) -> Verdict:
    """Check every link of the chain, and its end."""
    path = audit_file(home)
    entries, head = 0, FIRST
    for entry, problem in _walk(path):
        if problem is not None:
            return Verdict(entries, head, problem)
        entries, head = entry.seq, entry.hash
    try:
        noted = json.loads(path.with_suffix(".head").read_text())
    except (OSError, ValueError):
        noted = None
    if noted is not None and noted["entries"] > entries:
        missing = noted["entries"] - entries
        return Verdict(entries, head, f"the last {missing} lines are missing")
    return Verdict(entries, head)


def _walk(path: Path) -> Iterator[tuple[Entry, str | None]]:
    """Yield lines as long as they are in order, then what is wrong with the next one."""
    if not path.is_file():
        return
    previous = FIRST
    lines = path.read_text(encoding="utf-8").split("\n")
    nothing = Entry(0, "", "", "", {}, "", "")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            document = json.loads(line)
            body = {name: document[name] for name in _FIELDS}
            entry = Entry(**body, hash=document["hash"])
        except (ValueError, KeyError, TypeError):
            yield nothing, f"line {number} cannot be read"
            return
        if entry.hash != _hash(body):
            yield nothing, f"line {number} was changed after it was written"
            return
        if entry.previous != previous or entry.seq != number:
            yield nothing, f"before line {number} a line was removed or put in"
            return
        previous = entry.hash
        yield entry, None


def _last(path: Path) -> Entry | None:
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        size = stream.tell()
        stream.seek(max(0, size - 65_536))
        tail = stream.read().decode(errors="replace").rstrip("\n").split("\n")[-1]
    if not tail:
        return None
    try:
        document = json.loads(tail)
        return Entry(**{name: document[name] for name in (*_FIELDS, "hash")})
    except (ValueError, KeyError, TypeError):
        raise OrchestrationError(
            f"Writing to {path.name}: its last line cannot be read, and every line has "
            "to name the one before. Nothing was written; see `tidycrm audit verify`, "
            "keep the file aside and restore it from a backup."
        ) from None


def _drop_torn_line(path: Path) -> None:
    """Cut off a line that a crash left half-written: it was never reported as done."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as stream:
            stream.truncate(content.rfind(b"\n") + 1)


def _hash(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
