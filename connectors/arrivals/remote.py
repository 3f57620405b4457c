"""Copies objects of a store to the local disk, each version once.

Belongs here: listing, receipts, downloads. Credentials come from the configuration; the
messages name objects and kinds of errors, never what a driver says, which may quote keys.
"""

from __future__ import annotations

import errno
import glob
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from connectors.arrivals.config import EXTRAS, ArrivalConfig
from connectors.errors import (
    ConnectorError,
    CredentialsError,
    MissingScopeError,
    ServiceUnavailableError,
    SourceConfigError,
    SourceFileMissingError,
    SpoolError,
    TruncatedResponseError,
)
from connectors.landing.atomic import write_json

_RECEIPTS = ".receipts.json"
_VERSION_KEYS = (
    "ETag",
    "etag",
    "md5Hash",
    "generation",
    "LastModified",
    "last_modified",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A local copy of what a path of a store means."""

    folder: Path
    files: int
    downloaded: int
    bytes: int
    notes: tuple[str, ...] = ()


def mirror(path: str, config: ArrivalConfig, folder: Path, *, source: str) -> Mirror:
    """Bring a local folder to the state of a store; unchanged objects are not read.

    Args:
        path: URI of an object, a prefix, or a glob with `*`, `?`, `[...]`, `**`.
        config: Credentials.
        folder: Keeps the copies and their receipts between runs.
        source: Name of the source, for messages.

    Raises:
        SourceFileMissingError: Nothing lies there.
        ConnectorError: The store refuses, or does not answer; copies stay as they are.
    """
    where = f"source {source!r}: reading {path}"
    protocol, _, pattern = path.partition("://")
    with _explained(where, protocol):
        _require_driver(protocol)
        store = fsspec.filesystem(
            protocol,
            skip_instance_cache=True,
            use_listings_cache=False,
            **config.driver_options(),
        )
        root, found = _list(store, pattern, config.done_marker)
    if not found:
        raise SourceFileMissingError(
            f"{where}: nothing lies there; expected objects. Correct the path, or set "
            "`optional: true` if it may be empty"
        )
    folder.mkdir(parents=True, exist_ok=True)
    receipts = _read_receipts(folder)
    kept: dict[str, Any] = {}
    notes = []
    downloaded = size = 0
    for key, info in sorted(found.items()):
        name = _relative(key, root)
        if name is None:
            notes.append("an object was left aside: its name is no file name here")
            continue
        expected = int(info.get("size") or 0)
        receipt = {"version": _version(info), "bytes": expected}
        target = folder / name
        if receipts.get(name) != receipt or not target.is_file():
            with _explained(where, protocol):
                _download(store, key, target, expected, where)
            downloaded, size = downloaded + 1, size + expected
            receipts[name] = receipt
            write_json(folder / _RECEIPTS, receipts)
        kept[name] = receipt
    for name in set(receipts) - set(kept):
        (folder / name).unlink(missing_ok=True)
    write_json(folder / _RECEIPTS, kept)
    return Mirror(
        folder=folder,
        files=len(kept),
        downloaded=downloaded,
        bytes=size,
        notes=tuple(dict.fromkeys(notes)),
    )


def _require_driver(protocol: str) -> None:
    """Notice a missing driver; some protocols are known only once it is there."""
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError as error:
        raise ImportError(protocol) from error


def _list(
    store: Any, pattern: str, marker: str | None
) -> tuple[str, Mapping[str, Any]]:
    """List the objects that a pattern means, and the prefix that names are below."""
    if not glob.has_magic(pattern):
        root = pattern.rstrip("/")
        found = store.find(root, detail=True)
        if isinstance(found, list):
            # Asked for a single object, the driver of Azure gives its bare name.
            found = {key: store.info(key) for key in found}
        if set(found) == {root}:
            root = str(PurePosixPath(root).parent)
        return root, _files(found)
    parts = PurePosixPath(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    root = "/".join(parts[:fixed])
    found = {}
    for key, info in store.glob(pattern, detail=True).items():
        if info.get("type") == "directory":
            found |= store.find(key, detail=True)
        else:
            found[key] = info
    if marker is not None:  # a glob such as *.csv does not match the markers themselves
        for key, info in store.find(root, detail=True).items():
            if key.endswith(marker if marker[0] == "." else f"/{marker}"):
                found[key] = info
    return root, _files(found)


def _files(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: info
        for key, info in found.items()
        if info.get("type", "file") == "file" and not key.endswith("/")
    }


def _version(info: Mapping[str, Any]) -> str:
    return "|".join(str(info[key]) for key in _VERSION_KEYS if info.get(key))


def _relative(key: str, root: str) -> str | None:
    """Path below the folder of copies; None when it would lead elsewhere."""
    name = key.removeprefix(f"{root}/") if root else key
    parts = name.split("/")
    unsafe = any(
        part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts
    )
    return None if unsafe or name == _RECEIPTS else name


def _download(store: Any, key: str, target: Path, size: int, where: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.part")
    try:
        store.get_file(key, str(beside))
        got = beside.stat().st_size
        if got != size:
            raise TruncatedResponseError(
                f"{where}: {target.name} has {size} bytes in the store, {got} arrived; it "
                "may be replaced right now. Run again later"
            )
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _read_receipts(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / _RECEIPTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _explained(where: str, protocol: str) -> Iterator[None]:
    """Turn the errors of any driver into ours."""
    try:
        yield
    except ConnectorError:
        raise
    except ImportError as error:
        raise SourceConfigError(
            f"{where}: the driver of {protocol}:// is not installed; install "
            f"tidycrm[{EXTRAS[protocol]}]"
        ) from error
    except PermissionError as error:
        raise MissingScopeError(
            f"{where}: the store refuses access. Give the key the right to list and read "
            "there, and check the key"
        ) from error
    except FileNotFoundError as error:
        raise SourceFileMissingError(
            f"{where}: nothing lies there, or it vanished just now. Correct the path, or "
            "run again"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SpoolError(
                f"{where}: the local disk is full; free space below the landing folder "
                "and run again, nothing was lost"
            ) from error
        raise _unavailable(where, error) from None
    except Exception as error:  # noqa: BLE001  # drivers raise their vendors' errors
        if "credential" in type(error).__name__.lower():
            raise CredentialsError(
                f"{where}: no usable credentials ({type(error).__name__}). Set them under "
                "arrivals: storage_options"
            ) from None
        raise _unavailable(where, error) from None


def _unavailable(where: str, error: Exception) -> ServiceUnavailableError:
    return ServiceUnavailableError(
        f"{where}: the store did not answer as expected ({type(error).__name__}). Check "
        "the address, the network and storage_options, then run again"
    )
