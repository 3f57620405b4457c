"""Text for cells of spreadsheets: never a formula, and readable again.

What belongs here: the guard against formula injection, both ways. What does not: files.
"""

from __future__ import annotations

_TRIGGERS = ("=", "+", "-", "@", "\t", "\r")
"""First characters from which spreadsheet programs start a formula."""


def guarded(value: object) -> str:
    """Write a value so that no spreadsheet program runs it.

    Args:
        value: Anything; nothing becomes empty text.

    Returns:
        The text, with an apostrophe before it where it would start a formula.

    Example:
        >>> guarded("=1+1"), guarded("+49 30"), guarded(None), guarded("plain")
        ("'=1+1", "'+49 30", '', 'plain')
    """
    text = "" if value is None else str(value)
    if text.startswith(_TRIGGERS) or (
        text.startswith("'") and text.lstrip("'").startswith(_TRIGGERS)
    ):
        return f"'{text}"
    return text


def unguarded(value: object) -> str:
    """Read a cell that `guarded` may have written.

    Args:
        value: The cell; nothing becomes empty text.

    Returns:
        The text without its guard and outer blanks.

    Example:
        >>> unguarded("'=1+1"), unguarded("'t Hooft"), unguarded(None)
        ('=1+1', "'t Hooft", '')
    """
    text = ("" if value is None else str(value)).strip()
    if text.startswith("'") and text.lstrip("'").startswith(_TRIGGERS):
        return text[1:]
    return text
