"""Drift of matching: a run that behaves unlike the ones before it stops.

What belongs here: the measures of a run, what is normal by the history, the verdict.
What does not: storing the history, and stopping.

Measures are per record, so that growth by itself is no drift. A ratio is normal while it
stays within a factor of the median of the history; the factor is the configured one, or
what the history itself has shown (four times its spread), whichever is wider. The score
distribution is compared by the population stability index over bins of the match weight.
When sources come or go, nothing is comparable: the run starts a new history.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hygiene.parquet_exchange import open_connection, register_parquet

_BINS = (-5.0, 0.0, 5.0, 10.0, 20.0, 30.0)
_SMALLEST = 1e-4
RATIOS = {
    "pairs_per_record": "compared pairs per record",
    "matches_per_record": "merged pairs per record",
    "reviews_per_record": "pairs for review per record",
    "records_per_golden": "records per golden record",
}


class DriftSettings(BaseModel):
    """When a run of matching counts as unlike the ones before it.

    Example:
        >>> DriftSettings(factor=2).factor
        2.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: Annotated[
        bool, Field(description="Whether drift stops a run before ids change.")
    ] = True
    factor: Annotated[
        float,
        Field(
            gt=1,
            description="How far a ratio may move from its median, as a factor; the "
            "history widens it where it has shown more.",
        ),
    ] = 1.5
    max_stability_index: Annotated[
        float,
        Field(
            gt=0,
            description="Most population stability index of the score distribution; "
            "0.25 is the usual limit for a major shift.",
        ),
    ] = 0.25
    largest_cluster_factor: Annotated[
        float,
        Field(ge=1, description="How much the largest cluster may outgrow its record."),
    ] = 2.0
    min_records: Annotated[
        int, Field(ge=0, description="Smaller tables are not judged.")
    ] = 1000


class RunMeasures(BaseModel):
    """What one run looked like; shares and counts only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    records: int
    sources: tuple[str, ...]
    pairs_per_record: float
    matches_per_record: float
    reviews_per_record: float
    records_per_golden: float
    largest_cluster: int
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DriftVerdict:
    """Whether a run is like the ones before it.

    Attributes:
        is_normal: Whether it may go on.
        problems: What is unlike, in sentences.
        note: Why it was not judged, if so.
        stability_index: Shift of the score distribution; none if not judged.
        limits: Normal range per ratio.
    """

    is_normal: bool
    problems: tuple[str, ...]
    note: str
    stability_index: float | None
    limits: Mapping[str, tuple[float, float]]


def measure_run(
    edges: Path,
    standardised: Path,
    *,
    run_id: str,
    clusters: int,
    largest_cluster: int,
    candidate_pairs: int,
    scratch: Path,
) -> RunMeasures:
    """Measure a run from what matching wrote.

    Args:
        edges: Parquet of decided edges.
        standardised: Parquet of standardised records.
        run_id: The run.
        clusters: Clusters that matching made.
        largest_cluster: Records of the largest one.
        candidate_pairs: Pairs that blocking found.
        scratch: Folder for temporary files.

    Returns:
        The measures.

    Raises:
        InputError: If a file is missing or malformed.
    """
    task = "Measuring drift"
    edges_of = [float("-inf"), *_BINS, float("inf")]
    bins = ", ".join(
        f"count(*) FILTER (match_weight >= '{low}'::DOUBLE "
        f"AND match_weight < '{high}'::DOUBLE)"
        for low, high in pairwise(edges_of)
    )
    with open_connection(scratch) as connection:
        register_parquet(
            connection,
            "edges",
            edges,
            required=["match_weight", "decision", "decided_by"],
            task=task,
        )
        columns = register_parquet(
            connection,
            "records",
            standardised,
            required=["source_record_key"],
            task=task,
        )
        records = connection.execute("SELECT count(*) FROM records").fetchall()[0][0]
        sources = (
            connection.execute(
                "SELECT DISTINCT split_part(source_record_key::VARCHAR, ':', 1) || ':' "
                "|| split_part(source_record_key::VARCHAR, ':', 2) FROM records ORDER BY 1"
            ).fetchall()
            if columns
            else []
        )
        matches, reviews, *counts = connection.execute(
            "SELECT count(*) FILTER (decision = 'auto_match'), "
            # What the CRM suspects grows with its own jobs, and says nothing of the model.
            "count(*) FILTER (decision = 'review' AND decided_by <> 'crm_duplicate'), "
            f"{bins} FROM edges"
        ).fetchall()[0]
    scored = sum(counts)
    size = max(int(records), 1)
    return RunMeasures(
        run_id=run_id,
        records=int(records),
        sources=tuple(str(row[0]) for row in sources),
        pairs_per_record=candidate_pairs / size,
        matches_per_record=matches / size,
        reviews_per_record=reviews / size,
        records_per_golden=int(records) / max(clusters, 1),
        largest_cluster=largest_cluster,
        scores=tuple(count / scored if scored else 0.0 for count in counts),
    )


def judge_drift(
    run: RunMeasures, history: Sequence[RunMeasures], settings: DriftSettings
) -> DriftVerdict:
    """Compare a run with the accepted ones before it.

    Args:
        run: The run.
        history: Accepted runs, oldest first.
        settings: What is normal.

    Returns:
        The verdict.
    """
    if not settings.enabled:
        return _not_judged("Drift is switched off in the configuration.")
    if run.records < settings.min_records:
        return _not_judged(
            f"{run.records} records are too few to judge; {settings.min_records} needed."
        )
    known = [item for item in history if item.records >= settings.min_records]
    if not known:
        return _not_judged("The first run of its kind: later ones are held against it.")
    if set(known[-1].sources) != set(run.sources):
        return _not_judged(
            "Sources came or went: later runs are held against this one."
        )
    known = [item for item in known if set(item.sources) == set(run.sources)]
    problems: list[str] = []
    limits: dict[str, tuple[float, float]] = {}
    for name, words in RATIOS.items():
        values = [max(getattr(item, name), _SMALLEST) for item in known]
        now = max(getattr(run, name), _SMALLEST)
        low, high = _normal(values, settings.factor)
        limits[name] = (low, high)
        # A handful of pairs more or less is chance, whatever its ratio.
        chance = 3 * math.sqrt(statistics.median(values) / run.records)
        if not low - chance <= now <= high + chance:
            problems.append(f"{words}: {now:.4g}, normal is {low:.4g} to {high:.4g}")
    before = known[-1].scores
    # Earlier versions wrote more hopeless pairs, and counted them in bins of their own.
    is_alike = len(before) == len(run.scores)
    index = stability_index(before, run.scores) if is_alike else None
    if index is not None and index > settings.max_stability_index:
        problems.append(
            f"scores are distributed differently: stability index {index:.2f}, normal is "
            f"up to {settings.max_stability_index:.2f}"
        )
    record = max(item.largest_cluster for item in known)
    most = max(record * settings.largest_cluster_factor, record + 5)
    if run.largest_cluster > most:
        problems.append(
            f"largest cluster: {run.largest_cluster} records, normal is up to {most:.0f}"
        )
    return DriftVerdict(not problems, tuple(problems), "", index, limits)


def stability_index(before: Sequence[float], after: Sequence[float]) -> float:
    """Population stability index of two distributions over the same bins.

    Args:
        before: Shares of the bins.
        after: Shares of the bins.

    Returns:
        The sum of (after - before) times ln(after / before); 0 for equal ones.

    Example:
        >>> round(stability_index([0.5, 0.5], [0.4, 0.6]), 3)
        0.041
    """
    return sum(
        (max(two, _SMALLEST) - max(one, _SMALLEST))
        * math.log(max(two, _SMALLEST) / max(one, _SMALLEST))
        for one, two in zip(before, after, strict=True)
    )


def _normal(values: Sequence[float], factor: float) -> tuple[float, float]:
    """The range around the median: the factor, or four robust spreads of the history."""
    logs = [math.log(value) for value in values]
    middle = statistics.median(logs)
    spread = 1.4826 * statistics.median(abs(value - middle) for value in logs)
    width = max(math.log(factor), 4 * spread)
    return math.exp(middle - width), math.exp(middle + width)


def _not_judged(note: str) -> DriftVerdict:
    return DriftVerdict(
        is_normal=True, problems=(), note=note, stability_index=None, limits={}
    )
