"""The one way out: every file that leaves tidycrm is written by `export_tables`.

Belongs here: what leaves, under which restriction, and the swap of finished files. Does
not belong here: how a format is written. Reads the published file and nothing else, so
an export cannot hold what a sync did not publish.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import duckdb

from orchestration.errors import ExportError
from orchestration.exports import formats
from orchestration.exports.source import Table, read_tables
from orchestration.exports.workbook import write_workbook
from orchestration.publishing import quote

REPORT_TABLES: Final = (
    "customer_at_risk",
    "customer_360",
    "customer_ltv",
    "customer_churn",
    "pipeline_forecast",
    "pipeline_waterfall",
    "sales_performance",
    "win_rate_cohorts",
    "mrr_movements",
    "churn_monthly",
    "cohort_retention",
    "campaign_performance",
    "service_performance",
    "data_quality_costs",
    "reconciliation",
    "model_runs",
)
"""Tables of the XLSX report when none is named: what people pivot in a spreadsheet."""

Restriction = Callable[[str, Mapping[str, str]], str | None]
"""From a table and its columns with their types to the SQL condition that its rows must meet; or none."""


class ExportKind(StrEnum):
    """Form of the files."""

    PARQUET = "parquet"
    CSV = "csv"
    XLSX = "xlsx"
    HYPER = "hyper"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What left.

    Attributes:
        kind: Form of the files.
        files: What was written, in order of the tables.
        rows: Rows per table, after the restriction.
        held_back: Rows per table that the restriction kept in; tables without are absent.
        run_id: The publication that was exported.
    """

    kind: ExportKind
    files: tuple[Path, ...]
    rows: Mapping[str, int]
    held_back: Mapping[str, int]
    run_id: str


def export_tables(
    published: Path,
    out: Path,
    *,
    kind: ExportKind,
    tables: Sequence[str] = (),
    restriction: Restriction | None = None,
) -> ExportReport:
    """Write tables of the published file in a form that another tool reads.

    A file appears when it is complete, in one step; a failed export leaves the files of
    the one before.

    Args:
        published: `crm.duckdb` or the masked file; opened read-only.
        out: Folder for one file per table (Parquet, CSV), or the one file (XLSX, Hyper).
        kind: Form of the files.
        tables: What to export; all tables, or `REPORT_TABLES` for XLSX, when empty. A
            view leaves only when it is named.
        restriction: Rows that may leave, per table; all by default.

    Raises:
        ExportError: There is no published file, a table is unknown, a table is too long
            for a sheet, or the extra that a format needs is not installed.
    """
    if not published.is_file():
        raise ExportError(
            f"Exporting: {published} does not exist. Run `tidycrm sync` first, or name "
            "the data folder with --home."
        )
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        known = read_tables(connection)
        chosen = _chosen(known, tables, kind)
        relations: dict[str, str] = {}
        held_back: dict[str, int] = {}
        for table in chosen:
            types = {name: column.type for name, column in table.columns.items()}
            condition = restriction and restriction(table.name, types)
            relations[table.name] = _relation(table, condition)
            if condition:
                kept = _count(connection, relations[table.name])
                if kept < (total := _count(connection, _relation(table, None))):
                    held_back[table.name] = total - kept
        rows = {name: _count(connection, text) for name, text in relations.items()}
        described = [(table, relations[table.name]) for table in chosen]
        files = _write(connection, out, kind, described, rows)
        run_id = connection.execute("select any_value(run_id) from publication")
        name = (run_id.fetchone() or ("",))[0]
    return ExportReport(kind, tuple(files), rows, held_back, str(name))


def published_tables(published: Path) -> dict[str, str]:
    """Name and comment of every table and view that can be exported.

    Args:
        published: The published file.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        return {table.name: table.comment for table in read_tables(connection).values()}


def _chosen(
    known: Mapping[str, Table], tables: Sequence[str], kind: ExportKind
) -> list[Table]:
    if unknown := sorted(set(tables) - set(known)):
        raise ExportError(
            f"Exporting: {', '.join(unknown)} is not in the published file. "
            "`tidycrm export --list` names its tables."
        )
    if tables:
        return [known[name] for name in dict.fromkeys(tables)]
    if kind is ExportKind.XLSX:
        return [known[name] for name in REPORT_TABLES if name in known]
    # Rows of a view repeat those of tables, and may be many times as many.
    return [table for table in known.values() if not table.is_view]


def _relation(table: Table, condition: str | None) -> str:
    """The rows of a table that leave: the only text through which a format reads."""
    where = f" where {condition}" if condition else ""
    return f"(select * from {quote(table.name)}{where})"


def _write(
    connection: duckdb.DuckDBPyConnection,
    out: Path,
    kind: ExportKind,
    described: Sequence[tuple[Table, str]],
    rows: Mapping[str, int],
) -> list[Path]:
    if kind in {ExportKind.XLSX, ExportKind.HYPER}:
        with _replaced(out) as building:
            if kind is ExportKind.XLSX:
                write_workbook(connection, described, building, rows=rows)
            else:
                formats.write_hyper(connection, described, building)
        return [out]
    files = []
    for table, relation in described:
        file = out / f"{table.name}.{kind.value}"
        with _replaced(file) as building:
            if kind is ExportKind.CSV:
                formats.write_csv(connection, table, relation, building)
            else:
                formats.write_parquet(connection, relation, building)
        files.append(file)
    return files


@contextmanager
def _replaced(file: Path) -> Iterator[Path]:
    """A path to write to, moved to `file` when that succeeded."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"Exporting: the folder {file.parent} cannot be made ({error.strerror}). "
            "Name another place with --out."
        ) from error
    building = file.with_name(f".{os.getpid()}-{file.name}")
    try:
        yield building
        building.replace(file)
    finally:
        building.unlink(missing_ok=True)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
