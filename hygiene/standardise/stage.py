"""Standardise a whole table: read, carry over, compute, set aside, write.

Memory stays bounded: the table passes in chunks in the order of `source_record_key`.
Records whose inputs and standardiser did not change are carried over from the last
output; the result is the same as computing them again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import polars as pl

from hygiene.errors import ConservationError, InputError
from hygiene.parquet_exchange import (
    open_connection,
    quote_literal,
    register_parquet,
)
from hygiene.standardise.accounts import AccountStandardiser
from hygiene.standardise.atomic import open_appender
from hygiene.standardise.contacts import ContactStandardiser
from hygiene.standardise.quarantine import (
    QUARANTINE_SCHEMA,
    build_quarantine,
    read_first_seen,
)
from hygiene.standardise.settings import StandardiseSettings
from hygiene.standardise.version import standardiser_version

_LOGGER = logging.getLogger(__name__)
_KEY: Final = "source_record_key"
_IDENTITY_COLUMNS: Final = (
    _KEY, "source_name", "source_type", "source_object", "_row_hash", "_extracted_at",
    "_source_file", "_source_line",
)  # fmt: skip
_SORT_MEMORY: Final = "1GB"


class _Standardiser(Protocol):
    inputs: tuple[str, ...]
    outputs: dict[str, pl.DataType]
    reason_code: str
    rule_id: str
    reason_detail: str

    def has_identity(self) -> pl.Expr: ...

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame: ...


@dataclass(frozen=True, slots=True)
class StandardiseReport:
    """What became of the records of one table."""

    entity: str
    rows_in: int
    standardised: int
    quarantined: int
    carried_over: int
    computed: int
    test_records: int
    statuses: Mapping[str, Mapping[str, int]]


def standardise_contacts(
    unioned: Path,
    out: Path,
    quarantine_out: Path,
    *,
    settings: StandardiseSettings,
    previous: Path | None,
) -> StandardiseReport:
    """Write `standardised_contacts` and the contacts that had to be set aside.

    Args:
        unioned: Parquet of `int_contacts_unioned`.
        out: The file to replace; sorted by source_record_key.
        quarantine_out: The file to replace; its old first sightings are kept.
        settings: The user's settings.
        previous: The last output, to carry unchanged records over; may be `out`.

    Returns:
        Counts.

    Raises:
        InputError: The input is missing, unreadable, lacks columns or repeats keys.
        ConservationError: Records got lost, which would be a defect.
    """
    return _standardise_table(
        "contact", ContactStandardiser(settings), unioned, out, quarantine_out,
        settings=settings, previous=previous,
    )  # fmt: skip


def standardise_accounts(
    unioned: Path,
    out: Path,
    quarantine_out: Path,
    *,
    settings: StandardiseSettings,
    previous: Path | None,
) -> StandardiseReport:
    """Write `standardised_accounts` and the accounts that had to be set aside.

    Args:
        unioned: Parquet of `int_accounts_unioned`.
        out: The file to replace; sorted by source_record_key.
        quarantine_out: The file to replace; its old first sightings are kept.
        settings: The user's settings.
        previous: The last output, to carry unchanged records over; may be `out`.

    Returns:
        Counts.

    Raises:
        InputError: The input is missing, unreadable, lacks columns or repeats keys.
        ConservationError: Records got lost, which would be a defect.
    """
    return _standardise_table(
        "account", AccountStandardiser(settings), unioned, out, quarantine_out,
        settings=settings, previous=previous,
    )  # fmt: skip


@contextmanager
def _open_in_key_order(unioned: Path) -> Iterator[Path]:
    """Yield the input itself when it is in key order, else a sorted copy of it."""
    keys = pl.read_parquet(unioned, columns=[_KEY])[_KEY]
    if keys.null_count() or keys.n_unique() != keys.len():
        raise InputError(
            f"standardising: {unioned.name} has {keys.null_count()} rows without "
            f"{_KEY} and {keys.len() - keys.n_unique()} repeated ones; expected one row "
            "per key; build the union again"
        )
    if keys.is_sorted():
        yield unioned
        return
    unioned.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".standardise-", dir=unioned.parent) as folder:
        path = Path(folder) / "sorted.parquet"
        with open_connection(Path(folder)) as connection:
            connection.execute(f"SET memory_limit = '{_SORT_MEMORY}'")
            register_parquet(connection, "unioned", unioned, task="standardising")
            connection.execute(
                f"COPY (SELECT * FROM unioned ORDER BY {_KEY}) "
                f"TO {quote_literal(str(path))} (FORMAT parquet, ROW_GROUP_SIZE 50000)"
            )
        yield path


def _check_columns(unioned: Path, standardiser: _Standardiser) -> list[str]:
    if not unioned.is_file():
        raise InputError(
            f"standardising: {unioned.name} does not exist in its folder; expected the "
            "Parquet table of the union; build staging and union first"
        )
    try:
        columns = pl.scan_parquet(unioned).collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"standardising: {unioned.name} could not be read as Parquet "
            f"({type(error).__name__}); build the union again"
        ) from error
    needed = dict.fromkeys((*_IDENTITY_COLUMNS, *standardiser.inputs))
    missing = [name for name in needed if name not in columns]
    clashing = [name for name in columns if name in standardiser.outputs]
    if missing or clashing:
        raise InputError(
            f"standardising: {unioned.name} lacks the column(s) "
            f"{', '.join(missing) or 'none'} and already has {', '.join(clashing) or 'none'} "
            "of the result's; expected the raw columns of the union; build it again"
        )
    return columns


class _Carrier:
    """Hands out the earlier results of records whose inputs are still the same."""

    def __init__(
        self, previous: Path | None, standardiser: _Standardiser, version: str
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
        if all(name in schema for name in (_KEY, *self._columns)) and all(
            schema[name] == dtype for name, dtype in outputs.items()
        ):
            self._scan = scan

    def find(self, chunk: pl.DataFrame) -> pl.DataFrame | None:
        """Return `_index` and the output columns of the chunk's unchanged rows."""
        if self._scan is None or chunk.is_empty():
            return None
        inputs, outputs = self._standardiser.inputs, list(self._standardiser.outputs)
        low, high = chunk[_KEY][0], chunk[_KEY][-1]
        earlier = (
            self._scan.filter(
                pl.col(_KEY).is_between(pl.lit(low), pl.lit(high))
                & (pl.col("standardiser_version") == self._version)
            )
            .select(
                _KEY, *(pl.col(name).alias(f"_was_{name}") for name in inputs), *outputs
            )
            .collect()
        )
        if earlier.is_empty():
            return None
        # Inputs are compared themselves: a joined column (the account's name, say) can
        # change while the record's own _row_hash stays.
        return (
            chunk.select("_index", _KEY, *inputs)
            .join(earlier, on=_KEY, how="inner")
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
    chunk: pl.DataFrame, standardiser: _Standardiser, carrier: _Carrier
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


def _standardise_table(
    entity: str,
    standardiser: _Standardiser,
    unioned: Path,
    out: Path,
    quarantine_out: Path,
    *,
    settings: StandardiseSettings,
    previous: Path | None,
) -> StandardiseReport:
    columns = _check_columns(unioned, standardiser)
    carrier = _Carrier(previous, standardiser, standardiser_version(settings))
    first_seen = read_first_seen(quarantine_out)
    rows_in = standardised = quarantined = carried_over = tests = 0
    statuses: dict[str, dict[str, int]] = {}
    with (
        _open_in_key_order(unioned) as ordered,
        open_appender(quarantine_out) as aside,
        open_appender(out) as kept,
        # Reading and writing release the interpreter: they run beside the computing.
        ThreadPoolExecutor(1) as reader,
    ):
        aside.append(pl.DataFrame(schema=QUARANTINE_SCHEMA))
        scan = pl.scan_parquet(ordered)
        total = scan.select(pl.len()).collect().item()

        def read_chunk(offset: int) -> pl.DataFrame:
            return scan.slice(offset, settings.chunk_rows).collect()

        following = reader.submit(read_chunk, 0)
        for offset in range(0, max(total, 1), settings.chunk_rows):
            chunk = following.result()
            following = reader.submit(read_chunk, offset + settings.chunk_rows)
            result, carried = _standardise_chunk(chunk, standardiser, carrier)
            whole = chunk.hstack(result)
            usable = whole.filter(standardiser.has_identity())
            kept.append(usable)
            hopeless = whole.filter(~standardiser.has_identity()).select(columns)
            if hopeless.height:
                aside.append(
                    build_quarantine(
                        hopeless,
                        reason_code=standardiser.reason_code,
                        rule_id=standardiser.rule_id,
                        reason_detail=standardiser.reason_detail,
                        first_seen=first_seen,
                    )
                )
            rows_in += chunk.height
            standardised += usable.height
            quarantined += hopeless.height
            carried_over += carried
            tests += int(usable["is_test_record"].sum())
            _count_statuses(statuses, usable)
        if not rows_in == total == standardised + quarantined:
            raise ConservationError(
                f"standardising {entity}s: {total} rows went in, {standardised} were "
                f"standardised and {quarantined} set aside; expected the same number; "
                "this is a defect of tidycrm, please report it with these counts"
            )
    _LOGGER.info(
        "standardised entity=%s rows_in=%d standardised=%d quarantined=%d carried_over=%d",
        entity, rows_in, standardised, quarantined, carried_over,
    )  # fmt: skip
    return StandardiseReport(
        entity=entity,
        rows_in=rows_in,
        standardised=standardised,
        quarantined=quarantined,
        carried_over=carried_over,
        computed=rows_in - carried_over,
        test_records=tests,
        statuses=statuses,
    )


def _count_statuses(statuses: dict[str, dict[str, int]], frame: pl.DataFrame) -> None:
    for name in frame.columns:
        if (
            name.endswith("_status")
            and frame.schema[name] == pl.String()
            and (name != "lead_status")
        ):
            counts = statuses.setdefault(name, {})
            for value, count in frame[name].value_counts().iter_rows():
                counts[value] = counts.get(value, 0) + count
