"""Rows of a report that are no records: totals, legal lines, repeated headers.

Belongs here: the patterns and the rules that keep a company called Total in the data.
Only sparse rows reach this module, so its loops are small.

- A grand total, or a total with a record count, is always a totals row.
- A plain "Total" is one when all other cells are numbers or blank and the row either
  leaves a cell blank or stands among the last rows.
- A row whose only filled cell is a known legal or generated-by line is a footer row. The
  block of single-cell rows around it, after the last blank row, goes with it: that is the
  report's title and the company's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.tabular.model import RejectReason

TAIL_ROWS = 5

# Accepted: "Grand Totals (5700 records)". Rejected: "Grand Hotel".
_GRAND_TOTAL = re.compile(
    r"^\s*(?:(?:grand\s+totals?|gesamtsumme|gesamtergebnis|total\s+g[ée]n[ée]ral|"
    r"totale\s+(?:complessivo|generale)|totalsumma|eindtotaal|total\s+geral)\b.*|"
    r"(?:sub|grand\s+)?totals?\s*\(\s*[\d.,]+\s+\w+\s*\)\s*)$",
    re.IGNORECASE,
)
# Accepted: "Subtotal:". Rejected: "Total Energies SA".
_TOTAL = re.compile(
    r"^\s*(?:sub|zwischen)?[- ]?(?:totals?|totale|totales|totaal|summe|gesamt|insgesamt|"
    r"suma|somme|summa|sum|average|count)\s*:?\s*$",
    re.IGNORECASE,
)
# Accepted: the copyright line of a Salesforce report. Rejected: a firm that is called
# "Copyright Agency Ltd", for want of a year.
_LEGAL = re.compile(
    r"""^\s*(?:
        copyright\s+(?:\(c\)|©)?\s*(?:\d{4}|,)
        | confidential\s+information\s*-\s*do\s+not\s+distribute
        | generated\s+(?:by|on|at)\b\s*:?
        | (?:report|export)(?:ed)?\s+(?:generated|created|run)\s+(?:by|on|at)\b
        | end\s+of\s+(?:report|file)\s*\.?\s*$
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = re.compile(
    r"^\s*[(+-]?\s*(?:[A-Z]{3}|[$€£¥])?\s*[\d.,'\s]*\d[\d.,'\s]*\)?\s*"
    r"(?:[A-Z]{3}|[$€£¥%])?\s*$"
)


@dataclass(frozen=True, slots=True)
class SparseRow:
    """A row with few filled cells; `rank` counts rows from the end, 1 for the last."""

    line: int
    cells: Sequence[str | None]
    rank: int

    @property
    def filled(self) -> list[str]:
        """Texts of the filled cells."""
        return [cell for cell in self.cells if cell is not None and cell.strip()]


def judge_sparse_rows(
    rows: Sequence[SparseRow], blank_lines: Sequence[int], width: int
) -> dict[int, RejectReason]:
    """Say which sparse rows are no records.

    Args:
        rows: Sparse rows in file order.
        blank_lines: Lines of blank rows.
        width: Columns of the table.

    Returns:
        Reason per line.
    """
    verdicts: dict[int, RejectReason] = {}
    for row in rows:
        if is_totals_row(row):
            verdicts[row.line] = RejectReason.TOTALS_ROW
    if width > 1:
        singles = [row for row in rows if len(row.filled) == 1]
        legal = [row for row in singles if _LEGAL.match(row.filled[0])]
        for row in legal:
            verdicts[row.line] = RejectReason.FOOTER_ROW
        if legal:
            first = legal[0].line
            starts = [line for line in blank_lines if line < first]
            block = _tail_block(singles, max(starts, default=first))
            for row in block:
                verdicts.setdefault(row.line, RejectReason.FOOTER_ROW)
    return verdicts


def is_totals_row(row: SparseRow) -> bool:
    """Whether a row adds others up instead of being one."""
    filled = row.filled
    if not filled:
        return False
    if any(_GRAND_TOTAL.match(cell) for cell in filled):
        return all(_GRAND_TOTAL.match(cell) or _NUMBER.match(cell) for cell in filled)
    labels = [cell for cell in filled if _TOTAL.match(cell)]
    if not labels:
        return False
    others_are_numbers = all(
        _TOTAL.match(cell) or _NUMBER.match(cell) for cell in filled
    )
    has_gap = len(filled) < len(row.cells)
    return others_are_numbers and (has_gap or row.rank <= TAIL_ROWS)


def _tail_block(singles: Sequence[SparseRow], after: int) -> list[SparseRow]:
    """Single-cell rows after a line, if they are all there is until the end."""
    block = [row for row in singles if row.line > after]
    ranks = sorted(row.rank for row in block)
    return block if ranks == list(range(1, len(ranks) + 1)) else []
