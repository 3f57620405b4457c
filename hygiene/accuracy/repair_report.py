"""The report on repairs and flags: what was counted, as values, JSON and Markdown.

What belongs here: the numbers and how they are shown. What does not: counting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldScore:
    """How one column did.

    Attributes:
        field: Raw column.
        clean: Cells that were right as they came.
        false_repairs: Clean cells whose canonical value is missing or another one.
        dirty: Cells that were dirtied in a way that can be undone.
        repaired: Those whose canonical value is the true one.
        changed: Dirtied cells (of any kind) that got a canonical value other than the
            text as received.
        changed_right: Those whose canonical value is the true one.
    """

    field: str
    clean: int
    false_repairs: int
    dirty: int
    repaired: int
    changed: int
    changed_right: int

    @property
    def false_repair_rate(self) -> float:
        """Share of right values that were made wrong."""
        return self.false_repairs / self.clean if self.clean else 0.0

    @property
    def recall(self) -> float:
        """Share of undoable dirt that was undone."""
        return self.repaired / self.dirty if self.dirty else 1.0

    @property
    def precision(self) -> float:
        """Share of changed dirty values that became the true one."""
        return self.changed_right / self.changed if self.changed else 1.0


@dataclass(frozen=True, slots=True)
class KindScore:
    """How one kind of dirt in one column was undone."""

    field: str
    kind: str
    cells: int
    repaired: int
    is_repairable: bool


@dataclass(frozen=True, slots=True)
class FlagScore:
    """How one flag did: of those that are, of those that were flagged, of both."""

    flag: str
    actual: int
    flagged: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the flagged that are."""
        return self.right / self.flagged if self.flagged else 1.0

    @property
    def recall(self) -> float:
        """Share of those that are which were flagged."""
        return self.right / self.actual if self.actual else 1.0


@dataclass(frozen=True, slots=True)
class RepairReport:
    """All fields, kinds and flags of contacts and accounts."""

    fields: tuple[FieldScore, ...]
    kinds: tuple[KindScore, ...]
    flags: tuple[FlagScore, ...]

    @property
    def false_repair_rate(self) -> float:
        """Share of all right values that were made wrong."""
        clean = sum(score.clean for score in self.fields)
        return sum(s.false_repairs for s in self.fields) / clean if clean else 0.0


def as_mapping(report: RepairReport) -> Mapping[str, Any]:
    """Return a report as plain values, rates included, for JSON.

    Args:
        report: Result of `score_repairs`.

    Returns:
        Nested mapping.
    """
    return {
        "false_repair_rate": round(report.false_repair_rate, 6),
        "fields": [
            {
                "field": s.field, "clean": s.clean, "false_repairs": s.false_repairs,
                "false_repair_rate": round(s.false_repair_rate, 6), "dirty": s.dirty,
                "repaired": s.repaired, "precision": round(s.precision, 4),
                "recall": round(s.recall, 4),
            }
            for s in report.fields
        ],
        "kinds": [
            {
                "field": s.field, "kind": s.kind, "cells": s.cells,
                "repaired": s.repaired, "is_repairable": s.is_repairable,
            }
            for s in report.kinds
        ],
        "flags": [
            {
                "flag": s.flag, "actual": s.actual, "flagged": s.flagged,
                "precision": round(s.precision, 4), "recall": round(s.recall, 4),
            }
            for s in report.flags
        ],
    }  # fmt: skip


def as_markdown(report: RepairReport, *, rows: Sequence[str] = ()) -> str:
    """Return a report for people.

    Args:
        report: Result of `score_repairs`.
        rows: Lines to put above the tables.

    Returns:
        Markdown.
    """
    lines = [
        *rows,
        f"False repairs: {report.false_repair_rate:.4%} of right values.",
        "",
        "| field | right values | made wrong | rate | undoable dirt | undone (recall) | precision |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {s.field} | {s.clean:,} | {s.false_repairs} | {s.false_repair_rate:.3%} "
            f"| {s.dirty:,} | {s.recall:.2%} | {s.precision:.2%} |"
            for s in report.fields
        ),
        "",
        "| flag | are | flagged | precision | recall |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {s.flag} | {s.actual:,} | {s.flagged:,} | {s.precision:.2%} | {s.recall:.2%} |"
            for s in report.flags
        ),
        "",
        "| field | kind of dirt | cells | true value found | can be undone |",
        "|---|---|---:|---:|---|",
        *(
            f"| {s.field} | {s.kind} | {s.cells:,} | {s.repaired / s.cells:.1%} "
            f"| {'yes' if s.is_repairable else 'no'} |"
            for s in report.kinds
        ),
    ]
    return "\n".join(lines) + "\n"
