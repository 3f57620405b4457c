"""Fields that only this user's tables have: compared generically when they say something.

What belongs here: choosing the columns `other_<name>` of the standardised table that
carry evidence, and what a model asks about them. What does not: fields that the model
knows by name (those have comparisons of their own).

A membership number, a place of birth or a kind of cuisine can decide a match, and a
constant or a copy of the name must not. Nothing is decided by a field's name:

- A field that is hardly filled, constant, or never repeats can show no agreement.
- A field whose words stand in the record's other fields anyway ("anna smith" beside the
  first and last name) would let one fact speak twice.

What remains gets three levels (equal, close, different), with term frequency, so that a
rare value says much and "yes" says little. How much, training learns from the records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from hygiene.matching.frequencies import Frequency
from hygiene.matching.specification import (
    BlockingRule,
    Comparison,
    Entity,
    Level,
    Specification,
    exact,
    jaro_winkler,
    otherwise,
)
from hygiene.parquet_exchange import quote_identifier

PREFIX = "other_"
_LEAST_FILLED = 0.05
_MOST_COPIED = 0.8
_MOST_FIELDS = 20
_BLOCKING_FIELDS = 6
_SAMPLE = 50_000
_KNOWN_TEXT = {
    Entity.CONTACT: (
        "full_name",
        "first_name",
        "middle_name",
        "last_name",
        "given_name_match",
        "middle_name_std",
        "family_name_match",
        "email_match",
        "phone_e164",
        "mobile_phone_e164",
        "company_name_match",
        "street_std",
        "street",
        "postal_code_std",
        "city_std",
        "birth_date",
        "job_title_std",
        "external_id",
    ),
    Entity.ACCOUNT: (
        "account_name",
        "account_name_match",
        "domain_std",
        "phone_e164",
        "phone",
        "street_std",
        "street",
        "postal_code_std",
        "city_std",
        "external_id",
    ),
}
_PARTNERS = {Entity.CONTACT: ("family", "given_group"), Entity.ACCOUNT: ("name_rare",)}


@dataclass(frozen=True, slots=True)
class CustomField:
    """A column that is compared although the model does not know it by name.

    Attributes:
        name: Name of the comparison and of the feature column.
        column: Column of the standardised table.
        values: Distinct values.
        records: Records that have one.
    """

    name: str
    column: str
    values: int
    records: int


@dataclass(frozen=True, slots=True)
class CustomFields:
    """The chosen fields, and why others were left out.

    Attributes:
        used: Fields that are compared.
        unused: Column and reason of each field that is not.
    """

    used: tuple[CustomField, ...] = ()
    unused: tuple[tuple[str, str], ...] = ()


def is_custom(comparison: str) -> bool:
    """Say whether a comparison is about a custom field, of which no model is shipped."""
    return comparison.startswith(PREFIX)


def value_sql(column: str) -> str:
    """Return SQL of a custom field's comparable value.

    Args:
        column: Column of the standardised table.

    Returns:
        Lower-case text without surplus blanks; NULL for blanks.
    """
    text = (
        f"regexp_replace(lower({quote_identifier(column)}::VARCHAR), '\\s+', ' ', 'g')"
    )
    return f"nullif(trim({text}), '')"


def choose_custom_fields(
    connection: duckdb.DuckDBPyConnection, table: str, entity: Entity
) -> CustomFields:
    """Choose the custom fields of a table that carry evidence.

    Args:
        connection: An open connection.
        table: Table or view of standardised records.
        entity: contact or account.

    Returns:
        At most twenty fields, those with the most distinct values first.
    """
    columns = [
        str(row[0]) for row in connection.execute(f"DESCRIBE {table}").fetchall()
    ]
    candidates = [name for name in columns if name.startswith(PREFIX)]
    if not candidates:
        return CustomFields()
    known = [name for name in _KNOWN_TEXT[entity] if name in columns]
    words = ", ".join(
        ["''", *(f"lower({quote_identifier(name)}::VARCHAR)" for name in known)]
    )
    total = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    records = int(total[0]) if total else 0
    found: list[CustomField] = []
    unused: list[tuple[str, str]] = []
    taken: set[str] = set()
    for column in candidates:
        value = value_sql(column)
        row = connection.execute(
            f"SELECT count({value}), count(DISTINCT {value}) FROM {table}"
        ).fetchone()
        filled, values = (int(row[0]), int(row[1])) if row else (0, 0)
        reason = _why_empty(records, filled, values)
        if reason is None and _copied_share(connection, table, value, words) > (
            _MOST_COPIED
        ):
            reason = "its words stand in other fields already"
        if reason is not None:
            unused.append((column, reason))
            continue
        found.append(CustomField(_safe_name(column, taken), column, values, filled))
    found.sort(key=lambda field: (-field.values, field.column))
    unused += [(item.column, "too many fields") for item in found[_MOST_FIELDS:]]
    return CustomFields(tuple(found[:_MOST_FIELDS]), tuple(unused))


def _why_empty(records: int, filled: int, values: int) -> str | None:
    if filled < max(2, _LEAST_FILLED * records):
        return "hardly ever filled"
    if values < 2:
        return "the same in all records"
    if values == filled:
        return "different in all records"
    return None


def _copied_share(
    connection: duckdb.DuckDBPyConnection, table: str, value: str, words: str
) -> float:
    """Return the share of records whose field only repeats words of known fields."""
    row = connection.execute(
        "SELECT avg(list_has_all(known, own)::INTEGER) FROM (SELECT "
        f"string_split_regex({value}, '[^\\pL\\pN]+') AS own, "
        f"string_split_regex(concat_ws(' ', {words}), '[^\\pL\\pN]+') AS known "
        f"FROM {table} WHERE {value} IS NOT NULL LIMIT {_SAMPLE})"
    ).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def _safe_name(column: str, taken: set[str]) -> str:
    base = PREFIX + (
        re.sub(r"[^a-z0-9]+", "_", column[len(PREFIX) :].lower()) or "field"
    )
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def with_custom_fields(
    specification: Specification, fields: Sequence[CustomField]
) -> Specification:
    """Let a model ask about custom fields too.

    Args:
        specification: The model of the entity.
        fields: Chosen fields.

    Returns:
        The model with one comparison, one frequency table and a few blocking rules per
        field.
    """
    entity = specification.entity
    partners = _PARTNERS[entity]
    rules: list[BlockingRule] = []
    for item in fields[:_BLOCKING_FIELDS]:
        rules.append(BlockingRule(item.name, (item.name,)))
        rules += [
            BlockingRule(f"{item.name}_{partner}", (item.name, partner))
            for partner in partners
        ]
    return replace(
        specification,
        comparisons=(*specification.comparisons, *map(_comparison, fields)),
        blocking_rules=(*specification.blocking_rules, *rules),
        frequencies=(
            *specification.frequencies,
            *(Frequency(item.name, "name_code", "count(name_code)") for item in fields),
        ),
    )


def _comparison(item: CustomField) -> Comparison:
    return Comparison(
        item.name,
        (item.name,),
        f"{item.name}_l IS NULL OR {item.name}_r IS NULL",
        (
            Level("exact", exact(item.name), item.name),
            Level("close", jaro_winkler(item.name, 0.9)),
            otherwise(),
        ),
    )
