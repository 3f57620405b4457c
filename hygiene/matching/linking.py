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

from hygiene.matching.agreements import mergeable_sql
from hygiene.matching.doubts import judge_doubts
from hygiene.matching.edges import MatchRun, Outcome, build_report, write_edges
from hygiene.matching.evidence import (
    add_suspected,
    load_evidence,
    settle_constraints,
)
from hygiene.matching.features import build_features
from hygiene.matching.grouping import (
    Limits,
    group_records,
    read_pairs,
    score_pairs,
    total_weight_sql,
)
from hygiene.matching.hot_blocks import add_neighbours
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
            neighbours = add_neighbours(
                connection, specification, records=features.records
            )
            add_suspected(connection, links, specification)
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
                *(rule.reason for rule in neighbours),
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
        score_pairs(run, "vectors", "scores")
    with stages.measure("threshold"):
        prior = estimate_prior(
            connection, "SELECT weight FROM scores", features.records
        )
        prior_weight = math.log2(prior / (1 - prior))
        total_sql = total_weight_sql(prior_weight)
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
        candidates = read_pairs(connection, "scores", total_sql, agreement_sql)
        threshold = choose_threshold(
            candidates.pairs.weight[candidates.agrees],
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
    grouping = group_records(
        run,
        candidates,
        constraints,
        Limits(threshold.auto_match_weight, prior_weight, agreement_sql),
        measure=stages.measure,
    )
    outcome = Outcome(
        clusters=grouping.clusters,
        threshold=threshold,
        constraints=constraints,
        candidate_pairs=len(candidates.pairs.left),
        completed_pairs=grouping.completed_pairs,
        split_components=grouping.split_components,
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
