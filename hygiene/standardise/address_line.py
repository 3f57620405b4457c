"""Whole addresses that were typed into the street field, taken apart.

What belongs here: deciding that a street cell holds more than a street, and which part is
which. What does not: tidying the parts; that is done to them as to any other.

Lines of the United States go to usaddress, a statistical parser whose model comes inside
its package. No parser of other countries' lines does, so only their surest form is read:
a last part that is postcode and place, in the order of its country. A line whose parts
contradict the record's own columns is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from hygiene.standardise.address import (
    TELLING_POSTCODES,
    US_ZIP,
    standardise_postal_code,
)
from hygiene.standardise.address_words import state_key
from hygiene.standardise.country_index import country_key
from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_text, match_form
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

# What a street cell has to hold before anything here looks at it (Rust and Python syntax).
CANDIDATE: Final = (
    r"(?i)\d.*[,;\r\n].*(?:\d{4}|[A-Z]\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)"
    r"|[,;\r\n].*\d{4}|\d{5}(?:-\d{4})?\s*$|\d\s+[A-Z]{0,2}-?\d{4,5} \D"
    r"|[,\r\n] *[A-Z]{2}\.?\s*(?:[,\r\n] *[A-Z. ]+)?$"
)
_SEPARATOR: Final = re.compile(r"\s*[,;|\r\n]\s*")
_SHORT_COUNTRIES: Final = frozenset({"US", "USA", "UK", "GB", "UAE"})
_SHORTEST_COUNTRY: Final = 4
_POSTCODE_LAST: Final = {
    "GB": re.compile(r"(?P<rest>.*?)[ ]*\b(?P<code>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\Z", re.I),
    "IE": re.compile(r"(?P<rest>.*?)[ ]*\b(?P<code>[A-Z]\d[\dW] ?[A-Z\d]{4})\Z", re.I),
    "CA": re.compile(r"(?P<rest>.*?)[ ]*\b(?P<code>[A-Z]\d[A-Z][ -]?\d[A-Z]\d)\Z", re.I),
    "AU": re.compile(r"(?P<rest>.*?)[ ]*\b(?P<code>\d{4})\Z"),
    "NZ": re.compile(r"(?P<rest>.*?)[ ]*\b(?P<code>\d{4})\Z"),
}  # fmt: skip
_POSTCODE_FIRST: Final = frozenset(
    {
        "AT", "BE", "BG", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IT", "LI", "LT", "LU", "LV", "MC", "MX", "NL", "NO", "PL", "PT", "RO", "SE", "SI",
        "SK", "SM", "TR",
    }
)  # fmt: skip
# "10115 Berlin", "D-10115 Berlin", "1012 AB Amsterdam", "110 00 Praha 1", "00-950 Warszawa".
_CODE_THEN_PLACE: Final = re.compile(
    r"(?P<code>(?:[A-Z]{1,3}-)?\d{2,6}(?:[ -]\d{2,3}\b)?(?: ?[A-Z]{2}\b)?) +"
    r"(?P<place>'?[^\W\d][^\d,]+(?: \d{1,2})?)\Z"
)
# "Hauptstr. 5 10115 Berlin": nothing but a blank after the house number.
_RUN_ON: Final = re.compile(
    r"(?P<street>.*\d\w?) (?P<tail>(?:[A-Z]{1,2}-)?\d{4,5} [^\W\d]\D+)\Z"
)
# "10 avenue Foch 75008 Paris": the house number stands in front, the street ends in a word.
_NUMBER_FIRST: Final = frozenset({"FR", "MC"})
_RUN_ON_NUMBER_FIRST: Final = re.compile(
    r"(?P<street>\d+\S* .*\D) (?P<tail>\d{5} [^\W\d]\D+)\Z"
)
# "PO Box 1234" is no place with a postcode.
_BOX: Final = re.compile(r"(?i)\b(?:box|bag|level|suite|unit|lot|floor|bp|cs)\s*\Z")
_PROVINCE: Final = re.compile(r"(?P<place>.+?) \(?(?P<state>[A-Z]{2})\)?\Z")
_TAIL_LABELS: Final = ("PlaceName", "StateName", "ZipCode", "CountryName")
_KINDS: Final = frozenset({"Street Address", "PO Box", "Intersection"})
_US_STATE_LAST: Final = re.compile(r"[,\n] *(?P<state>[A-Z]{2})\.?\Z")


class AddressLine(NamedTuple):
    """Parts of a line; None where it does not say. A tuple, because many are made."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


NO_LINE: Final = AddressLine()


def parse_address_line(
    street: str | None,
    city: str | None = None,
    state: str | None = None,
    postal_code: str | None = None,
    country: str | None = None,
    *,
    vocabulary: Vocabulary | None = None,
) -> AddressLine:
    """Take a street cell apart that holds a whole address.

    Args:
        street: The street as received.
        city: The city column; a line that says another one is left alone.
        state: The state column, likewise.
        postal_code: The postcode column, likewise.
        country: ISO alpha-2 code of the record's country, if known.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        The parts as written; all None where the cell is a street or is not sure.

    Example:
        >>> parse_address_line("12 Oak Rd Suite 4, Dallas TX 75201", country="US").city
        'Dallas'
        >>> parse_address_line("Hauptstr. 5, D-10115 Berlin", country="DE").postal_code
        'D-10115'
        >>> parse_address_line("12 Oak Rd, Suite 4", country="US").street is None
        True
    """
    words = vocabulary or default_vocabulary()
    if not street:
        return NO_LINE
    parts = [clean_text(part) for part in _SEPARATOR.split(street.strip())]
    parts = [part.strip(" .") if len(part) > 1 else part for part in parts if part]
    named = _country_of(parts[-1], country, words) if len(parts) > 1 else None
    if named is not None:
        if country is not None and named != country:
            return NO_LINE
        parts.pop()
    home = country or named or _telling_country(parts, words)
    if home is None or not parts:
        return NO_LINE
    if home == "US":
        found = _parse_us(parts, words)
    elif home in _POSTCODE_LAST:
        found = _parse_code_last(parts, home, words)
    elif home in _POSTCODE_FIRST:
        found = _parse_code_first(parts, home, words)
    else:
        return NO_LINE
    if found is None or not any(map(str.isalnum, found.street or "")):
        return NO_LINE
    told = (
        (city, found.city), (state, found.state), (postal_code, found.postal_code)
    )  # fmt: skip
    if any(_contradict(mine, theirs, home, words) for mine, theirs in told):
        return NO_LINE
    if parse_address_line(found.street, country=home, vocabulary=words).street:
        # Two addresses in one cell: neither is more right.
        return NO_LINE
    return found._replace(country=named if country is None else None)


def _country_of(text: str, home: str | None, words: Vocabulary) -> str | None:
    letters = "".join(filter(str.isalnum, text)).upper()
    if home is not None and letters == home:
        return home
    if letters in _SHORT_COUNTRIES:
        return words.countries.codes.get(letters)
    if len(letters) < _SHORTEST_COUNTRY:
        return None
    named = words.countries.names.get(country_key(text))
    if named != home and state_key(text) in words.addresses.state_countries:
        # Georgia is a state, too, and Luxembourg a province of Belgium. Scotland is both,
        # and no doubt where the record itself is British.
        return None
    return named


def _telling_country(parts: Sequence[str], words: Vocabulary) -> str | None:
    """Return the country that the end of a line leaves no doubt about."""
    if not parts:
        return None
    tokens = parts[-1].upper().split()
    if len(tokens) > 1 and US_ZIP.match(tokens[-1]):
        known = words.addresses.find_state(" ".join(tokens[:-1]), "US")
        known = known or words.addresses.find_state(tokens[-2], "US")
        return "US" if known is not None and known.postal else None
    tail = " ".join(tokens[-2:])
    for country, pattern in TELLING_POSTCODES:
        if country in _POSTCODE_LAST and pattern.match(tail):
            return country
    return None


def _contradict(
    mine: str | None, theirs: str | None, country: str, words: Vocabulary
) -> bool:
    if not mine or not theirs:
        return False
    one, other = _folded(mine), _folded(theirs)
    if one == other or one in other.split() or other in one.split():
        return False
    states = [words.addresses.find_state(text, country) for text in (mine, theirs)]
    if states[0] is not None and states[0] == states[1]:
        return False
    return one.replace(" ", "") != other.replace(" ", "")


def _folded(text: str) -> str:
    return match_form(text) or text.casefold()


def _is_postcode(text: str, country: str, words: Vocabulary) -> bool:
    found = standardise_postal_code(text, country=country, vocabulary=words)
    return found.status is Status.VALID or found.rule == "postal_code.country_prefix"


def _parse_us(parts: list[str], words: Vocabulary) -> AddressLine | None:
    line = ", ".join(parts)
    last = line.split()[-1]
    if not US_ZIP.match(last):
        state = _US_STATE_LAST.search(line)
        if state is None or words.addresses.find_state(state["state"], "US") is None:
            return None
    # Reading the model takes longer than this whole module; most tables need none.
    import usaddress

    try:
        labels, kind = usaddress.tag(line)
    except usaddress.RepeatedLabelError:
        return None
    place, state_, code = (labels.get(name) for name in _TAIL_LABELS[:3])
    if kind not in _KINDS or not place or not (state_ or code):
        return None
    if state_ and words.addresses.find_state(state_, "US") is None:
        return None
    if code and not _is_postcode(code, "US", words):
        return None
    tail = _letters("".join(labels.get(name) or "" for name in _TAIL_LABELS))
    # The parts have to be the whole end of the line, so that nothing gets lost; a city
    # may be called like its state.
    at = line.rfind(place)
    while at > 0 and len(_letters(line[at:])) < len(tail):
        at = line.rfind(place, 0, at)
    if at < 1 or _letters(line[at:]) != tail:
        return None
    return AddressLine(line[:at].rstrip(" ,"), place, state_, code)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _has_code(
    part: str, pattern: re.Pattern[str], country: str, words: Vocabulary
) -> bool:
    """Whether an earlier part ends an address of its own."""
    found = pattern.match(part)
    if found is None or _BOX.search(part.removesuffix(found["code"])):
        return False
    return _is_postcode(found["code"], country, words)


def _parse_code_last(
    parts: list[str], country: str, words: Vocabulary
) -> AddressLine | None:
    pattern = _POSTCODE_LAST[country]
    found = pattern.match(parts[-1])
    if found is None or not _is_postcode(found["code"], country, words):
        return None
    if any(_has_code(part, pattern, country, words) for part in parts[:-1]):
        return None
    before = [*parts[:-1], *([found["rest"]] if found["rest"] else [])]
    state = None
    if len(before) > 1:
        head, _, tail = before[-1].rpartition(" ")
        known = words.addresses.find_state
        is_state = known(before[-1], country) is not None and len(before) > 2
        # Auckland is a city in a region of its name: what stands before is its street.
        if is_state and not any(map(str.isdigit, before[-2])):
            state = before.pop()
        elif head and country in {"CA", "AU"} and known(tail, country) is not None:
            state, before[-1] = tail, head
    if len(before) < 2:
        return None
    place = before.pop()
    if any(map(str.isdigit, place)):
        return None
    return AddressLine(", ".join(before), place, state, found["code"])


def _parse_code_first(
    parts: list[str], country: str, words: Vocabulary
) -> AddressLine | None:
    if len(parts) == 1:
        run_on = _RUN_ON.match(parts[0])
        if run_on is None and country in _NUMBER_FIRST:
            run_on = _RUN_ON_NUMBER_FIRST.match(parts[0])
        if run_on is None:
            return None
        parts = [run_on["street"], run_on["tail"]]
    found = _CODE_THEN_PLACE.match(parts[-1])
    if found is None or not _is_postcode(found["code"], country, words):
        return None
    if any(_has_code(part, _CODE_THEN_PLACE, country, words) for part in parts[:-1]):
        return None
    place, state = found["place"].strip(), None
    province = _PROVINCE.match(place)
    if province and words.addresses.find_state(province["state"], country) is not None:
        place, state = province["place"], province["state"]
    return AddressLine(", ".join(parts[:-1]), place, state, found["code"])
