"""Which blocking rules are worth their pairs in this table.

What belongs here: estimating, before anything is compared in earnest, how many matches a
rule finds that no other rule finds, and leaving out the rules that find next to none.
What does not: keys and pairs themselves (`blocking.py`).

A rule that finds thousands of matches in a register of historical persons ("same
postcode and same initial") finds a million pairs and hardly a match in a CRM, where
mailboxes and company names do the work. Nobody can say beforehand which, so it is
measured. While all rules together find few pairs, all are used. Above that, a sample of
the pairs of every large rule is compared and weighed with the shipped model, as if each
record had one partner in the table. The rule with the fewest expected matches per pair
of its own (a pair that no other remaining rule finds) is left out, as long as it costs
more than a thousand comparisons per match; then the others are judged again, because
two rules can each make the other one superfluous. If that saves less than a quarter of
the pairs, nothing is left out after all.

The estimate depends on the records and on the shipped model only, so a run with kept
answers, or with a model trained meanwhile, leaves out the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from hygiene.matching.agreements import mergeable_sql
from hygiene.matching.blocking import find_pairs, first_rule_sql, held_pairs_sql
from hygiene.matching.parameters import shipped_parameters
from hygiene.matching.report import RuleYield
from hygiene.matching.specification import Specification
from hygiene.matching.vectors import compare_pairs, context_weight_sql, weigh_sql

_FEW_PAIRS = 250_000
"""Pairs of all rules together up to which nothing needs to be saved."""
_LARGE_SHARE = 0.02
"""A rule is asked about if it finds at least this share of all pairs."""
_SAMPLE = 5_000
_LEAST_OWN = 200
"""Sampled pairs of its own below which nothing is concluded about a rule."""
_MOST_PAIRS_PER_MATCH = 1_000.0
_LEAST_SAVING = 0.25


@dataclass(frozen=True, slots=True)
class Sample:
    """Pairs drawn from rules, and what they are worth.

    Attributes:
        rule: Number of the rule that each pair was drawn from.
        found_by: Rules that find the pair, one bit each.
        chance: Estimated probability that it is a match that may be merged.
    """

    rule: npt.NDArray[np.int64]
    found_by: npt.NDArray[np.int64]
    chance: npt.NDArray[np.float64]


def find_candidates(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    *,
    records: int,
    few_pairs: int = _FEW_PAIRS,
) -> tuple[RuleYield, ...]:
    """Create `candidates` from the rules that are worth their pairs.

    Args:
        connection: Connection that holds `comparable` and `members_<rule>`.
        specification: The model.
        records: Number of records.
        few_pairs: Pairs of all rules together up to which all rules are used.

    Returns:
        The rules that were left out, and why.
    """
    counts = _count_pairs(connection, specification)
    left_out: dict[int, RuleYield] = {}
    total = sum(counts.values())
    if total > few_pairs:
        left_out = _choose(connection, specification, counts, records)
        # An estimate is no reason to miss matches for the sake of a few per cent.
        if sum(rule.pairs for rule in left_out.values()) < _LEAST_SAVING * total:
            left_out = {}
    find_pairs(
        connection, specification.blocking_rules, "candidates", without=set(left_out)
    )
    return tuple(left_out.values())


def _count_pairs(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> dict[int, int]:
    """Count the pairs of every rule by the sizes of its keys, without making them."""
    counted = " UNION ALL ".join(
        f"SELECT {number} AS rule, sum(n * (n - 1) // 2)::BIGINT AS pairs FROM "
        f"(SELECT count(*) AS n FROM members_{rule.name} GROUP BY k)"
        for number, rule in enumerate(specification.blocking_rules)
        if rule.other_parts is None
    )
    return {
        int(rule): int(pairs or 0)
        for rule, pairs in connection.execute(counted).fetchall()
    }


def _choose(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    counts: Mapping[int, int],
    records: int,
) -> dict[int, RuleYield]:
    rules = specification.blocking_rules
    needed = {rule.block for rule in specification.training_rules}
    least = _LARGE_SHARE * sum(counts.values())
    asked = [
        number
        for number, pairs in sorted(counts.items())
        if pairs >= least and rules[number].name not in needed
    ]
    if not asked:
        return {}
    sample = _draw(connection, specification, {n: counts[n] for n in asked}, records)
    left_out: dict[int, RuleYield] = {}
    while True:
        judged = {
            number: found
            for number in asked
            if number not in left_out
            and (found := _own_yield(sample, number, left_out)) is not None
        }
        if not judged:
            return left_out
        worst = min(judged, key=lambda number: (judged[number], -number))
        if judged[worst] >= 1.0 / _MOST_PAIRS_PER_MATCH:
            return left_out
        left_out[worst] = RuleYield(rules[worst].name, counts[worst], judged[worst])


def _own_yield(sample: Sample, number: int, left_out: Collection[int]) -> float | None:
    """Return expected matches per pair that only this rule finds; none if unknown."""
    others = ~sum(1 << gone for gone in {number, *left_out})
    own = (sample.rule == number) & ((sample.found_by & np.int64(others)) == 0)
    if int(own.sum()) < _LEAST_OWN:
        return None
    return float(sample.chance[own].mean())


def _draw(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    counts: Mapping[int, int],
    records: int,
) -> Sample:
    rules = specification.blocking_rules
    drawn = " UNION ALL ".join(
        f"SELECT unique_id_l, unique_id_r, {number} AS rule FROM ("
        + held_pairs_sql(rules[number], where=f"k % {max(1, pairs // _SAMPLE)} = 0")
        + ")"
        for number, pairs in counts.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE drawn AS {drawn}")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE drawn_records AS SELECT unique_id_l AS unique_id "
        "FROM drawn UNION SELECT unique_id_r FROM drawn"
    )
    found = " UNION ALL ".join(
        f"SELECT unique_id_l, unique_id_r, {1 << number}::BIGINT AS bit FROM ("
        + held_pairs_sql(
            rule, where="unique_id IN (SELECT unique_id FROM drawn_records)"
        )
        + ") SEMI JOIN drawn USING (unique_id_l, unique_id_r)"
        for number, rule in enumerate(rules)
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE drawn_pairs AS SELECT unique_id_l, unique_id_r, "
        f"bit_or(bit) AS found_by, {first_rule_sql('bit_or(bit)')} AS match_key "
        f"FROM ({found}) GROUP BY unique_id_l, unique_id_r"
    )
    connection.execute("DROP TABLE drawn_records")
    return weigh_sample(connection, specification, records)


def weigh_sample(
    connection: duckdb.DuckDBPyConnection, specification: Specification, records: int
) -> Sample:
    """Estimate with the shipped model which drawn pairs are matches that may be merged.

    Args:
        connection: Connection that holds `comparable` and the tables `drawn` (pairs and
            the number of the rule that each was drawn from) and `drawn_pairs` (the same
            pairs once, with found_by and match_key), both of which are dropped.
        specification: The model.
        records: Number of records.

    Returns:
        The pairs, one per row of `drawn`.
    """
    compare_pairs(connection, specification, "drawn_pairs", "drawn_vectors")
    weighed = weigh_sql(
        specification, shipped_parameters(specification), "drawn_vectors"
    )
    # As many matches as records: one partner each, a little more than most tables have.
    prior = math.log2(max(records, 2))
    allowed = {doubt.name for doubt in specification.doubts}
    rows = connection.sql(
        "SELECT rule, found_by, CASE WHEN agrees "
        f"THEN 1 / (1 + pow(2, {prior!r} - weight)) ELSE 0 END AS chance FROM ("
        f"SELECT *, {context_weight_sql(specification)} AS weight, "
        f"{mergeable_sql(specification, allowed)} AS agrees FROM ({weighed})) "
        "INNER JOIN drawn USING (unique_id_l, unique_id_r) "
        "ORDER BY rule, unique_id_l, unique_id_r"
    ).fetchnumpy()
    for table in ("drawn", "drawn_pairs", "drawn_vectors"):
        connection.execute(f"DROP TABLE {table}")
    return Sample(
        np.asarray(rows["rule"], dtype=np.int64),
        np.asarray(rows["found_by"], dtype=np.int64),
        np.asarray(rows["chance"], dtype=np.float64),
    )
