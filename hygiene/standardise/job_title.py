"""Job titles, industries and dates: light clean-up until vocabularies arrive."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from hygiene.standardise.address import TextResult
from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_text, has_letter, repair_mojibake
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

_EDGE_DIRT: Final = " ,;:*#_|\\<>=~^?-"
_WORD: Final = re.compile(r"[^\W_]+(?:&[^\W_]+)?(?:['\u2019][^\W_]+)*|&")
# Accepted: "COMPUTER_SOFTWARE". How HubSpot exports picklist values.
_CONSTANT: Final = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)+\Z")
# Accepted: "1980-02-29", "1980-02-29T00:00:00Z", "1980/02/29".
_ISO_DATE: Final = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?\Z", re.DOTALL
)
# Accepted: "29.02.1980", "2/29/1980". Which number is the month must be clear.
_WRITTEN_DATE: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})\Z")
_EARLIEST_YEAR: Final = 1900
_MONTHS: Final = 12


def standardise_job_title(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return a job title with spaces tidied and all-capital or all-small words repaired.

    Args:
        raw: The title as received.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Title, status and rule.

    Example:
        >>> standardise_job_title("vp of sales emea").value
        'VP of Sales EMEA'
    """
    words = vocabulary or default_vocabulary()
    text = clean_text(raw)
    if not text:
        return TextResult(None, Status.MISSING, "job_title.missing")
    if words.placeholders.holds(text, "text"):
        return TextResult(None, Status.PLACEHOLDER, "job_title.placeholder")
    text = " ".join(repair_mojibake(text).strip(_EDGE_DIRT).split())
    if not has_letter(text):
        return TextResult(None, Status.INVALID, "job_title.no_letters")
    if words.placeholders.holds(text, "text"):
        return TextResult(None, Status.PLACEHOLDER, "job_title.placeholder")
    repaired = _title_words(text, words)
    if repaired != text:
        return TextResult(repaired, Status.CORRECTED, "job_title.case")
    return TextResult(text, Status.VALID, "job_title.valid")


def _title_words(text: str, words: Vocabulary) -> str:
    if not (text.isupper() or text.islower()):
        return text
    # One shouted word may be an acronym nobody listed: "CTIO".
    if text.isupper() and len(text) <= 4:
        return text

    def fix(match: re.Match[str]) -> str:
        word = match[0]
        if acronym := words.title_acronyms.get(word.casefold()):
            return acronym
        lower = word.lower().replace("i\u0307", "i")
        if match.start() and lower in words.title_minor_words:
            return lower
        return lower[0].title()[:1] + lower[1:] if len(lower[0].upper()) == 1 else lower

    return unicodedata.normalize("NFC", _WORD.sub(fix, text))


def standardise_industry(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> TextResult:
    """Return an industry as a readable label.

    Args:
        raw: The industry as received; HubSpot exports `COMPUTER_SOFTWARE`.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Label, status and rule.

    Example:
        >>> standardise_industry("COMPUTER_SOFTWARE").value
        'Computer Software'
    """
    words = vocabulary or default_vocabulary()
    text = clean_text(raw)
    if not text:
        return TextResult(None, Status.MISSING, "industry.missing")
    if words.placeholders.holds(text, "text"):
        return TextResult(None, Status.PLACEHOLDER, "industry.placeholder")
    is_constant = _CONSTANT.match(text) is not None
    text = " ".join(text.replace("_", " ").strip(_EDGE_DIRT).split()) or text
    if not has_letter(text):
        return TextResult(None, Status.INVALID, "industry.no_letters")
    if words.placeholders.holds(text, "text"):
        return TextResult(None, Status.PLACEHOLDER, "industry.placeholder")
    repaired = _title_words(text, words)
    if repaired != text and not is_constant:
        return TextResult(repaired, Status.CORRECTED, "industry.case")
    return TextResult(repaired, Status.VALID, "industry.valid")


def standardise_birth_date(raw: str | None) -> date | None:
    """Return a birth date when the text leaves no doubt about it.

    Args:
        raw: The date as received.

    Returns:
        The date; None for nothing, fillers (1900-01-01), impossible and ambiguous ones
        ("03/04/1980" is two days).

    Example:
        >>> standardise_birth_date("31.12.1980")
        datetime.date(1980, 12, 31)
    """
    text = clean_text(raw)
    if not text.isascii():
        return None
    if match := _ISO_DATE.match(text):
        return _build_date(int(match[1]), int(match[2]), int(match[3]))
    if match := _WRITTEN_DATE.match(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "." or first > _MONTHS or first == second:
            return _build_date(year, second, first)
        if second > _MONTHS:
            return _build_date(year, first, second)
    return None


def _build_date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found > date(_EARLIEST_YEAR, 1, 1) else None
