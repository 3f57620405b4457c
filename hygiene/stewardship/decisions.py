"""From "merge these" and "take this apart" to rulings on pairs of records.

What belongs here: which rulings a wish needs, and which older ones it ends. What does
not: writing them down. Rulings name source records, never golden ids: ids may move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from hygiene.errors import InputError
from hygiene.stewardship.references import Subject
from hygiene.stewardship.rulings import Ruling, Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """The rulings that a wish needs.

    Attributes:
        entity: contact or account.
        rulings: To be written, in this order.
        withdrawn: How many of them take an older ruling back.
        was_one: Whether the records were one before.
        undo: Arguments of the command that takes it back.
    """

    entity: str
    rulings: tuple[Ruling, ...]
    withdrawn: int
    was_one: bool
    undo: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides, when and why, and what the records look like now.

    Attributes:
        author: Who.
        ruled_at: When, UTC.
        reason: Why.
        fingerprints: Current fingerprint by source record key.
    """

    author: str
    ruled_at: datetime
    reason: str
    fingerprints: Mapping[str, str]

    def rule(self, one: str, other: str, verdict: Verdict) -> Ruling:
        """Make a ruling on two records as they are now."""
        return Ruling.on(
            one,
            other,
            verdict,
            author=self.author,
            ruled_at=self.ruled_at,
            reason=self.reason,
            fingerprints=(
                self.fingerprints.get(one, ""),
                self.fingerprints.get(other, ""),
            ),
        )


def decide_merge(
    one: Subject, other: Subject, book: pl.DataFrame, signature: Signature
) -> Decision:
    """Make two records, or two golden records, one.

    Every older ruling that keeps any of their records apart is taken back.

    Args:
        one: A record or golden record.
        other: The other one.
        book: Rulings with their status.
        signature: Who decides.

    Returns:
        The rulings.

    Raises:
        InputError: If they cannot be one.
    """
    _check(one, other, "Merging")
    pair = _closest(one, other)
    if pair is None:
        raise InputError(
            "Merging: both names mean the same records; two records or golden records "
            "are expected. `tidycrm why` shows what belongs to a golden id."
        )
    ended = [
        signature.rule(left, right, Verdict.WITHDRAWN)
        for left, right in _crossing(
            book, one.members, other.members, Verdict.CANNOT_LINK
        )
        if {left, right} != set(pair)
    ]
    ruling = signature.rule(*pair, Verdict.MUST_LINK)
    return Decision(
        one.entity,
        (*ended, ruling),
        len(ended),
        one.golden_id == other.golden_id,
        ("unmerge", *pair),
    )


def decide_unmerge(
    one: Subject, other: Subject | None, book: pl.DataFrame, signature: Signature
) -> Decision:
    """Take a record, or what was a golden record of its own, out of another.

    Args:
        one: What is taken out.
        other: From what; everything else of the golden record if not given.
        book: Rulings with their status.
        signature: Who decides.

    Returns:
        The rulings: kept apart from each record that stays behind, and its own records
        kept together.

    Raises:
        InputError: If nothing would be left to take it out of.
    """
    if other is not None:
        _check(one, other, "Taking apart")
    out = one.records
    rest = other.records if other is not None else one.members
    if other is not None and set(out) > set(rest):
        out, rest = rest, out  # the part is taken out of the whole, in either order
    rest = tuple(key for key in rest if key not in set(out))
    if not rest:
        raise InputError(
            f"Taking apart: {one.given[:3]}… is a whole golden record of "
            f"{len(one.members)} records; expected a record to take out of it, or two "
            f"parts. Its records: {', '.join(one.members)}."
        )
    kept = [signature.rule(out[0], key, Verdict.MUST_LINK) for key in out[1:]]
    ended = [
        signature.rule(left, right, Verdict.WITHDRAWN)
        for left, right in _crossing(book, out, rest, Verdict.MUST_LINK)
        if left not in {out[0]} and right not in {out[0]}
    ]
    apart = [signature.rule(out[0], key, Verdict.CANNOT_LINK) for key in rest]
    return Decision(
        one.entity,
        (*ended, *kept, *apart),
        len(ended),
        other is None or one.golden_id == other.golden_id,
        ("merge", out[0], rest[0]),
    )


def _check(one: Subject, other: Subject, task: str) -> None:
    if one.entity != other.entity:
        raise InputError(
            f"{task}: one name is a {one.entity} and the other a {other.entity}; two of "
            "a kind are expected. A person is linked to a company, not merged with it."
        )


def _closest(one: Subject, other: Subject) -> tuple[str, str] | None:
    """Pick the pair that stands for both: the first records that only one of them has."""
    mine = [key for key in one.records if key not in set(other.records)]
    theirs = [key for key in other.records if key not in set(one.records)]
    left = mine or list(one.records)
    right = theirs or list(other.records)
    return (
        next(((a, b) for a in left for b in right if a != b), None)
        if (mine or theirs)
        else None
    )


def _crossing(
    book: pl.DataFrame,
    one: Sequence[str],
    other: Sequence[str],
    verdict: Verdict,
) -> list[tuple[str, str]]:
    """Pairs with a ruling in force, or lapsed, that reach from one side to the other."""
    left, right = pl.col("source_record_key_l"), pl.col("source_record_key_r")
    found = book.filter(
        pl.col("ruling") == verdict.value,
        pl.col("status").is_in(["in_force", "lapsed", "waiting"]),
        (left.is_in(list(one)) & right.is_in(list(other)))
        | (left.is_in(list(other)) & right.is_in(list(one))),
    ).sort("source_record_key_l", "source_record_key_r")
    return [
        (str(a), str(b))
        for a, b in found.select("source_record_key_l", "source_record_key_r").rows()
    ]
