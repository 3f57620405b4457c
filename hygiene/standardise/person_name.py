"""Personal names: title, given, middle, family, suffix, and their match forms.

Parsing follows how CRMs hold names: a full name, or parts that people also misuse. Scripts
are kept; match forms are transliterated. Splitting of one text lives in `name_parse`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hygiene.standardise.name_case import repair_case
from hygiene.standardise.name_parse import (
    NameParts,
    is_east_asian,
    name_tokens,
    parse_name,
    take_suffix,
    take_title,
)
from hygiene.standardise.status import Status
from hygiene.standardise.text import (
    clean_text,
    has_letter,
    match_form,
    repair_mojibake,
    straighten_apostrophes,
)
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

# Accepted: "(Bob)", '"Bob"', "[old]". Remarks and nicknames beside a name.
_REMARK: Final = re.compile(
    r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"|“[^”]*”|„[^“]*“)\s*"
)
_EDGE_DIRT: Final = ' ,;:*#_|/\\<>=+~^!?&"-–—'
_URL: Final = re.compile(
    r"https?://|www\.|\.(?:com|net|org|ru|info|xyz)\b", re.IGNORECASE
)
_TRAILING_NUMBER: Final = re.compile(r"\s+\d+$")


class PersonNameInput(NamedTuple):
    """The name columns of one record, as received."""

    full_name: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    suffix: str | None = None


class PersonName(NamedTuple):
    """Verdict on one person's name. A tuple, because millions are made."""

    title: str | None
    given: str | None
    middle: str | None
    family: str | None
    suffix: str | None
    full: str | None
    status: Status
    rule: str
    given_match: str | None = None
    family_match: str | None = None
    given_group: str | None = None


class _Field(NamedTuple):
    """One cleaned name field and why it is empty if it is."""

    text: str
    rule: str


def _is_inverted(text: str, parsed: NameParts) -> bool:
    """Return whether the family name stood before a comma ("Lee, Ann", not "Lee, PhD")."""
    head, comma, _ = text.partition(",")
    return bool(comma and parsed.given and parsed.given not in head.split())


def _no_name(status: Status, rule: str) -> PersonName:
    return PersonName(None, None, None, None, None, None, status, rule)


class PersonNameStandardiser:
    """Standardises names and remembers the fields it has cleaned.

    One instance per run: the memory is bounded by the distinct fields of that run.
    """

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._words = vocabulary or default_vocabulary()
        self._fields: dict[str, _Field] = {}
        self._matches: dict[str, str | None] = {}

    def __call__(self, name: PersonNameInput) -> PersonName:
        """Return the verdict on one person's name.

        Args:
            name: The name columns as received.

        Returns:
            Parts, status, rule and match forms.

        Example:
            >>> PersonNameStandardiser()(PersonNameInput(full_name="SMITH, JOHN")).full
            'John Smith'
        """
        first = self._clean(name.first_name)
        last = self._clean(name.last_name)
        full = self._clean(name.full_name)
        if not (first.text or last.text or full.text):
            return self._explain_empty(first, last, full)
        if self._is_organisation(first.text, last.text, full.text):
            return _no_name(Status.INVALID, "name.organisation")
        middle, suffix = self._clean(name.middle_name), self._clean(name.suffix)
        parts, rule = self._split(first, last, full)
        if middle.text and not parts.middle and middle.text != parts.given:
            parts = parts._replace(middle=middle.text)
        if suffix.text and not parts.suffix:
            parts = parts._replace(suffix=self._canonical_suffix(suffix.text))
        title = self._canonical_title(name.salutation) or parts.title
        for field in (first, last, full if not (first.text or last.text) else first):
            rule = rule or field.rule
        return self._finish(parts._replace(title=title), rule)

    def _clean(self, raw: str | None) -> _Field:
        if raw is None:
            return _Field("", "")
        known = self._fields.get(raw)
        if known is None:
            known = self._fields[raw] = self._clean_field(raw)
        return known

    def _clean_field(self, raw: str) -> _Field:
        text = clean_text(raw)
        if not text:
            return _Field("", "")
        if self._words.placeholders.holds(text, "name"):
            return _Field("", "name.placeholder")
        received = text
        rule = ""
        text = straighten_apostrophes(repair_mojibake(text))
        if text != straighten_apostrophes(received):
            rule = "name.mojibake"
        if "@" in text:
            return _Field("", "name.email")
        if _URL.search(text):
            return _Field("", "name.url")
        if not has_letter(text):
            return _Field("", "name.no_letters")
        previous = None
        while previous != text:
            previous = text
            bare = _REMARK.sub(" ", text).strip()
            if has_letter(bare):
                text = bare
            text = " ".join(
                _TRAILING_NUMBER.sub(
                    "", text.strip(_EDGE_DIRT[0] + _EDGE_DIRT[2:])
                ).split()
            )
        if text.rstrip(",") != received.replace("\u2019", "'").rstrip(",") and not rule:
            is_apostrophe = text == straighten_apostrophes(received)
            rule = "" if is_apostrophe else "name.remark"
        if self._words.placeholders.holds(text.strip(", "), "name"):
            return _Field("", "name.placeholder")
        return _Field(text.lstrip(", "), rule)

    @staticmethod
    def _explain_empty(first: _Field, last: _Field, full: _Field) -> PersonName:
        rules = [field.rule for field in (last, first, full) if field.rule]
        if not rules:
            return _no_name(Status.MISSING, "name.missing")
        if all(rule == "name.placeholder" for rule in rules):
            return _no_name(Status.PLACEHOLDER, "name.placeholder")
        rule = next(rule for rule in rules if rule != "name.placeholder")
        return _no_name(Status.INVALID, rule)

    def _is_organisation(self, first: str, last: str, full: str) -> bool:
        """Return whether the name fields hold a company or a department."""
        text = f"{first} {last}".strip() or full
        forms = self._words.legal_forms
        lower = text.casefold()
        if not any(character in lower for character in "abcdefghijklmnopqrstuvwxyz"):
            return any(label in text for label, _ in forms.native if len(label) > 2)
        if forms.care_of.search(text):
            return False
        tokens = [token.strip(".,") for token in lower.replace("/", " ").split()]
        last_form = forms.find_suffix(tokens[-1:]) or forms.find_suffix(tokens[-2:])
        if last_form is not None and last_form[0].is_strong and len(tokens) > 1:
            return True
        words = self._words.names.organisation_words
        return sum(token in words for token in tokens) >= (
            1 if len(tokens) > 1 else 2
        ) or (len(tokens) == 1 and tokens[0] in words)

    def _split(
        self, first: _Field, last: _Field, full: _Field
    ) -> tuple[NameParts, str]:
        names = self._words.names
        if first.text and last.text:
            if first.text.endswith(",") and not last.text.endswith(","):
                swapped = parse_name(f"{first.text} {last.text}", names)
                return swapped, "name.swapped"
            if "," in last.text.strip(","):
                parsed = parse_name(last.text.strip(", "), names)
                if parsed.suffix and not parsed.given:
                    return self._from_parts(first.text, parsed.family or "", parsed)
                if parsed.given and (parsed.given == first.text or not first.text):
                    return parsed, "name.last_first"
            return self._from_parts(first.text.strip(", "), last.text.strip(", "), None)
        lone = first.text or last.text
        if not lone:
            parsed = parse_name(full.text, names)
            return parsed, "name.last_first" if _is_inverted(full.text, parsed) else ""
        parsed = parse_name(lone, names)
        if parsed.given and parsed.family:
            if last.text and self._is_family_only(last.text):
                return NameParts(family=last.text.strip(", ")), ""
            is_inverted = _is_inverted(lone, parsed)
            return (
                parsed,
                "name.last_first" if is_inverted else "name.whole_name_in_one_field",
            )
        word = parsed.family or parsed.given
        if last.text:
            return parsed._replace(given=None, family=word), ""
        return parsed._replace(given=word, family=None), ""

    def _is_family_only(self, text: str) -> bool:
        """Return whether a lone last name is one family name with particles."""
        tokens = text.split()
        return tokens[0].casefold() in self._words.names.particles

    def _from_parts(
        self, first: str, last: str, parsed: NameParts | None
    ) -> tuple[NameParts, str]:
        names = self._words.names
        rule = ""
        title, given_tokens = take_title(name_tokens(first), names)
        family_tokens = name_tokens(last)
        suffix = parsed.suffix if parsed else None
        if suffix is None:
            suffix, family_tokens = take_suffix(family_tokens, names, is_sure=False)
        middle = None
        if len(given_tokens) > 1 and len(given_tokens[-1].rstrip(".")) == 1:
            # "John Q." carries the middle initial in the first-name field.
            middle = given_tokens.pop()
        if title or suffix or middle:
            rule = "name.parts_separated"
        return (
            NameParts(
                title=title,
                given=" ".join(given_tokens) or None,
                middle=middle,
                family=" ".join(family_tokens) or None,
                suffix=suffix,
            ),
            rule,
        )

    def _canonical_title(self, raw: str | None) -> str | None:
        text = clean_text(raw)
        if not text or self._words.placeholders.holds(text, "text"):
            return None
        key = text.casefold().replace(".", " ")
        key = " ".join(key.split())
        return self._words.names.titles.get(key) or (
            self._words.names.titles.get(match_form(key) or "")
        )

    def _canonical_suffix(self, text: str) -> str | None:
        key = text.casefold().replace(".", "").strip(", ")
        return self._words.names.suffixes.get(key)

    def _match(self, text: str | None) -> str | None:
        if not text:
            return None
        if text not in self._matches:
            self._matches[text] = match_form(text)
        return self._matches[text]

    def _finish(self, parts: NameParts, rule: str) -> PersonName:
        names = self._words.names
        fields = [part for part in (parts.given, parts.middle, parts.family) if part]
        if not (parts.given or parts.family):
            return _no_name(Status.INVALID, rule or "name.no_name")
        together = " ".join(fields)
        is_sure = together.isupper() or together.islower()
        given, middle, family = (
            repair_case(part, names, is_family=is_family, is_sure=is_sure)
            if part
            else None
            for part, is_family in (
                (parts.given, False), (parts.middle, False), (parts.family, True),
            )
        )  # fmt: skip
        if not rule and (given, middle, family) != (
            parts.given, parts.middle, parts.family,
        ):  # fmt: skip
            rule = "name.case"
        if given and family and is_east_asian(given) and is_east_asian(family):
            full = (
                f"{family}{given}" if len(family + given) <= 6 else f"{family} {given}"
            )
        else:
            full = " ".join(
                part for part in (given, middle, family, parts.suffix) if part
            )
        given_match = self._match(given)
        first_word = given_match.split(" ")[0] if given_match else None
        return PersonName(
            title=parts.title,
            given=given,
            middle=middle,
            family=family,
            suffix=parts.suffix,
            full=full,
            status=Status.CORRECTED if rule else Status.VALID,
            rule=rule or "name.valid",
            given_match=given_match,
            family_match=self._match(family),
            given_group=names.nicknames.get(first_word, first_word)
            if first_word
            else None,
        )


def standardise_person_name(
    name: PersonNameInput, *, vocabulary: Vocabulary | None = None
) -> PersonName:
    """Return the parts of one person's name.

    Args:
        name: The name columns as received.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Parts, status, rule and match forms.

    Example:
        >>> standardise_person_name(PersonNameInput(full_name="Dr. Bob Lee")).given_group
        'robert'
    """
    return PersonNameStandardiser(vocabulary)(name)
