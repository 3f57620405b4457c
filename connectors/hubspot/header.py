"""From a localised export header to internal property names.

Belongs here: the rules by which each column gets its landing name, and the language of a
header. A label is never guessed: what is not known lands under a slug of itself, what
could mean two properties is an error that says how to fix it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import ColumnMappingError
from connectors.hubspot.labels import (
    DEFAULT_LANGUAGE,
    label_key,
    label_map,
    languages,
)
from connectors.hubspot.reference import ObjectReference, modelled_objects
from connectors.landing import slug_column

AUTO = "auto"
# Accepted: "hs_lead_status", "email". Rejected: "Email", "2nd_email".
_INTERNAL_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderMapping:
    """Landing names of the columns of one file, in file order."""

    names: tuple[str, ...]
    language: str
    notes: tuple[str, ...] = ()


def find_language(header: Sequence[str], object_name: str) -> str:
    """Choose the language that knows most labels of a header; English wins ties.

    Example:
        >>> find_language(["Vorname", "Nachname", "Telefonnummer"], "contacts")
        'de'
    """
    keys = [label_key(label) for label in header]

    def known(language: str) -> int:
        labels = label_map(language, object_name)
        return sum(key in labels for key in keys)

    return max(languages(), key=known)  # the first of equals


def known_properties(
    header: Sequence[str], object_name: str, language: str
) -> list[tuple[str, ...]]:
    """Give the properties that each column may be; an empty tuple when unknown."""
    own = label_map(language, object_name)
    english = label_map(DEFAULT_LANGUAGE, object_name)
    reference = modelled_objects().get(object_name)
    found: list[tuple[str, ...]] = []
    for label in header:
        key = label_key(label)
        if _INTERNAL_NAME.match(label.strip()):
            found.append((_unalias(label.strip(), header, reference),))
        else:
            found.append(own.get(key) or english.get(key) or ())
    return found


def map_header(
    header: Sequence[str],
    object_name: str,
    *,
    label: str,
    language: str = AUTO,
    columns: Mapping[str, str] | None = None,
) -> HeaderMapping:
    """Name every column of a file.

    Args:
        header: Column labels as in the file.
        object_name: Landing name of the object.
        label: How messages call the file.
        language: Language of the labels, or `auto`.
        columns: Label, or `label#n` for its n-th occurrence, to property name.

    Raises:
        ColumnMappingError: A label may be two properties, or two columns are the same.

    Example:
        >>> map_header(["Post-ID", "Förnamn", "Favoritfärg"], "contacts", label="x").names
        ('hs_object_id', 'firstname', 'favoritfarg')
    """
    if language == AUTO:
        language = find_language(header, object_name)
    chosen = _configured(header, columns or {})
    candidates = known_properties(header, object_name, language)
    problems = []
    names: list[str | None] = []
    for position, text in enumerate(header):
        if chosen[position] is not None:
            names.append(chosen[position])
        elif len(candidates[position]) > 1:
            found = " or ".join(candidates[position])
            problems.append(f"label {text!r} can be {found}")
            names.append(None)
        else:
            names.append(candidates[position][0] if candidates[position] else None)
    problems += _shared_names(header, names, object_name)
    if problems:
        raise ColumnMappingError(
            f"mapping the columns of {label}: {'; '.join(problems)}. Say which is which "
            "with `columns: {<label>: <property>}` (`<label>#2` for the second column of "
            "that label), or export with internal names"
        )
    return _number_unknown(header, names, object_name, language)


def _configured(header: Sequence[str], columns: Mapping[str, str]) -> list[str | None]:
    wanted = {label_key(label): name for label, name in columns.items()}
    seen: dict[str, int] = {}
    chosen = []
    for text in header:
        key = label_key(text)
        seen[key] = seen.get(key, 0) + 1
        numbered = wanted.get(f"{key}#{seen[key]}")
        # A plain label names the first column only: the others would be the same.
        plain = wanted.get(key) if seen[key] == 1 else None
        chosen.append(numbered or plain)
    return chosen


def _shared_names(
    header: Sequence[str], names: Sequence[str | None], object_name: str
) -> list[str]:
    """Report modelled properties that several columns claim."""
    reference = modelled_objects().get(object_name)
    modelled = set(reference.properties) if reference else {"hs_object_id"}
    claims: dict[str, list[str]] = {}
    for text, name in zip(header, names, strict=True):
        if name is not None and name in modelled:
            claims.setdefault(name, []).append(text)
    return [
        f"columns {', '.join(repr(text) for text in texts)} all are property {name}"
        for name, texts in claims.items()
        if len(texts) > 1
    ]


def _number_unknown(
    header: Sequence[str],
    names: Sequence[str | None],
    object_name: str,
    language: str,
) -> HeaderMapping:
    """Slug what is unknown and number what repeats; known names keep theirs."""
    reference = modelled_objects().get(object_name)
    modelled = set(reference.properties) if reference else set()
    taken: set[str] = set()
    reserved = {name for name in names if name is not None}
    result, repeated, guessed = [], [], []
    for position, (text, name) in enumerate(zip(header, names, strict=True), start=1):
        wanted = name if name is not None else slug_column(text, position)
        candidate, number = wanted, 1
        while candidate in taken or (
            candidate in reserved and (name is None or number > 1)
        ):
            number += 1
            candidate = f"{wanted}_{number}"
        taken.add(candidate)
        result.append(candidate)
        if number > 1:
            repeated.append(f"{text!r} as {candidate}")
        elif name is None and candidate in modelled:
            guessed.append(f"{text!r} as {candidate}")
    notes = []
    if repeated:
        notes.append(f"repeated labels numbered: {', '.join(repeated)}")
    if guessed:
        notes.append(f"labels taken as the property they spell: {', '.join(guessed)}")
    return HeaderMapping(names=tuple(result), language=language, notes=tuple(notes))


def _unalias(
    name: str, header: Sequence[str], reference: ObjectReference | None
) -> str:
    """Replace another spelling of a property, unless the property itself is there."""
    target = reference.aliases.get(name) if reference else None
    if target is None or target in header:
        return name
    return target
