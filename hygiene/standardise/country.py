"""Country as people type it to ISO 3166-1 alpha-2 (and XK, which is user-assigned)."""

from __future__ import annotations

from typing import Final, NamedTuple

from hygiene.standardise.address_words import state_key
from hygiene.standardise.country_index import country_key
from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_compatible_text, fold_key
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

_LONGEST_CODE: Final = 3


class CountryResult(NamedTuple):
    """Verdict on one country value. A tuple, because millions are made."""

    value: str | None
    status: Status
    rule: str


def _look_up(text: str, vocabulary: Vocabulary) -> str | None:
    index = vocabulary.countries
    letters = "".join(character for character in text if character.isalnum()).upper()
    if len(letters) <= _LONGEST_CODE and letters in index.codes:
        return index.codes[letters]
    return index.names.get(country_key(text))


def standardise_country(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> CountryResult:
    """Return the ISO alpha-2 code that a country value means.

    Args:
        raw: A code or name in any of some sixty languages, possibly misspelt.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Code, status and rule.

    Example:
        >>> standardise_country("Deutschland").value
        'DE'
    """
    words = vocabulary or default_vocabulary()
    text = clean_compatible_text(raw)
    if not text:
        return CountryResult(None, Status.MISSING, "country.missing")
    # "N/A" and "na" are fillers; "NA" as it stands is the code of Namibia.
    if text != "NA" and words.placeholders.holds(text, "country"):
        return CountryResult(None, Status.PLACEHOLDER, "country.placeholder")
    code = _look_up(text, words)
    if code is not None:
        rule = "country.code" if fold_key(text).upper() == code else "country.name"
        return CountryResult(code, Status.VALID, rule)
    return _repair(text, words)


def _repair(text: str, words: Vocabulary) -> CountryResult:
    for separator in (",", ";", "/", "|", "(", " - "):
        head, found, tail = text.rpartition(separator)
        if not found:
            continue
        # "Bavaria, Germany" ends with the country; "Germany (DE)" starts with it.
        candidates = {
            code
            for part in (tail.strip(" ()"), head.strip(" ()"))
            if part and (code := _look_up(part, words)) is not None
        }
        if len(candidates) == 1:
            return CountryResult(
                candidates.pop(), Status.CORRECTED, "country.part_of_value"
            )
    states = words.addresses.state_countries.get(state_key(text), frozenset())
    if len(states) == 1 and len(text) > _LONGEST_CODE:
        return CountryResult(next(iter(states)), Status.CORRECTED, "country.from_state")
    near = words.countries.find_near(country_key(text))
    if near is not None:
        return CountryResult(near, Status.CORRECTED, "country.typo")
    return CountryResult(None, Status.INVALID, "country.unknown")
