"""Standardise one chunk, carrying over what did not change since the last output.

Whoever computes a chunk says which rows are unchanged and hands out the others' results
only. Whoever writes it fetches the earlier results of the unchanged ones: they are two
thirds of a table's columns, and would otherwise be held by several processes at once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import polars as pl

from hygiene.standardise.accounts import AccountStandardiser
from hygiene.standardise.contacts import ContactStandardiser
from hygiene.standardise.custom_fields import Standardiser, WithCustomFields
from hygiene.standardise.settings import StandardiseSettings
from hygiene.standardise.version import standardiser_version

_LOGGER = logging.getLogger(__name__)
KEY: Final = "source_record_key"
Entity = Literal["contact", "account"]


def make_standardiser(entity: Entity, settings: StandardiseSettings) -> Standardiser:
    """Return a fresh standardiser of contacts or accounts.

    Args:
        entity: Which table.
        settings: The user's settings.

    Returns:
        The standardiser; it remembers values, so one serves one run.
    """
    core: Standardiser = (
        ContactStandardiser(settings)
        if entity == "contact"
        else AccountStandardiser(settings)
    )
    own = tuple(field for field in settings.fields if field.entity == entity)
    return WithCustomFields(core, own, settings) if own else core


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What computing one chunk gave.

    `computed` has `_index` (row of the chunk) and the output columns of the rows that had
    to be computed; `unchanged` has `_index` and the key of those whose earlier results
    still hold. Together they are the chunk.
    """

    computed: pl.DataFrame
    unchanged: pl.DataFrame


class EarlierResults:
    """The last output: which of its results still hold, and those results."""

    def __init__(
        self,
        previous: Path | None,
        standardiser: Standardiser,
        settings: StandardiseSettings,
    ) -> None:
        self._inputs = standardiser.inputs
        self._outputs = list(standardiser.outputs)
        self._version = standardiser_version(settings)
        self._scan: pl.LazyFrame | None = None
        if previous is None or not previous.is_file():
            return
        try:
            scan = pl.scan_parquet(previous)
            schema = scan.collect_schema()
        except (pl.exceptions.PolarsError, OSError):
            _LOGGER.warning("carry_over=none reason=unreadable file=%s", previous.name)
            return
        outputs = standardiser.outputs
        if all(name in schema for name in (KEY, *self._inputs, *self._outputs)) and all(
            schema[name] == dtype for name, dtype in outputs.items()
        ):
            self._scan = scan

    def find_unchanged(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a chunk whose earlier results still hold.

        Args:
            chunk: Consecutive rows in key order.

        Returns:
            `_index` and the key, in the chunk's order.
        """
        nothing = chunk.clear().with_row_index("_index").select("_index", KEY)
        if self._scan is None or chunk.is_empty():
            return nothing
        earlier = (
            self._in_range_of(chunk[KEY])
            .filter(pl.col("standardiser_version") == self._version)
            .select(KEY, *(pl.col(name).alias(f"_was_{name}") for name in self._inputs))
        )
        # Inputs are compared themselves: a joined column (the account's name, say) can
        # change while the record's own _row_hash stays. Lazily, so that the pairs are
        # never in memory as a whole.
        return (
            chunk.lazy()
            .with_row_index("_index")
            .select("_index", KEY, *self._inputs)
            .join(earlier, on=KEY, how="inner")
            .filter(
                pl.all_horizontal(
                    pl.col(name)
                    .cast(pl.String())
                    .eq_missing(pl.col(f"_was_{name}").cast(pl.String()))
                    for name in self._inputs
                )
            )
            .select("_index", KEY)
            .collect()
            .sort("_index")
        )

    def complete(self, result: ChunkResult) -> pl.DataFrame:
        """Return the output columns of a whole chunk, in its order.

        Args:
            result: The computed rows, and which others are unchanged.

        Returns:
            One row per row of the chunk.
        """
        if self._scan is None or result.unchanged.is_empty():
            return result.computed.select(self._outputs)
        carried = (
            result.unchanged.lazy()
            .join(
                self._in_range_of(result.unchanged[KEY]).select(KEY, *self._outputs),
                on=KEY,
                how="inner",
            )
            .select("_index", *self._outputs)
        )
        return (
            pl.concat(
                [carried, result.computed.lazy().select("_index", *self._outputs)]
            )
            .sort("_index")
            .select(self._outputs)
            .collect()
        )

    def _in_range_of(self, keys: pl.Series) -> pl.LazyFrame:
        """Scan the earlier rows between the first and the last of sorted keys."""
        if self._scan is None:
            raise RuntimeError("looking for earlier results: there are none")
        return self._scan.filter(
            pl.col(KEY).is_between(pl.lit(keys[0]), pl.lit(keys[-1]))
        )


class ChunkStandardiser:
    """Standardises the chunks of one ordered table, one after the other or scattered."""

    def __init__(
        self,
        entity: Entity,
        ordered: Path,
        *,
        settings: StandardiseSettings,
        previous: Path | None,
    ) -> None:
        self._standardiser = make_standardiser(entity, settings)
        self._rows = settings.chunk_rows
        self._scan = pl.scan_parquet(ordered)
        self._earlier = EarlierResults(previous, self._standardiser, settings)

    def __call__(self, offset: int) -> ChunkResult:
        """Compute what changed of one chunk.

        Args:
            offset: First row of the chunk.

        Returns:
            The results of changed rows, and which rows are unchanged.
        """
        chunk = self._scan.slice(offset, self._rows).collect()
        unchanged = self._earlier.find_unchanged(chunk)
        indexed = chunk.with_row_index("_index")
        if not unchanged.is_empty():
            indexed = indexed.join(
                unchanged.select("_index"),
                on="_index",
                how="anti",
                maintain_order="left",
            )
        computed = indexed.select("_index").hstack(
            self._standardiser(indexed.drop("_index"))
        )
        return ChunkResult(computed, unchanged)
