"""Learning the model's parameters from unlabelled records.

What belongs here: sampling how often non-matches agree (u), Splink's expectation
maximisation for how often matches agree (m), and blending both with the shipped model
so that little data changes little. What does not: scoring of a run or thresholds.

Corrections to the text-book procedure, each for a failure seen on real tables:

- Pairs for estimation come from rules that select one person or firm (mailbox, full
  name, birth date). Surname, phone or address would select households and companies
  and teach the model that matches have different first names.
- Random pairs contain matches. Where records repeat a lot, most random pairs with an
  equal birth date are matches, and u would be far too large. The expected share of
  matches is subtracted.
- A session starts from the prior of the table. Where records hold little besides a
  name, a session on equal names sees one field, and any share of matches explains it as
  well: started from even odds, EM calls all namesakes one person.
- A level that a rule never shows keeps the shipped estimate, and estimates from few
  pairs are pulled towards it (as if `_PRIOR_PAIRS` more pairs had been seen).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from hygiene.matching.engine import SplinkEngine
from hygiene.matching.features import build_features
from hygiene.matching.hot_blocks import add_neighbours
from hygiene.matching.parameters import (
    LevelParameters,
    ModelParameters,
    make_monotone,
    save_parameters,
    shipped_parameters,
)
from hygiene.matching.prior import estimate_prior
from hygiene.matching.rule_yield import find_candidates
from hygiene.matching.settings import MatchSettings
from hygiene.matching.specification import (
    Comparison,
    Entity,
    Specification,
    TrainingRule,
)
from hygiene.matching.specifications import specification_of
from hygiene.matching.vectors import compare_pairs, context_weight_sql, weigh_sql
from hygiene.parquet_exchange import open_connection

logger = logging.getLogger(__name__)

_RANDOM_PAIRS = 500_000
_PRIOR_PAIRS = 50.0
_LEAST_PAIRS = 100
_ROUNDS = 2
_LEAST_SHARE = 0.02
_PRIOR_ERROR = 0.3
"""Relative error of the expected number of matches."""
_MOST_WEIGHTED_PAIRS = 2_000.0
_ENOUGH_PAIRS = 1_000_000
"""Of more pairs a part is weighed between the rounds: a share of matches needs no more."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What one training saw and changed.

    Attributes:
        entity: contact or account.
        version: Version of the new parameters.
        records: Records in the table.
        rules: Pairs and estimated share of matches per training rule that was used.
        random_pairs: Random pairs behind u.
        untrained_comparisons: Comparisons that kept the shipped estimates.
        repaired_levels: Levels that contradicted the order and were pooled.
    """

    entity: str
    version: str
    records: int
    rules: tuple[tuple[str, int, float], ...]
    random_pairs: int
    untrained_comparisons: tuple[str, ...]
    repaired_levels: int


def train(
    standardised: Path,
    out_model: Path,
    *,
    entity: Entity | str,
    settings: MatchSettings,
    version: str,
) -> TrainingReport:
    """Learn parameters from standardised records and save them as a model file.

    Training is rare: a model is kept and reviewed, and runs reuse it.

    Args:
        standardised: Parquet of standardised records.
        out_model: The model file to write.
        entity: contact or account.
        settings: Limits and seed.
        version: Name of the new version.

    Returns:
        What was seen and changed.
    """
    specification = specification_of(Entity(entity))
    with open_connection(out_model.parent) as connection:
        features = build_features(connection, standardised, specification, settings)
        specification = features.specification
        find_candidates(connection, specification, records=features.records)
        add_neighbours(connection, specification, records=features.records)
        compare_pairs(connection, specification, "candidates", "vectors")
        parameters, report = learn(
            connection,
            specification,
            shipped_parameters(specification),
            settings,
            version=version,
        )
    save_parameters(parameters, out_model)
    return report


def learn(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    start: ModelParameters,
    settings: MatchSettings,
    *,
    version: str,
) -> tuple[ModelParameters, TrainingReport]:
    """Estimate parameters from the candidate pairs and from random ones.

    Args:
        connection: Connection that holds `comparable` and the compared candidate pairs
            `vectors`.
        specification: The model.
        start: Parameters to start from and to fall back on.
        settings: Seed.
        version: Name of the new version.

    Returns:
        New parameters and the report.
    """
    row = connection.execute("SELECT count(*) FROM features").fetchone()
    records = int(row[0]) if row else 0
    random_pairs = _draw_random_pairs(connection, records, settings.seed)
    compare_pairs(connection, specification, "random_pairs", "random_vectors")
    observed = {
        item.name: _level_shares(connection, item) for item in specification.comparisons
    }
    rules = [
        (rule, chosen, pairs)
        for rule in specification.training_rules
        if (chosen := _pairs_of(specification, rule))
        and (pairs := _count(connection, chosen)) >= _LEAST_PAIRS
    ]
    step = max(_count(connection, "vectors") // _ENOUGH_PAIRS, 1)
    some = (
        f"(FROM vectors WHERE (unique_id_l::BIGINT * 31 + unique_id_r) % {step} = 0)"
        if step > 1
        else "vectors"
    )
    current = start
    repaired = 0
    trained: set[str] = set()
    used: list[tuple[str, int, float]] = []
    prior = 0.0
    for _ in range(_ROUNDS):
        current = replace(
            current,
            levels={
                item.name: _subtract_matches(
                    item,
                    observed[item.name],
                    current.levels[item.name],
                    start.levels[item.name],
                    prior=prior,
                    pairs=random_pairs,
                )
                for item in specification.comparisons
            },
        )
        current, _ = _in_order(specification, current)
        # Before the first estimate: one partner for each record.
        engine = SplinkEngine(
            connection, specification, current, prior=prior or 1.0 / max(records, 2)
        )
        estimates: dict[str, list[tuple[float, dict[str, float]]]] = {}
        used = []
        for rule, chosen, pairs in rules:
            estimate = engine.estimate_m(rule, chosen)
            if estimate is None:
                continue
            found, share = estimate
            used.append((" + ".join(rule.columns), pairs, share))
            for name, shares in found.items():
                estimates.setdefault(name, []).append((pairs * share, shares))
        trained = set(estimates)
        current = replace(
            current,
            levels={
                item.name: _blend(
                    item,
                    estimates.get(item.name, []),
                    current.levels[item.name],
                    start.levels[item.name],
                )
                for item in specification.comparisons
            },
        )
        current, repaired = _in_order(specification, current)
        weighed = weigh_sql(specification, current, some)
        prior = estimate_prior(
            connection,
            f"SELECT {context_weight_sql(specification)} AS weight FROM ({weighed})",
            records,
            pairs_per_row=step,
        )
    for table in ("random_pairs", "random_vectors"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    parameters = replace(
        current,
        version=version,
        trained_on=f"{records} unlabelled {specification.entity} records",
        records=records,
    )
    return parameters, TrainingReport(
        entity=specification.entity.value,
        version=version,
        records=records,
        rules=tuple(used),
        random_pairs=random_pairs,
        untrained_comparisons=tuple(
            item.name for item in specification.comparisons if item.name not in trained
        ),
        repaired_levels=repaired,
    )


def _in_order(
    specification: Specification, parameters: ModelParameters
) -> tuple[ModelParameters, int]:
    repaired = 0
    levels: dict[str, Mapping[str, LevelParameters]] = {}
    for item in specification.comparisons:
        levels[item.name], pooled = make_monotone(item, parameters.levels[item.name])
        repaired += pooled
    return replace(parameters, levels=levels), repaired


def _draw_random_pairs(
    connection: duckdb.DuckDBPyConnection, records: int, seed: int
) -> int:
    """Create `random_pairs`: every pair of a small table, else a seeded sample."""
    if records * (records - 1) // 2 <= _RANDOM_PAIRS:
        left, right = np.triu_indices(records, 1)
    else:
        generator = np.random.default_rng(seed)
        drawn = generator.integers(0, records, size=(_RANDOM_PAIRS, 2), dtype=np.int64)
        low, high = drawn.min(axis=1), drawn.max(axis=1)
        # As one number per pair: sorting rows is twenty times slower. NumPy's own
        # `unique` hashes, which takes ten times as long.
        pairs = pl.Series(low * records + high).unique().sort().to_numpy()
        left, right = np.divmod(pairs, records)
        left, right = left[left != right], right[left != right]
    connection.register(
        "drawn_pairs", pl.DataFrame({"unique_id_l": left, "unique_id_r": right})
    )
    connection.execute(
        "CREATE OR REPLACE TABLE random_pairs AS SELECT *, 0 AS found_by, "
        "0 AS match_key FROM drawn_pairs"
    )
    connection.unregister("drawn_pairs")
    return len(left)


def _level_shares(
    connection: duckdb.DuckDBPyConnection, comparison: Comparison
) -> dict[str, tuple[float, float]]:
    """Return per level its share among answered random pairs, and the answered count."""
    counts = {
        int(value): int(count)
        for value, count in connection.execute(
            f"SELECT gamma_{comparison.name}, count(*) FROM random_vectors "
            f"WHERE gamma_{comparison.name} >= 0 GROUP BY ALL"
        ).fetchall()
    }
    total = sum(counts.values())
    return {
        level.name: (
            counts.get(comparison.level_value(level.name), 0) / total if total else 0.0,
            float(total),
        )
        for level in comparison.levels
    }


def _subtract_matches(
    comparison: Comparison,
    observed: Mapping[str, tuple[float, float]],
    current: Mapping[str, LevelParameters],
    start: Mapping[str, LevelParameters],
    *,
    prior: float,
    pairs: int,
) -> dict[str, LevelParameters]:
    """Estimate u from random pairs, less the matches expected among them."""
    result: dict[str, LevelParameters] = {}
    raw: dict[str, float] = {}
    for level in comparison.levels:
        share, answered = observed[level.name]
        known = start[level.name].u
        if not answered:
            raw[level.name] = known
            continue
        blended = (share * answered + known * _PRIOR_PAIRS) / (answered + _PRIOR_PAIRS)
        by_matches = prior * current[level.name].m
        corrected = (blended - by_matches) / (1 - prior)
        least = max(blended * _LEAST_SHARE, 0.1 / pairs)
        error = _PRIOR_ERROR * by_matches + 2 * math.sqrt(blended / answered)
        if by_matches > 0 and corrected <= error:
            # As good as nothing is left, so what is known from other tables is better.
            corrected = min(corrected, known)
        raw[level.name] = max(corrected, least)
    total = sum(raw.values())
    for level in comparison.levels:
        result[level.name] = LevelParameters(
            current[level.name].m, raw[level.name] / total
        )
    return result


def _blend(
    comparison: Comparison,
    estimates: list[tuple[float, dict[str, float]]],
    current: Mapping[str, LevelParameters],
    start: Mapping[str, LevelParameters],
) -> dict[str, LevelParameters]:
    """Average m over the sessions and pull it towards the start."""
    weights = [min(matches, _MOST_WEIGHTED_PAIRS) for matches, _ in estimates]
    total = sum(weights) + _PRIOR_PAIRS
    blended = {
        level.name: (
            sum(
                weight * shares.get(level.name, 0.0)
                for weight, (_, shares) in zip(weights, estimates, strict=True)
            )
            + _PRIOR_PAIRS * start[level.name].m
        )
        / total
        for level in comparison.levels
    }
    whole = sum(blended.values())
    return {
        name: LevelParameters(max(value / whole, 1e-6), current[name].u)
        for name, value in blended.items()
    }


def _pairs_of(specification: Specification, rule: TrainingRule) -> str:
    """Return a subquery of the compared pairs that a training rule selects.

    The blocking rule's bit says that the capped keys are equal. Columns that the key
    does not hold as they are have to agree by their own comparison.
    """
    number, block = next(
        (number, item)
        for number, item in enumerate(specification.blocking_rules)
        if item.name == rule.block
    )
    conditions = [f"found_by & {1 << number} <> 0"]
    for column in rule.columns:
        if column in block.parts:
            continue
        comparison = next(
            item for item in specification.comparisons if item.columns[0] == column
        )
        exact = comparison.level_value("exact")
        conditions.append(f"gamma_{comparison.name} = {exact}")
    return f"(SELECT * FROM vectors WHERE {' AND '.join(conditions)})"


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {query}").fetchone()
    return int(row[0]) if row else 0
