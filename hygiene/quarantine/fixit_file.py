"""The file that goes out to a person and comes back: CSV or XLSX, one line per field.

Cells that a spreadsheet would run as a formula are made harmless on the way out and
restored on the way back. A file that is older than the record it speaks of is told so.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from hygiene.errors import InputError
from hygiene.quarantine.fixes import LINE, Fix

HEADS: Final = (
    "quarantine_id", "version", "source", "object", "record", "why", "what to do",
    "owner", "where", "link", "field", "value now", "corrected value",
)  # fmt: skip
_CORRECTED: Final = HEADS.index("corrected value")
# Excel, LibreOffice and Sheets run a cell that begins with one of these.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_FIELDS: Final = {
    "contact": (
        "first_name",
        "last_name",
        "full_name",
        "email",
        "phone",
        "mobile_phone",
    ),
    "account": ("account_name", "domain", "website"),
}
_ADVICE: Final = {
    "contact_without_identity": "Give a name, an email or a phone number.",
    "account_without_identity": "Give the company's name or its domain.",
    "broken_quote": "Close the quote, so that the line has as many cells as the header.",
    "extra_cells": "Quote the cell that holds the delimiter.",
    "missing_id": "Give the id that the source uses.",
    "bad_record_id": "Give the record's id as the source writes it.",
    "id_in_scientific_notation": "Give the id in full; a spreadsheet shortened it.",
}
_ACCOUNT_OBJECTS: Final = frozenset({"account", "companies", "buyer_companies"})


@dataclass(frozen=True, slots=True)
class FixitReport:
    """What reading a fix-it file gave: fixes, and lines that were left alone and why."""

    fixes: tuple[Fix, ...]
    unchanged: int
    unknown: int
    outdated: int


def make_harmless(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula.

    Example:
        >>> make_harmless("=1+1"), make_harmless("'=1"), make_harmless("Ann")
        ("'=1+1", "''=1", 'Ann')
    """
    if text.startswith(_FORMULA) or text.lstrip("'").startswith(_FORMULA):
        return f"'{text}"
    return text


def restore(text: str) -> str:
    """Return what `make_harmless` was given.

    Example:
        >>> restore("'=1+1"), restore("'t Hooft")
        ('=1+1', "'t Hooft")
    """
    if text.startswith("'") and text.lstrip("'").startswith(_FORMULA):
        return text[1:]
    return text


def payload_version(payload: str | None) -> str:
    """Return a short mark of a record's content, to notice that it changed.

    Example:
        >>> len(payload_version("{}"))
        12
    """
    return hashlib.sha256((payload or "").encode()).hexdigest()[:12]


def editable_fields(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a quarantined record that a person may correct.

    Args:
        row: Columns stage, source_object and raw_payload of `quarantined_records`.

    Returns:
        Value now by field; empty text where there is none.

    Example:
        >>> editable_fields({"stage": "landing", "source_object": "x", "raw_payload": "a;b"})
        {'line': 'a;b'}
    """
    payload = row.get("raw_payload") or ""
    try:
        content = json.loads(payload)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return {LINE: payload}
    if row["stage"] == "standardise":
        entity = "account" if row["source_object"] in _ACCOUNT_OBJECTS else "contact"
        return {name: _text(content.get(name)) for name in _FIELDS[entity]}
    return {str(name): _text(value) for name, value in content.items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _lines(quarantined: pl.DataFrame) -> Iterator[list[str]]:
    for row in quarantined.iter_rows(named=True):
        place = " ".join(
            _text(part)
            for part in (
                row["source_file"],
                f"line {row['source_line']}" if row["source_line"] is not None else "",
            )
            if part
        )
        for name, value in editable_fields(row).items():
            yield [
                row["quarantine_id"],
                payload_version(row["raw_payload"]),
                _text(row["source_name"]),
                _text(row["source_object"]),
                _text(row["source_record_key"]),
                _text(row["reason_detail"]) or _text(row["reason_code"]),
                _ADVICE.get(row["reason_code"], "Correct what is wrong."),
                _text(row["owner_name"]),
                place,
                _text(row.get("source_link")),
                name,
                value,
                "",
            ]


def export_fixit(quarantined: pl.DataFrame, out: Path) -> int:
    """Write a fix-it file; its ending decides the kind.

    Args:
        quarantined: Rows of `quarantined_records`; expected to be few thousands at most.
        out: `.csv` or `.xlsx`.

    Returns:
        How many records it holds.

    Raises:
        InputError: The ending is neither.
    """
    lines = [[make_harmless(cell) for cell in line] for line in _lines(quarantined)]
    if out.suffix.lower() == ".csv":
        # With a byte order mark, or Excel takes the file for another encoding.
        with out.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(HEADS)
            writer.writerows(lines)
    elif out.suffix.lower() == ".xlsx":
        _write_workbook(lines, out)
    else:
        raise InputError(
            f"exporting quarantined records: {out.name} ends in neither .csv nor .xlsx; "
            "name the file accordingly"
        )
    return quarantined.height


def _write_workbook(lines: Sequence[Sequence[str]], out: Path) -> None:
    import xlsxwriter

    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(out), options) as book:
        sheet = book.add_worksheet("Fix me")
        head = book.add_format({"bold": True, "bg_color": "#0f766e", "color": "white"})
        plain = book.add_format(
            {"color": "#5b6878", "text_wrap": True, "valign": "top"}
        )
        shown = book.add_format({"text_wrap": True, "valign": "top"})
        # Text format: what a person types stays what it is (001, +49..., 3E5).
        entry = book.add_format(
            {"bg_color": "#fdf3dc", "num_format": "@", "border": 1, "valign": "top"}
        )
        for place, title in enumerate(HEADS):
            sheet.write_string(0, place, title, head)
        for number, line in enumerate(lines, start=1):
            for place, cell in enumerate(line):
                style = entry if place == _CORRECTED else plain
                style = shown if HEADS[place] in {"field", "value now"} else style
                sheet.write_string(number, place, cell, style)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(lines), 1), len(HEADS) - 1)
        for place, width in enumerate(
            (11, 9, 12, 12, 24, 26, 30, 16, 26, 20, 16, 26, 30)
        ):
            sheet.set_column(place, place, width)


def _read_table(path: Path) -> list[list[str]]:
    try:
        if path.suffix.lower() == ".xlsx":
            from python_calamine import CalamineWorkbook

            sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
            return [[_cell(value) for value in row] for row in sheet.to_python()]
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            f"reading fixes: {path.name} was not found; name the file that came back"
        ) from None
    except Exception as error:
        raise InputError(
            f"reading fixes: {path.name} could not be read ({type(error).__name__}); "
            "expected the exported CSV (UTF-8) or XLSX with corrections; save it as one"
        ) from error
    # Spreadsheets of half of Europe save CSV with semicolons.
    first = text.partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    return list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def read_fixit(
    path: Path, quarantined: pl.DataFrame, *, author: str, fixed_at: str
) -> FixitReport:
    """Read a fix-it file that came back.

    Args:
        path: The file.
        quarantined: `quarantined_records` as they are now.
        author: Who corrected.
        fixed_at: When it came back, ISO 8601 UTC.

    Returns:
        Fixes of cells that were filled in. Lines about records that are no longer in
        quarantine, or that changed since the export, are counted and left alone.

    Raises:
        InputError: The file is no fix-it file.
    """
    table = _read_table(path)
    heads = [cell.strip().lower() for cell in table[0]] if table else []
    needed = ("quarantine_id", "version", "field", "corrected value")
    missing = [name for name in needed if name not in heads]
    if missing:
        raise InputError(
            f"reading fixes: {path.name} lacks the column(s) {', '.join(missing)}; "
            "expected the file of `tidycrm quarantine export` with its header"
        )
    places = {name: heads.index(name) for name in needed}
    known = {row["quarantine_id"]: row for row in quarantined.iter_rows(named=True)}
    fixes: list[Fix] = []
    unchanged = unknown = outdated = 0
    for line in table[1:]:
        cells = {
            name: restore(line[place]) if place < len(line) else ""
            for name, place in places.items()
        }
        corrected = cells["corrected value"].strip()
        row = known.get(cells["quarantine_id"])
        if not corrected:
            unchanged += 1
            continue
        now = editable_fields(row) if row is not None else {}
        if row is None or cells["field"] not in now:
            unknown += 1
        elif cells["version"] != payload_version(row["raw_payload"]):
            outdated += 1
        elif corrected == now[cells["field"]]:
            unchanged += 1
        else:
            fixes.append(
                Fix(
                    quarantine_id=row["quarantine_id"],
                    source_record_key=_text(row["source_record_key"]),
                    source_name=_text(row["source_name"]),
                    source_type=_text(row["source_type"]),
                    source_object=_text(row["source_object"]),
                    stage=row["stage"],
                    field=cells["field"],
                    value_before=now[cells["field"]],
                    value_fixed=corrected,
                    author=author,
                    fixed_at=fixed_at,
                )
            )
    return FixitReport(tuple(fixes), unchanged, unknown, outdated)
