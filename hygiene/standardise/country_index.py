"""Which spelling means which country: ISO codes, CLDR names, aliases, near misses.

Loaded once; `hygiene.standardise.country` decides with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from babel import Locale
from babel.core import UnknownLocaleError
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hygiene.errors import ReferenceDataError
from hygiene.reference import read_reference_csv, read_reference_yaml
from hygiene.standardise.text import match_form

# A typo of a shorter name is as likely to be another word.
_SHORTEST_FUZZY: Final = 5
_TWO_EDITS_FROM: Final = 9


def country_key(text: str) -> str:
    """Return the form under which country names are compared.

    Args:
        text: Cleaned text in any script.

    Returns:
        Lower-case ASCII words for Latin text; other scripts case-folded as written.

    Example:
        >>> country_key("C\u00f4te d'Ivoire")
        'cote divoire'
    """
    if any(ord(character) > 0x24F and character.isalpha() for character in text):
        return "".join(
            character if character.isalnum() else " " for character in text.casefold()
        ).strip()
    key = match_form(text.replace("&", " and ").replace("-", " ")) or ""
    return key.removeprefix("the ").strip() or key


@dataclass(frozen=True, slots=True)
class CountryIndex:
    """Spellings of countries, in order of certainty."""

    codes: Mapping[str, str | None]
    names: Mapping[str, str]
    fuzzy_names: tuple[str, ...]
    labels: Mapping[str, str]

    def find_near(self, key: str) -> str | None:
        """Return the one country whose Latin name is a typing error away.

        Args:
            key: Result of `country_key`.

        Returns:
            ISO alpha-2 code; None when no country or more than one is that near.

        Example:
            >>> load_country_index({}).find_near("germny")
            'DE'
        """
        if len(key) < _SHORTEST_FUZZY or not key.isascii():
            return None
        allowed = 2 if len(key) >= _TWO_EDITS_FROM else 1
        near = process.extract(
            key,
            self.fuzzy_names,
            scorer=OSA.distance,
            score_cutoff=allowed,
            limit=None,
        )
        if not near:
            return None
        # Every country within reach counts, not only the nearest: "austrlia" is one edit
        # from Austria and from Australia, and a wrong country is worse than none.
        found = {self.names[name] for name, _, _ in near}
        return found.pop() if len(found) == 1 else None


def _cldr_names(languages: list[str], known: Mapping[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for language in languages:
        try:
            territories = Locale.parse(language).territories
        except (UnknownLocaleError, ValueError) as error:
            raise ReferenceDataError(
                "reading reference data: country_aliases.yaml names the language "
                f"{language}, which babel does not know; correct or remove it"
            ) from error
        for code in sorted(known):
            if name := territories.get(code):
                # Earlier languages win where two use one word for two countries.
                names.setdefault(country_key(name), code)
    return names


# Fuzzy comparison over sixty languages finds a neighbour for everything.
_FUZZY_LANGUAGES: Final = 7


def load_country_index(extra_aliases: Mapping[str, str]) -> CountryIndex:
    """Load codes and spellings; the user's aliases outrank everything.

    Args:
        extra_aliases: Spelling to ISO alpha-2 code.

    Returns:
        The index.

    Raises:
        ReferenceDataError: A file is malformed or names an unknown code.

    Example:
        >>> load_country_index({}).names["deutschland"]
        'DE'
    """
    rows = read_reference_csv("countries.csv")
    labels = {row["alpha2"]: row["name"] for row in rows}
    data = read_reference_yaml("country_aliases.yaml")
    codes: dict[str, str | None] = {row["alpha2"]: row["alpha2"] for row in rows}
    codes |= {row["alpha3"]: row["alpha2"] for row in rows}
    names = _cldr_names(data["languages"], labels)
    fuzzy = _cldr_names(data["languages"][:_FUZZY_LANGUAGES], labels)
    for code, spellings in data["aliases"].items():
        if code not in labels:
            raise ReferenceDataError(
                f"reading reference data: country_aliases.yaml uses {code}, which "
                "countries.csv does not list; quote NO, correct others"
            )
        spelt = {country_key(spelling): code for spelling in spellings}
        names |= spelt
        fuzzy |= spelt
    codes.update(data["codes"])
    names |= {country_key(alias): code for alias, code in extra_aliases.items()}
    names.pop("", None)
    return CountryIndex(
        codes=codes,
        names=names,
        fuzzy_names=tuple(
            sorted(
                name
                for name in fuzzy
                if name.isascii() and len(name) >= _SHORTEST_FUZZY
            )
        ),
        labels=labels,
    )
