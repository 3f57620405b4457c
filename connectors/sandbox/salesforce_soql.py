"""The part of SOQL that extraction tools speak, turned into DuckDB SQL.

    SELECT fields | COUNT() FROM object [WHERE a >= x AND b IN (...)]
    [ORDER BY f [ASC|DESC]] [LIMIT n]

Belongs here: reading a query and wording its errors as the service does. Unknown grammar
is refused, never ignored: a filter that is dropped would look like working.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.sandbox.salesforce_schema import NUMERIC, Field, ObjectSchema

_QUERY = re.compile(
    r"^\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>[\w\s,]+?))?"
    r"(?:\s+LIMIT\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
# Accepted: "SystemModstamp >= 2026-01-01T00:00:00Z", "Id IN ('a','b')", "Name != null".
_CONDITION = re.compile(
    r"^\(?\s*(?P<field>\w+)\s*(?P<op>>=|<=|!=|<>|=|<|>|\bLIKE\b|\bNOT\s+IN\b|\bIN\b)\s*"
    r"(?P<value>\(.*\)|'(?:[^'\\]|\\.)*'|[^\s()]+)\s*\)?$",
    re.IGNORECASE | re.DOTALL,
)
_TEXT = r"'(?:[^'\\]|\\.)*'"
_AND = re.compile(rf"({_TEXT})|(\s+AND\s+)", re.IGNORECASE)
_INSTANT = re.compile(
    r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?(?:Z|[+-]\d\d:?\d\d)$"
)


class SoqlError(Exception):
    """A query that the service refuses, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query that was understood; `fields` is empty for COUNT()."""

    schema: ObjectSchema
    fields: tuple[Field, ...]
    where: str
    order: str
    limit: int | None
    has_order_or_limit: bool

    @property
    def is_count(self) -> bool:
        """Whether only the number is asked for."""
        return not self.fields


def parse(text: str, objects: Mapping[str, ObjectSchema]) -> Query:
    """Read a query against the org's schema.

    Raises:
        SoqlError: As the service would word it.
    """
    match = _QUERY.match(text)
    if match is None:
        raise SoqlError("MALFORMED_QUERY", "unexpected token in the query")
    wanted = match["object"].lower()
    schema = next((o for name, o in objects.items() if name.lower() == wanted), None)
    if schema is None or not schema.is_queryable:
        raise SoqlError(
            "INVALID_TYPE", f"sObject type '{match['object']}' is not supported."
        )
    fields: tuple[Field, ...] = ()
    if not re.fullmatch(r"COUNT\(\s*\)", match["fields"].strip(), re.IGNORECASE):
        fields = tuple(
            _field(schema, name.strip()) for name in match["fields"].split(",")
        )
    order = ""
    if match["order"]:
        terms = [term.split() for term in match["order"].split(",")]
        order = ", ".join(
            f"{quote(_field(schema, term[0]).name)} "
            f"{'DESC' if term[1:2] and term[1].upper() == 'DESC' else 'ASC'}"
            for term in terms
        )
    where = ""
    if match["where"]:
        conditions = _split_and(match["where"])
        where = " AND ".join(_condition(schema, item) for item in conditions)
    return Query(
        schema=schema,
        fields=fields,
        where=where,
        order=order,
        limit=int(match["limit"]) if match["limit"] else None,
        has_order_or_limit=bool(match["order"] or match["limit"]),
    )


def quote(name: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def _field(schema: ObjectSchema, name: str) -> Field:
    found = schema.find(name)
    if found is None:
        raise SoqlError(
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{schema.name}'. If you are attempting "
            "to use a custom field, be sure to append the '__c' after the custom field "
            "name.",
        )
    return found


def _split_and(text: str) -> list[str]:
    """Split at AND, but not inside quoted text."""
    parts, start = [], 0
    for match in _AND.finditer(text):
        if match[2]:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _condition(schema: ObjectSchema, text: str) -> str:
    match = _CONDITION.match(text.strip())
    if match is None:
        raise SoqlError("MALFORMED_QUERY", "unexpected token in the WHERE clause")
    field = _field(schema, match["field"])
    column, operator = quote(field.name), re.sub(r"\s+", " ", match["op"].upper())
    if operator in ("IN", "NOT IN"):
        items = re.findall(_TEXT, match["value"])
        listed = ", ".join(_literal(field, item) for item in items)
        return f"{column} {operator} ({listed})"
    if match["value"].lower() == "null":
        return f"{column} IS {'NOT ' if operator in ('!=', '<>') else ''}NULL"
    value = _literal(field, match["value"])
    if field.type in NUMERIC:
        column = f"TRY_CAST({column} AS DOUBLE)"
    if operator == "LIKE":
        return f"{column} ILIKE {value}"
    return f"{column} {operator} {value}"


def _literal(field: Field, text: str) -> str:
    """Write a literal as SQL over the stored text."""
    if text.startswith("'"):
        inner = re.sub(r"\\(.)", r"\1", text[1:-1])
        return "'" + inner.replace("'", "''") + "'"
    if text.lower() in ("true", "false"):
        return f"'{text.lower()}'"
    if field.type == "datetime":
        match = _INSTANT.match(text.replace(" ", "+"))
        if match is None:
            raise SoqlError(
                "INVALID_QUERY_FILTER_OPERATOR", f"'{field.name}' is no date-time value"
            )
        return f"'{match[1]}T{match[2]}.{(match[3] or '0').ljust(3, '0')}Z'"
    if field.type == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"'{text}'"
    if field.type in NUMERIC and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    raise SoqlError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{field.name}' must be of type "
        f"{field.type} and should be enclosed in quotes if it is text",
    )
