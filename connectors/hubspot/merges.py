"""Records that HubSpot merged: which surviving record each lost one ended in.

Belongs here: reading the merge columns and resolving chains. A merge gives the pair a
new record and keeps the old ids in `hs_merged_object_ids` of the survivor; an export may
still hold the old rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from connectors.hubspot.reference import RECORD_ID
from connectors.landing import DeleteKind

MERGED_IDS = "hs_merged_object_ids"
# Contacts only: `vid:epoch_ms;vid:epoch_ms`.
MERGED_VIDS = "hs_calculated_merged_vids"
# Accepted: "76340251" in "76340251;46897301" and in "101:1610000000000". Rejected: the
# epoch after the colon.
_IDS = r"(?:^|[;,\s])\s*(\d+)(?:\.0+)?(?::\d+)?"


@dataclass(frozen=True, slots=True)
class Merges:
    """Final survivor per lost id; `undecided` counts ids with a circle or no single one."""

    winner_of: Mapping[str, str]
    undecided: int = 0


def find_merges(frame: pl.LazyFrame) -> Merges:
    """Collect the merges that the rows of an object tell about."""
    return resolve_merges(merge_pairs(frame))


def merge_pairs(frame: pl.LazyFrame) -> set[tuple[str, str]]:
    """Give (lost id, survivor) as the rows of an object tell them."""
    names = frame.collect_schema().names()
    pairs: set[tuple[str, str]] = set()
    for column in (MERGED_IDS, MERGED_VIDS):
        if column not in names:
            continue
        rows = (
            frame.select(RECORD_ID, pl.col(column).str.extract_all(_IDS).alias("lost"))
            .filter(pl.col("lost").list.len() > 0)
            .explode("lost")
            .with_columns(pl.col("lost").str.extract(_IDS))
            .filter(pl.col("lost") != pl.col(RECORD_ID))
            .collect()
        )
        pairs |= set(
            zip(rows["lost"].to_list(), rows[RECORD_ID].to_list(), strict=True)
        )
    return pairs


def resolve_merges(pairs: set[tuple[str, str]]) -> Merges:
    """Follow chains of (lost id, survivor) pairs to the final survivor.

    One row per merge: a loop over a small part of the records.

    Example:
        >>> dict(resolve_merges({("1", "2"), ("2", "3")}).winner_of)
        {'1': '3', '2': '3'}
    """
    survivors: dict[str, set[str]] = {}
    for lost, survivor in pairs:
        survivors.setdefault(lost, set()).add(survivor)
    winner_of, undecided = {}, 0
    for lost in sorted(survivors, key=_id_order):
        finals = _final_survivors(lost, survivors)
        if len(finals) == 1:
            winner_of[lost] = finals.pop()
        else:
            undecided += 1
    return Merges(winner_of=winner_of, undecided=undecided)


def mark_merged(frame: pl.LazyFrame, merges: Merges) -> pl.LazyFrame:
    """Flag rows of merged-away records that are still in the export."""
    if not merges.winner_of:
        return frame
    winner = pl.col("_source_record_id").replace_strict(
        list(merges.winner_of),
        list(merges.winner_of.values()),
        default=None,
        return_dtype=pl.String,
    )
    return frame.with_columns(
        (pl.col("_is_deleted") | winner.is_not_null()).alias("_is_deleted"),
        pl.when(winner.is_not_null())
        .then(pl.lit(DeleteKind.MERGED.value))
        .otherwise(pl.col("_delete_kind"))
        .alias("_delete_kind"),
        winner.alias("_merged_into"),
    )


def _final_survivors(lost: str, survivors: Mapping[str, set[str]]) -> set[str]:
    """Walk to every id that was not itself lost; a circle has none."""
    finals: set[str] = set()
    seen = {lost}
    todo = [lost]
    while todo:
        for survivor in survivors.get(todo.pop(), ()):
            if survivor in seen:
                continue
            seen.add(survivor)
            if survivor in survivors:
                todo.append(survivor)
            else:
                finals.add(survivor)
    return finals


def _id_order(record_id: str) -> tuple[int, str]:
    return len(record_id), record_id
