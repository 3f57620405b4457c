"""Words of addresses: states and their codes, postcode layouts, street abbreviations.

Loads and validates; decides nothing about a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hygiene.errors import ReferenceDataError
from hygiene.reference import read_reference_csv, read_reference_yaml
from hygiene.standardise.text import match_form

# Accepted: "CA - California", "Texas (US)", "Paris, TX". Rejected: "Nord-Est".
_PARTS: Final = re.compile(r"\s+[-\u2013]\s+|\s*[,(/)]\s*")
_LAYOUT_RUN: Final = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class State:
    """One subdivision of a country.

    Attributes:
        code: ISO 3166-2 with its country ("US-CA"); None where ISO lists none.
        postal: Abbreviation used in postal addresses ("CA"), if one is.
        name: The name that ISO or the post gives it.
    """

    code: str | None
    postal: str | None
    name: str


@dataclass(frozen=True, slots=True)
class StreetWords:
    """Abbreviations of one language's streets, without dots."""

    start: Mapping[str, str]
    end: Mapping[str, str]
    glued: Mapping[str, str]
    unit: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddressWords:
    """States, postcode layouts and street words by country."""

    states: Mapping[tuple[str, str], State]
    state_countries: Mapping[str, frozenset[str]]
    generic_words: tuple[str, ...]
    postal: Mapping[str, Mapping[str, Any]]
    streets: Mapping[str, StreetWords]

    def find_state(self, text: str, country: str) -> State | None:
        """Return the subdivision of a country that a text names.

        Args:
            text: Cleaned text.
            country: ISO alpha-2 code.

        Returns:
            The subdivision, or None.

        Example:
            >>> load_address_words().find_state("Bavaria", "DE").code
            'DE-BY'
        """
        key = state_key(text)
        prefix = f"{country.lower()} "
        for candidate in (key, key.removeprefix(prefix), self._bare(key)):
            if candidate and (found := self.states.get((country, candidate))):
                return found
        return None

    def find_state_within(self, text: str, country: str) -> State | None:
        """Return the one subdivision that a text or one of its parts names.

        Args:
            text: Cleaned text of a field for states.
            country: ISO alpha-2 code.

        Returns:
            The subdivision; None where no part or several of them ("NY, NJ") are one.

        Example:
            >>> load_address_words().find_state_within("CA - California", "US").code
            'US-CA'
        """
        if (found := self.find_state(text, country)) is not None:
            return found
        named = {
            state
            for part in _PARTS.split(text)
            if part and (state := self.find_state(part, country)) is not None
        }
        return named.pop() if len(named) == 1 else None

    def _bare(self, key: str) -> str:
        for word in self.generic_words:
            if key.startswith(word + " "):
                return key[len(word) + 1 :]
            if key.endswith(" " + word):
                return key[: -len(word) - 1]
        return key


def state_key(text: str) -> str:
    """Return the form under which names of states are compared.

    Args:
        text: Cleaned text.

    Returns:
        Small ASCII words.

    Example:
        >>> state_key("Île-de-France"), state_key("N.Y.")
        ('ile de france', 'ny')
    """
    return match_form(text.replace(".", "")) or text.casefold()


def _load_states() -> tuple[dict[tuple[str, str], State], dict[str, frozenset[str]]]:
    states: dict[tuple[str, str], State] = {}
    by_code: dict[tuple[str, str], State] = {}
    names: dict[str, set[str]] = {}
    for row in read_reference_csv("subdivisions.csv"):
        country, code = row["country"], row["code"]
        mark = (country, code or row["postal"] or row["name"])
        state = by_code.setdefault(
            mark,
            State(
                f"{country}-{code}" if code else None,
                row["postal"] or None,
                row["name"],
            ),
        )
        for spelling in (row["name"], row["postal"], code):
            if spelling:
                states.setdefault((country, state_key(spelling)), state)
        names.setdefault(state_key(row["name"]), set()).add(country)
        if row["postal"]:
            names.setdefault(state_key(row["postal"]), set()).add(country)
    for country, codes in read_reference_yaml("subdivision_aliases.yaml")[
        "aliases"
    ].items():
        for code, spellings in codes.items():
            known = by_code.get((country, str(code))) or State(
                f"{country}-{code}", None, str(spellings[0]).title()
            )
            for spelling in spellings:
                states.setdefault((country, state_key(str(spelling))), known)
    return states, {key: frozenset(value) for key, value in names.items()}


def _load_postal() -> dict[str, Mapping[str, Any]]:
    plans: dict[str, Mapping[str, Any]] = {}
    for row in read_reference_csv("postal_layouts.csv"):
        runs = [int(run) for run in _LAYOUT_RUN.findall(row["layout"])]
        plan: dict[str, Any] = {"pattern": row["pattern"]}
        if runs:
            # "{3} {2}" is written for people; str.format fills "{} {}".
            plan |= {"layout": _LAYOUT_RUN.sub("{}", row["layout"]), "runs": runs}
        plans[row["country"]] = plan
    return plans | read_reference_yaml("postal_codes.yaml")


def _load_streets() -> dict[str, StreetWords]:
    data = read_reference_yaml("street_words.yaml")
    languages = {
        name: StreetWords(
            *({str(k): str(v) for k, v in words.get(part, {}).items()} for part in (
                "start", "end", "glued", "unit"
            ))
        )
        for name, words in data["languages"].items()
    }  # fmt: skip
    missing = sorted(set(data["countries"].values()) - set(languages))
    if missing:
        raise ReferenceDataError(
            f"reading reference data: street_words.yaml has no words for "
            f"{', '.join(missing)}, which a country of it speaks; add or correct them"
        )
    return {code: languages[name] for code, name in data["countries"].items()}


def load_address_words() -> AddressWords:
    """Load the shipped words of addresses.

    Returns:
        The words.

    Raises:
        ReferenceDataError: A file is missing or malformed.

    Example:
        >>> load_address_words().postal["GB"]["layout"]
        '{0} {1}'
    """
    states, countries = _load_states()
    generic = read_reference_yaml("subdivision_aliases.yaml")["generic"]
    return AddressWords(
        states=states,
        state_countries=countries,
        generic_words=tuple(
            sorted(
                {match_form(str(word)) or "" for word in generic} - {""},
                key=lambda word: (-len(word), word),
            )
        ),
        postal=_load_postal(),
        streets=_load_streets(),
    )
