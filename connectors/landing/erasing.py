"""Put landed rows through the screen again: the one exception to append-only.

Belongs here: rewriting the files of loads that hold what may not be kept, and telling so
in their manifests. Every step can be repeated: counts are taken from what the files hold,
so that a pass that was killed is completed by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from connectors.landing import atomic
from connectors.landing.manifest import MANIFEST_NAME, read_manifest, to_document
from connectors.landing.model import Manifest
from connectors.landing.rejects import REJECTED_NAME
from connectors.landing.schema import DeleteKind
from connectors.landing.screening import Screen, clear_old_text
from connectors.landing.scrubbing import Scrubbed, scrub_parquet, scrub_rejects
from connectors.landing.suppression import Origin

_PARTS = "part-*.parquet"


@dataclass(frozen=True, slots=True)
class Rescreened:
    """What one pass over the landing zone did.

    Attributes:
        loads: Loads that were rewritten.
        removed: Rows that went.
        rewritten: Rows that lost personal values and stayed.
        cleared: Rows whose old text went.
    """

    loads: int = 0
    removed: int = 0
    rewritten: int = 0
    cleared: int = 0


def rescreen(
    root: Path, screen: Screen, *, note: str, dry_run: bool = False
) -> Rescreened:
    """Rewrite every load that holds what the screen does not let pass.

    To be called by the holder of the home: no source may be landed meanwhile.

    Args:
        root: Landing folder.
        screen: What may not be kept.
        note: Reason, for the manifests; names nobody.
        dry_run: Only count.

    Returns:
        What was done, or would be.
    """
    loads = removed = rewritten = cleared = 0
    objects = sorted(
        folder for folder in root.glob("[a-z]*/[a-z]*/source=[a-z]*") if folder.is_dir()
    )
    with atomic.working_folder(root) as work:
        for folder in objects:
            origin = Origin(
                folder.parent.parent.name,
                folder.parent.name,
                folder.name.removeprefix("source="),
            )
            adjusted: list[tuple[Path, bool]] = []
            for load in sorted(folder.glob("load=*")):
                parts = sorted(load.glob(_PARTS))
                done, old = Scrubbed(), 0
                for part in parts:
                    found, aged = _rescreen_part(part, origin, screen, work, dry_run)
                    done = Scrubbed(
                        done.removed + found.removed, done.rewritten + found.rewritten
                    )
                    old += aged
                rejects = _rescreen_rejects(load, screen, work, dry_run)
                adjusted.append((load, bool(old or done)))
                loads += bool(done or old or rejects)
                removed += done.removed + rejects
                rewritten += done.rewritten
                cleared += old
            if not dry_run:
                # A packed file holds rows of many loads: each row names its own.
                parts = sorted(folder.glob(f"load=*/{_PARTS}"))
                held = _held(parts)
                for load, has_changed in adjusted:
                    _adjust(load, parts, held, note if has_changed else None, note)
    return Rescreened(loads, removed, rewritten, cleared)


def _rescreen_part(
    part: Path, origin: Origin, screen: Screen, work: Path, dry_run: bool
) -> tuple[Scrubbed, int]:
    target = work / "part.parquet"
    done = scrub_parquet(part, target, origin, screen.suppression)
    if done and not dry_run:
        atomic.replace_file(target, part)
    old = clear_old_text(part, target, origin, screen.text_since)
    if old and not dry_run:
        atomic.replace_file(target, part)
    return done, old


def _rescreen_rejects(load: Path, screen: Screen, work: Path, dry_run: bool) -> int:
    path = load / REJECTED_NAME
    if not path.exists():
        return 0
    kept, dropped = scrub_rejects(pl.read_parquet(path), screen.suppression)
    if dropped and not dry_run:
        kept.write_parquet(work / REJECTED_NAME)
        atomic.replace_file(work / REJECTED_NAME, path)
    return dropped


def _adjust(
    load: Path,
    parts: Sequence[Path],
    held: Mapping[str, int],
    changed: str | None,
    note: str,
) -> None:
    """Make a manifest tell what its files hold now; the difference is `suppressed`."""
    path = load / MANIFEST_NAME
    if not path.exists():
        return
    manifest = read_manifest(path)
    adjusted = _counted(manifest, load, parts, held.get(manifest.load_id, 0))
    if adjusted is manifest and changed is None:
        return
    notes = tuple(dict.fromkeys((*manifest.notes, note)))
    atomic.write_json(path, to_document(replace(adjusted, notes=notes)))


def _counted(
    manifest: Manifest, load: Path, parts: Sequence[Path], held: int
) -> Manifest:
    counts = manifest.counts
    rejects = load / REJECTED_NAME
    rejected = _height([rejects] if rejects.exists() else [])
    dropped = max(0, counts.rejected_new - rejected)
    if held == counts.landed and not dropped:
        return manifest
    absent = known = 0
    if held:
        with duckdb.connect() as connection:
            connection.execute(
                "CREATE TEMP TABLE landed AS SELECT _source_record_id, _load_id, "
                f"_delete_kind FROM {_read(parts)}"
            )
            connection.execute("SET VARIABLE load_id = ?", [manifest.load_id])
            here = "FROM landed WHERE _load_id = getvariable('load_id')"
            absent = _one(
                connection,
                f"SELECT count(*) {here} "
                f"AND _delete_kind IS NOT DISTINCT FROM '{DeleteKind.ABSENT}'",
            )
            known = _one(
                connection,
                f"SELECT count(*) {here} "
                f"AND _delete_kind IS DISTINCT FROM '{DeleteKind.ABSENT}' AND "
                "_source_record_id IN (SELECT _source_record_id FROM landed "
                "WHERE _load_id < getvariable('load_id'))",
            )
    gone = counts.landed - held - (counts.tombstoned - absent)
    return replace(
        manifest,
        counts=replace(
            counts,
            new=held - absent - known,
            changed=known,
            tombstoned=absent,
            rejected=counts.rejected - dropped,
            rejected_new=rejected,
            suppressed=counts.suppressed + gone + dropped,
        ),
    )


def _held(parts: Sequence[Path]) -> dict[str, int]:
    """Rows per load id over all files of one source and object."""
    if not parts:
        return {}
    with duckdb.connect() as connection:
        return dict(
            connection.execute(
                f"SELECT _load_id, count(*) FROM {_read(parts)} GROUP BY _load_id"
            ).fetchall()
        )


def _height(paths: Sequence[Path]) -> int:
    return sum(
        int(pl.scan_parquet(path).select(pl.len()).collect().item()) for path in paths
    )


def _read(paths: Sequence[Path]) -> str:
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{quoted}], union_by_name = true, hive_partitioning = false)"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
