"""Identifiers and text inside the few SQL statements that take no parameters."""

from __future__ import annotations


def quote(identifier: str) -> str:
    """Quote an SQL identifier.

    Example:
        >>> quote('a"b')
        '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote an SQL string literal, for the few statements that take no parameters.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
