"""Clean one field of a personal name and say what else it could be.

What stands beside a name (remarks, numbers, decoration) goes; mail addresses, web links and
filler empty the field with the reason. Which part of a name the field holds is decided by
`person_name`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hygiene.standardise.text import (
    clean_text,
    has_letter,
    repair_mojibake,
    straighten_apostrophes,
)
from hygiene.standardise.vocabulary import Vocabulary

# Accepted: "(Bob)", '"Bob"', "[old]". Remarks and nicknames beside a name.
_REMARK: Final = re.compile(
    r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"|“[^”]*”|„[^“]*“)\s*"
)
_EDGE_DIRT: Final = ' ,;:*#_|/\\<>=+~^!?&"-\u2013\u2014'
_TOKEN_DIRT: Final = _EDGE_DIRT.replace(",", "").replace("-", "")
_URL: Final = re.compile(
    r"https?://|www\.|\.(?:com|net|org|ru|info|xyz)\b", re.IGNORECASE
)
_SURELY_NAMED: Final = 2
_TRAILING_NUMBER: Final = re.compile(r"\s+\d+$")


class NameField(NamedTuple):
    """One cleaned name field, why it is empty if it is, and what it looks like."""

    text: str
    rule: str
    words: int = 0
    organisation_words: int = 0
    has_legal_form: bool = False
    begins_as_organisation: bool = False
    ends_as_organisation: bool = False


EMPTY_FIELD: Final = NameField("", "")


def clean_name_field(raw: str, vocabulary: Vocabulary) -> NameField:
    """Return one name field without what does not belong to a name.

    Args:
        raw: The field as received.
        vocabulary: Words to compare with.

    Returns:
        The cleaned text, empty with a rule when it holds no name.

    Example:
        >>> from hygiene.standardise.vocabulary import default_vocabulary
        >>> clean_name_field("Smith (old)", default_vocabulary()).text
        'Smith'
    """
    text = clean_text(raw)
    if not text:
        return EMPTY_FIELD
    if vocabulary.placeholders.holds(text, "name"):
        return NameField("", "name.placeholder")
    if text.isascii() and text.replace(" ", "").isalpha():
        return _describe(text, "", vocabulary)
    received = text
    rule = ""
    text = straighten_apostrophes(repair_mojibake(text))
    if text != straighten_apostrophes(received):
        rule = "name.mojibake"
    if "@" in text:
        return NameField("", "name.email")
    if _URL.search(text):
        return NameField("", "name.url")
    if not has_letter(text):
        return NameField("", "name.no_letters")
    previous = None
    while previous != text:
        previous = text
        bare = _REMARK.sub(" ", text).strip()
        if has_letter(bare):
            text = bare
        text = " ".join(
            token.strip(_TOKEN_DIRT)
            for token in text.replace(" ,", ", ").split()
            if has_letter(token)
        )
        text = " ".join(
            _TRAILING_NUMBER.sub("", text.strip(_EDGE_DIRT[0] + _EDGE_DIRT[2:])).split()
        )
    if text.rstrip(",") != received.replace("\u2019", "'").rstrip(",") and not rule:
        is_apostrophe = text == straighten_apostrophes(received)
        rule = "" if is_apostrophe else "name.remark"
    if vocabulary.placeholders.holds(text.strip(", "), "name"):
        return NameField("", "name.placeholder")
    return _describe(text.lstrip(", "), rule, vocabulary)


def _describe(text: str, rule: str, vocabulary: Vocabulary) -> NameField:
    forms = vocabulary.legal_forms
    tokens = [token.strip(".,") for token in text.casefold().replace("/", " ").split()]
    form = forms.find_suffix(tokens[-1:]) or forms.find_suffix(tokens[-2:])
    is_native = not text.isascii() and any(
        label in text for label, _ in forms.native if len(label) > 2
    )
    words = vocabulary.names.organisation_words
    return NameField(
        text=text,
        rule=rule,
        words=len(tokens),
        organisation_words=sum(token in words for token in tokens),
        has_legal_form=is_native or (form is not None and form[0].is_strong),
        begins_as_organisation=tokens[0] in words,
        ends_as_organisation=tokens[-1] in words,
    )


def is_organisation(first: NameField, last: NameField, full: NameField) -> bool:
    """Return whether the name fields of a record hold a company or a department.

    Args:
        first: The first-name field.
        last: The last-name field.
        full: The full-name field, which counts when the others are empty.

    Returns:
        True for "Acme GmbH" and "Accounts Payable", False for "Morgan" and "Bank".

    Example:
        >>> is_organisation(EMPTY_FIELD, EMPTY_FIELD, EMPTY_FIELD)
        False
    """
    fields = (first, last) if first.text or last.text else (full,)
    if not any(field.organisation_words or field.has_legal_form for field in fields):
        return False
    words = sum(field.words for field in fields)
    ending = fields[-1] if fields[-1].text else fields[0]
    if ending.has_legal_form and words > 1:
        return True
    # "Bank" and "Partners" are family names beside a given name; two such words, or
    # one in a text of its own, are not.
    named = sum(field.organisation_words for field in fields)
    if named >= _SURELY_NAMED:
        return True
    # "Joaquim Sales da Cunha": between two names even such a word is one.
    is_at_edge = fields[0].begins_as_organisation or ending.ends_as_organisation
    return is_at_edge and (words > _SURELY_NAMED or not (first.text and last.text))
