"""Dates as people and spreadsheets write them, when they leave no doubt.

Belongs here: one text to one day. Whether a day is plausible today is a quality rule's
question: no clock is read here.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from babel import Locale

from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_compatible_text, match_form
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

# Accepted: "1980-02-29", "1980-02-29T00:00:00Z", "1980/02/29", "1980.2.9", and "1980 2 29"
# from three columns.
_ISO: Final = re.compile(
    r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[T ].*)?\Z", re.DOTALL
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")
# Accepted: "29.02.1980", "2/29/1980 00:00". Which number is the month must be clear.
_WRITTEN: Final = re.compile(
    r"(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4})(?: .*)?\Z"
)
# Accepted: "29021980", "02291980". With the year first it would have a 19th or 20th month.
_COMPACT_YEAR_LAST: Final = re.compile(r"(\d{2})()(\d{2})((?:19|20)\d{2})\Z")
_SHORT_YEAR: Final = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2}\Z")
# Accepted: "31 December 1980", "Dec 31, 1980", "31. Dezember 1980", "31 de diciembre de 1980".
_NAMED: Final = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|er)? )?(?:de )?([a-z]{3,})(?: (\d{1,2})(?:st|nd|rd|th)?)?(?: de)? (\d{4})\Z"
)
_CJK: Final = re.compile(
    r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]\Z"
)
_SERIAL: Final = re.compile(r"\d{5}(?:\.\d+)?\Z")
_EPOCH_MILLIS: Final = re.compile(r"-?\d{11,13}\Z")
_LANGUAGES: Final = (
    "en",
    "de",
    "de_AT",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
)
# What word processors make of a hyphen.
_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_EARLIEST: Final = date(1900, 1, 2)
_LATEST_YEAR: Final = 2100
# "Maerz" for "M\u00e4rz", where a keyboard or a system had no umlauts.
_UMLAUTS: Final = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue"})
_MONTHS: Final = 12
_SPREADSHEET_DAY_ZERO: Final = date(1899, 12, 30)
# Days that forms and exports write when nobody said anything.
_FILLERS: Final = frozenset(
    {"1900-01-01", "1899-12-30", "1899-12-31", "9999-12-31", "1111-11-11", "1753-01-01"}
)


class DateResult(NamedTuple):
    """Verdict on one date."""

    value: date | None
    status: Status
    rule: str


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    """Return CLDR's month names and abbreviations that mean one month everywhere."""
    found: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        months = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[context][width].items():
                    for spelling in {name, name.translate(_UMLAUTS)}:
                        form = match_form(spelling) or ""
                        found.setdefault(form, set()).add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}


def _build(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read(text: str) -> tuple[date | None, str]:
    """Return the day and the rule, which starts with "!" where no day can be told."""
    if match := _COMPACT_YEAR_LAST.match(text) or _WRITTEN.match(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "." or first > _MONTHS or first == second:
            return _build(year, second, first), "valid"
        if second > _MONTHS:
            return _build(year, first, second), "valid"
        return None, "!ambiguous"
    if match := _ISO.match(text) or _COMPACT.match(text) or _CJK.match(text):
        return _build(int(match[1]), int(match[2]), int(match[3])), "valid"
    if _SHORT_YEAR.match(text):
        return None, "!two_digit_year"
    if _EPOCH_MILLIS.match(text):
        return date(1970, 1, 1) + timedelta(days=int(text) // 86_400_000), "epoch"
    if _SERIAL.match(text):
        return _SPREADSHEET_DAY_ZERO + timedelta(
            days=int(text[:5])
        ), "spreadsheet_serial"
    words = match_form(text) or ""
    if (match := _NAMED.match(words)) and (month := _months().get(match[2])):
        day = match[1] or match[3]
        if day and not (match[1] and match[3]):
            return _build(int(match[4]), month, int(day)), "valid"
    return None, "!not_a_date"


def standardise_date(
    raw: str | None, *, kind: str = "date", vocabulary: Vocabulary | None = None
) -> DateResult:
    """Return the day that a text means.

    Args:
        raw: The date as received.
        kind: Start of the rule ids, for example `birth_date`.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Day, status and rule. Nothing is guessed: "03/04/1980" is two days and "31.12.80"
        two centuries. Spreadsheet serials and HubSpot's milliseconds are corrected.

    Example:
        >>> standardise_date("31. Dezember 1980").value
        datetime.date(1980, 12, 31)
    """
    text = clean_compatible_text(raw).translate(_DASHES)
    if not text:
        return DateResult(None, Status.MISSING, f"{kind}.missing")
    words = vocabulary or default_vocabulary()
    if not text.strip("0-/. :T") or words.placeholders.holds(text, "text"):
        return DateResult(None, Status.PLACEHOLDER, f"{kind}.placeholder")
    try:
        found, rule = _read(text)
    except (OverflowError, ValueError):
        found, rule = None, "!not_a_date"
    if found is None:
        rule = rule.removeprefix("!") if rule.startswith("!") else "impossible"
        return DateResult(None, Status.INVALID, f"{kind}.{rule}")
    if found.isoformat() in _FILLERS:
        return DateResult(None, Status.PLACEHOLDER, f"{kind}.placeholder")
    if not (found >= _EARLIEST and found.year < _LATEST_YEAR):
        return DateResult(None, Status.INVALID, f"{kind}.out_of_range")
    status = Status.VALID if rule == "valid" else Status.CORRECTED
    return DateResult(found, status, f"{kind}.{rule}")


def standardise_birth_date(raw: str | None) -> date | None:
    """Return a birth date when the text leaves no doubt about it.

    Args:
        raw: The date as received.

    Returns:
        The date, or None.

    Example:
        >>> standardise_birth_date("31.12.1980")
        datetime.date(1980, 12, 31)
    """
    return standardise_date(raw, kind="birth_date").value
