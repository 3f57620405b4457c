"""What calamine does not tell about an xlsx: error cells and the date system.

Belongs here: byte searches in the parts of the ZIP. No XML parser is involved, so that no
entity can be resolved; a workbook of another kind has no facts.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_ATTRIBUTE = re.compile(rb'([\w:]+)\s*=\s*"([^"]*)"')
_ERROR_CELL = re.compile(rb'\bt="e"')


@dataclass(frozen=True, slots=True)
class XlsxFacts:
    """What calamine does not tell about an xlsx."""

    errors: dict[str, int]
    has_1904_dates: bool


def survey_xlsx(path: Path, sheets: list[str]) -> XlsxFacts:
    """Count error cells and find the date system in an xlsx, without an XML parser."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = archive.read("xl/workbook.xml")
            relations = archive.read("xl/_rels/workbook.xml.rels")
            targets = {
                found.get(b"Id", b""): found.get(b"Target", b"").decode()
                for found in map(_attributes, _RELATION.findall(relations))
            }
            errors = {}
            # Sheets are listed in the order in which calamine names them.
            for sheet, tag in zip(sheets, _SHEET.findall(book), strict=False):
                target = targets.get(_attributes(tag).get(b"r:id", b""), "")
                member = (
                    target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                )
                errors[sheet] = _count_in_member(archive, member)
            return XlsxFacts(
                errors, b'date1904="1"' in book or b'date1904="true"' in book
            )
    except (KeyError, zipfile.BadZipFile, UnicodeDecodeError):
        return XlsxFacts({}, False)


def _attributes(tag: bytes) -> dict[bytes, bytes]:
    return dict(_ATTRIBUTE.findall(tag))


def _count_in_member(archive: zipfile.ZipFile, member: str) -> int:
    count, rest = 0, b""
    with archive.open(member) as stream:
        while block := stream.read(4 * 1024 * 1024):
            window = rest + block
            count += len(_ERROR_CELL.findall(window))
            # Four bytes cannot hold the pattern, but may hold its start.
            rest = window[-4:]
    return count
