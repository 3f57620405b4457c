"""XLSX workbooks, streamed and byte-identical.

Belongs here: just enough of the format for plain tables. Sheets are written as XML text
by column expressions, because a cell-by-cell writer would need minutes for a million
rows.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from connectors.synthetic.export_files import COMPRESSION_LEVEL, add_file, member

_SHEET_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
)
_STYLES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border>'
    "</borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    "</cellStyleXfs>"
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0"'
    ' applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _letters(index: int) -> str:
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def _escaped(column: pl.Expr) -> pl.Expr:
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        column = column.str.replace_all(raw, safe, literal=True)
    return column


def _cell(name: str, letters: str, dtype: pl.DataType) -> pl.Expr:
    column, row = pl.col(name), pl.col("__row")
    if dtype == pl.Date:
        serial = column.cast(pl.Int32) + 25_569
        parts = [pl.lit(f'<c r="{letters}'), row, pl.lit('" s="1"><v>'), serial]
        tail = "</v></c>"
    elif dtype.is_numeric():
        parts = [pl.lit(f'<c r="{letters}'), row, pl.lit('"><v>'), column]
        tail = "</v></c>"
    else:
        head = '" t="inlineStr"><is><t xml:space="preserve">'
        parts = [pl.lit(f'<c r="{letters}'), row, pl.lit(head), _escaped(column)]
        tail = "</t></is></c>"
    return pl.concat_str([*parts, pl.lit(tail)]).fill_null("")


@dataclass(slots=True)
class SheetSpool:
    """One worksheet that grows chunk by chunk.

    `preamble` rows come above the header, the first one merged over `merge` columns.
    """

    title: str
    path: Path
    preamble: Sequence[Sequence[str]] = ()
    merge: int = 0
    rows: int = 0
    _next: int = field(default=0)

    def append(self, frame: pl.DataFrame) -> None:
        """Write rows; the first call also writes preamble and header."""
        if self._next == 0:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("w", encoding="utf-8", newline="\n") as file:
                file.write(_SHEET_HEAD + "<sheetData>")
            self._next = 1
            for line in self.preamble:
                self._write_text_row(line)
            self._write_text_row(frame.columns)
        cells = [
            _cell(name, _letters(i), frame.schema[name])
            for i, name in enumerate(frame.columns)
        ]
        numbered = frame.with_row_index("__row", offset=self._next)
        row = pl.concat_str(
            [
                pl.lit('<row r="'),
                pl.col("__row"),
                pl.lit('">'),
                *cells,
                pl.lit("</row>"),
            ]
        )
        text = numbered.select(row.str.join("\n")).item() if len(frame) else ""
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text or "")
        self._next += len(frame)
        self.rows += len(frame)

    def append_note(self, cells: Sequence[str]) -> None:
        """Write one more text row, such as totals."""
        self._write_text_row(cells)

    def _write_text_row(self, cells: Sequence[str]) -> None:
        frame = pl.DataFrame(
            {f"c{i}": [cell or None] for i, cell in enumerate(cells)},
            schema={f"c{i}": pl.String for i in range(len(cells))},
        ).with_columns(__row=pl.lit(self._next))
        expressions = [
            _cell(f"c{i}", _letters(i), pl.String()) for i in range(len(cells))
        ]
        body = "".join(frame.select(e.alias("x")).item() for e in expressions)
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f'<row r="{self._next}">{body}</row>')
        self._next += 1

    def close(self) -> None:
        """End the sheet."""
        merged = ""
        if self.merge:
            merged = (
                f'<mergeCells count="1"><mergeCell ref="A1:{_letters(self.merge - 1)}1"/>'
                "</mergeCells>"
            )
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"</sheetData>{merged}</worksheet>")


def write_workbook(target: Path, sheets: Sequence[SheetSpool], created: date) -> Path:
    """Pack closed sheets into an XLSX file with a fixed creation date."""
    target.parent.mkdir(parents=True, exist_ok=True)
    count = range(1, len(sheets) + 1)
    override = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for i in count
    )
    listed = "".join(
        f'<sheet name="{sheet.title}" sheetId="{i}" r:id="rId{i}"/>'
        for i, sheet in zip(count, sheets, strict=True)
    )
    relations = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet"'
        f' Target="worksheets/sheet{i}.xml"/>'
        for i in count
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        'package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{office}'
        f'.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="{office}'
        '.styles+xml"/><Override PartName="/docProps/core.xml" ContentType="application/'
        f'vnd.openxmlformats-package.core-properties+xml"/>{override}</Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/'
        f'workbook.xml"/><Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/'
        'core-properties" Target="docProps/core.xml"/></Relationships>',
        "docProps/core.xml": f'{head}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/'
        'core-properties" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi='
        '"http://www.w3.org/2001/XMLSchema-instance"><dcterms:created xsi:type='
        f'"dcterms:W3CDTF">{created.isoformat()}T00:00:00Z</dcterms:created>'
        "</cp:coreProperties>",
        "xl/workbook.xml": f'{head}<workbook xmlns="http://schemas.openxmlformats.org/'
        f'spreadsheetml/2006/main" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{_PACKAGE}/'
        f'relationships">{relations}<Relationship Id="rId{len(sheets) + 1}" Type='
        f'"{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
    with zipfile.ZipFile(
        target, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL
    ) as z:
        for name, text in parts.items():
            z.writestr(member(name), text)
        for i, sheet in zip(count, sheets, strict=True):
            add_file(z, f"xl/worksheets/sheet{i}.xml", sheet.path)
    return target
