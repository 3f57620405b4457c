"""The churn report: a classifier on a foreign table, scored on customers it never saw.

What belongs here: reading the outcome and leaving out what is none of a feature. What
does not: the classifier, which is that of hygiene.metrics.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

import duckdb
import numpy as np
import polars as pl

from benchmarks.metrics_tables import MappingError, find_column, load_text
from hygiene.errors import InputError
from hygiene.metrics import cross_validate

POSITIVE = (
    "yes",
    "y",
    "true",
    "t",
    "1",
    "1.0",
    "churn",
    "churned",
    "exited",
    "left",
    "attrited",
    "lost",
)


def report_churn(given: argparse.Namespace) -> dict[str, object]:
    """Cross-validate on a table with one row per customer and a known outcome."""
    began = time.perf_counter()
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = load_text(connection, given.file)
        target = find_column(table, "--target", given.target)
        key = find_column(table, "--id", given.id) if given.id else None
        left_out = [find_column(table, "--exclude", name) for name in given.exclude]
        frame = connection.sql("SELECT * FROM raw").pl()
    names = {f'"{name.replace(chr(34), chr(34) * 2)}"': name for name in frame.columns}
    labels = frame[names[target]]
    unlabelled = labels.null_count()
    frame = frame.filter(labels.is_not_null())
    labels = labels.drop_nulls()
    outcome = _outcome(labels, given)
    groups, repeated = None, 0
    if key:
        repeated = frame.height - frame[names[key]].n_unique()
        if repeated:
            groups = (
                frame[names[key]].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
            )
    features = frame.drop(
        [names[target], *(names[c] for c in left_out), *([names[key]] if key else [])]
    )
    try:
        report = cross_validate(
            features,
            outcome,
            folds=given.folds,
            seed=given.seed,
            alarm=given.leak_auc,
            groups=groups,
        )
    except InputError as error:
        raise MappingError(str(error)) from error
    return {
        **asdict(report.scores),
        "leak_alarm": report.leak_alarm,
        "leak_alarm_above_auc": given.leak_auc,
        "suspicious_columns": report.suspicious,
        "calibration": [asdict(row) for row in report.calibration],
        "folds": report.folds,
        "features": {
            "numbers": report.numbers,
            "categories": report.categories,
            "dropped": report.dropped,
        },
        "input": {
            "rows": int(frame.height),
            "missing_outcome": unlabelled,
            "repeated_ids": repeated,
            "repeated_rows": int(features.is_duplicated().sum()),
            "rejected_lines": table.rejected_lines,
        },
        "seconds": {"total": round(time.perf_counter() - began, 3)},
    }


def _outcome(labels: pl.Series, given: argparse.Namespace) -> np.ndarray:
    """1 where the label means churn.

    Raises:
        MappingError: If it cannot be told which label does.
    """
    # "True." is how one classic table of telephone customers writes it.
    text = labels.str.strip_chars().str.to_lowercase().str.strip_chars_end(".")
    values = sorted(text.unique().to_list())
    if given.positive is not None:
        wanted = given.positive.strip().lower().rstrip(".")
        alike = [v for v in values if v == wanted or _same_number(v, wanted)]
        if not alike:
            raise MappingError(
                f"--positive {given.positive}: the column {given.target!r} has no such "
                f"value; it has {', '.join(values[:20])}."
            )
    else:
        alike = [value for value in values if value in POSITIVE]
        if len(values) != 2 or len(alike) != 1:
            raise MappingError(
                f"--target {given.target}: cannot tell which of {', '.join(values[:20])} "
                "means churn; say --positive VALUE."
            )
    return np.asarray(text.is_in(alike).cast(pl.Float64).to_numpy())


def _same_number(first: str, second: str) -> bool:
    try:
        return float(first) == float(second)
    except ValueError:
        return False
