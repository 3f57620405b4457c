"""Whole addresses in the street field: their parts reach the record, and nothing is lost."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hygiene.standardise import (
    AddressLine,
    StandardiseSettings,
    parse_address_line,
    standardise_accounts,
    standardise_contacts,
)
from hygiene.standardise.text import clean_text
from tests.hygiene.standardise.tables import write_accounts, write_contacts

NOTHING = AddressLine()


def standardised(folder: Path, *people: dict[str, Any]) -> list[dict[str, Any]]:
    named = [{"last_name": "Archer", **each} for each in people]
    standardise_contacts(
        write_contacts(folder / "union.parquet", named),
        folder / "out.parquet", folder / "aside.parquet",
        settings=StandardiseSettings(), previous=None,
    )  # fmt: skip
    return pl.read_parquet(folder / "out.parquet").sort("source_record_key").to_dicts()


def test_parts_of_a_line_fill_what_the_record_lacks(tmp_path: Path) -> None:
    line = "12 OAK RD STE 4, Dallas TX 75201"
    filled, bare, repeated = standardised(
        tmp_path,
        {"street": line, "country": "USA"},
        {"street": "12 Oak Rd, Suite 4", "country": "USA"},
        {"street": line, "city": "Dallas", "postal_code": "75201", "country": "USA"},
    )
    assert filled["street"] == line  # the raw value stays
    shown = {name: filled[f"{name}_std"] for name in ("street", "city", "state")}
    assert shown == {
        "street": "12 Oak Road Suite 4", "city": "Dallas", "state": "TX"
    }  # fmt: skip
    assert (filled["postal_code_std"], filled["state_code"]) == ("75201", "US-TX")
    for part in ("street", "city", "state", "postal_code"):
        assert filled[f"{part}_status"] == "corrected"
        assert filled[f"{part}_rule"] == f"{part}.address_line"
    assert bare["city_status"] == "missing"
    assert bare["street_rule"] != "street.address_line"
    assert repeated["street_std"] == "12 Oak Road Suite 4"
    assert repeated["city_rule"] == "city.valid"
    assert repeated["state_rule"] == "state.address_line"


def test_a_line_tells_the_country_and_with_it_how_phones_are_read(
    tmp_path: Path,
) -> None:
    (record,) = standardised(
        tmp_path,
        {"street": "Hauptstr. 5\n10115 Berlin\nDeutschland", "phone": "030 1234567"},
    )
    assert record["country_code"] == "DE"
    assert record["country_rule"] == "country.address_line"
    assert record["phone_e164"] == "+49301234567"
    assert record["street_std"] == "Hauptstra\u00dfe 5"


def test_accounts_have_their_lines_taken_apart_too(tmp_path: Path) -> None:
    standardise_accounts(
        write_accounts(
            tmp_path / "a.parquet",
            [
                {
                    "account_name": "Acme",
                    "street": "1 Main St, Reno, NV 89501",
                    "country": "US",
                }
            ],
        ),
        tmp_path / "out.parquet", tmp_path / "aside.parquet",
        settings=StandardiseSettings(), previous=None,
    )  # fmt: skip
    (record,) = pl.read_parquet(tmp_path / "out.parquet").to_dicts()
    assert (record["city_std"], record["postal_code_std"]) == ("Reno", "89501")


@pytest.mark.parametrize(
    "column", [{"city": "Houston"}, {"state": "CA"}, {"postal_code": "77001"}]
)
def test_a_line_that_contradicts_its_record_is_left_alone(
    column: dict[str, str],
) -> None:
    line = "12 Oak Rd, Dallas TX 75201"
    assert parse_address_line(line, country="US").city == "Dallas"
    assert parse_address_line(line, country="US", **column) == NOTHING


def test_two_addresses_in_one_cell_are_left_alone() -> None:
    both = "Hauptstr. 5, 10115 Berlin, Nebenstr. 6, 10117 Berlin"
    assert parse_address_line(both, country="DE") == NOTHING


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]+ (St|Rd|str\.) [0-9]{1,3}, [0-9 -]{4,9} [A-Z][a-z]+"),
    st.sampled_from([None, "US", "DE", "GB", "CA", "FR", "NL", "JP"]),
)
def test_any_text_gives_a_verdict_that_loses_no_letter(
    text: str, country: str | None
) -> None:
    found = parse_address_line(text, country=country)
    assert found == parse_address_line(text, country=country)
    if found == NOTHING:
        return
    written = Counter(filter(str.isalnum, clean_text(text)))
    kept = Counter(filter(str.isalnum, "".join(part or "" for part in found[:4])))
    assert kept <= written
    # Only the name of the country is said in another way.
    named = re.split(r"[,;|\r\n]", text.strip())[-1]
    left = written - kept
    assert not left or left == Counter(filter(str.isalnum, clean_text(named)))
    again = parse_address_line(
        found.street, found.city, found.state, found.postal_code, country
    )
    assert again == NOTHING
