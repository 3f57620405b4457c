"""Job titles tidied for people to read; what they mean is `job_role`'s business."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_text, has_letter, repair_mojibake
from hygiene.standardise.text_result import TextResult
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

_EDGE_DIRT: Final = " ,;:*#_|\\<>=~^?-"
_WORD: Final = re.compile(r"[^\W_]+(?:&[^\W_]+)?(?:['\u2019][^\W_]+)*|&")


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
