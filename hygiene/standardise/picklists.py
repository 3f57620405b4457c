"""Controlled vocabularies: a value as people write it to the label we use.

Belongs here: loading the YAML files of `reference/vocabularies` with the user's own, and
the one look-up that serves every picklist. Which column has which vocabulary is decided
by `contacts`, `accounts` and the user's settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel import Locale
from rapidfuzz.distance import OSA

from hygiene.errors import ReferenceDataError
from hygiene.reference import read_reference_yaml
from hygiene.standardise.status import Status
from hygiene.standardise.text import (
    clean_compatible_text,
    fold_key,
    match_form,
    repair_mojibake,
)
from hygiene.standardise.text_result import TextResult
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

SHIPPED: Final = (
    "account_type", "boolean", "company_size", "currency", "industry", "lead_source",
    "lead_status", "lifecycle_stage",
)  # fmt: skip
_JOINING: Final = frozenset({"and", "und", "et", "y", "e", "och"})
_LAST_LATIN: Final = 0x24F
_CURRENCY_LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv")
# Accepted: "51-200 employees", "1.000-5.000", "> 10000", "120". Rejected: "mid".
_SIZE: Final = re.compile(
    r"[~>\u2265<]?\s*(\d{1,3}(?:[.,' ]\d{3})+|\d{1,9})(?:\s*(?:-|\u2013|\u2014|to|bis|à|a)"
    r"\s*(\d{1,3}(?:[.,' ]\d{3})+|\d{1,9}))?\s*\+?\s*(?:[^\W\d]+\s*){0,2}\Z"
)
# Accepted: "10k+", "5 K". Rejected: "10 kilos".
_THOUSANDS: Final = re.compile(r"(\d)\s?[kK]\b")
_BAND: Final = re.compile(r"(\d+)")
# Shorter words are one slip from words that mean something else, or inside of them.
_SHORTEST_NEAR: Final = 5
_SHORTEST_HELD: Final = 6


@dataclass(frozen=True, slots=True)
class Picklist:
    """One controlled vocabulary.

    Attributes:
        name: Name, as in rule ids (`lead_source.synonym`).
        labels: The labels, in the order of the file.
        spellings: Label by folded spelling; every label is a spelling of itself.
    """

    name: str
    labels: tuple[str, ...]
    spellings: Mapping[str, str]

    def find(self, text: str) -> str | None:
        """Return the label that a cleaned text means.

        Args:
            text: Cleaned text.

        Returns:
            The label, or None when the vocabulary does not list the text.

        Example:
            >>> load_picklists({})["lead_source"].find("WEB_SITE")
            'Website'
        """
        return self.spellings.get(_key(text))

    def suggest(self, text: str) -> str | None:
        """Return the label that an unlisted text probably means, for a person to confirm.

        Args:
            text: Cleaned text that `find` does not know.

        Returns:
            The label of the spelling that is one slip away, else of the longest one that
            the text contains; None where neither is, or where two labels are as near.

        Example:
            >>> load_picklists({})["lead_source"].suggest("Tradeshow Berlin 2025")
            'Event'
        """
        key = _key(text)
        near = {
            label
            for spelling, label in self.spellings.items()
            if len(spelling) >= _SHORTEST_NEAR
            and OSA.distance(key, spelling, score_cutoff=1) <= 1
        }
        if not near:
            held = [
                spelling
                for spelling in self.spellings
                if len(spelling) >= _SHORTEST_HELD and spelling in key
            ]
            longest = max(map(len, held), default=0)
            near = {self.spellings[each] for each in held if len(each) == longest}
        return near.pop() if len(near) == 1 else None


def _key(text: str) -> str:
    """Return small letters and digits without blanks; signs (€) stay where nothing else is."""
    if any(ord(letter) > _LAST_LATIN and letter.isalpha() for letter in text):
        # Transliterated, the yen and the yuan would be one sign.
        return "".join(filter(str.isalnum, text.casefold()))
    form = match_form(text) if any(map(str.isalnum, text)) else None
    if form is None or (not text.isascii() and not any(map(str.isalpha, text))):
        return fold_key(text)
    if "$" in text:
        # "A$" and "A" are two things.
        return form.replace(" ", "") + "$"
    words = form.split()
    # "Food & Beverage" and "Food and Beverage" are one spelling; "y" alone means yes.
    kept = [word for word in words if word not in _JOINING] or words
    return "".join(kept)


def _build(
    name: str,
    shipped: Mapping[str, Iterable[object]],
    own: Mapping[str, Iterable[object]],
) -> Picklist:
    spellings: dict[str, str] = {}
    for label, synonyms in shipped.items():
        for spelling in (label, *map(str, synonyms)):
            if spellings.setdefault(_key(spelling), label) != label:
                raise ReferenceDataError(
                    f"reading reference data: vocabularies/{name}.yaml gives one spelling "
                    f"to {spellings[_key(spelling)]} and to {label}; keep it at one"
                )
    # The user's words outrank the shipped ones.
    for label, words in own.items():
        spellings |= {_key(str(word)): label for word in (*words, label)}
    spellings.pop("", None)
    return Picklist(name, tuple(dict.fromkeys((*shipped, *own))), spellings)


@lru_cache(maxsize=1)
def _currency_names() -> dict[str, list[str]]:
    """Return CLDR's names of current currencies, where they name just one."""
    codes: dict[str, set[str]] = {}
    for language in _CURRENCY_LANGUAGES:
        for code, text in Locale.parse(language).currencies.items():
            codes.setdefault(_key(text), set()).add(str(code))
    names: dict[str, list[str]] = {str(code): [] for code in Locale("en").currencies}
    for key, found in sorted(codes.items()):
        if len(found) == 1:
            names[next(iter(found))].append(key)
    return names


def _add_currency_names(shipped: dict[str, list[object]]) -> None:
    """Add every ISO code that CLDR knows, with names no other currency has."""
    by_hand = {_key(str(word)) for words in shipped.values() for word in words}
    taken = by_hand | {_key(code) for code in _currency_names()}
    for code, names in _currency_names().items():
        if _key(code) not in by_hand:
            further = [text for text in names if text not in taken]
            shipped[code] = [*shipped.get(code, ()), *further]


def load_picklists(
    own: Mapping[str, Mapping[str, Iterable[str]]],
    *,
    only: Iterable[str] | None = None,
) -> dict[str, Picklist]:
    """Load the shipped vocabularies and add the user's.

    Args:
        own: Vocabulary to label to further spellings. A new vocabulary is added; a
            shipped one gets further labels and spellings.
        only: Names that are needed; all by default (currencies take a second).

    Returns:
        Picklists by name.

    Raises:
        ReferenceDataError: A shipped file is malformed.

    Example:
        >>> load_picklists({"region": {"DACH": ["Germany"]}})["region"].find("germany")
        'DACH'
    """
    picklists: dict[str, Picklist] = {}
    for name in dict.fromkeys((*SHIPPED, *own)) if only is None else only:
        shipped: dict[str, list[object]] = {}
        if name in SHIPPED:
            values = read_reference_yaml(f"vocabularies/{name}.yaml").get("values")
            if not isinstance(values, dict) or not values:
                raise ReferenceDataError(
                    f"reading reference data: vocabularies/{name}.yaml has no `values`; "
                    "expected `label: [spelling, ...]` below it"
                )
            shipped = {str(label): list(words) for label, words in values.items()}
        if name == "currency":
            _add_currency_names(shipped)
        picklists[name] = _build(name, shipped, own.get(name, {}))
    return picklists


def list_spellings(
    name: str, own: Mapping[str, Mapping[str, Iterable[str]]]
) -> dict[str, str]:
    """Return the spellings of one vocabulary as a warehouse compares them.

    Case-folded text with white space collapsed, which SQL can make of a value as well; the
    names of currencies from CLDR are left out, as nobody types them into an export.

    Args:
        name: A shipped vocabulary.
        own: The user's words, which outrank the shipped ones.

    Returns:
        Label by spelling, sorted.

    Example:
        >>> list_spellings("currency", {})["us$"]
        'USD'
    """
    values = read_reference_yaml(f"vocabularies/{name}.yaml")["values"]
    spellings: dict[str, str] = {}
    for words in (values, own.get(name, {})):
        for label, listed in words.items():
            spellings |= {fold_key(str(word)): label for word in (*listed, label)}
    return dict(sorted(spellings.items()))


def standardise_choice(
    raw: str | None, picklist: Picklist, *, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return the label of a controlled vocabulary that a value means.

    Args:
        raw: The value as received.
        picklist: The vocabulary.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Label, status and rule. A value off the list is invalid, not guessed; its raw text
        stays in its own column and is reported with its count.

    Example:
        >>> standardise_choice("Trade show", load_picklists({})["lead_source"]).value
        'Event'
    """
    name = picklist.name
    text = repair_mojibake(clean_compatible_text(raw))
    if not text:
        return TextResult(None, Status.MISSING, f"{name}.missing")
    label = picklist.find(text)
    if label is None and ";" in text:
        # A multi-select export: the first choice that is listed.
        parts = (picklist.find(part.strip()) for part in text.split(";"))
        first = next((part for part in parts if part is not None), None)
        if first is not None:
            return TextResult(first, Status.CORRECTED, f"{name}.first_of_several")
    if label is not None:
        is_listed = fold_key(text.replace("_", " ")) == fold_key(label)
        return TextResult(
            label,
            Status.VALID if is_listed else Status.CORRECTED,
            f"{name}.listed" if is_listed else f"{name}.synonym",
        )
    words = vocabulary or default_vocabulary()
    if words.placeholders.holds(text, "text"):
        return TextResult(None, Status.PLACEHOLDER, f"{name}.placeholder")
    return TextResult(None, Status.INVALID, f"{name}.off_list")


def standardise_company_size(
    raw: str | None, picklist: Picklist, *, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return the size band of a head count, a range or a word.

    Args:
        raw: "120", "51-200 employees", "mid-market".
        picklist: The vocabulary `company_size`; its labels start with the lower limit.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Band, status and rule. A range belongs to the band that holds its middle.

    Example:
        >>> standardise_company_size("120", load_picklists({})["company_size"]).value
        '51-200'
    """
    text = clean_compatible_text(raw)
    found = standardise_choice(text, picklist, vocabulary=vocabulary)
    match = _SIZE.match(_THOUSANDS.sub(r"\g<1>000", text))
    if match is None or found.value is not None:
        return found
    low, high = (
        int(re.sub(r"\D", "", part)) if part else None for part in match.groups()
    )
    if low is None or (high is not None and high < low):
        return found
    count = low if high is None else (low + high) // 2
    if count == 0:
        return TextResult(None, Status.PLACEHOLDER, "company_size.placeholder")
    label = _band_of(count, picklist)
    if label is None:
        return found
    return TextResult(label, Status.CORRECTED, "company_size.from_number")


def _band_of(count: int, picklist: Picklist) -> str | None:
    best: tuple[int, str] | None = None
    for label in picklist.labels:
        lower = _BAND.match(label)
        if (
            lower
            and int(lower[1]) <= count
            and (best is None or int(lower[1]) > best[0])
        ):
            best = int(lower[1]), label
    return best[1] if best else None
