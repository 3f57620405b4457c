"""Matching: which source records are the same person or organisation.

What belongs here: the only code that knows Splink. `link` turns standardised records
and evidence into decided edges; `train` learns a model, rarely; see README.md for the
model, the threshold rule and the clustering, with the reasons.
"""

from hygiene.matching.linking import link
from hygiene.matching.model_changes import LevelShift, compare_models
from hygiene.matching.report import (
    HotKeys,
    MatchReport,
    RuleCount,
    SharedIdentifier,
    StageTime,
    Threshold,
)
from hygiene.matching.settings import (
    Engine,
    MatchSettings,
    SparkSettings,
    Training,
)
from hygiene.matching.specification import Entity
from hygiene.matching.training import TrainingReport, train

__all__ = [
    "Engine",
    "Entity",
    "HotKeys",
    "LevelShift",
    "MatchReport",
    "MatchSettings",
    "RuleCount",
    "SharedIdentifier",
    "SparkSettings",
    "StageTime",
    "Threshold",
    "Training",
    "TrainingReport",
    "compare_models",
    "link",
    "train",
]
