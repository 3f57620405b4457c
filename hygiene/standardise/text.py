"""Text clean-up that every standardiser shares: Unicode, white space, match forms.

Nothing here knows what a value means.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from anyascii import anyascii

# Accepted: "Müller" read as cp1252 ("MÃ¼ller"). Rejected: "São" (no UTF-8 sequence).
_MOJIBAKE: Final = re.compile(
    # Whatever begins a sequence of UTF-8 and what goes on with it; decoding is strict.
    r"[\u00c2-\u00df][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122\u20ac]"
    r"|[\u00e0-\u00ef][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122\u20ac]{2}"
)
_NOT_ALPHANUMERIC: Final = re.compile(r"[^a-z0-9]+")
_APOSTROPHES: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u00b4\u0060\u2032", "'")
)
# Joiners carry meaning inside Persian and Indic words, so they stay; the rest of the
# format characters (byte-order marks, direction marks, soft hyphens) is invisible dirt.
_KEPT_FORMAT: Final = frozenset("\u200c\u200d")


def clean_text(raw: str | None) -> str:
    """Return text in NFC without invisible characters, white space collapsed.

    Args:
        raw: Any Unicode string, or nothing.

    Returns:
        The cleaned text; empty when nothing visible was there.

    Example:
        >>> clean_text("  Ann\u00a0 Lee\u200b ")
        'Ann Lee'
    """
    if raw is None:
        return ""
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    kept = [
        character
        if (category := unicodedata.category(character))[0] != "C"
        or character in _KEPT_FORMAT
        else (" " if category == "Cc" else "")
        for character in unicodedata.normalize("NFC", raw)
    ]
    text = " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
    return text.strip("\u200c\u200d ")


def clean_compatible_text(raw: str | None) -> str:
    """Return cleaned text with full-width and other compatibility letters unified.

    For values that machines read: addresses, numbers, domains, codes.

    Args:
        raw: Any Unicode string, or nothing.

    Returns:
        The cleaned text in NFKC.

    Example:
        >>> clean_compatible_text("\uff21\uff22\uff11")
        'AB1'
    """
    text = clean_text(raw)
    if text.isascii():
        return text
    return clean_text(unicodedata.normalize("NFKC", text))


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 bytes that were read as Windows-1252, as often as it happened.

    Args:
        text: Cleaned text.

    Returns:
        The repaired text, or the same text where it does not decode.

    Example:
        >>> repair_mojibake("M\u00c3\u00bcller")
        'M\u00fcller'
    """
    while not text.isascii() and _MOJIBAKE.search(text):
        try:
            repaired = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text
        repaired = clean_text(repaired)
        if len(repaired) >= len(text):
            return text
        if text.isupper():
            # Capitals were made after the damage, which had no letters to change.
            repaired = unicodedata.normalize("NFC", repaired.upper())
        text = repaired
    return text


def straighten_apostrophes(text: str) -> str:
    """Return text with typographic apostrophes and accents used as such as `'`.

    Example:
        >>> straighten_apostrophes("O\u2019Brien")
        "O'Brien"
    """
    return text.translate(_APOSTROPHES)


def match_form(text: str | None) -> str | None:
    """Return lower-case ASCII words for comparison, transliterated from any script.

    Args:
        text: A canonical value, or nothing.

    Returns:
        Words of letters and digits with single spaces; None when none remain.

    Example:
        >>> match_form("Fran\u00e7ois O'Brien-M\u00fcller")
        'francois obrien muller'
    """
    if not text:
        return None
    ascii_text = text if text.isascii() else anyascii(straighten_apostrophes(text))
    words = _NOT_ALPHANUMERIC.sub(" ", ascii_text.lower().replace("'", ""))
    return words.strip() or None


def fold_key(text: str) -> str:
    """Return the form under which vocabularies are compared: case-folded, collapsed.

    Example:
        >>> fold_key(" N/A ")
        'n/a'
    """
    return " ".join(text.casefold().split())


def has_letter(text: str) -> bool:
    """Return whether any character is a letter of some script.

    Example:
        >>> has_letter("12-34"), has_letter("\u674e")
        (False, True)
    """
    return any(character.isalpha() for character in text)
