"""Accuracy of clusters and of repairs against a known truth.

What belongs here: measuring. What does not: matching, or anything that the pipeline
itself reads; truth files exist only for synthetic data and for labelled samples.
"""

from hygiene.accuracy.employers import (
    JobReport,
    LeadAccountReport,
    MethodScore,
    score_jobs,
    score_lead_accounts,
)
from hygiene.accuracy.repair_report import (
    FieldScore,
    FlagScore,
    KindScore,
    RepairReport,
    as_mapping,
    as_markdown,
)
from hygiene.accuracy.repairs import score_repairs
from hygiene.accuracy.rule_flags import score_rule_flags
from hygiene.accuracy.scoring import AccuracyReport, score

__all__ = [
    "AccuracyReport",
    "FieldScore",
    "FlagScore",
    "JobReport",
    "KindScore",
    "LeadAccountReport",
    "MethodScore",
    "RepairReport",
    "as_mapping",
    "as_markdown",
    "score",
    "score_jobs",
    "score_lead_accounts",
    "score_repairs",
    "score_rule_flags",
]
