"""Write a Parquet file, whole or in batches, so that it appears complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hygiene.parquet_exchange import synchronise

_ROW_GROUP_ROWS = 100_000


class ParquetAppender:
    """Appends frames or tables of one schema to an open Parquet file.

    Columns that come as dictionaries are written as such; readers see their words.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        # Compression releases the interpreter, so the caller computes meanwhile; one
        # frame at a time keeps the order and the memory.
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._pending: Future[None] | None = None

    def append(self, frame: pl.DataFrame | pa.Table) -> None:
        """Write the next rows; the first ones decide the schema.

        Args:
            frame: The next rows.
        """
        self._wait()
        self._pending = self._worker.submit(self._write, frame)

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _write(self, frame: pl.DataFrame | pa.Table) -> None:
        table = (
            frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if isinstance(frame, pl.DataFrame)
            else frame
        )
        if self._writer is None:
            self._writer = _open_writer(self._path, table.schema)
        self._writer.write_table(
            table.cast(self._writer.schema), row_group_size=_ROW_GROUP_ROWS
        )

    def close(self) -> None:
        """Finish the file.

        Raises:
            Exception: Whatever writing the last frame raised.
        """
        try:
            self._wait()
        finally:
            self._worker.shutdown()
            if self._writer is not None:
                self._writer.close()


def _open_writer(path: Path, found: pa.Schema) -> pq.ParquetWriter:
    # large_string is polars' own type; other readers expect plain strings.
    schema = pa.schema(
        field.with_type(pa.string()) if field.type == pa.large_string() else field
        for field in found
    )
    # What comes as a dictionary repeats; then nobody needs to look for repetitions.
    repeating = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=repeating or True,
        # The Arrow schema beside Parquet's own would tell readers of the dictionaries.
        store_schema=not repeating,
    )


@contextmanager
def open_appender(out: Path) -> Iterator[ParquetAppender]:
    """Open a file beside `out` that takes its place when the block ends well.

    Args:
        out: The file to replace.

    Yields:
        The appender; at least one frame has to be appended.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    for left_over in out.parent.glob(f".{out.name}.*.tmp"):
        # Of a run that was killed: one run at a time writes a table.
        left_over.unlink(missing_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    appender = ParquetAppender(temporary)
    try:
        try:
            yield appender
        finally:
            appender.close()
        synchronise(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def write_frame(frame: pl.DataFrame, out: Path) -> None:
    """Replace a Parquet file with the rows of one frame.

    Args:
        frame: The rows; none is fine, the columns are written.
        out: The file to replace.
    """
    with open_appender(out) as appender:
        appender.append(frame)


def plain_strings(texts: pl.Series) -> pa.Array:
    """Return texts as the strings that every reader expects.

    Args:
        texts: The texts.

    Returns:
        An Arrow array of strings.
    """
    return texts.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())


def words(
    numbers: npt.NDArray[np.integer[Any]], listed: Sequence[str] | pl.Series
) -> pa.DictionaryArray:
    """Pair numbers with their words, so that a writer need not look for repetitions.

    Args:
        numbers: Positions in the list; a negative one stands for no word.
        listed: The words.

    Returns:
        One word per number.
    """
    texts = (
        listed if isinstance(listed, pl.Series) else pl.Series(listed, dtype=pl.String)
    )
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers.astype(np.int32), mask=numbers < 0), plain_strings(texts)
    )
