"""Standardise one chunk, carrying over what did not change since the last output."""

from __future__ import annotations

import logging
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
        self._carrier = _Carrier(
            previous, self._standardiser, standardiser_version(settings)
        )

    def __call__(self, offset: int) -> tuple[pl.DataFrame, int]:
        """Return a chunk's canonical columns in its order, and how many were carried.

        Args:
            offset: First row of the chunk.

        Returns:
            The output columns and the number of rows carried over.
        """
        chunk = self._scan.slice(offset, self._rows).collect()
        return _standardise_chunk(chunk, self._standardiser, self._carrier)


class _Carrier:
    """Hands out the earlier results of records whose inputs are still the same."""

    def __init__(
        self, previous: Path | None, standardiser: Standardiser, version: str
    ) -> None:
        self._columns = [*standardiser.inputs, *standardiser.outputs]
        self._standardiser = standardiser
        self._version = version
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
        if all(name in schema for name in (KEY, *self._columns)) and all(
            schema[name] == dtype for name, dtype in outputs.items()
        ):
            self._scan = scan

    def find(self, chunk: pl.DataFrame) -> pl.DataFrame | None:
        """Return `_index` and the output columns of the chunk's unchanged rows."""
        if self._scan is None or chunk.is_empty():
            return None
        inputs, outputs = self._standardiser.inputs, list(self._standardiser.outputs)
        low, high = chunk[KEY][0], chunk[KEY][-1]
        earlier = (
            self._scan.filter(
                pl.col(KEY).is_between(pl.lit(low), pl.lit(high))
                & (pl.col("standardiser_version") == self._version)
            )
            .select(
                KEY, *(pl.col(name).alias(f"_was_{name}") for name in inputs), *outputs
            )
            .collect()
        )
        if earlier.is_empty():
            return None
        # Inputs are compared themselves: a joined column (the account's name, say) can
        # change while the record's own _row_hash stays.
        return (
            chunk.select("_index", KEY, *inputs)
            .join(earlier, on=KEY, how="inner")
            .filter(
                pl.all_horizontal(
                    pl.col(name)
                    .cast(pl.String())
                    .eq_missing(pl.col(f"_was_{name}").cast(pl.String()))
                    for name in inputs
                )
            )
            .select("_index", *outputs)
        )


def _standardise_chunk(
    chunk: pl.DataFrame, standardiser: Standardiser, carrier: _Carrier
) -> tuple[pl.DataFrame, int]:
    """Return the output columns in the chunk's order, and how many rows were carried."""
    outputs = list(standardiser.outputs)
    indexed = chunk.with_row_index("_index")
    carried = carrier.find(indexed)
    if carried is None or carried.is_empty():
        return standardiser(chunk), 0
    changed = indexed.join(carried, on="_index", how="anti", maintain_order="left")
    computed = changed.select("_index").hstack(standardiser(changed))
    both = pl.concat([carried, computed.select(carried.columns)]).sort("_index")
    return both.select(outputs), carried.height
