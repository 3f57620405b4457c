"""How the steps of hygiene read and write the Parquet files that they exchange.

What belongs here: a private DuckDB connection, quoting of identifiers, checks of a
table's columns and the atomic replacement of a result file. What does not: any rule
about records. Every step opens its own in-memory connection, so no step can lock or see
another one's tables, and the warehouse file is never opened from here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import duckdb

from hygiene.errors import InputError


def quote_identifier(name: str) -> str:
    """Quote a column or table name for DuckDB.

    Args:
        name: The bare name.

    Returns:
        The name in double quotes, inner quotes doubled.

    Example:
        >>> print(quote_identifier('tier "A" now'))
        "tier ""A"" now"
    """
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Quote text for the few places where DuckDB takes no bound value (COPY, views).

    Args:
        text: The value, usually a path.

    Returns:
        The value in single quotes, inner quotes doubled.

    Example:
        >>> quote_literal("d'Arc")
        "'d''Arc'"
    """
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def open_connection(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory DuckDB that spills next to the result and leaves nothing behind.

    Args:
        scratch: An existing local folder with room for temporary files.

    Yields:
        A connection in UTC that does not have to keep the insertion order.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".duckdb-", dir=scratch) as spill:
        connection = duckdb.connect(
            ":memory:",
            config={"temp_directory": spill, "preserve_insertion_order": "false"},
        )
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()


def register_parquet(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    path: Path,
    *,
    required: Sequence[str] = (),
    task: str,
) -> list[str]:
    """Expose a Parquet file as a view and check that it has the declared columns.

    Args:
        connection: An open connection.
        view: The name of the view.
        path: The Parquet file.
        required: Columns without which the step cannot work.
        task: What is being done, for the message.

    Returns:
        The names of all columns, in file order.

    Raises:
        InputError: If the file is missing, unreadable or lacks a required column.
    """
    if not path.is_file():
        raise InputError(
            f"{task}: the file {path.name} does not exist in {path.parent}; "
            "expected the Parquet table of the previous step; run that step first."
        )
    try:
        connection.execute(
            f"CREATE OR REPLACE VIEW {quote_identifier(view)} AS "
            f"SELECT * FROM read_parquet({quote_literal(str(path))})"
        )
        columns = [
            str(row[0])
            for row in connection.execute(
                f"DESCRIBE {quote_identifier(view)}"
            ).fetchall()
        ]
    except duckdb.Error as error:
        raise InputError(
            f"{task}: {path.name} could not be read as Parquet "
            f"({type(error).__name__}); expected an intact file; run the step that "
            "writes it again."
        ) from error
    missing = [name for name in required if name not in columns]
    if missing:
        raise InputError(
            f"{task}: {path.name} lacks the column(s) {', '.join(missing)}; found "
            f"{len(columns)} other columns; run the step that writes it again."
        )
    return columns


def write_parquet(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    out: Path,
    *,
    parameters: Sequence[object] = (),
) -> int:
    """Write a query's rows to a Parquet file that appears complete or not at all.

    Args:
        connection: An open connection.
        query: A select statement; end it in a total order for reproducible files.
        out: The file to replace.
        parameters: Values bound to the query.

    Returns:
        The number of rows written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    try:
        row = connection.execute(
            f"COPY ({query}) TO {quote_literal(str(temporary))} "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)",
            list(parameters) or None,
        ).fetchone()
        synchronise(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return int(row[0]) if row else 0


def synchronise(path: Path) -> None:
    """Flush a file to the disk, so that a rename never exposes an empty one.

    Args:
        path: The file that was just written.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
