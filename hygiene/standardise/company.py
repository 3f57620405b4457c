"""Company names: what people added to them removed, and a match form without legal form."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hygiene.standardise.legal_forms import LegalForm, LegalForms, company_tokens
from hygiene.standardise.status import Status
from hygiene.standardise.text import (
    clean_text,
    has_letter,
    match_form,
    repair_mojibake,
    straighten_apostrophes,
)
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

_QUOTES: Final = "\"'\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019 "
_EDGE_DIRT: Final = " ,;:*#_|\\<>=~^?-\u2013\u2014/"
_EMPTY_BRACKETS: Final = re.compile(r"\(\s*\)|\[\s*\]")
# Accepted: "Ann@acme.com". A mail address is not a company name.
_MAIL: Final = re.compile(r"\S+@\S+\.\S+")
# Between a legal form and an address that spilled into the name: "GmbH, Berlin".
_BEHIND_FORM: Final = re.compile(r"\s*[,;]\s*")
_ALSO_A_WORD: Final = frozenset({"co", "company"})
_SHORTEST_AFTER_THE: Final = 2
_SKIPPED_IN_ACRONYM: Final = frozenset(
    {"and", "of", "the", "for", "fur", "de", "der", "di", "e", "y"}
)
_FEWEST_INITIALS: Final = 2
_MOST_INITIALS: Final = 8
_LONGEST_ACRONYM: Final = 6
# Accepted: "IBM", "I.B.M.". Rejected: "Ibm", "A".
_ACRONYM: Final = re.compile(r"(?<!\w)(?:[A-Z]\.?){2,6}(?!\w)")


class CompanyResult(NamedTuple):
    """Verdict on one company name. A tuple, because many are made."""

    value: str | None
    status: Status
    rule: str
    match: str | None = None
    legal_form: str | None = None
    acronym: str | None = None


def company_acronym(name: str, match: str | None) -> str | None:
    """Return the key under which a name and its abbreviation meet.

    Args:
        name: The canonical name.
        match: Its match form.

    Returns:
        Initials of two to eight words, or a name that is itself an acronym; else None.

    Example:
        >>> company_acronym("International Business Machines", "international business machines")
        'ibm'
        >>> company_acronym("IBM Inc.", "ibm")
        'ibm'
    """
    words = [word for word in (match or "").split() if word not in _SKIPPED_IN_ACRONYM]
    if _FEWEST_INITIALS <= len(words) <= _MOST_INITIALS:
        return "".join(word[0] for word in words)
    if len(words) == 1 and _FEWEST_INITIALS <= len(words[0]) <= _LONGEST_ACRONYM:
        return words[0] if _ACRONYM.search(name) else None
    return None


def _take_native_form(text: str, forms: LegalForms) -> tuple[str, LegalForm | None]:
    """Remove legal forms in other scripts, which need no space around them."""
    found: LegalForm | None = None
    if text.isascii():
        return text, None
    is_changed = True
    while is_changed:
        is_changed = False
        for label, form in forms.native:
            is_word = not _is_spaceless(label)
            for rest, is_at_edge in (
                (text.removeprefix(label), text.startswith(label)),
                (text.removesuffix(label), text.endswith(label)),
            ):
                if not is_at_edge or not rest.strip(_QUOTES):
                    continue
                edge = rest[0] if text.startswith(label) else rest[-1]
                if is_word and edge.isalnum():
                    continue
                text, found, is_changed = rest.strip(_QUOTES), found or form, True
                break
            if is_changed:
                break
    return text, found


def _is_spaceless(label: str) -> bool:
    return any(ord(character) > 0x0E00 for character in label)


def _cut_after_form(text: str, forms: LegalForms) -> str:
    """Return a name without the place or description behind its legal form.

    "Acme GmbH, Berlin" is "Acme GmbH": a legal form ends the name. A number stays, as in
    "Acme Inc., Store 12", and so do forms that are also words ("Smith & Co, Builders").
    What somebody put in brackets or behind a dash was added to tell firms apart.
    """
    for separator in _BEHIND_FORM.finditer(text):
        head = company_tokens(text[: separator.start()], forms.conjunctions)
        tail = company_tokens(text[separator.end() :], forms.conjunctions)
        found = forms.find_suffix(head)
        rest = forms.find_suffix(tail)
        if (
            found is not None
            and found[1] < len(head)
            and head[-1] not in _ALSO_A_WORD
            and has_letter(text[separator.end() :])
            and not any(character.isdigit() for word in tail for character in word)
            and (rest is None or rest[1] < len(tail))
        ):
            return text[: separator.start()]
    return text


def _match_name(text: str, forms: LegalForms) -> tuple[str | None, str | None]:
    """Return the match form and the label of the legal form."""
    bare, native = _take_native_form(_cut_after_form(text, forms), forms)
    tokens = company_tokens(bare, forms.conjunctions)
    form = native
    while len(tokens) > 1:
        found = forms.find_suffix(tokens)
        if found is not None and found[1] < len(tokens):
            form = form or found[0]
            tokens = tokens[: -found[1]]
            continue
        found = forms.find_prefix(tokens)
        if (
            found is not None
            and found[1] < len(tokens)
            # A second form only where one country writes both: "PT ... Tbk".
            and (form is None or set(found[0].countries) & set(form.countries))
        ):
            form = form or found[0]
            tokens = tokens[found[1] :]
            continue
        if tokens[-1] == "and":
            tokens = tokens[:-1]
            continue
        break
    if len(tokens) >= _SHORTEST_AFTER_THE and tokens[0] == "the":
        tokens = tokens[1:]
    if len(tokens) > 1:
        tokens = [forms.abbreviations.get(token, token) for token in tokens]
    return " ".join(tokens) or None, form.label if form else None


def _cut_additions(text: str, forms: LegalForms) -> tuple[str, str]:
    """Return the name without "c/o ...", "(old)" or the part before "dba"."""
    rule = ""
    for pattern, name in (
        (forms.markers, "company.marker"),
        (forms.formerly, "company.former_name"),
        (forms.care_of, "company.care_of"),
    ):
        shorter = pattern.sub("", text).strip(_EDGE_DIRT + "([")
        if shorter != text and has_letter(shorter):
            if pattern.search(text):
                rule = rule or name
            text = shorter if pattern.search(text) else text
    if match := forms.trading_as.search(text):
        after = text[match.end() :].strip(_EDGE_DIRT + "()")
        before = text[: match.start()].strip(_EDGE_DIRT + "()")
        if has_letter(after):
            return after, "company.trading_name"
        if has_letter(before):
            return before, "company.trading_name"
    return text, rule


def standardise_company(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> CompanyResult:
    """Return the name of a company as it calls itself, and its match form.

    Args:
        raw: The name as received.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Name in its own case, status, rule, lower-case match form without legal form and
        "the" and with abbreviations written out, and the label of the legal form.

    Example:
        >>> standardise_company("The Acme & Sons Ltd.").match
        'acme and sons'
        >>> standardise_company("Acme Mfg. Svcs. Inc").match
        'acme manufacturing services'
    """
    words = vocabulary or default_vocabulary()
    text = clean_text(raw)
    if not text:
        return CompanyResult(None, Status.MISSING, "company.missing")
    if words.placeholders.holds(text, "company"):
        return CompanyResult(None, Status.PLACEHOLDER, "company.placeholder")
    received = text
    text = repair_mojibake(text)
    rule = "company.mojibake" if text != received else ""
    previous = None
    while text != previous:
        # Until nothing changes: an inner quote or marker can hide another.
        previous = text
        text = " ".join(_EMPTY_BRACKETS.sub("", text).split())
        if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
            text = text.strip(_QUOTES)
        text = text.strip(_EDGE_DIRT)
        text, cut = _cut_additions(text, words.legal_forms)
        rule = rule or cut
    if not any(character.isalnum() for character in text):
        return CompanyResult(None, Status.INVALID, "company.no_letters")
    if _MAIL.search(text):
        return CompanyResult(None, Status.INVALID, "company.email")
    if words.placeholders.holds(text, "company"):
        return CompanyResult(None, Status.PLACEHOLDER, "company.placeholder")
    match, legal_form = _match_name(straighten_apostrophes(text), words.legal_forms)
    known_as = words.company_aliases.get(match or "") or words.company_aliases.get(
        match_form(text) or ""
    )
    if known_as is not None:
        text, rule = known_as, "company.alias"
        match, legal_form = _match_name(known_as, words.legal_forms)
    # The name stays as it was written: IBM is not wrong, it is compared under one name.
    match = words.known_companies.get(match or "", match)
    return CompanyResult(
        value=text,
        status=Status.CORRECTED if rule else Status.VALID,
        rule=rule or "company.valid",
        match=match,
        legal_form=legal_form,
        acronym=company_acronym(text, match),
    )
