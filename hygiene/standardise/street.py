"""Abbreviations in street lines written out, by the language of the country's streets.

Only where an abbreviation can mean one thing: "St" ends "Main St" and begins "St James
St"; "av." begins "av. Foch". What is unsure stays as it was.
"""

from __future__ import annotations

import re
from typing import Final

from hygiene.standardise.address_words import StreetWords

# A word with the dot that may end it, "C/", or anything else between blanks.
_TOKEN: Final = re.compile(r"\S+")
_ZIP_DIGITS: Final = 5
_DIRECTIONS: Final = frozenset(
    {"n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west"}
)
_NOT_LETTER: Final = re.compile(r"[^\w]+")
_ORDINAL_SIGNS: Final = str.maketrans(
    {"\u00ba": "o", "\u00aa": "a", "\u00e7": "c", "\u00c7": "C"}
)


def _bare(token: str) -> str:
    """Return the letters of a token: "Avda." and "C/" as "avda" and "c"."""
    return _NOT_LETTER.sub("", token.translate(_ORDINAL_SIGNS)).casefold()


def _in_case_of(word: str, token: str) -> str:
    return (
        word[0].lower() + word[1:]
        if token[:1].islower()
        else word[0].upper() + word[1:]
    )


def _tail(token: str) -> str:
    """Return the comma that may stand behind a token."""
    return "," if token.endswith(",") else ""


def _ends_name(tokens: list[str], index: int) -> bool:
    """Return whether a street's name can end at a token."""
    token = tokens[index]
    if token.endswith(",") or index == len(tokens) - 1:
        return True
    following = tokens[index + 1]
    return (
        following[0] in "#,-("
        or following[0].isdigit()
        or _bare(following) in _DIRECTIONS
        or _bare(following) in _UNIT_WORDS
    )


_UNIT_WORDS: Final = frozenset(
    {
        "apt", "apartment", "ste", "suite", "unit", "fl", "flr", "floor", "rm", "room", "bldg",
        "building", "flat", "level", "box", "po", "dept", "department", "lot",
    }
)  # fmt: skip


def _expand_end(tokens: list[str], words: StreetWords) -> None:
    is_named = False
    for index, token in enumerate(tokens):
        bare = _bare(token)
        meant = words.end.get(bare)
        if (
            meant
            and is_named
            and _ends_name(tokens, index)
            and token.rstrip(".,").isalpha()
        ):
            tokens[index] = _in_case_of(meant, token) + _tail(token)
        elif (
            (unit := words.unit.get(bare))
            and index
            and index + 1 < len(tokens)
            and token.rstrip(".").isalpha()
            and any(map(str.isdigit, tokens[index + 1]))
            # "FL 33101" is Florida.
            and sum(map(str.isdigit, tokens[index + 1])) < _ZIP_DIGITS
        ):
            tokens[index] = _in_case_of(unit, token)
        # A word of the name has to stand before what kind of street it is.
        is_named = (
            is_named or (any(map(str.isalpha, token)) and bare not in _DIRECTIONS)
        ) and not token.endswith(",")


def _expand_start(tokens: list[str], words: StreetWords) -> None:
    """Write out the first word of the name, behind a house number if one leads."""
    index = 0
    while index < len(tokens) - 1 and tokens[index][0].isdigit():
        index += 1
        if index < len(tokens) - 1 and _bare(tokens[index]) in {"bis", "ter", "quater"}:
            index += 1
    if index >= len(tokens) - 1:
        # "C/Mayor" is one token.
        head, slash, rest = tokens[-1].partition("/") if tokens else ("", "", "")
        if slash and rest and (meant := words.start.get(_bare(head))):
            tokens[-1:] = [_in_case_of(meant, head), rest]
        return
    token = tokens[index]
    head, slash, rest = token.partition("/")
    if slash and rest and (meant := words.start.get(_bare(head))):
        tokens[index : index + 1] = [_in_case_of(meant, head), rest]
        return
    meant = words.start.get(_bare(token))
    if meant is None or token.endswith(","):
        return
    is_marked = token[-1] in "./" or "/" in token or "\u00ba" in token
    # One or two letters without a dot can be anything: "R 12", "Pl".
    if is_marked or len(_bare(token)) > 1:
        tokens[index] = _in_case_of(meant, token)


def _expand_glued(tokens: list[str], words: StreetWords) -> None:
    for index, token in enumerate(tokens):
        body = token.rstrip(",")
        is_dotted = body.endswith(".")
        body = body.rstrip(".")
        for short, meant in words.glued.items():
            stem = body[: -len(short)]
            if index and is_dotted and body.casefold() == short:
                # "Bonner Str.": a word of its own.
                tokens[index] = _in_case_of(meant, body) + _tail(token)
                break
            if not body.casefold().endswith(short) or len(stem) < 3:
                continue
            # "Hauptstr" needs no dot; other endings do, and letters must lead there.
            if not (is_dotted or short == "str") or not stem.rstrip("-")[-1:].isalpha():
                continue
            word = meant.upper() if body.isupper() and len(body) > 3 else meant
            if stem.endswith("-") and (
                body[len(stem)].isupper()
                # "Karl-Marx-str.": behind a name and a hyphen it is a word of its own.
                or (meant == "straße" and stem[0].isupper() and not body.isupper())
            ):
                word = meant[0].upper() + meant[1:]
            tokens[index] = stem + word + _tail(token)
            break


def expand_street(text: str, words: StreetWords) -> str:
    """Return a street line with its abbreviations written out.

    Args:
        text: Cleaned street on one line.
        words: Abbreviations of the country's language.

    Returns:
        The line; unchanged where no abbreviation is sure.

    Example:
        >>> from hygiene.standardise.address_words import load_address_words
        >>> streets = load_address_words().streets
        >>> expand_street("12 St James St, Apt 4", streets["US"])
        '12 St James Street, Apartment 4'
        >>> expand_street("Hauptstr. 5", streets["DE"])
        'Hauptstraße 5'
    """
    tokens = _TOKEN.findall(text)
    if not tokens:
        return text
    if words.end:
        _expand_end(tokens, words)
    if words.glued:
        _expand_glued(tokens, words)
    if words.start:
        _expand_start(tokens, words)
    return " ".join(tokens)
