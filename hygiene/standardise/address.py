"""Light clean-up of address parts: city, state, postcode, street; the country they imply."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

from hygiene.standardise.address_words import state_key
from hygiene.standardise.status import Status
from hygiene.standardise.street import expand_street
from hygiene.standardise.text import clean_compatible_text, clean_text, repair_mojibake
from hygiene.standardise.text_result import TextResult
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th)\Z")
_LINE_BREAK: Final = re.compile(r"\s*(?:\r\n|\r|\n)\s*")
_NOT_CODE: Final = re.compile(r"[^A-Z0-9]")
_FLOAT_TAIL: Final = re.compile(r"^(\d+)\.0+$")
_COUNTRY_PREFIX: Final = re.compile(r"[A-Z]{1,3}[- ]?(\d[\d -]{2,})\Z")
# A post-office box is written in capitals, "Po" is a river.
_PO_BOX: Final = re.compile(r"\bPo (?=Box\b)")
# Accepted: "'S-Hertogenbosch". Rejected: "King'S".
_DUTCH_ARTICLE: Final = re.compile(r"(?<!\w)'S(?=[- ])")
_EDGE_DIRT: Final = " ,;:*#_|\\<>=~^?"
_SMALL_WORDS: Final = frozenset(
    [
        "am",
        "an",
        "der",
        "die",
        "das",
        "im",
        "in",
        "bei",
        "ob",
        "vor",
        "und",
        "van",
        "von",
        "de",
        "del",
        "della",
        "di",
        "da",
        "do",
        "dos",
        "la",
        "le",
        "les",
        "los",
        "las",
        "el",
        "sur",
        "sous",
        "en",
        "upon",
        "on",
        "the",
        "of",
        "and",
        "y",
        "e",
        "au",
        "aux",
        "op",
        "aan",
        "den",
        "ten",
        "ter",
        "i",
        "na",
    ]
)
# Elsewhere people write regions, counties and departments that no list of ISO 3166-2
# holds, and they are right.
_COUNTRIES_OF_KNOWN_STATES: Final = frozenset({"AU", "BR", "CA", "US"})
_LONGEST_STATE_CODE: Final = 3
_LONGEST_ABBREVIATION: Final = 5
# Postcodes that only one country writes this way, for records without a country.
TELLING_POSTCODES: Final = (
    ("CA", re.compile(r"[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d\Z")),
    ("GB", re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\Z")),
    ("NL", re.compile(r"[1-9]\d{3} ?[A-Z]{2}\Z")),
    ("US", re.compile(r"\d{5}-\d{4}\Z")),
)
US_ZIP: Final = re.compile(r"\d{5}(?:-\d{4})?\Z")


def title_case(text: str) -> str:
    """Return all-capital or all-small text with a capital per word.

    Example:
        >>> title_case("FRANKFURT AM MAIN")
        'Frankfurt am Main'
    """
    if not (text.isupper() or text.islower()):
        return text

    def fix(match: re.Match[str]) -> str:
        lower = match[0].lower().replace("i\u0307", "i")
        if any(character.isdigit() for character in lower):
            # "2ND" is an ordinal; the case of "5A" may mean something.
            return lower if _ORDINAL.match(lower) else match[0]
        if match.start() and lower in _SMALL_WORDS:
            return lower
        return lower[0].title()[:1] + lower[1:] if len(lower[0].upper()) == 1 else lower

    # Case mapping can leave a letter and its accent apart.
    fixed = unicodedata.normalize("NFC", _WORD.sub(fix, text))
    return _PO_BOX.sub("PO ", _DUTCH_ARTICLE.sub("'s", fixed))


def _clean_place(raw: str | None, words: Vocabulary, kind: str) -> TextResult | str:
    if raw and ("\n" in raw or "\r" in raw):
        raw = _LINE_BREAK.sub(", ", raw)
    text = clean_text(raw)
    if not text:
        return TextResult(None, Status.MISSING, f"{kind}.missing")
    if words.placeholders.holds(text, "text"):
        return TextResult(None, Status.PLACEHOLDER, f"{kind}.placeholder")
    repaired = repair_mojibake(text).strip(_EDGE_DIRT)
    if not any(map(str.isalnum, repaired)):
        return TextResult(None, Status.INVALID, f"{kind}.no_letters")
    if repaired != text and words.placeholders.holds(repaired, "text"):
        return TextResult(None, Status.PLACEHOLDER, f"{kind}.placeholder")
    return repaired


def _was_garbled(raw: str | None) -> bool:
    if raw is None or raw.isascii():
        return False
    text = clean_text(_LINE_BREAK.sub(", ", raw))
    return repair_mojibake(text) != text


def standardise_city(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return a city with spaces tidied and all-capital or all-small words repaired.

    Args:
        raw: The city as received.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        City, status and rule.

    Example:
        >>> standardise_city("NEW YORK").value
        'New York'
    """
    text = _clean_place(raw, vocabulary or default_vocabulary(), "city")
    if isinstance(text, TextResult):
        return text
    if not any(character.isalpha() for character in text):
        return TextResult(None, Status.INVALID, "city.no_letters")
    repaired = title_case(text)
    if repaired != text:
        return TextResult(repaired, Status.CORRECTED, "city.case")
    if _was_garbled(raw):
        return TextResult(text, Status.CORRECTED, "city.mojibake")
    return TextResult(text, Status.VALID, "city.valid")


def standardise_street(
    raw: str | None,
    *,
    country: str | None = None,
    vocabulary: Vocabulary | None = None,
) -> TextResult:
    r"""Return a street on one line with its case repaired and abbreviations written out.

    Args:
        raw: The street lines as received.
        country: ISO alpha-2 code of the record's country, which decides what an
            abbreviation means; without it none is written out.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Street, status and rule.

    Example:
        >>> standardise_street("5 MAIN ST\nFL 2", country="US").value
        '5 Main Street, Floor 2'
    """
    vocab = vocabulary or default_vocabulary()
    text = _clean_place(raw, vocab, "street")
    if isinstance(text, TextResult):
        return text
    repaired = title_case(text)
    words = vocab.addresses.streets.get(country) if country else None
    if words is not None:
        written = expand_street(repaired, words)
        if written != repaired:
            return TextResult(written, Status.CORRECTED, "street.abbreviation")
    if repaired != text:
        return TextResult(repaired, Status.CORRECTED, "street.case")
    if _was_garbled(raw):
        return TextResult(text, Status.CORRECTED, "street.mojibake")
    return TextResult(text, Status.VALID, "street.valid")


def standardise_state(
    raw: str | None, *, country: str | None, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return a state: its postal abbreviation where addresses use one, else tidied text.

    `find_state_code` gives the ISO 3166-2 code of every known one.

    Args:
        raw: The state or province as received.
        country: ISO alpha-2 code of the record's country, if known.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        State, status and rule. Where every address names one of a few listed states
        (Australia, Brazil, Canada, the United States), another text is invalid.

    Example:
        >>> standardise_state("california", country="US").value
        'CA'
        >>> standardise_state("Ontario", country="US").rule
        'state.unknown'
    """
    words = vocabulary or default_vocabulary()
    text = _clean_place(raw, words, "state")
    if isinstance(text, TextResult):
        return text
    if country is not None:
        found = words.addresses.find_state_within(text, country)
        if found is not None and found.postal is not None:
            return TextResult(found.postal, Status.VALID, "state.valid")
        if found is not None and text.isupper() and len(text) <= _LONGEST_ABBREVIATION:
            # "NRW", "PACA", "CDMX": capitals because it is one.
            return TextResult(text, Status.VALID, "state.valid")
        if found is None and country in _COUNTRIES_OF_KNOWN_STATES:
            return TextResult(None, Status.INVALID, "state.unknown")
    repaired = title_case(text)
    if len(repaired) <= _LONGEST_STATE_CODE and repaired.isascii():
        return TextResult(repaired.upper(), Status.VALID, "state.valid")
    if repaired != text:
        return TextResult(repaired, Status.CORRECTED, "state.case")
    if _was_garbled(raw):
        return TextResult(text, Status.CORRECTED, "state.mojibake")
    return TextResult(text, Status.VALID, "state.valid")


def find_state_code(
    state: str | None, *, country: str | None, vocabulary: Vocabulary | None = None
) -> str | None:
    """Return the ISO 3166-2 code of a state.

    Args:
        state: The state as received.
        country: ISO alpha-2 code of the record's country.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Code with its country, or None for an unknown state or country.

    Example:
        >>> find_state_code("Bavaria", country="DE")
        'DE-BY'
    """
    text = clean_text(state)
    if not text or country is None:
        return None
    words = vocabulary or default_vocabulary()
    bare = repair_mojibake(text).strip(_EDGE_DIRT)
    found = words.addresses.find_state_within(bare, country)
    return found.code if found is not None else None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})\Z")


def standardise_postal_code(
    raw: str | None, *, country: str | None, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return a postcode in the layout of its country.

    Args:
        raw: The postcode as received; spreadsheets drop leading zeros and add ".0".
        country: ISO alpha-2 code of the record's country, if known.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Postcode, status and rule. A code that its country does not use is invalid.

    Example:
        >>> standardise_postal_code("sw1a1aa", country="GB").value
        'SW1A 1AA'
    """
    words = vocabulary or default_vocabulary()
    text = clean_compatible_text(raw).upper().strip(_EDGE_DIRT)
    if not text:
        return TextResult(None, Status.MISSING, "postal_code.missing")
    # 11111 is a postcode somewhere; only zeros are filler among the numbers.
    is_number = text.isdigit()
    if (is_number and not text.strip("0")) or (
        not is_number and words.placeholders.holds(text, "text")
    ):
        return TextResult(None, Status.PLACEHOLDER, "postal_code.placeholder")
    rule = ""
    if match := _FLOAT_TAIL.match(text):
        text, rule = match[1], "postal_code.float"
    plan = words.addresses.postal.get(country) if country else None
    if plan is None:
        status = Status.CORRECTED if rule else Status.VALID
        return TextResult(text, status, rule or "postal_code.valid")
    code = _NOT_CODE.sub("", text)
    fits = _compiled(plan["pattern"]).match
    if not fits(code) and (prefixed := _COUNTRY_PREFIX.match(text)):
        # "D-10115", "CH 8001": an old way to say the country.
        code, rule = _NOT_CODE.sub("", prefixed[1]), "postal_code.country_prefix"
    if country is not None and not fits(code) and fits(country + code):
        # "1073" in Latvia, where "LV-" belongs to the code.
        code, rule = country + code, "postal_code.country_added"
    digits = plan.get("digits")
    if digits and code.isdigit() and plan["shortest"] <= len(code) < digits:
        code, rule = code.zfill(digits), "postal_code.leading_zero"
    if code and not code.strip("0"):
        return TextResult(None, Status.PLACEHOLDER, "postal_code.placeholder")
    found = fits(code)
    if found is None:
        return TextResult(None, Status.INVALID, "postal_code.layout")
    value = _lay_out(code, found, plan)
    status = Status.CORRECTED if rule else Status.VALID
    return TextResult(value, status, rule or "postal_code.valid")


def _lay_out(code: str, found: re.Match[str], plan: Mapping[str, Any]) -> str:
    layout, runs = plan.get("layout"), plan.get("runs")
    if not layout:
        return code
    if runs:
        if len(code) != sum(runs):
            return code
        ends = list(accumulate(runs))
        pieces = [code[end - run : end] for end, run in zip(ends, runs, strict=True)]
        return str(layout.format(*pieces))
    groups = [group for group in found.groups() if group]
    return str(layout.format(*groups)) if len(groups) > 1 else code


def infer_country(
    state: str | None, postal_code: str | None, *, vocabulary: Vocabulary | None = None
) -> str | None:
    """Return the country that state and postcode leave no doubt about.

    Only for choosing a phone region: it never fills the country column.

    Args:
        state: State as received.
        postal_code: Postcode as received.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        ISO alpha-2 code or None.

    Example:
        >>> infer_country("TX", "75001")
        'US'
    """
    words = vocabulary or default_vocabulary()
    post = clean_compatible_text(postal_code).upper()
    for country, pattern in TELLING_POSTCODES:
        if pattern.match(post):
            return country
    key = state_key(clean_compatible_text(state))
    countries = words.addresses.state_countries.get(key, frozenset())
    if "US" in countries and US_ZIP.match(post):
        return "US"
    if len(countries) == 1 and len(key) > _LONGEST_STATE_CODE:
        return next(iter(countries))
    return None
