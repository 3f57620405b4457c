"""Laws that hold for every value: total, deterministic, idempotent, raw kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.standardise import (
    EmailStandardiser,
    PersonNameInput,
    PersonNameStandardiser,
    RecordIdentity,
    StandardiseSettings,
    Status,
    classify_job_title,
    find_reserved_host,
    find_test_rule,
    load_picklists,
    standardise_choice,
    standardise_city,
    standardise_company,
    standardise_company_size,
    standardise_contacts,
    standardise_country,
    standardise_date,
    standardise_domain,
    standardise_email,
    standardise_job_title,
    standardise_person_name,
    standardise_phone,
    standardise_postal_code,
    standardise_state,
    standardise_street,
)
from hygiene.standardise.contacts import CONTACT_INPUTS
from hygiene.standardise.text import clean_text, match_form, repair_mojibake
from tests.hygiene.standardise.tables import write_contacts

# Any Unicode string, surrogates included, and strings that look like the real thing.
ANY = st.text(max_size=40)
PIECES = st.lists(
    st.sampled_from(
        [
            "Ann", "LEE", "o'brien", "MCKAY", "van", "der", "von", "de", "la", "Dr.", "Prof",
            "Jr.", "PhD", "ma", ",", ";", "(", ")", '"', "-", ".", "..", " ", "@", "acme",
            "gmail.com", "www.", "http://", "/", "GmbH", "& Co. KG", "Ltd.", "S.A.", "the",
            "dba", "c/o", "formerly", "old", "n/a", "null", "NA", "+49", "030", "1234567",
            "415-555-2671", "x12", "0", "李", "明", "株式会社", "\u041e\u041e\u041e", "Ü", "ß", "İ", "ÿ",
            "Ã¼", "é", "\u0301", "\u200b", "\u00a0", "\t", "test", "asdf", "US", "Germany", "xxx",
            "ǆ", "ﬁ", "ŉ", "Ⅳ", "①", "ª", "\ud800", "St", "Ave.", "Hauptstr.", "C/", "str", "Yes", "€",
            "$", "1-10", "5 000", "LV-", "1073", "Bavaria", "web", "_", "31", "12", "1980", "März",
        ]
    ),
    max_size=7,
).map("".join)  # fmt: skip
SPACED = st.lists(PIECES, max_size=4).map(" ".join)
VALUES = st.one_of(ANY, PIECES, SPACED)

PICKLISTS = load_picklists({})
SINGLE: dict[str, Callable[[str], Any]] = {
    "email": standardise_email,
    "phone without region": standardise_phone,
    "phone in Germany": lambda raw: standardise_phone(raw, region="DE"),
    "phone in the US": lambda raw: standardise_phone(raw, region="US"),
    "country": standardise_country,
    "domain": standardise_domain,
    "company": standardise_company,
    "city": standardise_city,
    "street": standardise_street,
    "state": lambda raw: standardise_state(raw, country="US"),
    "postal code": lambda raw: standardise_postal_code(raw, country="GB"),
    "postal code with lost zeros": lambda raw: standardise_postal_code(
        raw, country="DE"
    ),
    "job title": standardise_job_title,
    "street in the US": lambda raw: standardise_street(raw, country="US"),
    "street in Germany": lambda raw: standardise_street(raw, country="DE"),
    "street in Spain": lambda raw: standardise_street(raw, country="ES"),
    "state in Spain": lambda raw: standardise_state(raw, country="ES"),
    "postal code in Latvia": lambda raw: standardise_postal_code(raw, country="LV"),
    "company size": lambda raw: standardise_company_size(
        raw, PICKLISTS["company_size"]
    ),
}


@pytest.mark.parametrize("name", SINGLE)
@settings(max_examples=75, deadline=None, derandomize=True)
@given(raw=VALUES)
def test_standardisers_are_total_and_idempotent(name: str, raw: str) -> None:
    function = SINGLE[name]
    once = function(raw)
    assert isinstance(once.status, Status)
    assert once.rule
    usable = once.status in {Status.VALID, Status.CORRECTED}
    assert (once.value is not None) == usable
    if once.value is not None:
        again = function(once.value)
        assert again.value == once.value
        assert again.status is Status.VALID
    assert function(raw) == once


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    full=st.none() | VALUES,
    salutation=st.none() | st.sampled_from(["Mr.", "Herr", "x", ""]),
    first=st.none() | VALUES,
    middle=st.none() | VALUES,
    last=st.none() | VALUES,
    suffix=st.none() | st.sampled_from(["Jr.", "III", "?", ""]),
)
def test_names_are_total_and_idempotent(
    full: str | None,
    salutation: str | None,
    first: str | None,
    middle: str | None,
    last: str | None,
    suffix: str | None,
) -> None:
    once = standardise_person_name(
        PersonNameInput(full, salutation, first, middle, last, suffix)
    )
    usable = once.status in {Status.VALID, Status.CORRECTED}
    assert (once.full is not None) == usable
    assert bool(once.given or once.family) == usable
    if usable:
        again = standardise_person_name(
            PersonNameInput(
                once.full, once.title, once.given, once.middle, once.family, once.suffix
            )
        )
        assert again[:6] == once[:6]
        assert again[8:] == once[8:]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(raws=st.lists(VALUES, max_size=6))
def test_what_was_seen_before_does_not_change_a_verdict(raws: list[str]) -> None:
    email, name = EmailStandardiser(), PersonNameStandardiser()
    for raw in raws:
        assert email(raw) == standardise_email(raw)
        parts = PersonNameInput(first_name=raw, last_name=raw)
        assert name(parts) == standardise_person_name(parts)
        whole = PersonNameInput(full_name=raw)
        assert name(whole) == standardise_person_name(whole)


class TheLongWay(PersonNameStandardiser):
    """Standardises every name without the shorter way of plain ones."""

    def _read_plain(self, name: PersonNameInput) -> None:
        return None


WORDS = st.sampled_from(
    [
        "Ann", "ann", "LEE", "Li", "Ma", "van", "de", "Dr", "Mr", "Bank", "Team", "GmbH",
        "Inc", "Jr", "III", "V", "Test", "First", "Last", "O'Brien", "Anne-Marie", "Q.", "B",
        "Müller", "李", "明", "Иван", "Null", "N/A", "xxx", "Sp", "zoo", "Co", "Ltd", "Unknown",
        "Prof", "Pan", "Customer", "Services", "e", "y", "Junior", "Sir", "Lady", "AJ",
    ]
)  # fmt: skip
WORD_LISTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    full=st.none() | WORD_LISTS,
    salutation=st.none() | WORDS,
    first=st.none() | WORD_LISTS,
    middle=st.none() | WORDS,
    last=st.none() | WORD_LISTS,
)
def test_the_short_way_of_plain_names_gives_what_the_long_way_gives(
    full: str | None,
    salutation: str | None,
    first: str | None,
    middle: str | None,
    last: str | None,
) -> None:
    name = PersonNameInput(full, salutation, first, middle, last)
    assert PersonNameStandardiser()(name) == TheLongWay()(name)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(raw=VALUES)
def test_text_forms_are_stable(raw: str) -> None:
    clean = clean_text(raw)
    assert clean_text(clean) == clean
    repaired = repair_mojibake(clean)
    assert repair_mojibake(repaired) == repaired
    match = match_form(clean)
    assert match is None or (match.isascii() and match == match.lower())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    raw=VALUES | st.sampled_from(["Web", "ja", "MQL", "US$", "other", "SaaS;IT"]),
    name=st.sampled_from(sorted(PICKLISTS)),
)
def test_choices_are_total_and_idempotent(raw: str, name: str) -> None:
    once = standardise_choice(raw, PICKLISTS[name])
    usable = once.status in {Status.VALID, Status.CORRECTED}
    assert (once.value is not None) == usable
    assert once.rule.startswith(name)
    if once.value is not None:
        again = standardise_choice(once.value, PICKLISTS[name])
        assert (again.value, again.status) == (once.value, Status.VALID)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(raw=VALUES)
def test_dates_are_total_and_idempotent(raw: str) -> None:
    once = standardise_date(raw)
    usable = once.status in {Status.VALID, Status.CORRECTED}
    assert (once.value is not None) == usable
    assert once.rule
    if once.value is not None:
        again = standardise_date(once.value.isoformat())
        assert (again.value, again.status) == (once.value, Status.VALID)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(raw=VALUES)
def test_job_roles_are_total_and_deterministic(raw: str) -> None:
    once = classify_job_title(raw)
    assert (once.status is Status.VALID) == bool(once.seniority or once.function)
    assert once.persona is None or once.status is Status.VALID
    assert once.rule
    assert classify_job_title(raw) == once


@settings(max_examples=150, deadline=None, derandomize=True)
@given(raw=VALUES, names=st.tuples(VALUES, VALUES))
def test_test_records_are_told_of_any_text(raw: str, names: tuple[str, str]) -> None:
    record = RecordIdentity(
        email=raw, given_name=names[0], family_name=names[1], full_name=" ".join(names),
        company=raw, company_match=raw.casefold(), domain=raw,
    )  # fmt: skip
    rule = find_test_rule(record)
    assert rule is None or rule.startswith("test.")
    assert find_test_rule(record) == rule
    assert find_reserved_host(raw) in {None, "test.reserved_domain"}


# Parquet holds no lone surrogates.
STORED = st.one_of(
    st.none(), VALUES.map(lambda text: text.encode("utf-8", "replace").decode())
)
RECORDS = st.lists(
    st.fixed_dictionaries(dict.fromkeys(CONTACT_INPUTS[1:], STORED)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(people=RECORDS)
def test_no_table_loses_a_record_or_a_raw_value(people: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        union = write_contacts(path / "union.parquet", people)
        report = standardise_contacts(
            union, path / "out.parquet", path / "aside.parquet",
            settings=StandardiseSettings(), previous=None,
        )  # fmt: skip
        before = pl.read_parquet(union)
        out = pl.read_parquet(path / "out.parquet")
        aside = pl.read_parquet(path / "aside.parquet")
    assert report.rows_in == len(people) == out.height + aside.height
    keys = {*out["source_record_key"], *aside["source_record_key"]}
    assert keys == set(before["source_record_key"])
    kept = before.join(out.select("source_record_key"), on="source_record_key")
    order = "source_record_key"
    assert out.select(before.columns).sort(order).equals(kept.sort(order))
    raw = {row[order]: row for row in before.iter_rows(named=True)}
    for row in aside.iter_rows(named=True):
        held = json.loads(row["raw_payload"])
        mine = raw[row[order]]
        assert all(held.get(name) == mine[name] for name in CONTACT_INPUTS)


def test_missing_is_not_a_value() -> None:
    for function in SINGLE.values():
        assert function("").status is Status.MISSING
        assert function(" \u00a0\u200b").status is Status.MISSING
