"""Legal forms of companies as token sequences, found at either end of a name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hygiene.errors import ReferenceDataError
from hygiene.reference import read_reference_yaml
from hygiene.standardise.text import match_form

# Accepted: "g.m.b.h.", "s. r. l.". Rejected: "st. john".
_DOTTED_LETTERS: Final = re.compile(r"\b(?:[a-z]\.\s?)+(?:[a-z]\b\.?)?", re.IGNORECASE)
_POSITIONS: Final = frozenset({"suffix", "prefix", "both"})


@dataclass(frozen=True, slots=True)
class LegalForm:
    """One legal form and where it stands in a name."""

    label: str
    countries: tuple[str, ...]
    is_strong: bool


@dataclass(frozen=True, slots=True)
class LegalForms:
    """Legal forms by their tokens, and the words that join parts of a name."""

    suffixes: Mapping[tuple[str, ...], LegalForm]
    prefixes: Mapping[tuple[str, ...], LegalForm]
    native: tuple[tuple[str, LegalForm], ...]
    longest: int
    trading_as: re.Pattern[str]
    formerly: re.Pattern[str]
    care_of: re.Pattern[str]
    markers: re.Pattern[str]
    conjunctions: frozenset[str]
    abbreviations: Mapping[str, str]

    def find_suffix(self, tokens: Sequence[str]) -> tuple[LegalForm, int] | None:
        """Return the longest form at the end and how many tokens it takes.

        Args:
            tokens: Result of `company_tokens`.

        Returns:
            The form and its length, or None.

        Example:
            >>> forms = load_legal_forms()
            >>> forms.find_suffix(["acme", "gmbh"])[0].label
            'GmbH'
        """
        for length in range(min(self.longest, len(tokens)), 0, -1):
            if form := self.suffixes.get(tuple(tokens[-length:])):
                return form, length
        return None

    def find_prefix(self, tokens: Sequence[str]) -> tuple[LegalForm, int] | None:
        """Return the longest form at the start and how many tokens it takes.

        Args:
            tokens: Result of `company_tokens`.

        Returns:
            The form and its length, or None.

        Example:
            >>> load_legal_forms().find_prefix(["uab", "acme"])[0].label
            'UAB'
        """
        for length in range(min(self.longest, len(tokens)), 0, -1):
            if form := self.prefixes.get(tuple(tokens[:length])):
                return form, length
        return None


def company_tokens(text: str, conjunctions: frozenset[str]) -> list[str]:
    """Return the lower-case ASCII words of a company name, dotted letters joined.

    Args:
        text: Cleaned text.
        conjunctions: Words that are written as `and`.

    Returns:
        The tokens.

    Example:
        >>> company_tokens("Smith & Sons S.A.", frozenset({"&"}))
        ['smith', 'and', 'sons', 'sa']
    """
    for sign in ("&", "+"):
        if sign in text and sign in conjunctions:
            text = text.replace(sign, " and ")
    text = _DOTTED_LETTERS.sub(
        lambda match: match[0].replace(".", "").replace(" ", "") + " ", text
    )
    words = (match_form(text.replace("/", "")) or "").split()
    return ["and" if word in conjunctions else word for word in words]


def _alternatives(phrases: Sequence[str], *, template: str) -> re.Pattern[str]:
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(
        template.format("|".join(re.escape(phrase) for phrase in ordered)),
        re.IGNORECASE,
    )


def _validated(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = set(entry) - {
        "label", "countries", "spellings", "position", "strong", "native",
    }  # fmt: skip
    if unknown or not entry.get("label") or not entry.get("countries"):
        raise ReferenceDataError(
            "reading reference data: legal_forms.yaml has an entry without label or "
            f"countries, or with unknown keys ({len(unknown)}); see its header"
        )
    if entry.get("position", "suffix") not in _POSITIONS:
        raise ReferenceDataError(
            f"reading reference data: legal_forms.yaml gives {entry['label']} a "
            "position other than suffix, prefix or both"
        )
    return entry


def load_legal_forms(abbreviations: Mapping[str, str] | None = None) -> LegalForms:
    """Load the shipped legal forms.

    Args:
        abbreviations: The user's, beside and before the shipped ones.

    Returns:
        Forms by token sequence. Where two forms share a spelling, the earlier wins.

    Raises:
        ReferenceDataError: The file is malformed.

    Example:
        >>> len({c for f in load_legal_forms().suffixes.values() for c in f.countries}) > 40
        True
    """
    data = read_reference_yaml("legal_forms.yaml")
    suffixes: dict[tuple[str, ...], LegalForm] = {}
    prefixes: dict[tuple[str, ...], LegalForm] = {}
    native: list[tuple[str, LegalForm]] = []
    conjunctions = frozenset(data["conjunctions"])
    for entry in map(_validated, data["forms"]):
        form = LegalForm(
            label=str(entry["label"]),
            countries=tuple(entry["countries"]),
            is_strong=bool(entry.get("strong", False)),
        )
        position = entry.get("position", "suffix")
        for spelling in entry.get("spellings", ()):
            # "s r o" is what tokenising "s. r. o." or "s r o" leaves in two ways.
            plain = tuple(company_tokens(str(spelling), conjunctions))
            joined = ("".join(plain),) if all(len(t) == 1 for t in plain) else plain
            for tokens in (plain, joined):
                if position in {"suffix", "both"}:
                    suffixes.setdefault(tokens, form)
                if position in {"prefix", "both"}:
                    prefixes.setdefault(tokens, form)
        native.extend((str(text), form) for text in entry.get("native", ()))
    native.sort(key=lambda item: (-len(item[0]), item[0]))
    return LegalForms(
        suffixes=suffixes,
        prefixes=prefixes,
        native=tuple(native),
        longest=max(len(tokens) for tokens in (*suffixes, *prefixes)),
        trading_as=_alternatives(
            data["trading_as"], template=r"(?:^|[\s,(])(?:{})(?=[\s:])[\s:]*"
        ),
        formerly=_alternatives(data["formerly"], template=r"[\s,(\[]+(?:{})\s.*$"),
        care_of=_alternatives(
            data["care_of"], template=r"(?:^|[\s,(]+)(?:{})(?=[\s:])[\s:]*.*$"
        ),
        markers=_alternatives(
            data["markers"],
            template=r"(?:\s*[\(\[\*]+\s*(?:{0})\s*[\)\]\*]+"
            r"|\s+[-\u2013_]+\s*(?:{0})\s*$|^\s*[\(\[\*]+\s*(?:{0})\s*[\)\]\*]+\s*)",
        ),
        conjunctions=conjunctions,
        abbreviations={
            token: " ".join(company_tokens(str(word), conjunctions))
            for short, word in (
                data["abbreviations"] | dict(abbreviations or {})
            ).items()
            for token in ("".join(company_tokens(str(short), conjunctions)),)
        },
    )
