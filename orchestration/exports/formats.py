"""Parquet, CSV and Tableau Hyper.

Belongs here: one writer per format; each reads a relation and writes one file. Does not
belong here: which rows and which tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.errors import ExportError
from orchestration.exports.source import Column, Table
from orchestration.publishing import literal, quote

# A cell that begins with one of these, behind any number of apostrophes, is run as a
# formula by spreadsheet programs. One more apostrophe makes it text, and a reader can
# take exactly one away again.
_FORMULA = "^''*[=+\\-@\\t\\r]"

_HYPER_TYPES = frozenset(
    {"BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP", "DOUBLE", "SMALLINT", "INTEGER",
     "BIGINT", "FLOAT"}
)  # fmt: skip


def write_parquet(
    connection: duckdb.DuckDBPyConnection, relation: str, file: Path
) -> None:
    """Write one table as Parquet, types kept.

    Args:
        connection: The published file.
        relation: Its rows that leave.
        file: The file to write.
    """
    connection.execute(
        f"copy {relation} to {literal(str(file))} (format parquet, compression zstd)"
    )


def write_csv(
    connection: duckdb.DuckDBPyConnection, table: Table, relation: str, file: Path
) -> None:
    """Write one table as UTF-8 CSV with a header; no cell can start a formula.

    Args:
        connection: The published file.
        table: What is written.
        relation: Its rows that leave.
        file: The file to write.
    """
    cells = ", ".join(_harmless(column) for column in table.columns.values())
    connection.execute(
        f"copy (select {cells} from {relation}) to {literal(str(file))} "
        "(format csv, header true)"
    )


def _harmless(column: Column) -> str:
    name = quote(column.name)
    if not _is_text(column.type):
        return name
    text = name if column.type == "VARCHAR" else f"cast({name} as varchar)"
    return (
        f"case when regexp_matches({text}, '{_FORMULA}') then '''' || {text} "
        f"else {text} end as {name}"
    )


def _is_text(kind: str) -> bool:
    """Whether values of a type may hold text: also lists and structs of texts."""
    return kind.startswith(("VARCHAR", "ENUM", "STRUCT", "MAP", "JSON")) or "[" in kind


def write_hyper(
    connection: duckdb.DuckDBPyConnection,
    described: Sequence[tuple[Table, str]],
    file: Path,
) -> None:
    """Write tables into one Tableau extract; types kept, amounts exact.

    Args:
        connection: The published file.
        described: Tables with their rows that leave.
        file: The file to write.

    Raises:
        ExportError: The extra `hyper` is not installed.
    """
    try:
        import pantab
    except ImportError as error:
        raise ExportError(
            "Exporting to Tableau: the package pantab is not installed. Install the "
            "extra with `pip install 'tidycrm[hyper]'`, or export Parquet."
        ) from error
    streams: dict[str, Any] = {}
    cursors = []
    for table, relation in described:
        cells = ", ".join(_tableau(column) for column in table.columns.values())
        cursor = connection.cursor()
        cursors.append(cursor)
        streams[table.name] = cursor.sql(
            f"select {cells} from {relation}"
        ).to_arrow_reader(100_000)
    try:
        # The server of the format writes a log into the working folder unless told not to.
        pantab.frames_to_hyper(
            streams, file, process_params={"log_config": ""}, atomic=False
        )
    finally:
        for cursor in cursors:
            cursor.close()


def _tableau(column: Column) -> str:
    name = quote(column.name)
    if column.type in _HYPER_TYPES or column.type.startswith("DECIMAL"):
        return name
    if column.type == "HUGEINT":
        return f"cast({name} as decimal(38, 0)) as {name}"
    return f"cast({name} as varchar) as {name}"
