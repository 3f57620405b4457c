"""The landing zone: append-only Parquet per source and object, with manifests.

Belongs here: the folder layout, staging a batch, committing it, and reading back. The
comparison itself is in `capture`, durable writes in `atomic`.

    <root>/<source_type>/<object>/source=<name>/load=<load_id>/part-0.parquet
                                                               rejected.parquet?
                                                               manifest.json
    <root>/<source_type>/<object>/source=_contract/load=_contract/*.parquet   zero rows
    <root>/_receipts/<source_type>/<name>.json    <root>/_cursors/<source_type>/<name>.json
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from connectors.disk import telling_full_disk
from connectors.errors import EmptySnapshotError
from connectors.landing import atomic, cursors, packing, receipts
from connectors.landing.capture import ChangeCapture, Verdict
from connectors.landing.drift import detect_drift, known_columns
from connectors.landing.incoming import write_gone, write_incoming
from connectors.landing.loads import as_utc, count_rows, next_load_id
from connectors.landing.manifest import MANIFEST_NAME, read_manifest, to_document
from connectors.landing.model import (
    DriftEvent,
    LoadMode,
    LoadResult,
    Manifest,
    SnapshotBatch,
)
from connectors.landing.rejects import REJECTED_NAME, keep_new_rejects, write_rejected
from connectors.landing.schema import (
    CONTRACT,
    FORMAT_VERSION,
    METADATA_SCHEMA,
    REJECTED_SCHEMA,
    check_data_columns,
    check_source_name,
)
from connectors.landing.screening import Screen, screen_incoming

_LOGGER = logging.getLogger(__name__)
_PART_NAME = "part-0.parquet"


@dataclass(frozen=True, slots=True)
class _StagedLoad:
    """A load that is complete on disk but not yet visible."""

    result: LoadResult
    folder: Path
    target: Path


class Landing:
    """One landing folder.

    Nothing is created before the first write. Writers of different sources may work at
    the same time; readers need no lock, because a load appears with one rename.

    Example:
        >>> import tempfile
        >>> landing = Landing(Path(tempfile.mkdtemp()))
        >>> frame = pl.DataFrame({"id": ["1"], "_source_record_id": ["1"]})
        >>> batch = SnapshotBatch(
        ...     source_type="salesforce", object="contact", source_name="crm",
        ...     frame=frame, extracted_at=datetime(2026, 1, 15, tzinfo=UTC))
        >>> landing.commit(batch).counts.new
        1
        >>> landing.commit(batch).is_written
        False
    """

    def __init__(
        self, root: Path, *, lock_timeout: float = 600.0, screen: Screen | None = None
    ) -> None:
        self.root = root
        self._screen = screen or Screen()
        self._lock_timeout = lock_timeout

    # Writing

    def ensure_contract(
        self, source_type: str, object_name: str, columns: Sequence[str]
    ) -> None:
        """Write the zero-row files that let readers glob an object without data.

        Args:
            source_type: Folder of the source type.
            object_name: Folder of the object.
            columns: Declared data columns; all are text.
        """
        names = check_data_columns(columns)
        target = self._object(source_type, object_name)
        target = target / f"source={CONTRACT}" / f"load={CONTRACT}"
        declared = {name: pl.String() for name in names} | METADATA_SCHEMA
        part = target / _PART_NAME
        if part.exists() and list(pl.read_parquet_schema(part)) == list(declared):
            return
        with atomic.working_folder(self.root) as work:
            for name, schema in (
                (_PART_NAME, declared),
                (REJECTED_NAME, REJECTED_SCHEMA),
            ):
                pl.DataFrame(schema=schema).write_parquet(work / name)
                atomic.replace_file(work / name, target / name)

    def commit(self, batch: SnapshotBatch) -> LoadResult:
        """Land what is new in one batch; see `commit_all`."""
        return self.commit_all([batch])[0]

    def commit_all(self, batches: Sequence[SnapshotBatch]) -> list[LoadResult]:
        """Land what is new in several batches of one source, all or none.

        Every batch is staged completely before the first one becomes visible. A kill
        between two renames leaves whole loads only, and the next run lands the rest.

        Args:
            batches: At most one batch per (source type, object, source name).

        Returns:
            One result per batch, in order; `is_written` is False where nothing changed.

        Raises:
            EmptySnapshotError: A full snapshot without rows meets living records.
            LandingError: A batch breaks the contract.
            LandingBusyError: Another process keeps the source locked.
            SpoolError: The disk is full; nothing of the batches is landed.
        """
        self.clean()
        sources = sorted({(batch.source_type, batch.source_name) for batch in batches})
        with ExitStack() as stack:
            stack.enter_context(self._telling("landing what was read"))
            for source_type, source_name in sources:
                check_source_name(source_name)
                stack.enter_context(
                    atomic.source_lock(
                        self.root, source_type, source_name, self._lock_timeout
                    )
                )
            work = stack.enter_context(atomic.working_folder(self.root))
            staged = [
                self._stage(batch, work / f"{number:03d}")
                for number, batch in enumerate(batches)
            ]
            for load in staged:
                if isinstance(load, _StagedLoad):
                    atomic.move_into_place(load.folder, load.target)
        results = []
        for load in staged:
            result = load.result if isinstance(load, _StagedLoad) else load
            _LOGGER.info(
                "landed source=%s object=%s load=%s counts=%s",
                result.source_name,
                result.object,
                result.load_id,
                result.counts,
            )
            results.append(result)
        return results

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give a private folder on the same disk for spool files of an extraction.

        Raises:
            SpoolError: The disk is full, whoever noticed it inside.
        """
        self.clean()
        doing = "reading a source"
        with self._telling(doing), atomic.working_folder(self.root) as folder:
            yield folder

    def clean(self) -> int:
        """Remove what killed processes left behind; return how many folders."""
        packing.finish(self.root)
        return atomic.remove_abandoned(self.root)

    # Reading

    def current(
        self, source_type: str, object_name: str, source_name: str | None = None
    ) -> pl.LazyFrame:
        """Scan the latest version of every record, deleted ones included and flagged.

        Args:
            source_type: Folder of the source type.
            object_name: Folder of the object.
            source_name: Only this source; all sources when None.
        """
        rows = self.versions(source_type, object_name, source_name)
        key = ["_source_name", "_source_record_id"]
        latest = rows.group_by(key).agg(pl.col("_load_id").max())
        return rows.join(latest, on=[*key, "_load_id"], how="semi")

    def versions(
        self, source_type: str, object_name: str, source_name: str | None = None
    ) -> pl.LazyFrame:
        """Scan every landed version of an object."""
        parts = self._parts(source_type, object_name, source_name)
        if not parts:
            return pl.LazyFrame(schema=METADATA_SCHEMA)
        scans = [pl.scan_parquet(part, hive_partitioning=False) for part in parts]
        union = pl.concat(scans, how="diagonal")
        names = union.collect_schema().names()
        data = [name for name in names if name not in METADATA_SCHEMA]
        return union.select(*data, *METADATA_SCHEMA)

    def rejected(
        self, source_type: str, object_name: str, source_name: str | None = None
    ) -> pl.LazyFrame:
        """Scan every rejected row of an object."""
        loads = self._loads(source_type, object_name, source_name)
        files = [path for load in loads if (path := load / REJECTED_NAME).exists()]
        if not files:
            return pl.LazyFrame(schema=REJECTED_SCHEMA)
        return pl.scan_parquet(files, hive_partitioning=False)

    def manifests(
        self,
        source_type: str | None = None,
        object_name: str | None = None,
        source_name: str | None = None,
    ) -> list[Manifest]:
        """Read manifests, ordered by source type, object, source and load."""
        found = []
        for known_type, known_object in self.objects():
            is_wanted = source_type in (None, known_type)
            if is_wanted and object_name in (None, known_object):
                loads = self._loads(known_type, known_object, source_name)
                found += [read_manifest(load / MANIFEST_NAME) for load in loads]
        return found

    def drift(self) -> list[DriftEvent]:
        """List every change of shape ever recorded, oldest load first per object."""
        return [event for manifest in self.manifests() for event in manifest.drift]

    def objects(self) -> list[tuple[str, str]]:
        """List (source type, object) pairs that have a folder, contract-only included."""
        return sorted(
            (folder.parent.name, folder.name)
            for folder in self.root.glob("[a-z]*/[a-z]*")
            if folder.is_dir()
        )

    def receipt(self, source_type: str, source_name: str) -> receipts.Receipt | None:
        """Read the receipt of the last complete extraction of a source, if any."""
        return receipts.read_receipt(self.root, source_type, source_name)

    def write_receipt(self, receipt: receipts.Receipt) -> None:
        """Record a complete extraction; call it after the last commit."""
        receipts.write_receipt(self.root, receipt)

    def cursor(self, source_type: str, source_name: str) -> cursors.Cursor | None:
        """Read how far a live source was read, if the zone still holds those loads."""
        cursor = cursors.read_cursor(
            self.root, source_type, source_name, self._load_ids
        )
        for note in cursor.notes if cursor else ():
            _LOGGER.warning("%s", note)
        return cursor

    def write_cursor(
        self,
        source_type: str,
        source_name: str,
        entries: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Record how far a live source was read; call it after the commit.

        A kill between commit and cursor makes the next run read the same again, which
        change capture turns into nothing.

        Args:
            source_type: Folder of the source type.
            source_name: Name of the source.
            entries: JSON values per object; replaces all earlier entries. Keys that
                start with an underscore belong to the source and build on no load.
        """
        with self._telling("noting how far a source was read"):
            cursors.write_cursor(
                self.root, source_type, source_name, entries, self._load_ids
            )

    # Internals

    def _telling(self, doing: str) -> AbstractContextManager[None]:
        return telling_full_disk(doing, self.root)

    def _stage(self, batch: SnapshotBatch, work: Path) -> _StagedLoad | LoadResult:
        load_folder = work / "load"
        load_folder.mkdir(parents=True)
        incoming = write_incoming(batch, work / "incoming.parquet")
        incoming = screen_incoming(incoming, batch, self._screen, work)
        place = (batch.source_type, batch.object, batch.source_name)
        earlier = self.manifests(*place)
        capture = ChangeCapture(
            incoming.path, incoming.columns, self._parts(*place), work
        )
        try:
            gone = write_gone(batch, work / "gone.parquet")
            verdict = capture.compare(batch.mode, batch.order_by, gone)
            self._refuse_empty(batch, verdict)
            new_rejects = keep_new_rejects(
                incoming.rejected, self.rejected(*place).collect()
            )
            load_id = next_load_id(batch, verdict, new_rejects, earlier)
            drift = detect_drift(
                known_columns(earlier),
                incoming.column_infos,
                declared=batch.declared_drift,
                source_type=batch.source_type,
                object_name=batch.object,
                source_name=batch.source_name,
                load_id=load_id,
            )
            counts = count_rows(batch, incoming, verdict, new_rejects)
            result = LoadResult(
                source_type=batch.source_type,
                object=batch.object,
                source_name=batch.source_name,
                counts=counts,
            )
            if not (counts.landed or counts.rejected_new or drift):
                return result
            extracted_at = as_utc(batch.extracted_at)
            capture.write_part(
                load_folder / _PART_NAME,
                source_name=batch.source_name,
                load_id=load_id,
                extracted_at=extracted_at.replace(tzinfo=None),
            )
        finally:
            capture.close()
        if counts.rejected_new:
            write_rejected(
                new_rejects, load_folder / REJECTED_NAME, batch, load_id, extracted_at
            )
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            load_id=load_id,
            source_type=batch.source_type,
            object=batch.object,
            source_name=batch.source_name,
            extracted_at=extracted_at,
            files=tuple(batch.files),
            mode=batch.mode,
            counts=counts,
            columns=incoming.column_infos,
            drift=drift,
            notes=tuple(batch.notes),
        )
        atomic.write_json(load_folder / MANIFEST_NAME, to_document(manifest))
        target = self._source(*place) / f"load={load_id}"
        written = replace(result, load_id=load_id, path=target, drift=drift)
        return _StagedLoad(result=written, folder=load_folder, target=target)

    @staticmethod
    def _refuse_empty(batch: SnapshotBatch, verdict: Verdict) -> None:
        is_empty_full = batch.mode is LoadMode.FULL and verdict.incoming == 0
        if is_empty_full and verdict.living and not batch.allow_empty:
            raise EmptySnapshotError(
                f"landing {batch.object} of source {batch.source_name!r}: the full "
                f"snapshot has no row, while {verdict.living} living records are known. "
                "Taken at its word it would delete them all. Check the export; if the "
                "object really is empty now, allow it explicitly"
            )

    def _object(self, source_type: str, object_name: str) -> Path:
        check_data_columns([source_type, object_name])
        return self.root / source_type / object_name

    def _source(self, source_type: str, object_name: str, source_name: str) -> Path:
        return self._object(source_type, object_name) / f"source={source_name}"

    def _loads(
        self, source_type: str, object_name: str, source_name: str | None
    ) -> list[Path]:
        pattern = f"source={source_name or '[a-z]*'}/load=*"
        return sorted(self._object(source_type, object_name).glob(pattern))

    def _load_ids(
        self, source_type: str, object_name: str, source_name: str
    ) -> list[str]:
        loads = self._loads(source_type, object_name, source_name)
        return [load.name.removeprefix("load=") for load in loads]

    def _parts(
        self, source_type: str, object_name: str, source_name: str | None
    ) -> list[Path]:
        loads = self._loads(source_type, object_name, source_name)
        return [part for load in loads for part in sorted(load.glob("part-*.parquet"))]
