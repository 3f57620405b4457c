"""Rules about deals against the generator's list of spoilt deals.

What belongs here: counting whether the records that a rule lists are those that were made
wrong for it. What does not: checking a rule.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from hygiene.accuracy.repair_report import FlagScore
from hygiene.errors import InputError

# Which shipped rule is there to find which kind of dirt.
FOUND_BY: Final = {
    "amount_missing": ("DQ-C-301", "won deal without an amount"),
    "closed_before_created": ("DQ-V-301", "deal closes before it was created"),
    "probability_stale": ("DQ-K-301", "stage and probability disagree"),
}


def score_rule_flags(defects: Path, truth: Path) -> tuple[FlagScore, ...]:
    """Compare the records that rules list with those that were spoilt.

    Args:
        defects: Parquet of `data_quality_defects`.
        truth: Folder with truth_values and truth_deals.

    Returns:
        One score per rule of `FOUND_BY`; a record that both lists hold is right.

    Raises:
        InputError: A file is missing or unreadable.
    """
    values = _read(truth / "truth_values.parquet")
    known = _read(truth / "truth_deals.parquet")["source_record_key"]
    listed = _read(defects)
    scores = []
    for kind, (rule, words) in FOUND_BY.items():
        spoilt = set(
            values.filter(
                pl.col("dirt_kind").str.split("+").list.contains(kind)
                & pl.col("source_record_key").is_in(known.implode())
            )["source_record_key"]
        )
        flagged = set(listed.filter(pl.col("rule_id") == rule)["record_key"])
        scores.append(
            FlagScore(
                f"{words} ({rule})", len(spoilt), len(flagged), len(spoilt & flagged)
            )
        )
    return tuple(scores)


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"scoring rules: {path.name} could not be read ({type(error).__name__}); "
            "expected it after a demo; run the demo again"
        ) from error
