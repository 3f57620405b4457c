"""What the fields of a Salesforce record mean, wherever the record came from.

Belongs here: ids in their long spelling, empty references, deletions and merges, as
Polars expressions. Files and API answers share them.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from connectors.landing import DeleteKind
from connectors.salesforce.ids import id_18_expression
from connectors.salesforce.reference import reference_columns

# Data Export writes an empty reference as an id of zeros, with or without check letters.
_NULL_IDS = ("000000000000000AAA", "000000000000000")
_TRUE = ("true", "1")


def data_columns(names: Sequence[str], *, has_short_ids: bool) -> list[pl.Expr]:
    """Give every field as received, with ids in their long spelling."""
    references = reference_columns()
    columns = []
    for name in names:
        column = pl.col(name)
        if name == "id":
            column = column.str.strip_chars()
        if name.endswith(("id", "__c")):
            column = pl.when(~column.is_in(_NULL_IDS)).then(column)
        if has_short_ids and name in references:
            column = pl.coalesce(id_18_expression(column), column)
        columns.append(column.alias(name))
    return columns


def identity_columns(
    names: Sequence[str], *, has_short_ids: bool, are_masters_long: bool = False
) -> list[pl.Expr]:
    """Give the record id, and whether and why the record counts as deleted.

    Args:
        names: Columns of the table.
        has_short_ids: Whether its ids may have 15 characters.
        are_masters_long: All references have 18, as the APIs give them. The check
            letters cannot be computed in a stream: asking for them holds all rows.
    """
    ids = pl.col("id").str.strip_chars()
    flag, master = pl.lit(False), pl.lit(None, dtype=pl.String)
    if "isdeleted" in names:
        text = pl.col("isdeleted").str.strip_chars().str.to_lowercase()
        flag = text.is_in(_TRUE).fill_null(False)
    if "masterrecordid" in names:
        text = pl.col("masterrecordid").str.strip_chars()
        full = text if are_masters_long else id_18_expression(text)
        master = pl.when(~text.is_in(_NULL_IDS) & (text != "")).then(full)
    return [
        (id_18_expression(ids) if has_short_ids else ids).alias("_source_record_id"),
        (flag | master.is_not_null()).alias("_is_deleted"),
        pl.when(master.is_not_null())
        .then(pl.lit(DeleteKind.MERGED.value))
        .when(flag)
        .then(pl.lit(DeleteKind.SOFT.value))
        .alias("_delete_kind"),
        master.alias("_merged_into"),
    ]
