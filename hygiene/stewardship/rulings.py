"""Rulings of stewards: two source records are the same, or are not, and until when.

What belongs here: the book of rulings of one entity and which of them are in force. What
does not: asking for rulings (`queue.py`, `answers.py`) or obeying them
(`hygiene.matching.evidence`).

The book is a CSV that only grows: the newest ruling on a pair counts, older ones stay
readable. A ruling is about the data that the steward saw. When an identifying value of
either record changes afterwards, it lapses, visibly: the pair returns to the review
queue. Until somebody looks again, the cautious side holds: a lapsed "same" no longer
joins the records, a lapsed "different" still keeps them apart, because a wrong merge
costs more than a missed one.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import polars as pl

from hygiene.errors import InputError
from hygiene.parquet_exchange import open_connection, quote_literal, write_parquet
from hygiene.stewardship.cells import guarded, unguarded
from hygiene.stewardship.fingerprints import load_fingerprints

COLUMNS = (
    "source_record_key_l",
    "source_record_key_r",
    "ruling",
    "author",
    "ruled_at",
    "reason",
    "fingerprint_l",
    "fingerprint_r",
)
_REQUIRED = COLUMNS[:3]


class Answer(StrEnum):
    """What a steward answers about a pair."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


class Verdict(StrEnum):
    """What the book records."""

    MUST_LINK = "must_link"
    CANNOT_LINK = "cannot_link"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


VERDICTS = {
    Answer.SAME: Verdict.MUST_LINK,
    Answer.DIFFERENT: Verdict.CANNOT_LINK,
    Answer.UNSURE: Verdict.UNSURE,
}


class Status(StrEnum):
    """What has become of a ruling."""

    IN_FORCE = "in_force"
    LAPSED = "lapsed"
    WAITING = "waiting"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision about one pair.

    Attributes:
        key_l: Source record key, the smaller one.
        key_r: The other one.
        verdict: What was decided.
        author: Who decided.
        ruled_at: When, UTC.
        reason: Why, in the author's words.
        fingerprint_l: Fingerprint of the first record as the author saw it; empty if
            unknown: then the ruling never lapses.
        fingerprint_r: The same of the other record.
    """

    key_l: str
    key_r: str
    verdict: Verdict
    author: str
    ruled_at: datetime
    reason: str = ""
    fingerprint_l: str = ""
    fingerprint_r: str = ""

    @staticmethod
    def on(
        one: str,
        other: str,
        verdict: Verdict,
        *,
        author: str,
        ruled_at: datetime,
        reason: str = "",
        fingerprints: tuple[str, str] = ("", ""),
    ) -> Ruling:
        """Make a ruling whose keys may come in any order."""
        if one > other:
            one, other = other, one
            fingerprints = (fingerprints[1], fingerprints[0])
        return Ruling(
            one,
            other,
            verdict,
            author,
            ruled_at,
            " ".join(reason.split()),
            *fingerprints,
        )


@dataclass(frozen=True, slots=True)
class RulingsReport:
    """How many pairs have a newest ruling of each status.

    Attributes:
        entity: contact or account.
        in_force: Rulings that matching obeys in full.
        lapsed: Rulings on data that has changed since.
        lapsed_must_links: Those of them that no longer join anything.
        waiting: Rulings about records that are not in this run.
        unsure: Pairs that a steward looked at without a result.
        withdrawn: Pairs whose ruling was taken back.
        superseded: Older rulings on the same pairs.
    """

    entity: str
    in_force: int
    lapsed: int
    lapsed_must_links: int
    waiting: int
    unsure: int
    withdrawn: int
    superseded: int


class RulingBook:
    """All rulings of one entity in one CSV file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> pl.DataFrame:
        """Read every ruling, oldest first.

        Returns:
            The columns of the book as text, `line` (of the file) and `place` (order of
            rulings); keys in order, text trimmed.

        Raises:
            InputError: If a line is no ruling; names every one of them.
        """
        rows = list(self._rows())
        frame = pl.DataFrame(
            rows, schema={"line": pl.Int64, **dict.fromkeys(COLUMNS, pl.String)}
        )
        swapped = pl.col("source_record_key_l") > pl.col("source_record_key_r")
        pairs = (
            ("source_record_key_l", "source_record_key_r"),
            ("fingerprint_l", "fingerprint_r"),
        )
        ordered = frame.with_columns(
            pl.when(swapped).then(pl.col(other)).otherwise(pl.col(one)).alias(one)
            for names in pairs
            for one, other in (names, names[::-1])
        ).sort("ruled_at", "line")
        return ordered.with_row_index("place").with_columns(pl.col("place").cast(int))

    def add(self, rulings: Sequence[Ruling]) -> None:
        """Write rulings behind the ones that are there; all of them or none.

        Args:
            rulings: The new rulings.
        """
        if not rulings:
            return
        kept: list[dict[str, object]] = [
            {name: str(row[name] or "") for name in COLUMNS}
            for row in self.read().sort("line").iter_rows(named=True)
        ]
        added: list[dict[str, object]] = [
            {
                "source_record_key_l": item.key_l,
                "source_record_key_r": item.key_r,
                "ruling": item.verdict.value,
                "author": item.author,
                "ruled_at": _stamp(item.ruled_at),
                "reason": item.reason,
                "fingerprint_l": item.fingerprint_l,
                "fingerprint_r": item.fingerprint_r,
            }
            for item in rulings
        ]
        _replace_csv(self.path, COLUMNS, [*kept, *added])

    def _rows(self) -> Iterable[dict[str, object]]:
        if not self.path.is_file():
            return
        problems: list[str] = []
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as handle:
                reader = csv.DictReader(handle)
                missing = [
                    name for name in _REQUIRED if name not in (reader.fieldnames or ())
                ]
                if missing:
                    raise InputError(
                        f"Reading rulings: {self.path.name} lacks the column(s) "
                        f"{', '.join(missing)}; expected {', '.join(COLUMNS)}; correct "
                        "its header line."
                    )
                for row in reader:
                    values = {name: unguarded(row.get(name)) for name in COLUMNS}
                    values["ruling"] = values["ruling"].lower()
                    problem = _problem(values)
                    if problem:
                        problems.append(f"line {reader.line_num}: {problem}")
                        continue
                    yield {"line": reader.line_num, **values}
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                f"Reading rulings: {self.path.name} is not readable as CSV in UTF-8 "
                f"({type(error).__name__}); expected a header line with "
                f"{', '.join(COLUMNS)}; save it as CSV UTF-8."
            ) from error
        if problems:
            raise InputError(
                f"Reading rulings: {self.path.name} has {len(problems)} lines that are "
                f"no ruling: {'; '.join(problems)}. Correct them; nothing was read."
            )


def _problem(values: dict[str, str]) -> str | None:
    one, other = values["source_record_key_l"], values["source_record_key_r"]
    if not one or not other:
        return "a source record key is missing; both are expected"
    if one == other:
        return "both keys are the same; two different records are expected"
    if values["ruling"] not in set(Verdict):
        return f"an unknown ruling; expected one of {', '.join(Verdict)}"
    return None


def put_rulings_in_force(
    rulings: Path,
    standardised: Path,
    out_rulings: Path,
    out_status: Path,
    *,
    entity: str,
) -> RulingsReport:
    """Find out which rulings hold for the data of this run and write them for matching.

    Args:
        rulings: The book; may be absent.
        standardised: Parquet of standardised records of this run.
        out_rulings: CSV to replace: the rulings that matching has to obey.
        out_status: Parquet to replace: one row per ruling ever made, with its status and
            its effect (must_link, cannot_link or none).
        entity: contact or account.

    Returns:
        Counts.

    Raises:
        InputError: If the book or the records are malformed.
    """
    book = RulingBook(rulings).read()
    with open_connection(out_status.parent) as connection:
        load_fingerprints(
            connection, standardised, entity, task=f"Reading {entity} rulings"
        )
        connection.register("book", book)
        connection.execute(_STATUS)
        write_parquet(
            connection,
            f"SELECT {quote_literal(entity)} AS entity_type, * FROM status "
            "ORDER BY place",
            out_status,
        )
        obeyed = connection.execute(
            "SELECT source_record_key_l, source_record_key_r, effect, author, ruled_at, "
            "reason FROM status WHERE effect <> 'none' ORDER BY place"
        ).fetchall()
        counts = {
            str(status): (int(count), int(links))
            for status, count, links in connection.execute(
                "SELECT status, count(*), count(*) FILTER (ruling = 'must_link') "
                "FROM status GROUP BY status"
            ).fetchall()
        }
    names = COLUMNS[:6]
    _replace_csv(
        out_rulings, names, [dict(zip(names, row, strict=True)) for row in obeyed]
    )
    found = {status: counts.get(status, (0, 0)) for status in Status}
    return RulingsReport(
        entity,
        in_force=found[Status.IN_FORCE][0],
        lapsed=found[Status.LAPSED][0],
        lapsed_must_links=found[Status.LAPSED][1],
        waiting=found[Status.WAITING][0],
        unsure=found[Status.UNSURE][0],
        withdrawn=found[Status.WITHDRAWN][0],
        superseded=found[Status.SUPERSEDED][0],
    )


_STATUS = """
CREATE TABLE status AS
WITH judged AS (
    SELECT
        book.*,
        l.fingerprint AS current_l,
        r.fingerprint AS current_r,
        CASE
            WHEN row_number() OVER (
                PARTITION BY book.source_record_key_l, book.source_record_key_r
                ORDER BY place DESC
            ) > 1 THEN 'superseded'
            WHEN ruling IN ('unsure', 'withdrawn') THEN ruling
            WHEN l.fingerprint IS NULL OR r.fingerprint IS NULL THEN 'waiting'
            WHEN (fingerprint_l <> '' AND fingerprint_l <> l.fingerprint)
                OR (fingerprint_r <> '' AND fingerprint_r <> r.fingerprint) THEN 'lapsed'
            ELSE 'in_force'
        END AS status
    FROM book
    LEFT JOIN fingerprints AS l ON book.source_record_key_l = l.source_record_key
    LEFT JOIN fingerprints AS r ON book.source_record_key_r = r.source_record_key
)
SELECT
    * EXCLUDE (current_l, current_r),
    CASE
        WHEN status IN ('in_force', 'waiting') THEN ruling
        WHEN status = 'lapsed' AND ruling = 'cannot_link' THEN ruling
        ELSE 'none'
    END AS effect
FROM judged
"""


def _stamp(instant: datetime) -> str:
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.isoformat(sep=" ", timespec="microseconds")


def _replace_csv(
    path: Path, names: Sequence[str], rows: Sequence[dict[str, object]]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, names, lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow({name: guarded(row[name]) for name in names})
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
