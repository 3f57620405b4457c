"""Fills the make-believe Salesforce org: from an export, or wide for speed tests.

Belongs here: loading the CSVs of a Data Export into the org's tables, set-based, and
what an export does not say: field types, picklists, compound fields, a formula.
"""

from __future__ import annotations

import tempfile
import zipfile
from datetime import date
from pathlib import Path

from connectors.salesforce.reference import modelled_objects
from connectors.sandbox.salesforce_org import Org
from connectors.sandbox.salesforce_schema import Field, ObjectSchema, guess_type
from connectors.sandbox.salesforce_soql import quote
from connectors.synthetic import generate

_COMPOUND = {
    "Account": ("BillingAddress",),
    "Contact": ("MailingAddress", "OtherAddress"),
    "Lead": ("Address",),
}
_MOST_PICKLIST_VALUES = 200
_WIDE_TYPES = ("string", "string", "double", "date", "picklist", "boolean")


def fill_from_synthetic(org: Org, *, people: int, seed: int, as_of: date) -> None:
    """Generate a synthetic CRM and load its Salesforce export."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        generate(Path(folder), people=people, seed=seed, as_of=as_of)
        fill_from_export(org, Path(folder) / "salesforce")


def fill_from_export(org: Org, folder: Path) -> None:
    """Load every CSV of the Data Export ZIPs in a folder.

    Members of one object are put together, and each record is taken once.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as work:
        members: dict[str, list[Path]] = {}
        for number, archive in enumerate(sorted(folder.glob("*.ZIP"))):
            with zipfile.ZipFile(archive) as zipped:
                for member in zipped.namelist():
                    target = Path(work) / str(number)
                    path = Path(zipped.extract(member, target))
                    members.setdefault(path.stem, []).append(path)
        for name, paths in sorted(members.items()):
            _load_object(org, name, paths)


def fill_wide(org: Org, *, rows: int = 1_000_000, fields: int = 60) -> None:
    """Fill Contact with many wide records, for speed tests.

    The columns are of mixed types and about the lengths that contacts really have.
    """
    own = ["AccountId", "FirstName", "LastName", "Email", "Phone", "MailingCity"]
    schema = org.add_object("Contact", "003", own)
    missing = fields - len(schema.fields)
    custom = [
        Field(name=f"Custom_{n}__c", type=_WIDE_TYPES[n % len(_WIDE_TYPES)])
        for n in range(missing)
    ]
    expressions = {
        "Id": "'003Sbx' || lpad(i::VARCHAR, 9, '0') || 'AAA'",
        "IsDeleted": "'false'",
        "MasterRecordId": "NULL",
        "CreatedDate": _moment("i"),
        "LastModifiedDate": _moment("i + 40000000"),
        "SystemModstamp": _moment("i + 40000000"),
        "AccountId": "'001Sbx' || lpad((i % 100000)::VARCHAR, 9, '0') || 'AAA'",
        "FirstName": "'Given' || (i % 5000)",
        "LastName": "'Family' || (i % 70000)",
        "Email": "'person' || i || '@company' || (i % 90000) || '.example'",
        "Phone": "'+4930' || lpad((i % 10000000)::VARCHAR, 7, '0')",
        "MailingCity": "'City ' || (i % 900)",
    }
    shapes = {
        "string": "'value ' || ((i * {n}) % 100003)",
        "double": "((i * {n}) % 99991)::VARCHAR || '.25'",
        "date": "(DATE '2020-01-01' + ((i * {n}) % 2000)::INTEGER)::VARCHAR",
        "picklist": "['Hot', 'Warm', 'Cold', NULL][1 + ((i * {n}) % 4)::INTEGER]",
        "boolean": "CASE WHEN (i * {n}) % 3 = 0 THEN 'true' ELSE 'false' END",
    }
    for number, item in enumerate(custom, start=3):
        org.add_field("Contact", item)
        expressions[item.name] = shapes[item.type].format(n=number)
    values = ", ".join(
        f"({expressions[n]})::VARCHAR AS {quote(n)}" for n in schema.fields
    )
    with org.connection() as con:
        con.execute(
            f"CREATE OR REPLACE TABLE Contact AS SELECT {values} FROM range({rows}) r(i)"
        )


def _moment(seconds: str) -> str:
    start = "TIMESTAMP '2024-01-01'"
    return (
        f"strftime({start} + to_seconds(({seconds}) % 60000000), "
        "'%Y-%m-%dT%H:%M:%S.000Z')"
    )


def _load_object(org: Org, name: str, paths: list[Path]) -> None:
    reference = modelled_objects().get(name.lower())
    prefix = reference.id_prefix if reference else "a0X"
    listed = ", ".join(f"'{path}'" for path in paths)
    source = f"read_csv([{listed}], all_varchar = true, union_by_name = true)"
    with org.connection() as con:
        found = [row[0] for row in con.execute(f"DESCRIBE FROM {source}").fetchall()]
        schema = org.add_object(name, prefix, [])
        for column in found:
            if column not in schema.fields:
                org.add_field(name, _field(column))
        values = {item: _value(schema, item, found) for item in schema.fields}
        chosen = ", ".join(f"{sql} AS {quote(item)}" for item, sql in values.items())
        con.execute(
            f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT {chosen} FROM {source} "
            "QUALIFY row_number() OVER (PARTITION BY Id) = 1 ORDER BY Id"
        )
        for item in list(schema.fields.values()):
            if item.type == "picklist":
                rows = con.execute(
                    f"SELECT DISTINCT {quote(item.name)} AS v FROM {quote(name)} "
                    f"WHERE v IS NOT NULL ORDER BY v LIMIT {_MOST_PICKLIST_VALUES}"
                ).fetchall()
                schema.set_picklist(item.name, [row[0] for row in rows])
    for compound in _COMPOUND.get(name, ()):
        org.add_field(name, Field(name=compound, type="address"))


def _field(column: str) -> Field:
    return Field(name=column, type=guess_type(column))


def _value(schema: ObjectSchema, item: str, found: list[str]) -> str:
    """Write how a column is taken from the CSV."""
    column = quote(item)
    if item not in found:
        if item == "IsDeleted":
            return "'false'"
        for other in ("LastModifiedDate", "CreatedDate"):
            if item == "SystemModstamp" and other in found:
                return quote(other)
        return "NULL::VARCHAR"
    if schema.fields[item].type == "boolean":
        # A Data Export writes 0 and 1, the APIs write words.
        return f"CASE {column} WHEN '1' THEN 'true' WHEN '0' THEN 'false' ELSE {column} END"
    if schema.fields[item].type in ("reference", "id"):
        return f"nullif(nullif({column}, '000000000000000AAA'), '')"
    return f"nullif({column}, '')"
