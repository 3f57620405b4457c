"""Personal names: title, given, middle, family, suffix, and their match forms.

Parsing follows how CRMs hold names: a full name, or parts that people also misuse. Scripts
are kept; match forms are transliterated. Splitting of one text lives in `name_parse`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hygiene.standardise.name_case import repair_case
from hygiene.standardise.name_field import (
    EMPTY_FIELD,
    NameField,
    clean_name_field,
    is_organisation,
)
from hygiene.standardise.name_parse import (
    NameParts,
    PersonName,
    PersonNameInput,
    is_east_asian,
    is_family_name,
    is_inverted,
    name_tokens,
    parse_name,
    take_suffix,
    take_title,
)
from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_text, match_form
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

# Accepted: "Q.", "J R". Rejected: "Jo".
_INITIALS: Final = re.compile(r"[A-Z]\.?(?: [A-Z]\.?)?\Z")
# Odd texts may need a second look until their parts are stable; real names need none.
_MOST_ROUNDS: Final = 6
# East Asian names are written without a space while they are this short.
_LONGEST_JOINT_NAME: Final = 6


class _PlainPart(NamedTuple):
    """A first or last name and whether it can be taken as it is."""

    text: str
    match: str | None
    group: str | None
    is_plain_given: bool
    is_plain_family: bool
    is_plain_middle: bool


def _no_name(status: Status, rule: str) -> PersonName:
    return PersonName(None, None, None, None, None, None, status, rule)


class PersonNameStandardiser:
    """Standardises names and remembers the fields it has cleaned.

    One instance per run: the memory is bounded by the distinct fields of that run.
    """

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._words = vocabulary or default_vocabulary()
        self._fields: dict[str, NameField] = {}
        self._matches: dict[str, str | None] = {}
        self._firsts: dict[str, tuple[str | None, str | None, str | None]] = {}
        self._lasts: dict[str, tuple[str | None, str | None]] = {}
        self._titles: dict[str, str | None] = {}
        self._plain_parts: dict[str, _PlainPart] = {}

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
        if plain := self._read_plain(name):
            return plain
        found = self._standardise(name)
        for _ in range(_MOST_ROUNDS):
            if found.full is None:
                return found
            # What the parts say by themselves is what the next run will read.
            own = PersonNameInput(
                found.full,
                found.title,
                found.given,
                found.middle,
                found.family,
                found.suffix,
            )
            again = self._read_plain(own) or self._standardise(own)
            if again[:6] == found[:6]:
                break
            found = again
            if found.full is not None:
                found = found._replace(
                    status=Status.CORRECTED, rule="name.parts_separated"
                )
        return found

    def _standardise(self, name: PersonNameInput) -> PersonName:
        first = self._clean(name.first_name)
        last = self._clean(name.last_name)
        full = EMPTY_FIELD
        if not (first.text or last.text):
            # Full names hardly repeat: remembering them would cost more than it saves.
            if name.full_name is not None:
                full = clean_name_field(name.full_name, self._words)
            if not full.text:
                return self._explain_empty(first, last, full)
        if is_organisation(first, last, full):
            return _no_name(Status.INVALID, "name.organisation")
        parts, rule = self._split(first, last, full)
        if name.middle_name is not None:
            middle = self._clean(name.middle_name).text
            if middle and not parts.middle and middle != parts.given:
                parts = parts._replace(middle=middle)
        if name.suffix is not None and not parts.suffix:
            suffix = self._canonical_suffix(clean_text(name.suffix))
            parts = parts._replace(suffix=suffix)
        if name.salutation is not None and (
            title := self._canonical_title(name.salutation)
        ):
            parts = parts._replace(title=title)
        return self._finish(parts, rule or first.rule or last.rule or full.rule)

    def _read_plain(self, name: PersonNameInput) -> PersonName | None:
        """Return the verdict on a name whose parts need nothing, else None.

        Nine of ten records: everything about the parts is remembered, so that only
        putting them together is left. The result is what the long way gives.
        """
        raw_given, raw_family = name.first_name, name.last_name
        if name.suffix is not None:
            return None
        if raw_given is None or raw_family is None:
            if not (raw_given is None and raw_family is None and name.full_name):
                return None
            raw_given, space, raw_family = name.full_name.partition(" ")
            if not space or not self._may_split(raw_given, raw_family):
                return None
        given = self._plain_parts.get(raw_given) or self._remember_plain(raw_given)
        family = self._plain_parts.get(raw_family) or self._remember_plain(raw_family)
        if not (given.is_plain_given and family.is_plain_family):
            return None
        middle = None
        full = f"{given.text} {family.text}"
        if name.middle_name is not None:
            part = self._plain_parts.get(name.middle_name) or self._remember_plain(
                name.middle_name
            )
            middle = part.text
            if not part.is_plain_middle or middle == given.text:
                return None
            full = f"{given.text} {middle} {family.text}"
        title = (
            None if name.salutation is None else self._canonical_title(name.salutation)
        )
        return PersonName(
            title,
            given.text,
            middle,
            family.text,
            None,
            full,
            Status.VALID,
            "name.valid",
            given.match,
            family.match,
            given.group,
        )

    def _may_split(self, first: str, rest: str) -> bool:
        """Return whether two words of a full name are surely given and family name."""
        names = self._words.names
        return (
            rest.isalpha()
            and first.isalpha()
            and first.casefold() not in names.titles
            and rest.casefold() not in names.suffixes
            and not self._words.placeholders.holds(f"{first} {rest}", "name")
        )

    def _remember_plain(self, raw: str) -> _PlainPart:
        field = self._clean(raw)
        is_plain = not (
            not field.text
            or field.rule
            or field.organisation_words
            or field.has_legal_form
            or "," in field.text
            or field.text.isupper()
            or field.text.islower()
            or is_east_asian(field.text)
        )
        match = self._match(field.text) if is_plain else None
        word = (match or "").partition(" ")[0]
        part = _PlainPart(
            field.text,
            match,
            self._words.names.nicknames.get(word, word) if word else None,
            is_plain and self._read_first(field.text) == (None, field.text, None),
            is_plain and self._read_last(field.text) == (None, field.text),
            is_plain or (not field.rule and _INITIALS.match(field.text) is not None),
        )
        self._plain_parts[raw] = part
        return part

    def _clean(self, raw: str | None) -> NameField:
        if raw is None:
            return EMPTY_FIELD
        known = self._fields.get(raw)
        if known is None:
            known = self._fields[raw] = clean_name_field(raw, self._words)
        return known

    @staticmethod
    def _explain_empty(
        first: NameField, last: NameField, full: NameField
    ) -> PersonName:
        rules = [field.rule for field in (last, first, full) if field.rule]
        if not rules:
            return _no_name(Status.MISSING, "name.missing")
        if all(rule == "name.placeholder" for rule in rules):
            return _no_name(Status.PLACEHOLDER, "name.placeholder")
        rule = next(rule for rule in rules if rule != "name.placeholder")
        return _no_name(Status.INVALID, rule)

    def _split(
        self, first: NameField, last: NameField, full: NameField
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
                if parsed.given == first.text:
                    return parsed, "name.last_first"
            return self._from_parts(first.text.strip(", "), last.text.strip(", "), None)
        lone = first.text or last.text
        if not lone:
            parsed = parse_name(full.text, names)
            return parsed, "name.last_first" if is_inverted(full.text, parsed) else ""
        parsed = parse_name(lone, names)
        if parsed.given and parsed.family:
            if last.text and is_family_name(last.text, names):
                return NameParts(family=last.text.strip(", ")), ""
            inverted = is_inverted(lone, parsed)
            return (
                parsed,
                "name.last_first" if inverted else "name.whole_name_in_one_field",
            )
        word = parsed.family or parsed.given
        if last.text:
            return parsed._replace(given=None, family=word), ""
        return parsed._replace(given=word, family=None), ""

    def _from_parts(
        self, first: str, last: str, parsed: NameParts | None
    ) -> tuple[NameParts, str]:
        title, given, middle = self._read_first(first)
        suffix, family = self._read_last(last)
        if parsed is not None:
            suffix = parsed.suffix or suffix
        rule = "name.parts_separated" if title or suffix or middle else ""
        return NameParts(title, given, middle, family, suffix), rule

    def _read_first(self, text: str) -> tuple[str | None, str | None, str | None]:
        """Return title, given name and the middle initial of "John Q."."""
        known = self._firsts.get(text)
        if known is None:
            title, tokens = take_title(name_tokens(text), self._words.names)
            middle = None
            if len(tokens) > 1 and len(tokens[-1].rstrip(".")) == 1:
                middle = tokens.pop()
            known = self._firsts[text] = (title, " ".join(tokens) or None, middle)
        return known

    def _read_last(self, text: str) -> tuple[str | None, str | None]:
        known = self._lasts.get(text)
        if known is None:
            suffix, tokens = take_suffix(
                name_tokens(text), self._words.names, is_sure=False
            )
            known = self._lasts[text] = (suffix, " ".join(tokens) or None)
        return known

    def _canonical_title(self, raw: str) -> str | None:
        if raw not in self._titles:
            self._titles[raw] = self._read_title(raw)
        return self._titles[raw]

    def _read_title(self, raw: str) -> str | None:
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
        if not (parts.given or parts.family):
            return _no_name(Status.INVALID, rule or "name.no_name")
        title, given, middle, family, suffix = parts
        if (
            (given is not None and (given.isupper() or given.islower()))
            or (family is not None and (family.isupper() or family.islower()))
            or (middle is not None and (middle.isupper() or middle.islower()))
        ):
            together = " ".join(part for part in parts[1:4] if part)
            is_sure = together.isupper() or together.islower()
            given, middle, family = (
                repair_case(part, names, is_family=is_family, is_sure=is_sure)
                if part
                else None
                for part, is_family in ((given, False), (middle, False), (family, True))
            )
            if not rule and (given, middle, family) != parts[1:4]:
                rule = "name.case"
        if (
            given
            and family
            and not given.isascii()
            and is_east_asian(given)
            and is_east_asian(family)
        ):
            joint = "" if len(f"{family}{given}") <= _LONGEST_JOINT_NAME else " "
            full = f"{family}{joint}{given}"
        else:
            full = " ".join(filter(None, (given, middle, family, suffix)))
        given_match = self._match(given)
        group = None
        if given_match:
            first_word = given_match.partition(" ")[0]
            group = names.nicknames.get(first_word, first_word)
        return PersonName(
            title,
            given,
            middle,
            family,
            suffix,
            full,
            Status.CORRECTED if rule else Status.VALID,
            rule or "name.valid",
            given_match,
            self._match(family),
            group,
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
