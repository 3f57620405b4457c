"""The port of matching: standardised records and evidence in, decided edges out.

What belongs here: the order of the stages and the edges file. What does not: how any
stage works.

The edges file is consistent by construction: a pair is `auto_match` exactly if
clustering put its records together, so connected components over `auto_match` edges are
the clusters, and no later step needs to know a threshold.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import polars as pl

from hygiene.matching.agreements import mergeable_sql
from hygiene.matching.clustering import (
    Integers,
    PairWeights,
    average_link,
    find_components,
    hold_back,
)
from hygiene.matching.doubts import judge_doubts
from hygiene.matching.edges import MatchRun, Outcome, build_report, write_edges
from hygiene.matching.evidence import load_evidence, settle_constraints
from hygiene.matching.features import build_features
from hygiene.matching.parameters import (
    ModelParameters,
    load_parameters,
    save_parameters,
    shipped_parameters,
)
from hygiene.matching.prior import estimate_prior
from hygiene.matching.report import MatchReport, StageTime
from hygiene.matching.reuse import compare_changed, keep_answers
from hygiene.matching.rule_yield import find_candidates
from hygiene.matching.settings import Engine, MatchSettings, Training
from hygiene.matching.spark import compare_on_spark
from hygiene.matching.specification import Entity, Specification
from hygiene.matching.specifications import specification_of
from hygiene.matching.threshold import choose_threshold
from hygiene.matching.training import learn
from hygiene.matching.vectors import compare_pairs, context_weight_sql, weigh_sql
from hygiene.parquet_exchange import open_connection, quote_literal

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stages:
    """Collects the duration of each stage."""

    times: list[StageTime] = field(default_factory=list)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.times.append(StageTime(stage, round(time.perf_counter() - begin, 3)))


def link(
    standardised: Path,
    links: Path,
    rulings: Path | None,
    out_edges: Path,
    *,
    entity: Literal["contact", "account"] | Entity,
    settings: MatchSettings,
    model_dir: Path | None = None,
    state_dir: Path | None = None,
    engine: Engine | None = None,
) -> MatchReport:
    """Match standardised records and write one decided edge per candidate pair.

    Args:
        standardised: Parquet of standardised records, one row per source record.
        links: Parquet of pairs that a system of record says are the same.
        rulings: CSV of a steward's rulings, or a folder of such files; optional.
        out_edges: The edges file to replace.
        entity: contact or account.
        settings: How to match.
        model_dir: Folder of trained models, if the settings name none.
        state_dir: Folder in which a run keeps what each pair answered, so that the next
            one compares only pairs with a new or changed record; none: every pair is
            compared. The edges are the same either way.
        engine: Which backend compares the pairs; none: what the settings say.

    Returns:
        Counts, thresholds and their reasons.

    Raises:
        ConfigurationError: If the engine is not available.
        InputError: If a file is missing or malformed.
    """
    on_spark = (engine or settings.engine) is Engine.SPARK
    specification = specification_of(Entity(entity))
    stages = _Stages()
    with open_connection(out_edges.parent) as connection:
        if settings.threads is not None:
            connection.execute(f"SET threads = {settings.threads}")
        if settings.memory_limit is not None:
            connection.execute(
                f"SET memory_limit = {quote_literal(settings.memory_limit)}"
            )
        with stages.measure("features"):
            features = build_features(connection, standardised, specification, settings)
        specification = features.specification
        with stages.measure("block"):
            left_out = find_candidates(
                connection, specification, records=features.records
            )
        with stages.measure("compare"):
            reuse = (
                compare_on_spark(
                    connection, specification, settings.spark, out_edges.parent
                )
                if on_spark
                else compare_changed(connection, specification, state_dir)
            )
        with stages.measure("model"):
            parameters, source, notes = _choose_model(
                connection,
                specification,
                features.records,
                settings,
                settings.model_dir or model_dir,
            )
        run = MatchRun(
            connection, specification, parameters, settings, features, source
        )
        report = _link(
            run,
            links,
            rulings,
            out_edges,
            notes=[
                *features.notes,
                *notes,
                reuse.reason,
                *(rule.reason for rule in left_out),
            ],
            stages=stages,
        )
        if state_dir is not None and not on_spark:
            keep_answers(connection, specification, state_dir)
        return replace(report, reused_pairs=reuse.reused)


def _choose_model(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    records: int,
    settings: MatchSettings,
    model_dir: Path | None,
) -> tuple[ModelParameters, str, list[str]]:
    """Load the kept model, or learn one from enough records, or take the shipped one."""
    kept = (
        model_dir / f"{specification.entity}-model.json"
        if model_dir is not None
        else None
    )
    shipped = shipped_parameters(specification)
    if settings.training is not Training.ALWAYS and kept is not None and kept.is_file():
        known = load_parameters(kept, specification, complete_from=shipped)
        return known, "kept", []
    if settings.training is Training.NEVER:
        return shipped, "shipped", []
    if records < settings.min_training_records:
        note = (
            f"The shipped model was used: {records} records are fewer than the "
            f"{settings.min_training_records} that training needs."
        )
        return shipped, "shipped", [note]
    learned, report = learn(
        connection,
        specification,
        shipped,
        settings,
        version=f"{specification.entity}-trained",
    )
    if not report.rules:
        note = "The shipped model was used: no training rule found enough pairs."
        return shipped, "shipped", [note]
    if kept is not None:
        save_parameters(learned, kept)
        # As later runs will read it, so that they give the same edges.
        learned = load_parameters(kept, specification, complete_from=shipped)
    notes = [
        f"Trained on {pairs} pairs with equal {columns}, {share:.0%} of them matches."
        for columns, pairs, share in report.rules
    ]
    return learned, "trained", notes


def _link(
    run: MatchRun,
    links: Path,
    rulings: Path | None,
    out_edges: Path,
    *,
    notes: list[str],
    stages: _Stages,
) -> MatchReport:
    connection, specification = run.connection, run.specification
    features, settings = run.features, run.settings
    with stages.measure("score"):
        _score(run, "vectors", "scores")
    with stages.measure("threshold"):
        prior = estimate_prior(
            connection, "SELECT weight FROM scores", features.records
        )
        prior_weight = math.log2(prior / (1 - prior))
        total_sql = f"(weight + ({prior_weight!r}))"
        verdicts = judge_doubts(
            connection,
            "scores",
            specification,
            run.parameters,
            prior_weight=prior_weight,
        )
        notes = [*notes, *(verdict.reason for verdict in verdicts)]
        agreement_sql = mergeable_sql(
            specification, {item.doubt for item in verdicts if item.is_allowed}
        )
        candidates, agreeing = _read_pairs(
            connection, "scores", total_sql, agreement_sql
        )
        threshold = choose_threshold(
            candidates.weight[agreeing],
            settings,
            records=features.records,
            prior=prior,
        )
    with stages.measure("evidence"):
        has_parent = bool(
            connection.execute(
                "SELECT count(*) FROM (DESCRIBE standardised_file) "
                "WHERE column_name = 'parent_source_record_key'"
            ).fetchall()[0][0]
        )
        unknown = load_evidence(
            connection,
            links,
            rulings,
            entity=specification.entity,
            has_parent=has_parent,
        )
        constraints = settle_constraints(connection, features.records, unknown)
    merge = threshold.auto_match_weight
    with stages.measure("components"):
        components = find_components(
            features.records,
            hold_back(candidates, agreeing, threshold=merge, prior_weight=prior_weight),
            constraints.groups,
            threshold=merge,
            limit=settings.max_component_size,
        )
        completed = _complete(connection, components.label)
    with stages.measure("score_components"):
        compare_pairs(connection, specification, "completion", "completion_vectors")
        _score(run, "completion_vectors", "completion_scores")
        more, more_agreeing = _read_pairs(
            connection, "completion_scores", total_sql, agreement_sql
        )
    with stages.measure("cluster"):
        every = PairWeights(
            np.concatenate([candidates.left, more.left]),
            np.concatenate([candidates.right, more.right]),
            np.concatenate([candidates.weight, more.weight]),
        )
        agreement = np.concatenate([agreeing, more_agreeing])
        clusters = average_link(
            components.label,
            hold_back(every, agreement, threshold=merge, prior_weight=prior_weight),
            constraints.groups,
            constraints.barred_left,
            constraints.barred_right,
            threshold=merge,
            prior_weight=prior_weight,
        )
    outcome = Outcome(
        clusters=clusters,
        threshold=threshold,
        constraints=constraints,
        candidate_pairs=len(candidates.left),
        completed_pairs=completed,
        split_components=components.split,
    )
    with stages.measure("write"):
        edges, dropped = write_edges(run, outcome, total_sql, out_edges)
    report = build_report(
        run,
        outcome,
        edges=edges,
        dropped=dropped,
        notes=notes,
        stages=stages.times,
    )
    logger.info(
        "matched entity=%s records=%d candidates=%d edges=%d clusters=%d largest=%d",
        report.entity,
        report.records,
        report.candidate_pairs,
        report.edges,
        report.clusters,
        report.largest_cluster,
    )
    return report


def _score(run: MatchRun, vectors: str, table: str) -> None:
    """Create a table of weighed pairs: answers, witnesses' weights, and the total."""
    specification = run.specification
    weighed = weigh_sql(specification, run.parameters, vectors)
    kept = [f"gamma_{item.name}" for item in specification.comparisons]
    kept += sorted(
        {f"mw_{name}" for doubt in specification.doubts for name, _ in doubt.witnesses}
    )
    run.connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT unique_id_l, unique_id_r, "
        f"match_key, {', '.join(kept)}, {context_weight_sql(specification)} AS weight "
        f"FROM ({weighed})"
    )


def _read_pairs(
    connection: duckdb.DuckDBPyConnection, table: str, weight: str, agreement: str
) -> tuple[PairWeights, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    rows = connection.sql(
        f"SELECT unique_id_l, unique_id_r, {weight} AS total, "
        f"{agreement} AS agrees FROM {table} ORDER BY unique_id_l, unique_id_r"
    ).fetchnumpy()
    return (
        PairWeights(
            np.asarray(rows["unique_id_l"], dtype=np.int64),
            np.asarray(rows["unique_id_r"], dtype=np.int64),
            np.asarray(rows["total"], dtype=np.float64),
        ),
        np.asarray(rows["agrees"], dtype=bool),
    )


def _complete(connection: duckdb.DuckDBPyConnection, labels: Integers) -> int:
    """Create `completion`: pairs inside a component that blocking did not find."""
    connection.register(
        "component_of",
        pl.DataFrame({"unique_id": np.arange(len(labels)), "component": labels}),
    )
    connection.execute(
        """
        CREATE OR REPLACE TABLE completion AS
        WITH sized AS (
            SELECT *, count(*) OVER (PARTITION BY component) AS size FROM component_of
        )
        SELECT l.unique_id::INTEGER AS unique_id_l, r.unique_id::INTEGER AS unique_id_r,
            0::BIGINT AS found_by, -1 AS match_key
        FROM sized AS l
        INNER JOIN sized AS r ON l.component = r.component AND l.unique_id < r.unique_id
        ANTI JOIN candidates
            ON candidates.unique_id_l = l.unique_id
            AND candidates.unique_id_r = r.unique_id
        WHERE l.size > 2 AND r.size > 2
        """
    )
    row = connection.execute("SELECT count(*) FROM completion").fetchone()
    return int(row[0]) if row else 0
