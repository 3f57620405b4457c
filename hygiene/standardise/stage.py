"""Standardise a whole table: read, carry over, compute, set aside, write.

Memory stays bounded: the table passes in chunks in the order of `source_record_key`.
Records whose inputs and standardiser did not change are carried over from the last
output; the result is the same as computing them again.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from hygiene.errors import ConservationError, InputError
from hygiene.parquet_exchange import (
    open_connection,
    quote_literal,
    register_parquet,
)
from hygiene.standardise.atomic import open_appender
from hygiene.standardise.chunks import (
    KEY,
    EarlierResults,
    Entity,
    make_standardiser,
)
from hygiene.standardise.custom_fields import Standardiser
from hygiene.standardise.quarantine import (
    QUARANTINE_SCHEMA,
    build_quarantine,
    read_first_seen,
)
from hygiene.standardise.settings import StandardiseSettings
from hygiene.standardise.workers import compute_chunks

_LOGGER = logging.getLogger(__name__)
_IDENTITY_COLUMNS: Final = (
    KEY, "source_name", "source_type", "source_object", "_row_hash", "_extracted_at",
    "_source_file", "_source_line",
)  # fmt: skip
_SORT_MEMORY: Final = "1GB"


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
        "contact", unioned, out, quarantine_out,
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
        "account", unioned, out, quarantine_out,
        settings=settings, previous=previous,
    )  # fmt: skip


@contextmanager
def _open_in_key_order(unioned: Path) -> Iterator[Path]:
    """Yield the input itself when it is in key order, else a sorted copy of it."""
    keys = pl.read_parquet(unioned, columns=[KEY])[KEY]
    if keys.null_count() or keys.n_unique() != keys.len():
        raise InputError(
            f"standardising: {unioned.name} has {keys.null_count()} rows without "
            f"{KEY} and {keys.len() - keys.n_unique()} repeated ones; expected one row "
            "per key; build the union again"
        )
    if keys.is_sorted():
        yield unioned
        return
    unioned.parent.mkdir(parents=True, exist_ok=True)
    # Named after its table: contacts and accounts may be sorted at the same time.
    prefix = f".sorted-{unioned.stem}-"
    for left_over in unioned.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with TemporaryDirectory(prefix=prefix, dir=unioned.parent) as folder:
        path = Path(folder) / "sorted.parquet"
        with open_connection(Path(folder)) as connection:
            connection.execute(f"SET memory_limit = '{_SORT_MEMORY}'")
            register_parquet(connection, "unioned", unioned, task="standardising")
            connection.execute(
                f"COPY (SELECT * FROM unioned ORDER BY {KEY}) "
                f"TO {quote_literal(str(path))} (FORMAT parquet, ROW_GROUP_SIZE 50000)"
            )
        yield path


def _check_columns(unioned: Path, standardiser: Standardiser) -> list[str]:
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


def _standardise_table(
    entity: Entity,
    unioned: Path,
    out: Path,
    quarantine_out: Path,
    *,
    settings: StandardiseSettings,
    previous: Path | None,
) -> StandardiseReport:
    standardiser = make_standardiser(entity, settings)
    columns = _check_columns(unioned, standardiser)
    first_seen = read_first_seen(quarantine_out)
    earlier = EarlierResults(previous, standardiser, settings)
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

        offsets = range(0, max(total, 1), settings.chunk_rows)
        results = compute_chunks(
            entity, ordered, offsets, settings=settings, previous=previous
        )
        following = reader.submit(read_chunk, 0)
        for offset, result in zip(offsets, results, strict=True):
            chunk = following.result()
            following = reader.submit(read_chunk, offset + settings.chunk_rows)
            whole = chunk.hstack(earlier.complete(result))
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
            carried_over += result.unchanged.height
            tests += int(usable["is_test_record"].sum())
            _count_statuses(statuses, usable.select(list(standardiser.outputs)))
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
        if name.endswith("_status"):
            counts = statuses.setdefault(name, {})
            for value, count in frame[name].value_counts().iter_rows():
                counts[value] = counts.get(value, 0) + count
