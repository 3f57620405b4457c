"""How many people share a whole name: the limit of what a name can say.

What belongs here: the chance that a stranger has the same whole name, for names that
several records bear, and its effect on a pair's weight. What does not: the rarity of
single words (`frequencies.py`).

The weights of a first name and a surname add up only if the two are independent. They
are not: first names and surnames come from one language, and among a million customers
of one country the two rare words "Kazuya Kimura" are fifteen people. Each of them then
looks like a duplicate of the others, and the groups grow with the table.

The records show it. Among the pairs of one whole name, fields that one person's records
often share (mailbox, phone, birth date) agree for a share of the pairs that belong
together and for hardly any of the others. With n records of a name, of N in all, and a
share s of pairs that belong together, a record meets (1 - s)(n - 1) strangers of its own
name: the chance that a stranger has the name is (1 - s)(n - 1) / N. A name may say as
much as that and no more. Where no witness speaks the limit is not applied.

A middle name adds as much as it is rare among the strangers of the name: of five people
called "Editha Groth", all with "Grein" in between, it tells none apart. If a share p of the
other records of the name has the middle name, (p - s) / (1 - s) of the strangers do.
"""

from __future__ import annotations

import duckdb

from hygiene.matching.specification import Namesakes, Specification

NAME_RARITIES = ("rarity_whole_name", "rarity_further_name")
"""Columns of `namesake_rarity`, besides the record."""
_LEAST_RECORDS = 3
_AGREEMENT = 0.5
"""Share of the pairs of one person that agree on a witness: moves, errors, second
mailboxes. Set low, so that a name is rather taken for one person's."""
_MOSTLY_STRANGERS = 0.5
"""Above this share of pairs that belong together, one middle name is one person's."""
_RAREST = 1e-6
"""Share of strangers with a middle name below which it is taken for unique."""
_DOUBT_PAIRS = 2.0
"""Pairs that are taken to belong together before any witness has spoken."""


def build_namesakes(
    connection: duckdb.DuckDBPyConnection, namesakes: Namesakes | None
) -> None:
    """Create `namesake_rarity`: bits of the name, for records that share one.

    rarity_whole_name is what the whole name can say, rarity_further_name what a further
    word of it adds.

    Args:
        connection: Connection that holds `features` and `block_keys`.
        namesakes: What tells namesakes apart; without it the table stays empty.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE namesake_rarity "
        "(unique_id INTEGER, rarity_whole_name FLOAT, rarity_further_name FLOAT)"
    )
    if namesakes is None:
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE named AS SELECT unique_id, name FROM "
        f"(SELECT unique_id, block_{namesakes.block} AS name FROM block_keys) "
        "WHERE name IS NOT NULL "
        f"QUALIFY count(*) OVER (PARTITION BY name) >= {_LEAST_RECORDS}"
    )
    asked = " UNION ALL ".join(
        "SELECT name, sum(n) * (sum(n) - 1) / 2 AS pairs, sum(n * (n - 1) / 2) AS agree "
        f"FROM (SELECT name, {column}, count(*) AS n FROM named INNER JOIN features "
        f"USING (unique_id) WHERE {column} IS NOT NULL GROUP BY name, {column}) "
        "GROUP BY name"
        for column in namesakes.witnesses
    )
    connection.execute(
        f"""
        INSERT INTO namesake_rarity
        WITH asked AS (
            SELECT name, sum(pairs) AS pairs, sum(agree) AS agree FROM ({asked})
            GROUP BY name
        ), shares AS (
            SELECT name, count(*) AS records, any_value(
                (agree + {_DOUBT_PAIRS}) / (pairs * {_AGREEMENT} + {_DOUBT_PAIRS})
            ) AS share
            FROM named INNER JOIN asked USING (name) GROUP BY name
        )
        SELECT named.unique_id, -log2(
            (1 - share) * (records - 1) / (SELECT count(*) FROM features)
        ), CASE WHEN also IS NOT NULL AND share < {_MOSTLY_STRANGERS}
            THEN -log2(greatest((also - share) / (1 - share), {_RAREST})) END
        FROM named
        INNER JOIN shares USING (name)
        LEFT JOIN ({_further_sql(namesakes)}) AS further USING (unique_id)
        WHERE share < 1
        """
    )
    connection.execute("DROP TABLE named")


def _further_sql(namesakes: Namesakes) -> str:
    """Return a query of the share of a record's namesakes that have its further name."""
    if namesakes.further is None:
        return "SELECT NULL::INTEGER AS unique_id, NULL::DOUBLE AS also WHERE false"
    records = "count(*) OVER (PARTITION BY name)"
    return (
        "SELECT unique_id, (count(*) OVER (PARTITION BY name, word) - 1) "
        f"/ ({records} - 1) AS also FROM (SELECT unique_id, name, "
        f"{namesakes.further} AS word FROM named INNER JOIN features USING (unique_id)) "
        f"WHERE word IS NOT NULL QUALIFY {records} >= {_LEAST_RECORDS}"
    )


def name_excess_sql(specification: Specification) -> str | None:
    """Return SQL of the bits that a shared whole name has too much.

    Args:
        specification: The model.

    Returns:
        SQL over `gamma_`, `mw_` and `rarity_whole_name`, never negative; nothing if the
        model does not know whole names.
    """
    namesakes = specification.namesakes
    if namesakes is None:
        return None
    same = _same_name_sql(specification, namesakes)
    weights = [f"mw_{name}" for name, _ in namesakes.same_name]
    weights += [
        f"CASE WHEN {_answers(specification, name, levels)} "
        f"THEN greatest(0, mw_{name}) ELSE 0 END"
        for name, levels in namesakes.echoes
    ]
    weight = " + ".join(weights)
    return (
        f"CASE WHEN {same} AND rarity_whole_name IS NOT NULL "
        f"THEN greatest(0, {weight} - rarity_whole_name) ELSE 0 END"
    )


def further_excess_sql(specification: Specification) -> str | None:
    """Return SQL of the bits that a shared further name has too much.

    Args:
        specification: The model.

    Returns:
        SQL over `gamma_`, `mw_` and `rarity_further_name`, never negative; nothing if the
        model does not know further names.
    """
    namesakes = specification.namesakes
    if namesakes is None or namesakes.same_further is None:
        return None
    name, levels = namesakes.same_further
    return (
        f"CASE WHEN {_same_name_sql(specification, namesakes)} "
        f"AND {_answers(specification, name, levels)} "
        "AND rarity_further_name IS NOT NULL "
        f"THEN greatest(0, mw_{name} - rarity_further_name) ELSE 0 END"
    )


def _same_name_sql(specification: Specification, namesakes: Namesakes) -> str:
    return " AND ".join(
        _answers(specification, name, levels) for name, levels in namesakes.same_name
    )


def _answers(
    specification: Specification, comparison: str, levels: tuple[str, ...]
) -> str:
    values = (
        str(specification.comparison(comparison).level_value(level)) for level in levels
    )
    return f"gamma_{comparison} IN ({', '.join(values)})"
