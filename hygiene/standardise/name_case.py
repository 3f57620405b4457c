"""Case of personal names: repair all-capital and all-small words, leave mixed ones alone."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hygiene.standardise.vocabulary import NameWords

# Word characters between the separators inside one name: "Anne-Marie", "O'Brien", "D.J."
_SEGMENT: Final = re.compile(r"[^\s\-'.]+")
_ROMAN: Final = frozenset({"ii", "iii", "iv"})
_VOWELS: Final = frozenset("aeiouyäöüáéíóúàèìòùâêîôûåæøœ")
_LONGEST_INITIALS: Final = 2
# Accepted: "o'brien", "d'angelo". The letter before the apostrophe and the one after it
# are capitals; in "'t" and "Ma'am" they are not.
_ELISION: Final = frozenset({"o", "d", "l", "n", "dell", "dall", "nell", "all"})


def is_upper(text: str) -> bool:
    """Return whether a text has letters with case and all of them are capitals.

    Example:
        >>> is_upper("SMITH-LEE"), is_upper("Smith"), is_upper("\u674e")
        (True, False, False)
    """
    return text.isupper()


def _capitalise(segment: str, words: NameWords) -> str:
    # "İ" and "ŉ" grow when lower-cased; the combining dot would appear as dirt.
    lower = segment.lower().replace("i\u0307", "i")
    if lower in _ROMAN:
        return lower.upper()
    if lower.startswith("mc") and len(lower) > 3:
        return "Mc" + lower[2].upper() + lower[3:]
    if lower in words.mac_names:
        return "Mac" + lower[3].upper() + lower[4:]
    if lower.startswith("ij") and len(lower) > 3:
        return "IJ" + lower[2:]
    # title(), not upper(): "ß" and "ﬁ" have no capital of their own.
    return lower[0].title()[:1] + lower[1:] if len(lower[0].upper()) == 1 else lower


def _repair_word(word: str, words: NameWords, *, may_be_particle: bool) -> str:
    lower = word.lower()
    if may_be_particle and lower in words.lower_particles:
        return lower
    pieces: list[str] = []
    position = 0
    segments = list(_SEGMENT.finditer(word))
    for index, match in enumerate(segments):
        pieces.append(word[position : match.start()])
        segment = match[0]
        before = word[match.start() - 1] if match.start() else ""
        previous = segments[index - 1][0].lower() if index else ""
        if before == "'" and previous not in _ELISION and (index or len(segment) == 1):
            pieces.append(segment.lower())
        else:
            pieces.append(_capitalise(segment, words))
        position = match.end()
    pieces.append(word[position:])
    return "".join(pieces)


def repair_case(text: str, words: NameWords, *, is_family: bool, is_sure: bool) -> str:
    """Return a name with the case of its all-capital or all-small words repaired.

    Args:
        text: Cleaned name of one or several words.
        words: Particles and names that keep a second capital.
        is_family: Whether particles at the start are written small ("van der Berg").
        is_sure: Whether every part of the person's name is in one case, so that short
            words are words ("AL") and not initials ("JD").

    Returns:
        The repaired text; mixed case is somebody's choice and stays.

    Example:
        >>> from hygiene.standardise.vocabulary import default_vocabulary
        >>> names = default_vocabulary().names
        >>> repair_case("MCKAY-O'BRIEN", names, is_family=True, is_sure=True)
        "McKay-O'Brien"
    """
    is_shouted = text.isupper()
    if not (is_shouted or text.islower()):
        return text
    tokens = text.split(" ")
    if not is_shouted and is_family and all(t in words.lower_particles for t in tokens):
        return text
    repaired: list[str] = []
    for index, token in enumerate(tokens):
        letters = [character for character in token if character.isalpha()]
        is_short = len(letters) <= _LONGEST_INITIALS
        if is_shouted and is_short and token.lower() not in words.lower_particles:
            has_vowel = any(letter.lower() in _VOWELS for letter in letters)
            if len(letters) <= 1 or not (is_sure and has_vowel) or "." in token:
                repaired.append(token)
                continue
        is_last = index == len(tokens) - 1
        repaired.append(
            _repair_word(token, words, may_be_particle=is_family and not is_last)
        )
    return unicodedata.normalize("NFC", " ".join(repaired))
