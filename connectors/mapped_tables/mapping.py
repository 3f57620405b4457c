"""Which canonical column each header of a table means.

Belongs here: explicit entries, exact synonyms, and suggestions. Only an entry of the
configuration or an exact synonym is applied; a likeness is suggested and never applied,
because a wrong column is worse than a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, process

from connectors.errors import ColumnMappingError
from connectors.landing import slug_column
from connectors.mapped_tables.reference import (
    SpreadsheetObject,
    normalise_header,
    object_reference,
    option_columns,
)
from connectors.tabular import Header, HeaderColumn

# Below this, two headers merely share letters ("state" and "status" have 73).
_LIKENESS = 84.0
_LISTED = 40


class MappedBy(StrEnum):
    """How a landed column got its name."""

    CONFIGURATION = "configuration"
    SYNONYM = "synonym"
    HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedColumn:
    """One column of a file under its landed name."""

    landed: str
    column: str
    header: str
    mapped_by: MappedBy


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Suggestion:
    """A header that looks like a canonical column that nothing is mapped to."""

    canonical: str
    header: str
    likeness: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """All columns of one table, in file order, and what could not be decided."""

    columns: tuple[MappedColumn, ...]
    suggestions: tuple[Suggestion, ...] = ()
    notes: tuple[str, ...] = ()

    def column_of(self, landed: str) -> str | None:
        """Name in the file of a landed column, if it is there."""
        for column in self.columns:
            if column.landed == landed:
                return column.column
        return None

    @property
    def headers(self) -> dict[str, str]:
        """Landed name to header as seen."""
        return {column.landed: column.header for column in self.columns}


def map_columns(
    header: Header,
    item: SpreadsheetObject,
    explicit: Mapping[str, str | None],
    *,
    name: str,
) -> TableMapping:
    """Give every column of a table its landed name.

    Args:
        header: The header as read.
        item: What the rows are.
        explicit: Canonical name to header from the configuration; None keeps a canonical
            column from being recognised.
        name: How messages call the table.

    Raises:
        ColumnMappingError: The configuration names headers that the table lacks, or the
            header of the table is uncertain.
    """
    if not header.is_certain:
        raise ColumnMappingError(
            f"reading {name}: no row looks like a header. Set `header_row` to its row, or "
            "to 0 when there is none and map `columns` to column_1, column_2, ..."
        )
    reference = object_reference(item)
    chosen = _explicit(header, explicit, name)
    how = dict.fromkeys(chosen, MappedBy.CONFIGURATION)
    taken = {canonical: column for column, canonical in chosen.items()}
    notes = []
    for column in header.columns:
        canonical = reference.exact.get(normalise_header(column.header))
        if canonical is None or column.name in chosen or canonical in explicit:
            continue
        if canonical in taken:
            notes.append(
                f"{name}: column {column.header!r} also means {canonical}, which is taken "
                f"from {taken[canonical]!r}; it is kept under its own name"
            )
            continue
        chosen[column.name], taken[canonical] = canonical, column.name
        how[column.name] = MappedBy.SYNONYM
    landed = _landed_names(header.columns, chosen)
    columns = tuple(
        MappedColumn(
            landed=landed[column.name],
            column=column.name,
            header=column.header or column.name,
            mapped_by=how.get(column.name, MappedBy.HEADER),
        )
        for column in header.columns
    )
    open_columns = [
        canonical
        for canonical in reference.columns
        if canonical not in taken and canonical not in explicit
    ]
    unmapped = [column for column in header.columns if column.name not in chosen]
    suggestions = _suggest(unmapped, open_columns, item)
    return TableMapping(columns=columns, suggestions=suggestions, notes=tuple(notes))


def _explicit(
    header: Header, explicit: Mapping[str, str | None], name: str
) -> dict[str, str]:
    """Column name to canonical name for the entries of the configuration."""
    chosen: dict[str, str] = {}
    missing = []
    for canonical, wanted in explicit.items():
        if wanted is None:
            continue
        column = find_column(header, wanted)
        if column is None:
            missing.append((canonical, wanted))
        elif column in chosen:
            raise ColumnMappingError(
                f"reading {name}: header {wanted!r} is mapped to both {chosen[column]} and "
                f"{canonical}; keep one of the two entries"
            )
        else:
            chosen[column] = canonical
    if missing:
        raise ColumnMappingError(_missing_message(header, missing, name))
    return chosen


def find_column(header: Header, wanted: str) -> str | None:
    """Find a column by unique name, by header, or by header regardless of spelling."""
    for column in header.columns:
        if wanted in (column.name, column.header):
            return column.name
    plain = normalise_header(wanted)
    for column in header.columns:
        if plain and normalise_header(column.header) == plain:
            return column.name
    return None


def _missing_message(
    header: Header, missing: Sequence[tuple[str, str]], name: str
) -> str:
    known = [column.header or column.name for column in header.columns]
    parts = []
    for canonical, wanted in missing:
        near = [found for found, _, _ in process.extract(wanted, known, limit=3)]
        parts.append(
            f"{canonical}: {wanted!r} (nearest: {', '.join(map(repr, near)) or 'none'})"
        )
    listed = ", ".join(repr(text) for text in known[:_LISTED])
    rest = f", ... ({len(known)} in all)" if len(known) > _LISTED else ""
    return (
        f"reading {name}: the configuration names columns that the table lacks: "
        f"{'; '.join(parts)}. Its header (line {header.line}) has {listed}{rest}. Correct "
        "`columns`, or set `header_row` if another row is the header"
    )


def _landed_names(
    columns: Sequence[HeaderColumn], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Canonical names for mapped columns, free slugs of the header for the others."""
    taken = {*chosen.values(), *option_columns()}
    landed = {}
    for column in columns:
        if column.name in chosen:
            landed[column.name] = chosen[column.name]
            continue
        slug = slug_column(column.header or column.name, column.position)
        candidate, number = slug, 1
        while candidate in taken:
            number += 1
            candidate = f"{slug}_{number}"
        taken.add(candidate)
        landed[column.name] = candidate
    return landed


def _suggest(
    columns: Sequence[HeaderColumn], canonical: Sequence[str], item: SpreadsheetObject
) -> tuple[Suggestion, ...]:
    """Propose headers for open canonical columns: ambiguous words, then likeness."""
    reference = object_reference(item)
    spellings: dict[str, list[str]] = {name: [] for name in canonical}
    for text, name in reference.exact.items():
        if name in spellings:
            spellings[name].append(text)
    found: dict[tuple[str, str], Suggestion] = {}
    for column in columns:
        plain = normalise_header(column.header)
        if not plain:
            continue
        for name in canonical:
            if plain in reference.weak.get(name, ()):
                likeness = 90
            else:
                best = process.extractOne(
                    plain, spellings[name], scorer=fuzz.ratio, score_cutoff=_LIKENESS
                )
                if best is None:
                    continue
                likeness = round(best[1])
            found[name, column.header] = Suggestion(
                canonical=name, header=column.header, likeness=likeness
            )
    return tuple(
        sorted(
            found.values(),
            key=lambda each: (-each.likeness, each.canonical, each.header),
        )
    )
