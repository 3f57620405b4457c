"""Comparison vectors: what each comparison answers for a pair, before any weight.

What belongs here: the SQL that compares pairs, from Splink's level library, and the SQL
that weighs the answers. What does not: finding pairs, estimating parameters.

The answers (`gamma_<comparison>`) do not depend on the parameters, only their weights
do. So a pair is compared once, however often training changes its mind, and a later run
reuses the answers for records that have not changed. The weights are those of Splink's
`predict`, term frequency included; a test holds the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import duckdb

from hygiene.matching.frequencies import frequency_table
from hygiene.matching.namesakes import (
    NAME_RARITIES,
    further_excess_sql,
    name_excess_sql,
)
from hygiene.matching.parameters import LevelParameters, ModelParameters
from hygiene.matching.specification import Comparison, Evidence, Specification


def compared_columns(specification: Specification) -> list[str]:
    """Name the feature columns that comparisons read.

    Args:
        specification: The model.

    Returns:
        Column names in alphabetical order.
    """
    return sorted(
        {column for item in specification.comparisons for column in item.columns}
    )


def build_comparable(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> None:
    """Create `comparable`: per record the compared columns and how rare their values are.

    Args:
        connection: Connection that holds `features` and the frequency tables.
        specification: The model.
    """
    columns = compared_columns(specification)
    rarities = [item.column for item in specification.frequencies]
    selected = [f"features.{column}" for column in columns]
    selected += [
        f"(-log2({frequency_table(column)}.tf_{column}))::FLOAT AS rarity_{column}"
        for column in rarities
    ]
    joins = " ".join(
        f"LEFT JOIN {frequency_table(column)} "
        f"ON features.{column} = {frequency_table(column)}.{column}"
        for column in rarities
    )
    connection.execute(
        "CREATE OR REPLACE TABLE comparable AS SELECT "
        f"features.unique_id::INTEGER AS unique_id, {', '.join(selected)}, "
        f"{', '.join(NAME_RARITIES)} FROM features {joins} "
        "LEFT JOIN namesake_rarity ON features.unique_id = namesake_rarity.unique_id"
    )


def compare_pairs(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    pairs: str,
    table: str,
) -> None:
    """Compare pairs.

    Args:
        connection: Connection that holds `comparable`.
        specification: The model.
        pairs: Table with unique_id_l, unique_id_r, found_by and match_key.
        table: Table to create: the same columns, those of NAME_RARITIES and, per
            comparison, `gamma_` (-1 when it cannot be answered) and `rarity_` (bits;
            NULL where it plays no part).
    """
    columns = compared_columns(specification)
    sides = [f"l.{column} AS {column}_l" for column in columns]
    sides += [f"r.{column} AS {column}_r" for column in columns]
    sides += [
        f"l.rarity_{item.column} AS of_{item.column}"
        for item in specification.frequencies
    ]
    sides += [f"l.{name}" for name in NAME_RARITIES]
    names = [item.name for item in specification.comparisons]
    answers = [
        f"{gamma_sql(item)} AS gamma_{item.name}" for item in specification.comparisons
    ]
    # A level of its own: beside the answer its SQL would be computed once per branch.
    rarities = [
        f"{rarity_sql(item)} AS rarity_{item.name}"
        for item in specification.comparisons
    ]
    ordered = ", ".join(f"gamma_{name}, rarity_{name}" for name in names)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE {table} AS
        SELECT unique_id_l, unique_id_r, found_by, match_key, {", ".join(NAME_RARITIES)}, {ordered}
        FROM (SELECT *, {", ".join(rarities)} FROM (SELECT *, {", ".join(answers)} FROM (
            SELECT p.unique_id_l, p.unique_id_r, p.found_by, p.match_key,
                {", ".join(sides)}
            FROM {pairs} AS p
            INNER JOIN comparable AS l ON p.unique_id_l = l.unique_id
            INNER JOIN comparable AS r ON p.unique_id_r = r.unique_id
        )))
        """
    )


def gamma_sql(comparison: Comparison) -> str:
    """Return SQL of what a comparison answers, over `<column>_l` and `<column>_r`.

    Args:
        comparison: The comparison.

    Returns:
        The level's number, 0 for "otherwise", -1 where it cannot be answered.
    """
    cases = [f"WHEN {comparison.missing} THEN -1"]
    for level in comparison.levels[:-1]:
        condition = level.condition().create_level_dict("duckdb")["sql_condition"]
        cases.append(f"WHEN {condition} THEN {comparison.level_value(level.name)}")
    return f"(CASE {' '.join(cases)} ELSE 0 END)::TINYINT"


def rarity_sql(comparison: Comparison) -> str:
    """Return SQL of how rare the shared value is, over `gamma_` and `of_<column>`.

    Levels with a frequency say that both values are equal, so either record's will do.

    Args:
        comparison: The comparison.

    Returns:
        Bits; NULL where rarity plays no part.
    """
    cases = " ".join(
        f"WHEN {comparison.level_value(level.name)} THEN of_{level.frequency_column}"
        for level in comparison.levels
        if level.frequency_column is not None
    )
    if not cases:
        return "NULL::FLOAT"
    return f"(CASE gamma_{comparison.name} {cases} END)::FLOAT"


def weigh_sql(
    specification: Specification, parameters: ModelParameters, vectors: str
) -> str:
    """Return a query that weighs compared pairs.

    Args:
        specification: The model.
        parameters: Its parameters.
        vectors: Table of compared pairs.

    Returns:
        A select statement: the pair, found_by, match_key, NAME_RARITIES and per
        comparison `gamma_` and `mw_`, its weight in bits.
    """
    selected: list[str] = []
    for comparison in specification.comparisons:
        selected.append(f"gamma_{comparison.name}")
        weight = _weight_sql(comparison, parameters.levels[comparison.name])
        selected.append(f"{weight} AS mw_{comparison.name}")
    return (
        "SELECT unique_id_l, unique_id_r, found_by, match_key, "
        f"{', '.join([*NAME_RARITIES, *selected])} FROM {vectors}"
    )


def _weight_sql(comparison: Comparison, levels: Mapping[str, LevelParameters]) -> str:
    """Return SQL of what an answer weighs, 0 where there is none."""

    def of_level(numbers: Mapping[str, float]) -> str:
        # Looked up by position: a CASE would ask level after level, at 20 times the cost.
        by_value = {comparison.level_value(name): n for name, n in numbers.items()}
        listed = [0.0, *(by_value.get(n, 0.0) for n in range(len(comparison.levels)))]
        texts = ", ".join(f"{number!r}::FLOAT" for number in listed)
        return f"([{texts}])[gamma_{comparison.name} + 2]"

    base = of_level(
        {name: math.log2(value.m / value.u) for name, value in levels.items()}
    )
    adjusted = [level.name for level in comparison.levels if level.frequency_column]
    if not adjusted:
        return base
    # The share u of the level as a whole gives way to the share of this very value;
    # other levels have no rarity.
    usual = of_level({name: math.log2(levels[name].u) for name in adjusted})
    return f"({base} + coalesce({usual} + rarity_{comparison.name}, 0))"


def context_weight_sql(specification: Specification) -> str:
    """Combine the weights of a pair: surroundings speak once, a name within its limit.

    Args:
        specification: The model.

    Returns:
        SQL over the columns of `weigh_sql`: the pair's weight in bits, without the
        prior.
    """
    identity: list[str] = []
    facts: dict[str, list[str]] = {}
    for comparison in specification.comparisons:
        weight = f"mw_{comparison.name}"
        if comparison.evidence is Evidence.SURROUNDINGS:
            facts.setdefault(comparison.fact, []).append(weight)
            continue
        shared = [
            str(comparison.level_value(level.name))
            for level in comparison.levels
            if level.is_shared
        ]
        if shared:
            is_shared = f"gamma_{comparison.name} IN ({', '.join(shared)})"
            identity.append(f"CASE WHEN {is_shared} THEN 0 ELSE {weight} END")
            facts.setdefault(f"{comparison.name} in part", []).append(
                f"CASE WHEN {is_shared} THEN {weight} ELSE 0 END"
            )
        else:
            identity.append(weight)
    total = _sum(identity)
    if facts:
        once = [weight for weights in facts.values() for weight in weights]
        parts = ", ".join(["0", *once])
        total += f" + greatest({parts}) + least({parts})"
    for excess in (name_excess_sql(specification), further_excess_sql(specification)):
        if excess is not None:
            total += f" - {excess}"
    return f"({total})::DOUBLE"


def _sum(terms: Iterable[str]) -> str:
    return " + ".join(terms)
