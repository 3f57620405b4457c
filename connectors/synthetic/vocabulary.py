"""Names, places and words to draw from, by country, with realistic frequencies.

Belongs here: turning Faker's locale data and this package's YAML files into tables with
cumulative weights. Frequencies follow the locale's own weights where Faker ships them,
else a Zipf-like law, so that common names collide between different people.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import polars as pl
import yaml
from anyascii import anyascii
from faker import Faker

from connectors.synthetic.rng import FloatArray, IntArray, weighted

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_EXPANSIONS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)
_PLACES_PER_COUNTRY = 500
_STREETS_PER_COUNTRY = 400
# Faker's Italian towns number 16,559; a few hundred carry most addresses.
_VOCABULARY_SEED = 20260115


def load_data(name: str) -> Any:
    """Read one of the package's YAML files."""
    text = (resources.files(__package__) / "data" / name).read_text("utf-8")
    return yaml.safe_load(text)


def plain_form(text: str) -> str:
    """Drop diacritics; other scripts are romanised ('Müller' becomes 'Muller')."""
    decomposed = unicodedata.normalize("NFKD", text)
    stripped = "".join(c for c in decomposed if not unicodedata.combining(c))
    return stripped if stripped.isascii() else anyascii(stripped)


def slug(text: str) -> str:
    """Return the form used in mail addresses and domains ('Müller' -> 'mueller')."""
    return _NOT_SLUG.sub("", plain_form(text.translate(_EXPANSIONS)).lower())


def _zipf(size: int, offset: float, exponent: float) -> FloatArray:
    ranks = np.arange(size, dtype=np.float64) + 1.0 + offset
    return np.power(ranks, -exponent)


@dataclass(frozen=True, slots=True)
class Pool:
    """A run of one vocabulary table with cumulative weights."""

    start: int
    cumulative: FloatArray

    def draw(self, uniform: FloatArray) -> IntArray:
        """Map uniform numbers to positions in the table."""
        return self.start + weighted(self.cumulative, uniform)


@dataclass(frozen=True, slots=True)
class WordTable:
    """Distinct words with their written variants and the pools to draw them from."""

    text: pl.Series
    plain: pl.Series
    expanded: pl.Series
    slug: pl.Series
    slug_id: IntArray
    pools: Mapping[tuple[int, int], Pool]

    def draw(
        self, rng: np.random.Generator, country: IntArray, kind: IntArray | None = None
    ) -> IntArray:
        """Draw one word per row for its country and kind (gender, mostly)."""
        kinds = np.zeros(len(country), np.int64) if kind is None else kind
        uniform = rng.random(len(country))
        out = np.zeros(len(country), np.int64)
        for (pool_country, pool_kind), pool in self.pools.items():
            rows = np.flatnonzero((country == pool_country) & (kinds == pool_kind))
            if len(rows):
                out[rows] = pool.draw(uniform[rows])
        return out


class _TableBuilder:
    def __init__(self) -> None:
        self._text: list[str] = []
        self._roman: list[str] = []
        self._pools: dict[tuple[int, int], Pool] = {}

    def add(
        self,
        key: tuple[int, int],
        words: Sequence[str],
        weights: FloatArray,
        roman: Sequence[str] | None = None,
    ) -> None:
        self._pools[key] = Pool(len(self._text), np.cumsum(weights))
        self._text.extend(words)
        self._roman.extend(roman if roman is not None else words)

    def build(self) -> WordTable:
        slugs = [slug(word) for word in self._roman]
        _, slug_id = np.unique(np.asarray(slugs), return_inverse=True)
        return WordTable(
            text=pl.Series(self._text, dtype=pl.String),
            plain=pl.Series([plain_form(w) for w in self._roman], dtype=pl.String),
            expanded=pl.Series(
                [plain_form(w.translate(_EXPANSIONS)) for w in self._roman],
                dtype=pl.String,
            ),
            slug=pl.Series(slugs, dtype=pl.String),
            slug_id=slug_id.astype(np.int64),
            pools=self._pools,
        )


@dataclass(frozen=True, slots=True)
class Country:
    """One country's conventions, as written in `data/locales.yml`."""

    code: str
    locale: str
    language: str
    share: float
    names: tuple[str, ...]
    currency: str
    tax_rate: float
    tlds: tuple[str, ...]
    free_mail: tuple[str, ...]
    calling_code: str
    mobile: tuple[tuple[str, ...], int]
    land: tuple[tuple[str, ...], int]
    national: tuple[str, ...]
    international: tuple[str, ...]
    street_format: str
    legal_forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that can be drawn; built once per process."""

    countries: tuple[Country, ...]
    first: WordTable
    last: WordTable
    city: WordTable
    state: pl.Series
    postcode: pl.Series
    street: WordTable
    title: WordTable
    descriptor: WordTable
    descriptor_industry: pl.Series
    people: Mapping[str, Any]
    companies: Mapping[str, Any]
    nickname: pl.Series
    nickname_start: IntArray
    nickname_count: IntArray


def _names_of(
    provider: Any, attributes: Sequence[str]
) -> tuple[list[str], FloatArray | None]:
    for attribute in attributes:
        source = getattr(provider, attribute, None)
        if source:
            if isinstance(source, dict):
                return list(source), np.asarray(list(source.values()), np.float64)
            # Faker's lists are alphabetical here, by popularity there: one fixed
            # shuffle makes the Zipf rank independent of the alphabet.
            words = sorted(set(source), key=lambda word: zlib.crc32(word.encode()))
            return words, None
    raise LookupError(f"Faker has none of {attributes} in {provider.__module__}.")


def _load_countries() -> tuple[Country, ...]:
    def plan(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], int]:
        return tuple(entry["prefixes"]), entry["digits"]

    return tuple(
        Country(
            code=row["country"],
            locale=row["locale"],
            language=row["language"],
            share=row["share"],
            names=tuple(row["names"]),
            currency=row["currency"],
            tax_rate=row["tax_rate"],
            tlds=tuple(row["tlds"]),
            free_mail=tuple(row["free_mail"]),
            calling_code=row["calling_code"],
            mobile=plan(row["mobile"]),
            land=plan(row["land"]),
            national=tuple(row["national"]),
            international=tuple(row["international"]),
            street_format=row["street_format"],
            legal_forms=tuple(row["legal_forms"]),
        )
        for row in load_data("locales.yml")
    )


def _name_tables(countries: Sequence[Country]) -> tuple[WordTable, WordTable]:
    first, last = _TableBuilder(), _TableBuilder()
    for index, country in enumerate(countries):
        module = importlib.import_module(f"faker.providers.person.{country.locale}")
        provider = module.Provider
        for gender, word in enumerate(("male", "female")):
            roman_of: dict[str, str] = {}
            if country.locale == "ja_JP":
                pairs = [*provider.first_name_pairs, *provider.last_name_pairs]
                roman_of = {kanji: roman for kanji, _kana, roman in pairs}
            names, weights = _names_of(provider, [f"first_names_{word}", "first_names"])
            known = weights if weights is not None else _zipf(len(names), 3, 0.8)
            roman = [roman_of.get(name, name) for name in names]
            first.add((index, gender), names, known, roman)
            names, weights = _names_of(
                provider,
                [f"last_names_{word}", f"{word}_last_names", "unisex_last_names"]
                if country.locale in {"el_GR"}
                else ["unisex_last_names", "last_names"],
            )
            known = weights if weights is not None else _zipf(len(names), 5, 0.75)
            roman = [roman_of.get(name, name) for name in names]
            last.add((index, gender), names, known, roman)
    return first.build(), last.build()


def _place_tables(
    countries: Sequence[Country],
) -> tuple[WordTable, pl.Series, pl.Series, WordTable]:
    cities, streets = _TableBuilder(), _TableBuilder()
    states: list[str] = []
    postcodes: list[str] = []
    for index, country in enumerate(countries):
        fake: Any = Faker(country.locale)
        fake.seed_instance(_VOCABULARY_SEED + index)
        for provider in fake.get_providers():
            # Faker makes the Italian towns a list out of a set, whose order changes
            # with the hash seed of the process.
            if isinstance(getattr(provider, "cities", None), list):
                provider.cities = sorted(provider.cities)
        state: Callable[[], str] = getattr(fake, "administrative_unit", str)
        towns = [(fake.city(), state()) for _ in range(_PLACES_PER_COUNTRY // 3)]
        rows = [towns[i % len(towns)] for i in range(_PLACES_PER_COUNTRY)]
        cities.add(
            (index, 0), [town for town, _ in rows], _zipf(_PLACES_PER_COUNTRY, 4, 0.7)
        )
        states.extend(region for _, region in rows)
        postcodes.extend(
            # Some Greek ones come with a label in front.
            fake.postcode().split(" ", 1)[-1]
            if country.code == "GR"
            else fake.postcode()
            for _ in range(_PLACES_PER_COUNTRY)
        )
        streets.add(
            (index, 0),
            [fake.street_name() for _ in range(_STREETS_PER_COUNTRY)],
            _zipf(_STREETS_PER_COUNTRY, 20, 0.5),
        )
    return (
        cities.build(),
        pl.Series(states, dtype=pl.String),
        pl.Series(postcodes, dtype=pl.String),
        streets.build(),
    )


def _nicknames(first: WordTable) -> tuple[pl.Series, IntArray, IntArray]:
    variants: list[str] = []
    at: dict[str, tuple[int, int]] = {}
    for by_name in load_data("nicknames.yml").values():
        for name, forms in by_name.items():
            if name not in at:
                at[name] = (len(variants), len(forms))
                variants.extend(forms)
    found = [at.get(name, (0, 0)) for name in first.text.to_list()]
    return (
        pl.Series(variants, dtype=pl.String),
        np.asarray([start for start, _ in found], np.int64),
        np.asarray([count for _, count in found], np.int64),
    )


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """Build the vocabulary; the same for every seed."""
    countries = _load_countries()
    people, companies = load_data("people.yml"), load_data("companies.yml")
    first, last = _name_tables(countries)
    city, state, postcode, street = _place_tables(countries)
    titles, descriptors = _TableBuilder(), _TableBuilder()
    industries: list[str] = []
    for index, country in enumerate(countries):
        english, local = people["titles"]["en"], people["titles"][country.language]
        words = [*english, *local]
        weights = [0.6 / len(english)] * len(english) + [0.4 / len(local)] * len(local)
        titles.add((index, 0), words, np.asarray(weights))
        both = [*companies["descriptors"][country.language].items()]
        both += [*companies["descriptors"]["en"].items()]
        descriptors.add((index, 0), [w for w, _ in both], _zipf(len(both), 6, 0.8))
        industries.extend(industry for _, industry in both)
    nickname, starts, counts = _nicknames(first)
    return Vocabulary(
        countries=countries,
        first=first,
        last=last,
        city=city,
        state=state,
        postcode=postcode,
        street=street,
        title=titles.build(),
        descriptor=descriptors.build(),
        descriptor_industry=pl.Series(industries, dtype=pl.String),
        people=people,
        companies=companies,
        nickname=nickname,
        nickname_start=starts,
        nickname_count=counts,
    )
