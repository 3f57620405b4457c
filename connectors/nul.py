"""NUL characters in texts: databases and spreadsheets break off at them.

Belongs here: removing them from a page, and saying that there were some.
"""

from __future__ import annotations

import polars as pl


def without_nul(frame: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    r"""Remove NUL characters from every text of a page.

    Returns:
        The page, and whether there were any.

    Example:
        >>> without_nul(pl.DataFrame({"a": ["x\0y"], "b": [1]}))[0].row(0)
        ('xy', 1)
    """
    texts = pl.col(pl.String)
    found = frame.select(texts.str.contains("\0", literal=True).any())
    if not found.width or not any(found.row(0)):
        return frame, False
    return frame.with_columns(texts.str.replace_all("\0", "", literal=True)), True
