"""Backup and restore of what cannot be rebuilt from the sources.

Belongs here: everything below `state/` (identity ledger, rulings, overrides, repairs of
quarantined rows, suppression list, trained models, quality history) and the cursors of
live sources. Landed records, stages, the warehouse and published files are rebuilt by a
sync. An archive is a tar file with a manifest of checksums, so that a damaged one is
refused before anything is touched.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.errors import BackupError
from orchestration.home import Home, exclusive
from orchestration.privacy import audit
from orchestration.privacy.suppressed import keep_privacy
from orchestration.workspace import tidycrm_version

FORMAT_VERSION = 1
_MANIFEST = "manifest.json"
_CURSORS = PurePosixPath("landing/_cursors")
_STATE = PurePosixPath("state")
_TOKENS = _STATE / "tokens"
_SUPPRESSION = _STATE / "suppression"
# Names a person who is being erased: it must not outlive the erasure.
_JOURNALS = _STATE / "erasures"
# Tells what the published file was made from: wrong after a restore, and made anew.
_REBUILT = frozenset({_STATE / "last_publication.json"})


@dataclass(frozen=True, slots=True)
class Backup:
    """What an archive holds."""

    file: Path
    created_at: str
    tidycrm_version: str
    files: int
    bytes: int
    has_secrets: bool


def write_backup(
    home: Home, target: Path, *, at: datetime, with_secrets: bool = False
) -> Backup:
    """Write an archive while no run can change what goes into it.

    Args:
        home: What to back up.
        target: The archive; replaced in one step if it exists.
        at: Now, UTC.
        with_secrets: Also keep tokens that services rotate; whoever has the archive can
            then log in with them.

    Raises:
        BusyError: A run works on the home.
        BackupError: There is nothing to back up.
    """
    with exclusive(home, purpose="tidycrm backup"):
        files = [
            name for name in _kept_files(home) if with_secrets or not _is_secret(name)
        ]
        if not files:
            raise BackupError(
                f"Backing up {home.root}: there is no state yet; expected is a home that "
                "was synced at least once. Run `tidycrm sync` first."
            )
        entries = [
            _described_file(str(name), (home.root / str(name)).read_bytes())
            for name in files
        ]
        manifest = {
            "format_version": FORMAT_VERSION,
            "tidycrm_version": tidycrm_version(),
            "created_at": at.isoformat(timespec="seconds"),
            "has_secrets": any(_is_secret(name) for name in files),
            "files": entries,
        }
        contents = (
            (entry["path"], (home.root / entry["path"]).read_bytes())
            for entry in entries
        )
        _write_archive(target, manifest, contents, at)
        # After the archive: this line is in the next one.
        audit.record(home, audit.Action.BACKUP, {"file": str(target)}, at=at)
    return _described(target, manifest)


def read_backup(file: Path) -> Backup:
    """Check an archive completely, changing nothing.

    Raises:
        BackupError: It is none, or damaged, or of a later version.
    """
    manifest, _ = _read(file)
    return _described(file, manifest)


def restore_backup(
    home: Home, file: Path, *, at: datetime, replace: bool = False
) -> Backup:
    """Put the content of an archive in place; what was there is moved aside.

    Cursors are only restored where none is left: one that fits the landed data is worth
    more than an older one, and a lost one only costs a full read.

    Args:
        home: Where to restore.
        file: The archive.
        at: Now, UTC; names what is moved aside.
        replace: Whether existing state may be replaced.

    Raises:
        BusyError: A run works on the home.
        BackupError: The archive cannot be used, or there is state already.
    """
    manifest, contents = _read(file)
    with exclusive(home, purpose="tidycrm restore"):
        if not replace and any(home.identity.glob("*")):
            raise BackupError(
                f"Restoring into {home.root}: it has an identity ledger already; nothing "
                "was changed. Use --replace to put the archive in its place (the present "
                "state is kept beside it), or name an empty home."
            )
        stamp = f"{at:%Y%m%dT%H%M%SZ}"
        incoming = home.root / f".restoring-{stamp}"
        for name, content in contents.items():
            _write(incoming / name, content)
        fresh = incoming / str(_STATE)
        fresh.mkdir(parents=True, exist_ok=True)
        present_tokens = home.root / str(_TOKENS)
        if present_tokens.exists() and not (incoming / str(_TOKENS)).exists():
            for token in present_tokens.glob("*"):
                _write(incoming / str(_TOKENS) / token.name, token.read_bytes())
        before = home.root / f"state.before-restore-{stamp}"
        if home.state.exists():
            home.state.replace(before)
        fresh.replace(home.state)
        keep_privacy(before, home.state)
        for name in contents:
            target = home.root / name
            if _is_below(PurePosixPath(name), _CURSORS) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                (incoming / name).replace(target)
        _remove_tree(incoming)
        audit.record(home, audit.Action.RESTORE, {"file": file.name}, at=at)
    return _described(file, manifest)


def carry_suppression(home: Home) -> int:
    """Put the present suppression list into every archive that lies in the home.

    An archive is older than the erasure that rewrites it: restored on another machine it
    would otherwise let the person in again.

    Args:
        home: Whose archives; damaged ones are left alone, as nothing can be restored
            from them.

    Returns:
        Archives written anew.
    """
    present = {
        str(name): (home.root / str(name)).read_bytes()
        for name in _kept_files(home)
        if _is_below(name, _SUPPRESSION)
    }
    written = 0
    for file in sorted(home.backups.glob("*.tar.gz")):
        try:
            manifest, contents = _read(file)
        except BackupError:
            continue
        if contents.items() >= present.items():
            continue
        contents |= present
        manifest["files"] = [_described_file(*item) for item in contents.items()]
        at = datetime.fromisoformat(manifest["created_at"])
        _write_archive(file, manifest, contents.items(), at)
        written += 1
    return written


def _kept_files(home: Home) -> Iterator[PurePosixPath]:
    for part in (_STATE, _CURSORS):
        for path in sorted((home.root / str(part)).rglob("*")):
            name = PurePosixPath(path.relative_to(home.root).as_posix())
            hidden = any(piece.startswith(".") for piece in name.parts)
            passing = name in _REBUILT or _is_below(name, _JOURNALS)
            if path.is_file() and not hidden and not passing:
                yield name


def _is_secret(name: PurePosixPath) -> bool:
    return _is_below(name, _TOKENS)


def _is_below(name: PurePosixPath, folder: PurePosixPath) -> bool:
    return folder in name.parents


def _described_file(name: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"path": name, "bytes": len(content), "sha256": digest}


def _write_archive(
    target: Path,
    manifest: dict[str, Any],
    contents: Iterable[tuple[str, bytes]],
    at: datetime,
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            _add(archive, _MANIFEST, json.dumps(manifest, indent=1).encode(), at)
            for name, content in contents:
                _add(archive, name, content, at)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(target)


def _add(archive: tarfile.TarFile, name: str, content: bytes, at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(at.timestamp())
    archive.addfile(member, io.BytesIO(content))


def _described(file: Path, manifest: dict[str, Any]) -> Backup:
    return Backup(
        file=file,
        created_at=manifest["created_at"],
        tidycrm_version=manifest["tidycrm_version"],
        files=len(manifest["files"]),
        bytes=sum(entry["bytes"] for entry in manifest["files"]),
        has_secrets=bool(manifest["has_secrets"]),
    )


def _read(file: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    def refuse(found: str, step: str) -> BackupError:
        return BackupError(
            f"Reading the backup {file}: {found}; nothing was changed. {step}"
        )

    another = "Use another archive."
    try:
        with tarfile.open(file, "r:gz") as archive:
            # Members are read, never extracted: their names decide nothing here.
            found = {
                member.name: stream.read()
                for member in archive
                if member.isreg()
                and (stream := archive.extractfile(member)) is not None
            }
        manifest = json.loads(found.pop(_MANIFEST))
        version = int(manifest["format_version"])
        entries = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    except FileNotFoundError:
        raise refuse("there is no such file", "Name an existing archive.") from None
    except (
        OSError,
        EOFError,
        tarfile.TarError,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        reason = type(error).__name__
        raise refuse(f"it is damaged or no backup ({reason})", another) from None
    if version > FORMAT_VERSION:
        raise refuse(
            f"it is of format {version}, and this tidycrm reads up to {FORMAT_VERSION}",
            "Restore with the version of tidycrm that wrote it, or a later one.",
        )
    for name, wanted in entries.items():
        path = PurePosixPath(name)
        is_ours = _is_below(path, _STATE) or _is_below(path, _CURSORS)
        if path.is_absolute() or ".." in path.parts or not is_ours:
            raise refuse("it holds a file that does not belong to a backup", another)
        if name not in found or hashlib.sha256(found[name]).hexdigest() != wanted:
            raise refuse(f"{name} is missing or not what was backed up", another)
    return manifest, {name: found[name] for name in entries}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _remove_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
