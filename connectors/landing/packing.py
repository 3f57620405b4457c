"""Packing: many small files of one source and object become one, with the same rows.

Belongs here: putting rows together and surviving a kill in between. Which rows there are,
which loads, what their manifests say: nothing of that changes, so every reader, cursor
and count stays as it was. Hourly syncs of a small CRM otherwise leave thousands of files
whose headers outweigh their rows.

A journal is written before the packed file appears. A kill leaves either the old files or
both; `finish` then removes what the packed file already holds.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.disk import telling_full_disk
from connectors.errors import LandingError
from connectors.landing import atomic
from connectors.landing.capture import quote_identifier
from connectors.landing.schema import METADATA_SCHEMA

_JOURNALS = "_packing"
LARGE_BYTES = 64 * 1024 * 1024
"""Files from this size on are left alone: reading them again saves nothing."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What one packing did: files before and after, and their bytes."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int


def pack_landing(
    root: Path, *, at_least: int, lock_timeout: float = 600.0
) -> list[Packed]:
    """Pack every object of every source that has many small files.

    Args:
        root: Landing folder; nothing may read it meanwhile except through `Landing`.
        at_least: So many small files of one object and source are packed.
        lock_timeout: Seconds to wait for a source that is being written.

    Raises:
        LandingBusyError: A source is still being written.
        LandingError: A packed file came out wrong; its originals stay.
    """
    done = []
    with telling_full_disk("packing landed files", root):
        finish(root)
        for folder in sorted(root.glob("[a-z]*/[a-z]*/source=[a-z]*")):
            source_type = folder.parent.parent.name
            name = folder.name.removeprefix("source=")
            with atomic.source_lock(root, source_type, name, lock_timeout):
                parts = sorted(
                    folder.glob("load=*/part-*.parquet"),
                    key=lambda part: (part.parent.name, part.name),
                )
                packed = pack(root, parts, at_least=at_least)
            if packed is not None:
                done.append(packed)
    return done


def pack(root: Path, parts: Sequence[Path], *, at_least: int) -> Packed | None:
    """Put the rows of small files into one; the caller holds the lock of the source.

    Args:
        root: Landing folder.
        parts: All files with rows of one object of one source, oldest load first.
        at_least: Fewer small files than this are left as they are.

    Returns:
        What was done; None if there was nothing to do.

    Raises:
        LandingError: The packed file has not the rows of the others; nothing changed.
    """
    sizes = {part: part.stat().st_size for part in parts}
    small = [part for part in parts if sizes[part] < LARGE_BYTES]
    if len(small) < max(2, at_least):
        return None
    with atomic.working_folder(root) as work:
        built = work / "packed.parquet"
        _write(small, built, work)
        target = small[-1].parent / f"part-packed-{uuid.uuid4().hex[:12]}.parquet"
        after = built.stat().st_size
        journal = root / _JOURNALS / f"{target.stem}.json"
        atomic.write_json(
            journal,
            {
                "packed": str(target.relative_to(root)),
                "replaces": [str(part.relative_to(root)) for part in small],
            },
        )
        atomic.replace_file(built, target)
    _complete(root, journal)
    return Packed(len(small), 1, sum(sizes[part] for part in small), after)


def finish(root: Path) -> int:
    """Bring packings that were killed to their end; return how many."""
    journals = sorted((root / _JOURNALS).glob("part-packed-*.json"))
    for journal in journals:
        _complete(root, journal)
    return len(journals)


def _complete(root: Path, journal: Path) -> None:
    document = json.loads(journal.read_text(encoding="utf-8"))
    if (root / document["packed"]).exists():
        for name in document["replaces"]:
            (root / name).unlink(missing_ok=True)
    journal.unlink()


def _write(parts: Sequence[Path], target: Path, work: Path) -> None:
    """Rows of all files in the order of loads; a column that a file lacks stays null."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET temp_directory = '{_literal(work)}'")
        files = ", ".join(f"'{_literal(part)}'" for part in parts)
        source = (
            f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
        )
        known = [
            row[0]
            for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        ]
        columns = [name for name in known if name not in METADATA_SCHEMA]
        columns += [name for name in METADATA_SCHEMA if name in known]
        names = ", ".join(quote_identifier(name) for name in columns)
        connection.execute(
            f"COPY (SELECT {names} FROM {source} "
            "ORDER BY _load_id, _load_seq, _source_record_id) "
            f"TO '{_literal(target)}' (FORMAT parquet, COMPRESSION zstd)"
        )
        before, after = (
            connection.execute(
                "SELECT count(*), count(DISTINCT (_source_record_id, _load_id)), "
                f"bit_xor(hash({names})) FROM {origin}"
            ).fetchall()
            for origin in (
                source,
                f"read_parquet('{_literal(target)}', hive_partitioning = false)",
            )
        )
    if before != after:
        raise LandingError(
            f"packing {len(parts)} files of {parts[0].parent.parent}: the packed file has "
            f"{after[0][0]} rows where {before[0][0]} are expected, or other values; "
            "nothing was changed. Check the disk, then run `tidycrm prune` again"
        )


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")
