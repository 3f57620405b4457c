"""The masked file: the same tables, with personal columns hashed or emptied.

Which columns are personal is declared where they are made (`meta: {pii: <class>}` on a
dbt column); what happens to a class is configured. A hash is keyed with a secret salt,
so that equal values stay equal (and join) and nobody can try out guesses without it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

import duckdb

from orchestration.publishing.sql import literal, quote
from orchestration.publishing.views import read_views, write_view

HASH_LENGTH = 32
"""Hexadecimal digits of a hash: 128 bits, so that no two values meet by chance."""

# Accepted: source_record_key, runner_up_source_record_key, merged_into_key,
# source_record_id, parent_id. Rejected: golden_contact_id, rule_id.
_RECORD_KEY = re.compile(
    r"(^|_)(source_record_(key|id)|merged_into_key|raw_id)(_[lr])?$"
)

# Accepted: golden_contact_id, golden_id, related_golden_id, customer_id, old_id.
_GOLDEN_ID = re.compile(r"(^|_)golden_((contact|account)_)?id$|^(customer|old|new)_id$")


class MaskAction(StrEnum):
    """What happens to a class of personal columns."""

    HASH = "hash"
    REMOVE = "remove"
    KEEP = "keep"


DEFAULT_ACTIONS: Mapping[str, MaskAction] = {
    "name": MaskAction.HASH,
    "email": MaskAction.HASH,
    "phone": MaskAction.HASH,
    "address": MaskAction.HASH,
    "employee_name": MaskAction.HASH,
    "record_key": MaskAction.HASH,
    "golden_id": MaskAction.KEEP,
    "birth_date": MaskAction.REMOVE,
    "free_text": MaskAction.REMOVE,
    "any": MaskAction.REMOVE,
}
"""What happens to a class that the configuration does not name.

`record_key` are ids of source records: those of spreadsheets are made from an address of
a person. `any` are columns whose values may be of every class, such as raw rows.
`golden_id` is made from the first record key without a secret: whoever knows somebody's
address and the configuration can compute it, so hash it for readers who must not.
"""


@dataclass(frozen=True, slots=True)
class Masking:
    """How the masked file is made.

    Attributes:
        salt: Secret; at least 16 characters.
        classes: Class of every personal column, by table and column.
        actions: What happens to a class; `DEFAULT_ACTIONS` for the rest, and an unknown
            class is removed.
    """

    salt: str
    classes: Mapping[str, Mapping[str, str]]
    actions: Mapping[str, MaskAction] = field(default_factory=dict)

    def action(self, table: str, column: str) -> MaskAction:
        """What happens to one column."""
        found = self.classes.get(table, {}).get(column)
        if found is None:
            if _RECORD_KEY.search(column):
                found = "record_key"
            elif _GOLDEN_ID.search(column):
                found = "golden_id"
            else:
                return MaskAction.KEEP
        return self.actions.get(found, DEFAULT_ACTIONS.get(found, MaskAction.REMOVE))


def write_masked(origin: Path, target: Path, masking: Masking, *, storage: str) -> None:
    """Write the masked copy of a finished published file.

    Args:
        origin: The full file, opened read-only.
        target: The new file.
        masking: What to do with which column.
        storage: DuckDB storage version of the new file.
    """
    keys = [
        hmac.new(masking.salt.encode(), part, hashlib.sha256).hexdigest()
        for part in (b"inner", b"outer")
    ]
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(str(origin))} as full_file (read_only)")
        connection.execute(
            f"attach {literal(str(target))} as masked (storage_version {literal(storage)})"
        )
        tables = connection.execute(
            "select table_name, comment from duckdb_tables() "
            "where database_name = 'full_file' order by table_name"
        ).fetchall()
        for table, comment in tables:
            _copy(connection, table, comment, masking, keys)
        # Over masked tables: a view can show nothing that they do not hold.
        for view in read_views(connection, "full_file"):
            write_view(
                connection, "masked", view, note=partial(_note, masking, view.name)
            )
        connection.execute("checkpoint masked")
        connection.execute("detach masked")
        connection.execute("detach full_file")
    finally:
        connection.close()


def _copy(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    comment: str | None,
    masking: Masking,
    keys: list[str],
) -> None:
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'full_file' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    actions = {name: masking.action(table, name) for name, _, _ in columns}
    shown = ", ".join(
        _expression(name, kind, actions[name]) for name, kind, _ in columns
    )
    target = f"masked.main.{quote(table)}"
    # The salt is bound: it appears in no statement, log or error.
    connection.execute(
        f"create table {target} as with keys as (select ? as k1, ? as k2) "
        f"select {shown} from full_file.main.{quote(table)}, keys",
        keys,
    )
    if comment:
        connection.execute(f"comment on table {target} is {literal(comment)}")
    for name, _, text in columns:
        note = _note(masking, table, name)
        if text or note:
            connection.execute(
                f"comment on column {target}.{quote(name)} is "
                f"{literal(f'{text or name}{note}')}"
            )


def _note(masking: Masking, table: str, column: str) -> str:
    action = masking.action(table, column)
    return "" if action is MaskAction.KEEP else f" (masked: {action.value})"


def _expression(name: str, kind: str, action: MaskAction) -> str:
    column = quote(name)
    if action is MaskAction.KEEP:
        return column
    if action is MaskAction.HASH and kind == "VARCHAR":
        # Keyed twice, inside and outside, as HMAC does.
        hashed = f"sha256(keys.k2 || sha256(keys.k1 || {column}))[1:{HASH_LENGTH}]"
        return f"{hashed} as {column}"
    # A hash has no place in a number, a date or a list: the type is part of the contract.
    return f"cast(null as {kind}) as {column}"
