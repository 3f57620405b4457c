"""Standardise chunks side by side in processes of their own.

Python uses one core per process; large tables are worth a second one. Every chunk is
independent, so the number of processes never changes a result. Where processes cannot be
started, the work is done here.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from io import BytesIO
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final

import polars as pl

from hygiene.standardise.chunks import ChunkResult, ChunkStandardiser, Entity
from hygiene.standardise.settings import StandardiseSettings

_LOGGER = logging.getLogger(__name__)
# Starting two processes costs about three seconds of libraries and vocabularies.
_FEWEST_ROWS_FOR_PROCESSES: Final = 200_000
_worker: ChunkStandardiser | None = None


def compute_chunks(
    entity: Entity,
    ordered: Path,
    offsets: Sequence[int],
    *,
    settings: StandardiseSettings,
    previous: Path | None,
) -> Iterator[ChunkResult]:
    """Yield the results of every chunk, in order.

    Args:
        entity: Which table.
        ordered: The table in key order.
        offsets: First rows of the chunks.
        settings: The user's settings; `workers` and `chunk_rows` say how.
        previous: The last output, to carry unchanged records over.

    Yields:
        One result per offset.
    """
    rows = len(offsets) * settings.chunk_rows
    workers = min(settings.workers, len(offsets))
    done = 0
    if workers > 1 and rows >= _FEWEST_ROWS_FOR_PROCESSES:
        try:
            for result in _compute_apart(
                offsets,
                workers=workers,
                prepare=(entity, ordered, settings, previous),
            ):
                yield result
                done += 1
        except (BrokenProcessPool, OSError, RuntimeError, AssertionError) as error:
            # Also where this process itself is not allowed to have children.
            _LOGGER.warning(
                "processes=none reason=%s chunks_done=%d", type(error).__name__, done
            )
        else:
            return
    standardise = ChunkStandardiser(
        entity, ordered, settings=settings, previous=previous
    )
    for offset in offsets[done:]:
        yield standardise(offset)


def _compute_apart(
    offsets: Sequence[int],
    *,
    workers: int,
    prepare: tuple[Entity, Path, StandardiseSettings, Path | None],
) -> Iterator[ChunkResult]:
    with ProcessPoolExecutor(
        workers,
        # A forked child would inherit polars' threads in an unknown state.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=prepare,
    ) as pool:
        pending: deque[Future[tuple[bytes, bytes]]] = deque()
        try:
            for offset in offsets:
                pending.append(pool.submit(_run_worker, offset))
                # As few finished chunks wait in memory as keep every process busy.
                if len(pending) > workers:
                    yield _receive(pending.popleft())
            while pending:
                yield _receive(pending.popleft())
        finally:
            for future in pending:
                future.cancel()


def _receive(future: Future[tuple[bytes, bytes]]) -> ChunkResult:
    computed, unchanged = future.result()
    return ChunkResult(pl.read_ipc(BytesIO(computed)), pl.read_ipc(BytesIO(unchanged)))


def _start_worker(
    entity: Entity,
    ordered: Path,
    settings: StandardiseSettings,
    previous: Path | None,
) -> None:
    global _worker  # noqa: PLW0603  a process of a pool has no other place for its state
    _end_with_parent()
    _worker = ChunkStandardiser(entity, ordered, settings=settings, previous=previous)


def _end_with_parent() -> None:
    """Leave no process behind when the one that started it is killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run_worker(offset: int) -> tuple[bytes, bytes]:
    if _worker is None:
        raise RuntimeError("standardising apart: the process was not prepared")
    result = _worker(offset)
    return _pack(result.computed), _pack(result.unchanged)


def _pack(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    # Results wait for their turn in memory: a quarter of it for a moment's work.
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()
