"""The golden table: one row per golden id, from the values that survived.

What belongs here: putting surviving values, flags and counts side by side. What does not:
which value survives.
"""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from hygiene.survivorship.fields import COLUMN_ORDER, GROUPS
from hygiene.survivorship.parts import Part, Positions
from hygiene.survivorship.winners import Survivors


def surviving_values(survivors: Survivors) -> pl.Series:
    """Return the surviving value per golden record; NULL where nothing survived.

    Args:
        survivors: What survived of one field.

    Returns:
        Texts.
    """
    return gather(survivors.values, survivors.value_at)


def gather(series: pl.Series, positions: Positions) -> pl.Series:
    """Take values by position.

    Args:
        series: The values.
        positions: Their positions; -1 stands for nothing.

    Returns:
        A series as long as the positions, NULL for nothing.
    """
    chosen = pl.Series(positions).to_frame("at")
    return series.gather(
        chosen.select(pl.when(pl.col("at") >= 0).then("at")).to_series()
    )


def golden_frame(  # noqa: PLR0917  what one row is made of
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    part: Part,
    survivors: dict[str, Survivors],
    values: dict[str, pl.Series],
    override: int,
) -> pl.DataFrame:
    """Build the rows of the golden table.

    Args:
        connection: Connection that reads texts as other types.
        entity: contact or account.
        part: The golden records.
        survivors: What survived, by field.
        values: The surviving values, by field.
        override: Number of the rule of values set by hand.

    Returns:
        One row per golden record, in order.
    """
    kinds = {
        field.name: field.kind for group in GROUPS[entity] for field in group.fields
    }
    members = part.members
    columns = [members["golden_id"].gather(part.starts).alias(f"golden_{entity}_id")]
    for name in COLUMN_ORDER[entity]:
        if name in kinds:
            column = _read_as(connection, values[name], kinds[name])
        else:
            column = _of_mailbox(
                name, members, survivors["email"], values["email"], override
            )
        columns.append(column.alias(name))
    return pl.DataFrame([*columns, *_counts(part)])


def _read_as(
    connection: duckdb.DuckDBPyConnection, texts: pl.Series, kind: str
) -> pl.Series:
    """Read texts as another type, each distinct text once."""
    if kind == "VARCHAR":
        return texts
    connection.register("texts", texts.unique().to_frame("text"))
    known = connection.sql(
        f"SELECT text, CAST(text AS {kind}) AS value FROM texts"
    ).pl()
    connection.unregister("texts")
    return (
        texts.to_frame("text")
        .join(known, on="text", how="left", maintain_order="left")
        .get_column("value")
    )


def _of_mailbox(
    name: str,
    members: pl.DataFrame,
    email: Survivors,
    addresses: pl.Series,
    override: int,
) -> pl.Series:
    """Follow the e-mail address that won: a record that lost may be a role mailbox."""
    is_by_hand = (email.value_at >= 0) & (email.rule == override)
    source_at = np.where((email.value_at >= 0) & ~is_by_hand, email.source_at, -1)
    found = gather(members[name], source_at)
    if name != "email_domain":
        return found.fill_null(value=False)
    by_hand = np.flatnonzero(is_by_hand)
    domains = addresses.gather(by_hand).str.split("@").list.get(1, null_on_oob=True)
    return found.scatter(by_hand, domains.fill_null("").str.to_lowercase())


def _counts(part: Part) -> list[pl.Series]:
    """Count and summarise the source records of each golden record."""
    members, starts = part.members, part.starts
    sizes = np.diff(starts, append=len(part.owner))
    names = members["source_name"]
    named = names.is_not_null().to_numpy()
    codes = names.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    pairs = part.owner[named] * (codes.max(initial=0) + 1) + codes[named]
    pairs = pl.Series(pairs).unique().to_numpy()  # np.unique takes ten times as long
    systems = np.bincount(
        pairs // (codes.max(initial=0) + 1), minlength=part.size
    ).astype(np.int64)
    created = members["created_at"]
    touched = members.select(pl.coalesce("modified_at", "created_at")).to_series()
    return [
        _all(members["is_deleted"], starts).alias("is_deleted"),
        _all(members["is_test_record"], starts).alias("is_test_record"),
        pl.Series("source_record_count", sizes),
        pl.Series("source_system_count", systems),
        _extreme(created, starts, np.fmin).alias("first_created_at"),
        _extreme(touched, starts, np.fmax).alias("last_modified_at"),
    ]


def _all(flags: pl.Series, starts: Positions) -> pl.Series:
    mine = flags.to_numpy()
    return pl.Series(np.logical_and.reduceat(mine, starts) if len(starts) else mine)


def _extreme(times: pl.Series, starts: Positions, extreme: np.ufunc) -> pl.Series:
    """Return the first or last known time per golden record."""
    mine = times.cast(pl.Datetime("us")).to_numpy()
    return pl.Series(
        extreme.reduceat(mine, starts) if len(starts) else mine,
        dtype=pl.Datetime("us"),
    )
