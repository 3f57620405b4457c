"""Searching and rewriting text, CSV files and archives.

Belongs here: files that are no tables. A CSV row that names the person goes; other text
loses the words. Archives are unpacked in memory, rewritten member by member and packed
again, so that nothing of them stays.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from orchestration.privacy.needles import Needles
from orchestration.privacy.tables import Counted, hits_in_parquet, scrub_parquet

_MANIFEST = "manifest.json"
_ZIPPED = (".zip", ".xlsx", ".xlsm", ".ods")
_TARRED = (".tar.gz", ".tgz", ".tar")
Rewrite = Callable[[str, bytes], tuple[bytes, Counted]]


def is_archive(name: str) -> bool:
    """Whether a file holds others, or is compressed as a whole."""
    return name.lower().endswith((*_ZIPPED, *_TARRED, ".gz"))


def rewrite(name: str, content: bytes, needles: Needles) -> tuple[bytes, Counted]:
    """Content of one file without the person.

    Args:
        name: Name of the file; its ending tells how it is read.
        content: Its bytes.
        needles: What to take out.

    Returns:
        The new bytes and what was done.
    """
    lower = name.lower()
    if lower.endswith(".parquet"):
        return _through_file(content, needles)
    if lower.endswith(_ZIPPED):
        return _rewrite_zip(content, needles)
    if lower.endswith(_TARRED):
        return _rewrite_tar(content, needles)
    if lower.endswith(".gz"):
        inner, counted = rewrite(name[:-3], gzip.decompress(content), needles)
        return (gzip.compress(inner, mtime=0) if counted else content), counted
    if lower.endswith(".csv"):
        return _rewrite_csv(content, needles)
    return _rewrite_text(content, needles)


def hits(name: str, content: bytes, needles: Needles) -> int:
    """How often a file holds any of the words, inside archives too."""
    lower = name.lower()
    if lower.endswith(".parquet"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(content)
            return hits_in_parquet(path, needles)
    if lower.endswith(_ZIPPED):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(
                hits(each.filename, archive.read(each), needles)
                for each in archive.infolist()
            )
    if lower.endswith(_TARRED):
        return sum(
            hits(member, inner, needles) for member, inner in _members(content).items()
        )
    if lower.endswith(".gz"):
        return hits(name[:-3], gzip.decompress(content), needles)
    return needles.count_in_bytes(content)


def _rewrite_text(content: bytes, needles: Needles) -> tuple[bytes, Counted]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        found = needles.count_in_bytes(content)
        clean = needles.taken_out_of_bytes(content) if found else content
        return clean, Counted(0, found)
    found = needles.count_in(text)
    return (needles.taken_out(text).encode() if found else content), Counted(0, found)


def _rewrite_csv(content: bytes, needles: Needles) -> tuple[bytes, Counted]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _rewrite_text(content, needles)
    keys = frozenset(needles.ids)
    if not needles.found_in(text) and not any(key in text for key in keys):
        return content, Counted()
    mark = content.startswith(b"\xef\xbb\xbf")
    delimiter = ";" if text.split("\n", 1)[0].count(";") > text.count(",") else ","
    out = io.StringIO()
    newline = "\r\n" if "\r\n" in text else "\n"
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    removed = 0
    for number, row in enumerate(
        csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    ):
        named = any(cell in keys or needles.found_in(cell) for cell in row)
        if named and number:
            removed += 1
        else:
            writer.writerow(row)
    return (b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode(), Counted(
        removed
    )


def _rewrite_zip(content: bytes, needles: Needles) -> tuple[bytes, Counted]:
    total = Counted()
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fresh,
    ):
        for member in archive.infolist():
            inner, counted = rewrite(member.filename, archive.read(member), needles)
            total += counted
            fresh.writestr(member, inner)
    return (out.getvalue() if total else content), total


def _members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        # Members are read, never extracted: their names decide nothing here.
        return {
            member.name: stream.read()
            for member in archive
            if member.isreg() and (stream := archive.extractfile(member)) is not None
        }


def _rewrite_tar(content: bytes, needles: Needles) -> tuple[bytes, Counted]:
    """Rewrite a backup; its manifest tells the new checksums."""
    total = Counted()
    members = _members(content)
    for name, inner in list(members.items()):
        if name != _MANIFEST:
            members[name], counted = rewrite(name, inner, needles)
            total += counted
    if not total:
        return content, total
    if _MANIFEST in members:
        manifest = json.loads(members[_MANIFEST])
        for entry in manifest.get("files", []):
            inner = members[entry["path"]]
            entry["bytes"] = len(inner)
            entry["sha256"] = hashlib.sha256(inner).hexdigest()
        members[_MANIFEST] = json.dumps(manifest, indent=1).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, inner in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(inner), 0o600
            archive.addfile(info, io.BytesIO(inner))
    return out.getvalue(), total


def _through_file(content: bytes, needles: Needles) -> tuple[bytes, Counted]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        path.write_bytes(content)
        counted = scrub_parquet(path, needles)
        return (path.read_bytes() if counted else content), counted
