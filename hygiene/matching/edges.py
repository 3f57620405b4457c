"""The edges file: every candidate pair with its decision, and the counts over it.

What belongs here: writing decisions down. What does not: deciding.

A pair is `auto_match` exactly if clustering put its records together. A pair that its
weight or its evidence would have joined, but clustering kept apart, goes to review; so
does a pair that the CRM suspects, unless it is hopeless.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from hygiene.matching.clustering import Integers
from hygiene.matching.evidence import SUSPICION, Constraints
from hygiene.matching.features import FeatureTable
from hygiene.matching.parameters import ModelParameters
from hygiene.matching.report import MatchReport, RuleCount, StageTime, Threshold
from hygiene.matching.settings import MatchSettings
from hygiene.matching.specification import Specification
from hygiene.standardise.atomic import open_appender, words

COMPLETED = "component"
"""`blocking_rule_id` of pairs that were scored because they share a component."""
EVIDENCE = "evidence"
"""`blocking_rule_id` of pairs that no blocking rule found and the model did not compare."""
_SUSPECTED_MARGIN = 10.0
"""Bits below the review zone up to which a pair that the CRM suspects goes to review."""
_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class MatchRun:
    """What the stages of one run share.

    Attributes:
        connection: The run's private connection.
        specification: The model.
        parameters: Its parameters.
        settings: How to match.
        features: What the feature table holds.
        model_source: shipped, kept or trained.
    """

    connection: duckdb.DuckDBPyConnection
    specification: Specification
    parameters: ModelParameters
    settings: MatchSettings
    features: FeatureTable
    model_source: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What clustering decided.

    Attributes:
        clusters: Cluster of each record.
        threshold: Where records were merged, and why.
        constraints: What evidence demanded.
        candidate_pairs: Pairs found by blocking.
        completed_pairs: Pairs scored inside components.
        split_components: Components that were too large.
    """

    clusters: Integers
    threshold: Threshold
    constraints: Constraints
    candidate_pairs: int
    completed_pairs: int
    split_components: int


def write_edges(
    run: MatchRun, outcome: Outcome, total_sql: str, out_edges: Path
) -> tuple[int, int]:
    """Decide every scored or evidenced pair and write the edges.

    Args:
        run: The run.
        outcome: What clustering decided.
        total_sql: SQL of a scored pair's weight, prior included.
        out_edges: The file to replace.

    Returns:
        Rows written, and scored pairs left out because they are hopeless.
    """
    connection, threshold = run.connection, outcome.threshold
    specification = run.specification
    connection.register(
        "cluster_of",
        pl.DataFrame(
            {
                "unique_id": np.arange(run.features.records),
                "cluster": outcome.clusters,
            }
        ),
    )
    gammas = [f"gamma_{item.name}" for item in specification.comparisons]
    floor = threshold.review_weight - run.settings.kept_margin
    hopeless = threshold.review_weight - _SUSPECTED_MARGIN
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE decided AS
        SELECT
            coalesce(scored.unique_id_l, evidence.unique_id_l) AS unique_id_l,
            coalesce(scored.unique_id_r, evidence.unique_id_r) AS unique_id_r,
            scored.weight AS match_weight,
            scored.match_key,
            evidence.decided_by IS NOT DISTINCT FROM '{SUSPICION}' AS is_suspected,
            CASE
                WHEN l.cluster = r.cluster THEN 'auto_match'
                WHEN evidence.is_same = false THEN 'non_match'
                WHEN scored.weight >= {threshold.review_weight!r}
                    OR evidence.is_same THEN 'review'
                WHEN is_suspected AND scored.weight >= {hopeless!r} THEN 'review'
                ELSE 'non_match'
            END AS decision,
            CASE
                WHEN is_suspected AND decision <> 'review' THEN 'model'
                ELSE coalesce(evidence.decided_by, 'model')
            END AS decided_by,
            coalesce(evidence.authority < 3, false) AS is_evidence,
            {", ".join(f"scored.{gamma}" for gamma in gammas)}
        FROM (
            SELECT unique_id_l, unique_id_r, {total_sql} AS weight, match_key,
                {", ".join(gammas)}
            FROM (SELECT * FROM scores UNION ALL SELECT * FROM completion_scores)
        ) AS scored
        FULL OUTER JOIN evidence
            ON scored.unique_id_l = evidence.unique_id_l
            AND scored.unique_id_r = evidence.unique_id_r
        INNER JOIN cluster_of AS l
            ON coalesce(scored.unique_id_l, evidence.unique_id_l) = l.unique_id
        INNER JOIN cluster_of AS r
            ON coalesce(scored.unique_id_r, evidence.unique_id_r) = r.unique_id
        """
    )
    kept = f"decision <> 'non_match' OR is_evidence OR match_weight >= {floor!r}"
    row = connection.execute(
        f"SELECT count(*) FROM decided WHERE NOT coalesce({kept}, false)"
    ).fetchone()
    dropped = int(row[0]) if row else 0
    edges = connection.sql(
        f"""
        SELECT unique_id_l, unique_id_r, match_weight,
            CASE WHEN match_weight >= 0
                THEN 1.0 / (1.0 + pow(2.0, -least(match_weight, 1000)))
                ELSE 1.0 - 1.0 / (1.0 + pow(2.0, greatest(match_weight, -1000)))
            END AS match_probability,
            coalesce(match_key, {len(specification.blocking_rules) + 1}) + 1 AS rule,
            decided_by, decision,
            {
            ", ".join(
                f"CASE WHEN NOT is_evidence THEN {gamma}::INTEGER END AS {gamma}"
                for gamma in gammas
            )
        }
        FROM decided WHERE {kept} ORDER BY unique_id_l, unique_id_r
        """
    ).pl()
    _write(run, edges, out_edges)
    return edges.height, dropped


def _write(run: MatchRun, edges: pl.DataFrame, out_edges: Path) -> None:
    """Write edges with the keys of their records; sorted before, by number."""
    keys = run.connection.sql(
        "SELECT source_record_key FROM features ORDER BY unique_id"
    ).pl()["source_record_key"]
    # By the number of the rule plus one: 0 for pairs inside a component. What only the CRM
    # suspects has the number after the last rule.
    rules = [COMPLETED, *(rule.name for rule in run.specification.blocking_rules)]
    rules += [SUSPICION, EVIDENCE]
    with open_appender(out_edges) as appender:
        for first in range(0, max(edges.height, 1), _ROWS_AT_ONCE):
            part = edges[first : first + _ROWS_AT_ONCE]
            columns = {
                "source_record_key_l": _keys_of(part["unique_id_l"], keys),
                "source_record_key_r": _keys_of(part["unique_id_r"], keys),
                "match_weight": part["match_weight"].to_arrow(),
                "match_probability": part["match_probability"].to_arrow(),
                "blocking_rule_id": words(part["rule"].to_numpy(), rules),
                "decided_by": _repeating(part["decided_by"]),
                "decision": _repeating(part["decision"]),
                "model_version": words(
                    np.zeros(part.height, dtype=np.int64), [run.parameters.version]
                ),
            }
            for item in run.specification.comparisons:
                columns[f"gamma_{item.name}"] = part[f"gamma_{item.name}"].to_arrow()
            appender.append(pa.table(columns))


def _keys_of(numbers: pl.Series, keys: pl.Series) -> pa.DictionaryArray:
    used, positions = np.unique(numbers.to_numpy(), return_inverse=True)
    return words(positions, keys.gather(used))


def _repeating(texts: pl.Series) -> pa.DictionaryArray:
    listed = texts.unique().sort()
    return words(texts.cast(pl.Enum(listed)).to_physical().to_numpy(), listed)


def build_report(
    run: MatchRun,
    outcome: Outcome,
    *,
    edges: int,
    dropped: int,
    notes: list[str],
    stages: list[StageTime],
) -> MatchReport:
    """Count what `write_edges` decided.

    Args:
        run: The run.
        outcome: What clustering decided.
        edges: Rows of the edges file.
        dropped: Scored pairs that were not written.
        notes: What else a reader of the run should know.
        stages: Seconds per stage.

    Returns:
        The report of the run.
    """
    connection, constraints = run.connection, outcome.constraints
    clusters, features = outcome.clusters, run.features
    names = [rule.name for rule in run.specification.blocking_rules]
    names.append(SUSPICION)
    found = {
        EVIDENCE if key is None else [*names, COMPLETED][key]: (
            int(pairs),
            int(matches),
        )
        for key, pairs, matches in connection.execute(
            "SELECT match_key, count(*), "
            "count(*) FILTER (decision = 'auto_match') FROM decided GROUP BY ALL"
        ).fetchall()
    }
    decisions = {
        str(decision): int(count)
        for decision, count in connection.execute(
            "SELECT decision, count(*) FROM decided GROUP BY ALL"
        ).fetchall()
    }
    sizes = np.bincount(clusters) if len(clusters) else np.zeros(1, dtype=np.int64)
    if constraints.unknown_rulings:
        notes = [
            *notes,
            f"{constraints.unknown_rulings} rulings name records that are not in this "
            "run; they are kept and take effect when the records return.",
        ]
    suspected = _suspicion_note(run)
    if suspected:
        notes = [*notes, suspected]
    return MatchReport(
        entity=run.specification.entity.value,
        records=features.records,
        test_records=features.test_records,
        model_version=run.parameters.version,
        model_source=run.model_source,
        threshold=outcome.threshold,
        candidate_pairs=outcome.candidate_pairs,
        completed_pairs=outcome.completed_pairs,
        edges=edges,
        dropped_pairs=dropped,
        auto_matches=decisions.get("auto_match", 0),
        reviews=decisions.get("review", 0),
        must_links=constraints.must_links,
        cannot_links=constraints.cannot_links,
        overruled_must_links=constraints.overruled,
        clusters=int((sizes > 0).sum()),
        largest_cluster=int(sizes.max()),
        split_components=outcome.split_components,
        blocking_rules=tuple(
            RuleCount(name, *found.get(name, (0, 0)))
            for name in [*names, COMPLETED, EVIDENCE]
            if name in found
        ),
        hot_keys=features.hot_keys,
        shared_identifiers=tuple(item for item in features.shared if item.values),
        unused_fields=features.unused_fields,
        notes=tuple(notes),
        stages=tuple(stages),
    )


def _suspicion_note(run: MatchRun) -> str:
    """Tell what became of the pairs that the CRM suspects; empty without any."""
    total, merged, review, alone = run.connection.execute(
        "SELECT count(*), count(*) FILTER (decision = 'auto_match'), "
        "count(*) FILTER (decision = 'review'), "
        f"count(*) FILTER (match_key = {len(run.specification.blocking_rules)}) "
        "FROM decided WHERE is_suspected"
    ).fetchall()[0]
    if not total:
        return ""
    return (
        f"The CRM's duplicate rules suspect {total} pairs ({alone} of them no blocking "
        f"rule finds): {merged} are merged, {review} are for review, "
        f"{total - merged - review} have too little in common."
    )
