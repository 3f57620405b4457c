"""Survivorship: the best value of every field of a golden record, and where it is from.

What belongs here: rules per field and the merge by them. What does not: deciding which
records belong together.
"""

from hygiene.survivorship.fields import made_from
from hygiene.survivorship.merging import MergeReport, merge
from hygiene.survivorship.overrides import Override, OverrideBook
from hygiene.survivorship.rules import Strategy, SurvivorshipRules
from hygiene.survivorship.set_by_hand import OverrideCount

__all__ = [
    "MergeReport",
    "Override",
    "OverrideBook",
    "OverrideCount",
    "Strategy",
    "SurvivorshipRules",
    "made_from",
    "merge",
]
