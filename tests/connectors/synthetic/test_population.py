"""The made-up world is plausible: names, numbers, proportions; and it keeps quiet."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import phonenumbers
import polars as pl
import pytest

from connectors.synthetic import DirtProfile, generate
from connectors.synthetic.vocabulary import load_data, load_vocabulary
from tests.connectors.synthetic.exports import Crm, read_crm


def test_proportions_are_those_of_a_real_crm(crm: Crm) -> None:
    people = 6_000
    expected = {
        len(crm.salesforce["Contact"]): 0.60,
        len(crm.salesforce["Lead"]): 0.26,
        len(crm.hubspot["contacts"]): 0.69,
        len(crm.attendees) + len(crm.partners): 0.12,
        len(crm.truth["truth_companies"]): 0.20,
        len(crm.salesforce["Opportunity"]): 0.17,
        len(crm.hubspot["deals"]): 0.14,
        len(crm.orders): 0.28,
        len(crm.invoices): 0.05,
        len(crm.subscriptions): 0.027,
        len(crm.salesforce["Task"]): 1.3,
    }
    for found, share in expected.items():
        assert found / people == pytest.approx(share, rel=0.3)


def test_common_names_collide_between_people(crm: Crm) -> None:
    names = Counter(
        (row["FirstName"], row["LastName"])
        for row in crm.salesforce["Contact"]
        if row["MasterRecordId"] == ""
    )
    people = crm.person_of()
    owners: dict[tuple[str, str], set[str]] = {}
    for row in crm.salesforce["Contact"]:
        name = (row["FirstName"], row["LastName"])
        owners.setdefault(name, set()).add(people[f"salesforce:contact:{row['Id']}"])
    assert max(names.values()) >= 2
    assert sum(len(found) > 1 for found in owners.values()) > 10
    last = Counter(row["LastName"] for row in crm.salesforce["Contact"])
    top = sum(count for _, count in last.most_common(100))
    assert top / len(crm.salesforce["Contact"]) > 0.12


def test_number_plans_are_valid() -> None:
    for country in load_vocabulary().countries:
        for prefixes, digits in (country.mobile, country.land):
            assert len({len(prefix) for prefix in prefixes}) == 1
            for prefix in prefixes:
                number = f"+{country.calling_code}{prefix}{'1234567'[:digits]}"
                assert phonenumbers.is_valid_number(phonenumbers.parse(number)), number


def test_phones_are_valid_in_their_countries(crm: Crm) -> None:
    values = crm.truth["truth_values"].filter(
        pl.col("field").is_in(["phone", "mobile_phone"])
    )
    clean = values["clean_value"].unique().sort().to_list()[::7]
    valid = 0
    for text in clean:
        valid += phonenumbers.is_valid_number(phonenumbers.parse(text))
    assert valid / len(clean) > 0.97


def test_written_numbers_are_the_clean_ones_unless_a_digit_is_wrong(crm: Crm) -> None:
    values = crm.truth["truth_values"].filter(
        (pl.col("field") == "mobile_phone")
        & pl.col("dirt_kind").is_in(["phone_national", "phone_international"])
    )
    for clean, dirty in values.select("clean_value", "dirty_value").iter_rows():
        digits = "".join(c for c in dirty if c.isdigit())
        assert clean[-6:] == digits[-6:]


def test_addresses_of_people_are_their_own(crm: Crm) -> None:
    values = crm.truth["truth_values"]
    clean = (
        values.filter(
            (pl.col("field") == "email") & (pl.col("dirt_kind") == "upper_case")
        )
        .join(crm.truth["truth_contacts"], on="source_record_key")
        .filter(pl.col("person_id").str.starts_with("p"))
        .group_by("clean_value")
        .agg(pl.col("person_id").n_unique().alias("people"))
    )
    # Only couples that use one mailbox share an address.
    assert (clean["people"] > 1).mean() < 0.02


def test_company_domains_are_unique_and_made_up(crm: Crm) -> None:
    companies = crm.truth["truth_companies"]
    assert companies["domain"].n_unique() == len(companies)
    free = {d for c in load_data("locales.yml") for d in c["free_mail"]}
    assert not free & set(companies["domain"])


def test_no_truth_leaks_into_the_exports(crm: Crm) -> None:
    tables = [*crm.salesforce.values(), *crm.hubspot.values(), crm.attendees]
    tables += [crm.partners, crm.orders, crm.invoices, crm.subscriptions]
    labels = set(crm.truth["truth_contacts"]["person_id"])
    labels |= set(crm.truth["truth_accounts"]["company_id"])
    labels |= set(crm.truth["truth_deals"]["deal_id"])
    for rows in tables:
        for header in rows[0]:
            assert "person" not in str(header).lower()
            assert "truth" not in str(header).lower()
        for row in rows[::5]:
            assert not labels & {str(value) for value in row.values()}


def test_dirt_can_be_turned_off(tmp_path: Path) -> None:
    clean = DirtProfile(**dict.fromkeys(DirtProfile.model_fields, 0.0))
    generate(tmp_path, people=1_000, seed=1, as_of=date(2026, 1, 15), dirt=clean)
    crm = read_crm(tmp_path)
    kinds = set(crm.truth["truth_values"]["dirt_kind"].str.split("+").explode())
    assert kinds <= {
        "phone_national", "phone_international", "phone_extension", "country_spelling",
        "street_abbreviated", "lower_case", "shared_mailbox", "last_comma_first",
    }  # fmt: skip
    assert len(crm.truth["truth_test_records"]) == 0
    assert all(row["Email"] for row in crm.salesforce["Contact"])


def test_more_dirt_gives_more_of_it(tmp_path: Path) -> None:
    dirt = DirtProfile(name_typo=0.5)
    generate(tmp_path, people=1_000, seed=1, as_of=date(2026, 1, 15), dirt=dirt)
    truth = pl.read_parquet(tmp_path / "truth" / "truth_values.parquet")
    names = truth.filter(
        (pl.col("field") == "last_name") & pl.col("dirt_kind").str.contains("typo")
    )
    assert len(names) > 400
