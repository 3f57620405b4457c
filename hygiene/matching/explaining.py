"""Why two records were, or were not, taken for one: the weight of every field of a pair.

What belongs here: scoring named pairs again with the kept model, and splitting the score
into what each comparison contributed. What does not: words for people (they are in
`hygiene.stewardship`), thresholds, clusters. Nothing is trained and no file is written.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from hygiene.errors import InputError
from hygiene.matching.agreements import any_agreement_sql, doubts_of
from hygiene.matching.features import build_features
from hygiene.matching.namesakes import further_excess_sql, name_excess_sql
from hygiene.matching.parameters import (
    ModelParameters,
    load_parameters,
    shipped_parameters,
)
from hygiene.matching.settings import MatchSettings
from hygiene.matching.specification import Comparison, Entity, Evidence, Specification
from hygiene.matching.specifications import specification_of
from hygiene.matching.vectors import compare_pairs, context_weight_sql, weigh_sql
from hygiene.parquet_exchange import open_connection, register_parquet

_REFERENCE_PAIRS = 25
"""Known scores from which the run's prior is recovered: they all agree, one would do."""


@dataclass(frozen=True, slots=True)
class FieldWeight:
    """What one comparison said about a pair.

    Attributes:
        comparison: Name of the comparison.
        level: Its answer; none if a value was missing on either side.
        weight: Bits that counted towards the score.
        own_weight: Bits that the answer is worth by itself. It differs from `weight`
            where surroundings (company, address) speak only once, and for a whole name
            that several people have.
        usual_weight: Bits of the answer for a value of average rarity.
    """

    comparison: str
    level: str | None
    weight: float
    own_weight: float
    usual_weight: float


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """Everything that the model says about one pair.

    Attributes:
        key_l: Source record key.
        key_r: The other one.
        fields: One entry per comparison, in the order of the model.
        prior: Bits that every pair starts with; none if no scored pair is known.
        doubts: Kinds of doubt that the pair is subject to: its weight alone may not be
            enough to merge it.
        lacks_agreement: Whether no agreement about the person or organisation itself
            holds, without which nothing is merged.
    """

    key_l: str
    key_r: str
    fields: tuple[FieldWeight, ...]
    prior: float | None
    doubts: tuple[str, ...]
    lacks_agreement: bool

    @property
    def evidence(self) -> float:
        """Bits of all fields together, without the prior."""
        return sum(item.weight for item in self.fields)

    @property
    def total(self) -> float:
        """Match weight in bits."""
        return self.evidence + (self.prior or 0.0)


def explain_pairs(
    standardised: Path,
    edges: Path,
    pairs: Sequence[tuple[str, str]],
    *,
    entity: Literal["contact", "account"] | Entity,
    settings: MatchSettings,
    model_dir: Path | None,
    scratch: Path,
) -> list[PairExplanation]:
    """Score pairs again and say what each field contributed.

    Args:
        standardised: Parquet of standardised records: all of them, because the rarity
            of a value depends on the others.
        edges: Edges of the run to explain; the prior is recovered from them.
        pairs: Source record keys, two by two.
        entity: contact or account.
        settings: How the run matched.
        model_dir: Folder of the kept model, if the settings name none.
        scratch: Folder for temporary files.

    Returns:
        One explanation per pair, in the same order.

    Raises:
        InputError: If a file is missing or a key is not among the records.
    """
    specification = specification_of(Entity(entity))
    with open_connection(scratch) as connection:
        features = build_features(connection, standardised, specification, settings)
        specification = features.specification
        parameters = _kept_model(specification, settings.model_dir or model_dir)
        known = _reference(connection, edges, entity)
        numbered = _number(connection, [*pairs, *known], entity)
        connection.execute(
            "CREATE TABLE explained AS SELECT DISTINCT unique_id_l, unique_id_r, "
            "0 AS found_by, 0 AS match_key FROM numbered"
        )
        compare_pairs(connection, specification, "explained", "explained_vectors")
        weighed = weigh_sql(specification, parameters, "explained_vectors")
        connection.execute(f"CREATE TABLE explained_scores AS {weighed}")
        rows = _scored(connection, specification)
    prior = _prior(known, numbered[len(pairs) :], rows)
    return [
        _explain(key_l, key_r, rows[number], specification, parameters, prior=prior)
        for (key_l, key_r), number in zip(pairs, numbered, strict=False)
    ]


def _kept_model(
    specification: Specification, model_dir: Path | None
) -> ModelParameters:
    shipped = shipped_parameters(specification)
    if model_dir is None:
        return shipped
    kept = model_dir / f"{specification.entity}-model.json"
    if not kept.is_file():
        return shipped
    return load_parameters(kept, specification, complete_from=shipped)


def _reference(
    connection: duckdb.DuckDBPyConnection, edges: Path, entity: str
) -> dict[tuple[str, str], float]:
    register_parquet(
        connection,
        "edges_file",
        edges,
        required=["source_record_key_l", "source_record_key_r", "match_weight"],
        task=f"Explaining {entity} pairs",
    )
    return {
        (str(left), str(right)): float(weight)
        for left, right, weight in connection.execute(
            "SELECT source_record_key_l, source_record_key_r, match_weight "
            "FROM edges_file WHERE match_weight IS NOT NULL "
            "AND source_record_key_l IN (SELECT source_record_key FROM features) "
            "AND source_record_key_r IN (SELECT source_record_key FROM features) "
            "ORDER BY 1, 2 LIMIT ?",
            [_REFERENCE_PAIRS],
        ).fetchall()
    }


def _number(
    connection: duckdb.DuckDBPyConnection,
    pairs: Sequence[tuple[str, str]],
    entity: str,
) -> list[tuple[int, int]]:
    """Create `numbered`: record numbers of the pairs, smaller one first."""
    connection.register(
        "named",
        pl.DataFrame(
            {
                "place": range(len(pairs)),
                "key_l": [pair[0] for pair in pairs],
                "key_r": [pair[1] for pair in pairs],
            },
            schema={"place": pl.Int64, "key_l": pl.String, "key_r": pl.String},
        ),
    )
    connection.execute(
        "CREATE TABLE numbered AS SELECT place, "
        "least(l.unique_id, r.unique_id) AS unique_id_l, "
        "greatest(l.unique_id, r.unique_id) AS unique_id_r FROM named "
        "INNER JOIN features AS l ON named.key_l = l.source_record_key "
        "INNER JOIN features AS r ON named.key_r = r.source_record_key"
    )
    found = connection.execute(
        "SELECT unique_id_l, unique_id_r FROM numbered ORDER BY place"
    ).fetchall()
    if len(found) != len(pairs):
        raise InputError(
            f"Explaining {entity} pairs: {len(pairs) - len(found)} pairs name a record "
            "that is not among the standardised ones; expected keys of this run; run "
            "`tidycrm sync` and look the keys up again."
        )
    return [(int(left), int(right)) for left, right in found]


def _scored(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> dict[tuple[int, int], dict[str, object]]:
    doubts = [
        f"(({doubt.condition}) AND NOT "
        f"{any_agreement_sql(specification, doubt.excused_by)}) AS doubt_{number}"
        for number, doubt in enumerate(doubts_of(specification))
    ]
    conflicts = [
        f"(gamma_{conflict.comparison} = 0 AND NOT "
        f"{any_agreement_sql(specification, conflict.excused_by)}) AS conflict_{number}"
        for number, conflict in enumerate(specification.conflicts)
    ]
    agreement = any_agreement_sql(specification, specification.required_agreement)
    frame = connection.sql(
        f"SELECT *, {context_weight_sql(specification)} AS in_context, "
        f"{name_excess_sql(specification) or '0'} AS name_excess, "
        f"{further_excess_sql(specification) or '0'} AS further_excess, "
        f"{agreement} AS agrees"
        f"{''.join(', ' + item for item in [*doubts, *conflicts])} "
        "FROM explained_scores"
    ).pl()
    return {
        (int(row["unique_id_l"]), int(row["unique_id_r"])): row
        for row in frame.iter_rows(named=True)
    }


def _prior(
    known: dict[tuple[str, str], float],
    numbers: Sequence[tuple[int, int]],
    rows: dict[tuple[int, int], dict[str, object]],
) -> float | None:
    """Recover the prior: the score that was written minus what the fields say."""
    differences = [
        weight - _number_of(rows[number]["in_context"])
        for weight, number in zip(known.values(), numbers, strict=True)
    ]
    return statistics.median(differences) if differences else None


def _explain(
    key_l: str,
    key_r: str,
    row: dict[str, object],
    specification: Specification,
    parameters: ModelParameters,
    *,
    prior: float | None,
) -> PairExplanation:
    doubts = [
        doubt.name
        for number, doubt in enumerate(doubts_of(specification))
        if row[f"doubt_{number}"]
    ]
    doubts += [
        f"a different {conflict.comparison.replace('_', ' ')}"
        for number, conflict in enumerate(specification.conflicts)
        if row[f"conflict_{number}"]
    ]
    return PairExplanation(
        key_l,
        key_r,
        _field_weights(row, specification, parameters),
        prior,
        tuple(doubts),
        lacks_agreement=not row["agrees"],
    )


def _field_weights(
    row: dict[str, object], specification: Specification, parameters: ModelParameters
) -> tuple[FieldWeight, ...]:
    """Split a score as `context_weight_sql` adds it up: surroundings speak once."""
    shared: dict[str, float] = {}
    for item in specification.comparisons:
        if item.evidence is Evidence.SURROUNDINGS or _is_shared(item, row):
            shared[item.name] = _number_of(row[f"mw_{item.name}"])
    namesakes = specification.namesakes
    best = max(shared, key=lambda name: shared[name], default=None)
    worst = min(shared, key=lambda name: shared[name], default=None)
    excess = {}
    if namesakes is not None:
        # The whole name says less than its words; the last of them bears it.
        excess[namesakes.same_name[-1][0]] = _number_of(row["name_excess"])
        if namesakes.same_further is not None:
            excess[namesakes.same_further[0]] = _number_of(row["further_excess"])
    result = []
    for item in specification.comparisons:
        own = _number_of(row[f"mw_{item.name}"])
        level = _level(item, row)
        counted = own - excess.get(item.name, 0.0)
        if item.name in shared:
            speaks = (item.name == best and own > 0) or (item.name == worst and own < 0)
            counted = own if speaks else 0.0
        usual = parameters.levels[item.name][level].weight if level else 0.0
        result.append(FieldWeight(item.name, level, counted, own, usual))
    return tuple(result)


def _level(comparison: Comparison, row: dict[str, object]) -> str | None:
    gamma = int(_number_of(row[f"gamma_{comparison.name}"]))
    if gamma < 0:
        return None
    return comparison.levels[len(comparison.levels) - 1 - gamma].name


def _is_shared(comparison: Comparison, row: dict[str, object]) -> bool:
    level = _level(comparison, row)
    return any(item.is_shared for item in comparison.levels if item.name == level)


def _number_of(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
