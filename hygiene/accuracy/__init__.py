"""Accuracy of clusters against a known truth: pairwise, B-cubed and mixing.

What belongs here: measuring. What does not: matching, or anything that the pipeline
itself reads; truth files exist only for synthetic data and for labelled samples.
"""

from hygiene.accuracy.scoring import AccuracyReport, score

__all__ = ["AccuracyReport", "score"]
