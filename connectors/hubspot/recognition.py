"""Which HubSpot object an export file holds.

Belongs here: evidence from the configuration, the header and the file name. A view's
name is chosen by a person (`deals-team-contacts`), so a clear header outranks it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from connectors.errors import SourceFileError
from connectors.hubspot.header import AUTO, find_language, known_properties
from connectors.hubspot.labels import label_key
from connectors.hubspot.reference import modelled_objects

_DISTINCTIVE, _HINT = 3, 1
# Accepted as words: "all", "företag". Left out: digits, punctuation.
_WORDS = re.compile(r"[^\W\d_]+")


def mapped_object(names: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    """Find the object that the configuration gives to a file; the first match wins.

    Example:
        >>> mapped_object(["2026/plans.csv", "plans.csv"], {"plans*": "plan"})
        'plan'
    """
    for pattern, object_name in mapping.items():
        if any(fnmatchcase(name, pattern) for name in names):
            return object_name
    return None


def object_of_name(stem: str) -> str | None:
    """Read the object from a file name that speaks of exactly one.

    Example:
        >>> object_of_name("hubspot-crm-exports-all-contacts-2026-01-15")
        'contacts'
    """
    words = {label_key(word) for word in _WORDS.findall(stem)}
    named = [
        name for name, item in modelled_objects().items() if words & set(item.words)
    ]
    return named[0] if len(named) == 1 else None


def score_header(header: Sequence[str], language: str = AUTO) -> dict[str, int]:
    """Weigh a header for every object by the properties that identify it."""
    scores = {}
    for name, item in modelled_objects().items():
        spoken = find_language(header, name) if language == AUTO else language
        scores[name] = 0
        for candidates in known_properties(header, name, spoken):
            if set(candidates) & set(item.distinctive):
                scores[name] += _DISTINCTIVE
            elif set(candidates) & set(item.hints):
                scores[name] += _HINT
    return scores


def decide_object(
    label: str, stem: str, header: Sequence[str], language: str = AUTO
) -> tuple[str, tuple[str, ...]]:
    """Weigh header against file name; give the object and remarks.

    Args:
        label: How messages call the file.
        stem: File name (of a ZIP member too) without suffix.
        header: Column labels.
        language: Language of the labels, or `auto`.

    Raises:
        SourceFileError: Neither decides.
    """
    scores = score_header(header, language)
    best = max(scores.values())
    leaders = [name for name, score in scores.items() if score == best > 0]
    by_name = object_of_name(stem)
    if len(leaders) == 1 and best >= _DISTINCTIVE:
        notes: tuple[str, ...] = ()
        if by_name not in (None, leaders[0]):
            notes = (f"{label}: read as {leaders[0]} by its columns, not as {by_name}",)
        return leaders[0], notes
    if by_name is not None:
        return by_name, ()
    if len(leaders) == 1:
        return leaders[0], ()
    raise SourceFileError(
        f"recognising {label}: neither its {len(header)} columns nor its name say which "
        f"HubSpot object it holds ({' or '.join(leaders) or 'no known label'}); expected "
        "an export of contacts, companies, deals or tickets. Say which it is with "
        "`objects: {<file name or glob>: <object>}`, the label language with `language`"
    )
