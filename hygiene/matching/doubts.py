"""Kinds of pairs that look like one person and may be two, judged by a witness.

What belongs here: deciding for this table whether a doubtful kind of pair may be merged
by its weight. What does not: the kinds themselves, which a specification lists.

A mother and her son agree on surname, address and landline, and no weight can tell them
from a woman whose first name was mistyped: both have one contradiction in a row of
agreements. What the contradiction means differs from table to table. In a file of
members it is a relative; in a register of historical persons it is a variant of the name.

The table itself knows. Among the pairs of the doubtful kind that everything else would
merge, a field that took no part in the judgement (birth date, own mailbox, identifier)
agrees often if they are matches, and hardly ever if they are relatives. From its rate of
agreement a, and the rates m among matches and u among others, the share of matches is
(a - u) / (m - u). Only if at least nine in ten are matches is the kind merged; without a
witness it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hygiene.matching.agreements import any_agreement_sql
from hygiene.matching.parameters import ModelParameters
from hygiene.matching.specification import Doubt, Specification

_LEAST_PAIRS = 25
_LEAST_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a witness says about one kind of doubtful pair.

    Attributes:
        doubt: Name of the kind.
        witness: The comparison that was asked; empty without one.
        pairs: Pairs of the kind on which the witness could be asked.
        share: Estimated share of matches among them.
        is_allowed: Whether such pairs may be merged by their weight.
    """

    doubt: str
    witness: str
    pairs: int
    share: float
    is_allowed: bool

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        if not self.witness:
            return (
                f"Pairs with {self.doubt} are not merged by their weight: too few of "
                "them have a birth date, mailbox or identifier that could tell."
            )
        verb = "may be" if self.is_allowed else "are not"
        return (
            f"Pairs with {self.doubt} {verb} merged by their weight: judging by "
            f"{self.witness} of {self.pairs} such pairs, about {self.share:.0%} are "
            f"matches (at least {_LEAST_SHARE:.0%} needed)."
        )


def judge_doubts(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    specification: Specification,
    parameters: ModelParameters,
    *,
    prior_weight: float,
) -> tuple[Verdict, ...]:
    """Ask the witnesses about every kind of doubtful pair of a model.

    Args:
        connection: Connection that holds the scores.
        table: Scored pairs.
        specification: The model.
        parameters: Its parameters.
        prior_weight: The prior in bits.

    Returns:
        One verdict per kind that has witnesses; others are never merged.
    """
    return tuple(
        _judge(
            connection,
            table,
            specification,
            parameters,
            doubt=doubt,
            prior_weight=prior_weight,
        )
        for doubt in specification.doubts
        if doubt.witnesses
    )


def _judge(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    specification: Specification,
    parameters: ModelParameters,
    *,
    doubt: Doubt,
    prior_weight: float,
) -> Verdict:
    best = Verdict(doubt.name, "", 0, 0.0, is_allowed=False)
    for name, levels in doubt.witnesses:
        agrees = any_agreement_sql(specification, ((name, levels),))
        row = connection.execute(
            f"SELECT count(*), avg(({agrees})::INTEGER) FROM {table} "
            f"WHERE ({doubt.condition}) AND gamma_{name} >= 0 "
            f"AND weight - mw_{name} + ({prior_weight!r}) >= 0"
        ).fetchone()
        pairs, rate = (int(row[0]), float(row[1] or 0.0)) if row else (0, 0.0)
        if pairs < _LEAST_PAIRS or pairs <= best.pairs:
            continue
        known = parameters.levels[name]
        m = sum(known[level].m for level in levels)
        u = sum(known[level].u for level in levels)
        share = min(max((rate - u) / max(m - u, 1e-6), 0.0), 1.0)
        best = Verdict(doubt.name, name, pairs, share, share >= _LEAST_SHARE)
    return best
