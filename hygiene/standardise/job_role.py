"""Seniority, function and persona of a job title, from the taxonomy file.

Belongs here: finding the taxonomy's phrases in a title of any language. The tidied title
itself is made by `job_title`; what no phrase is known for is reported as unclassified.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hygiene.errors import ReferenceDataError
from hygiene.reference import read_reference_yaml
from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_text, match_form, repair_mojibake

_SENIORITY: Final = "seniority"
_FUNCTION: Final = "function"
_GROUPS: Final = {_SENIORITY: ("first", "levels"), _FUNCTION: ("first", "functions")}
_LAST_LATIN: Final = 0x24F
_SHORTEST_STEM: Final = 2


class JobRole(NamedTuple):
    """What a job title says about its holder.

    `status` is valid when the title was classified in full, corrected never, invalid when
    nothing was recognised; `rule` says which of the two parts were found.
    """

    seniority: str | None
    function: str | None
    persona: str | None
    status: Status
    rule: str


class _Entry(NamedTuple):
    """One phrase: its words, and what it means with which precedence."""

    words: tuple[str, ...]
    dimension: str
    rank: int
    label: str


@dataclass(slots=True)
class _Index:
    """Phrases by how their first word is compared."""

    exact: dict[str, list[_Entry]] = field(default_factory=dict)
    starts: dict[str, list[_Entry]] = field(default_factory=dict)
    ends: dict[str, list[_Entry]] = field(default_factory=dict)
    inside: list[tuple[str, _Entry]] = field(default_factory=list)
    native: list[tuple[str, _Entry]] = field(default_factory=list)
    personas: list[tuple[str, frozenset[str] | None, frozenset[str] | None]] = field(
        default_factory=list
    )


def _is_native(text: str) -> bool:
    return any(ord(letter) > _LAST_LATIN and letter.isalpha() for letter in text)


def _word(text: str) -> str:
    """Return one word of a phrase in its comparable form, stars kept at its ends."""
    bare = text.strip("*")
    form = match_form(bare) or ""
    return (
        ("*" if text.startswith("*") else "")
        + form
        + ("*" if text.endswith("*") else "")
    )


def _add(index: _Index, phrase: str, dimension: str, rank: int, label: str) -> None:
    if _is_native(phrase):
        text = phrase.casefold().strip("*")
        index.native.append((text, _Entry((text,), dimension, rank, label)))
        return
    words = tuple(
        word
        for piece in phrase.split()
        for word in _word(piece).replace("-", " ").split()
        if word.strip("*")
    )
    if not words:
        raise ReferenceDataError(
            f"reading reference data: job_taxonomy.yaml has an empty phrase below {label}; "
            "remove it"
        )
    entry = _Entry(words, dimension, rank, label)
    first = words[0]
    bare = first.strip("*")
    if first.startswith("*") and first.endswith("*"):
        index.inside.append((bare, entry))
    elif first.startswith("*"):
        index.ends.setdefault(bare, []).append(entry)
    elif first.endswith("*"):
        index.starts.setdefault(bare, []).append(entry)
    else:
        index.exact.setdefault(bare, []).append(entry)


def _load(
    data: Mapping[str, Any], extra: Mapping[str, Mapping[str, Iterable[str]]]
) -> _Index:
    index = _Index()
    for dimension, groups in _GROUPS.items():
        labels = {label for group in groups for label in data[dimension][group]}
        rank = 0
        # The user's phrases decide first.
        for label, phrases in extra.get(dimension, {}).items():
            for phrase in phrases:
                _add(index, phrase, dimension, rank, label)
            labels.add(label)
            rank += 1
        for group in groups:
            for label, phrases in data[dimension][group].items():
                for phrase in phrases:
                    _add(index, str(phrase), dimension, rank, label)
                rank += 1
        for rule in data["personas"]:
            unknown = set(rule.get(dimension, ())) - labels
            if unknown:
                raise ReferenceDataError(
                    f"reading reference data: a persona of job_taxonomy.yaml asks for "
                    f"the {dimension} {', '.join(sorted(unknown))}, which no phrase has"
                )
    for rule in data["personas"]:
        seniority, function = (
            frozenset(rule[name]) if name in rule else None
            for name in (_SENIORITY, _FUNCTION)
        )
        index.personas.append((str(rule["persona"]), seniority, function))
    return index


def _candidates(index: _Index, word: str) -> Iterator[_Entry]:
    yield from index.exact.get(word, ())
    for length in range(_SHORTEST_STEM, len(word) + 1):
        yield from index.starts.get(word[:length], ())
        yield from index.ends.get(word[-length:], ())
    for part, entry in index.inside:
        if part in word:
            yield entry


def _fits(entry: _Entry, words: list[str], position: int) -> bool:
    if position + len(entry.words) > len(words):
        return False
    for offset, wanted in enumerate(entry.words[1:], start=1):
        word, bare = words[position + offset], wanted.strip("*")
        if wanted.endswith("*") and wanted.startswith("*"):
            is_same = bare in word
        elif wanted.endswith("*"):
            is_same = word.startswith(bare)
        elif wanted.startswith("*"):
            is_same = word.endswith(bare)
        else:
            is_same = word == bare
        if not is_same:
            return False
    return True


class JobRoleClassifier:
    """Classifies titles; one instance per run, because loading costs more than asking."""

    def __init__(
        self, extra: Mapping[str, Mapping[str, Iterable[str]]] | None = None
    ) -> None:
        """Load the taxonomy.

        Args:
            extra: `seniority` or `function` to label to further phrases.

        Raises:
            ReferenceDataError: The taxonomy is malformed.
        """
        self._index = _load(read_reference_yaml("job_taxonomy.yaml"), extra or {})

    def __call__(self, raw: str | None) -> JobRole:
        """Return what a job title says.

        Args:
            raw: The title as received.

        Returns:
            Seniority, function, persona, status and rule.

        Example:
            >>> JobRoleClassifier()("VP of Sales")[:3]
            ('vp', 'Sales', 'Decision maker')
        """
        text = repair_mojibake(clean_text(raw))
        if not text:
            return JobRole(None, None, None, Status.MISSING, "job_role.missing")
        best: dict[str, _Entry] = {}
        words = (match_form(text) or "").split()
        for position, word in enumerate(words):
            for entry in _candidates(self._index, word):
                known = best.get(entry.dimension)
                if (known is None or entry.rank < known.rank) and _fits(
                    entry, words, position
                ):
                    best[entry.dimension] = entry
        if _is_native(text):
            folded = text.casefold()
            for part, entry in self._index.native:
                known = best.get(entry.dimension)
                if (known is None or entry.rank < known.rank) and part in folded:
                    best[entry.dimension] = entry
        seniority = best[_SENIORITY].label if _SENIORITY in best else None
        function = best[_FUNCTION].label if _FUNCTION in best else None
        # The taxonomy's way to say that a phrase leaves the function open.
        function = None if function == "none" else function
        return self._describe(seniority, function)

    def _describe(self, seniority: str | None, function: str | None) -> JobRole:
        if seniority is None and function is None:
            return JobRole(None, None, None, Status.INVALID, "job_role.unclassified")
        persona = next(
            (
                name
                for name, levels, functions in self._index.personas
                if (levels is None or seniority in levels)
                and (functions is None or function in functions)
            ),
            None,
        )
        rule = "job_role.classified"
        if function is None:
            rule = "job_role.seniority_only"
        elif seniority is None:
            rule = "job_role.function_only"
        return JobRole(seniority, function, persona, Status.VALID, rule)


@lru_cache(maxsize=1)
def _default() -> JobRoleClassifier:
    return JobRoleClassifier()


def classify_job_title(raw: str | None) -> JobRole:
    """Return seniority, function and persona of a job title by the shipped taxonomy.

    Args:
        raw: The title as received, in any language.

    Returns:
        The parts; both null and the rule `job_role.unclassified` when nothing is known.

    Example:
        >>> classify_job_title("Leiterin Einkauf")[:3]
        ('head', 'Procurement', 'Budget holder')
    """
    return _default()(raw)
