"""Stewardship: what people decide about identity, and how they see why it was decided.

What belongs here: rulings on pairs and their life, the review queue and its files, the
explanation of a cluster, what a changed rule would change, and what is known about the
model's accuracy. What does not: scoring (`hygiene.matching`), ids (`hygiene.identity`).
"""

from hygiene.stewardship.rulings import (
    Answer,
    Ruling,
    RulingBook,
    RulingsReport,
    Status,
    Verdict,
    put_rulings_in_force,
)

__all__ = [
    "Answer",
    "Ruling",
    "RulingBook",
    "RulingsReport",
    "Status",
    "Verdict",
    "put_rulings_in_force",
]
