"""The truth knows every source record exactly once, and tells what was dirtied."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest

from tests.connectors.synthetic.exports import Crm


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _lower(text: str) -> str:
    """Letter by letter as SQL does: Python alone writes a final Greek sigma."""
    return "".join(char.lower() for char in text)


def _buyer_keys(crm: Crm) -> tuple[set[str], set[str]]:
    buyers, companies = set(), set()
    lines = (
        [
            (r["E-mail"], r["Customer"], r["Company"], r["Shop domain"])
            for r in crm.orders
        ]
        + [
            (r["Billing e-mail"], r["Attention"], r["Customer"], r["Customer domain"])
            for r in crm.invoices
        ]
        + [
            (r["Contact e-mail"], r["Contact"], r["Account"], r["Domain"])
            for r in crm.subscriptions
        ]
    )
    for line in lines:
        email, name, company, domain = (_lower(str(v).strip(" ")) for v in line)
        if email:
            buyers.add(_md5(email))
        elif name:
            buyers.add(_md5(f"{name}|{company}"))
        if company:
            companies.add(_md5(f"{company}|{domain}"))
    return buyers, companies


def test_every_contact_like_record_has_one_identity(crm: Crm) -> None:
    buyers, _ = _buyer_keys(crm)
    expected = (
        [f"salesforce:contact:{row['Id']}" for row in crm.salesforce["Contact"]]
        + [f"salesforce:lead:{row['Id']}" for row in crm.salesforce["Lead"]]
        + [f"hubspot:contacts:{row['Record ID']}" for row in crm.hubspot["contacts"]]
        + [f"shop:contacts:{row['Badge no']}" for row in crm.attendees]
        + [f"shop:contacts:{row['Partner-Nr']}" for row in crm.partners]
        + [f"shop:buyers:{key}" for key in buyers]
    )
    keys = crm.truth["truth_contacts"]["source_record_key"]
    assert sorted(keys) == sorted(expected)
    assert crm.truth["truth_contacts"]["person_id"].null_count() == 0


def test_every_account_like_record_has_one_identity(crm: Crm) -> None:
    _, companies = _buyer_keys(crm)
    expected = (
        [f"salesforce:account:{row['Id']}" for row in crm.salesforce["Account"]]
        + [f"hubspot:companies:{row['Record ID']}" for row in crm.hubspot["companies"]]
        + [f"shop:buyer_companies:{key}" for key in companies]
    )
    keys = crm.truth["truth_accounts"]["source_record_key"]
    assert sorted(keys) == sorted(expected)


def test_every_deal_record_has_one_identity(crm: Crm) -> None:
    expected = [
        f"salesforce:opportunity:{row['Id']}" for row in crm.salesforce["Opportunity"]
    ] + [f"hubspot:deals:{row['Record ID']}" for row in crm.hubspot["deals"]]
    assert sorted(crm.truth["truth_deals"]["source_record_key"]) == sorted(expected)


def test_everybody_is_known_to_some_source(crm: Crm) -> None:
    known = set(crm.truth["truth_contacts"]["person_id"])
    assert set(crm.truth["truth_people"]["person_id"]) <= known


def test_employers_are_told_of_people_and_companies_of_the_world(crm: Crm) -> None:
    employers = crm.truth["truth_employers"]
    assert employers["source_record_key"].is_unique().all()
    people = dict(crm.truth["truth_contacts"].iter_rows())
    jobs = {
        person: {now, before}
        for person, now, before, _ in crm.truth["truth_people"].iter_rows()
    }
    assert len(employers) > 100
    assert all(company in jobs[people[key]] for key, company in employers.iter_rows())


EXPORTED = [
    ("salesforce:contact:", "Contact", "last_name", "LastName"),
    ("salesforce:contact:", "Contact", "first_name", "FirstName"),
    ("salesforce:contact:", "Contact", "email", "Email"),
    ("salesforce:contact:", "Contact", "phone", "Phone"),
    ("salesforce:contact:", "Contact", "country", "MailingCountry"),
    ("salesforce:lead:", "Lead", "company_name", "Company"),
    ("salesforce:account:", "Account", "account_name", "Name"),
    ("salesforce:account:", "Account", "website", "Website"),
]


@pytest.mark.parametrize(("prefix", "name", "field", "column"), EXPORTED)
def test_dirty_values_are_the_exported_ones(
    crm: Crm, prefix: str, name: str, field: str, column: str
) -> None:
    rows = crm.by_id(name)
    told = crm.truth["truth_values"].filter(
        pl.col("source_record_key").str.starts_with(prefix) & (pl.col("field") == field)
    )
    assert len(told) > 20
    for key, dirty in told.select("source_record_key", "dirty_value").iter_rows():
        assert rows[key.removeprefix(prefix)][column] == (dirty or "")


def test_values_not_in_the_truth_are_clean_or_missing(crm: Crm) -> None:
    told = crm.truth["truth_values"].filter(pl.col("field") == "email")
    dirtied = set(told["source_record_key"])
    people = crm.person_of()
    mails: dict[str, set[str]] = {}
    for row in crm.salesforce["Contact"]:
        key = f"salesforce:contact:{row['Id']}"
        if row["Email"] and key not in dirtied:
            assert row["Email"] == row["Email"].lower()
            mails.setdefault(row["Email"], set()).add(people[key])
        if len(mails) > 300:
            break
    assert len(mails) > 300


def test_dirty_differs_from_clean_and_names_its_kind(crm: Crm) -> None:
    values = crm.truth["truth_values"]
    assert values.filter(
        pl.col("clean_value").eq_missing(pl.col("dirty_value"))
    ).is_empty()
    assert values.filter(pl.col("dirt_kind") == "").is_empty()
    kinds = set(values["dirt_kind"].str.split("+").explode())
    for kind in (
        "typo", "nickname", "names_swapped", "last_comma_first", "upper_case",
        "diacritics_lost", "mojibake", "shared_mailbox", "placeholder", "two_values",
        "phone_extension", "legal_form_variant", "abbreviated", "country_spelling",
    ):  # fmt: skip
        assert kind in kinds


def test_test_records_are_listed_and_stand_for_nobody(crm: Crm) -> None:
    tests = set(crm.truth["truth_test_records"]["source_record_key"])
    people = crm.person_of()
    assert tests
    assert {key.split(":")[1] for key in tests} >= {"contact", "lead", "contacts"}
    for key, person in people.items():
        assert person.startswith("t-") == (key in tests)


def test_merged_and_linked_records_are_the_same_entity(crm: Crm) -> None:
    people, companies = crm.person_of(), crm.company_of()
    merged = 0
    for row in crm.salesforce["Contact"]:
        if row["MasterRecordId"]:
            merged += 1
            assert (
                people[f"salesforce:contact:{row['Id']}"]
                == people[f"salesforce:contact:{row['MasterRecordId']}"]
            )
    for row in crm.salesforce["Account"]:
        if row["MasterRecordId"]:
            assert (
                companies[f"salesforce:account:{row['Id']}"]
                == companies[f"salesforce:account:{row['MasterRecordId']}"]
            )
    synced = 0
    for row in crm.hubspot["contacts"]:
        me = people[f"hubspot:contacts:{row['Record ID']}"]
        if row["Salesforce Contact ID"]:
            synced += 1
            assert me == people[f"salesforce:contact:{row['Salesforce Contact ID']}"]
        if row["Salesforce Lead ID"]:
            assert me == people[f"salesforce:lead:{row['Salesforce Lead ID']}"]
    for row in crm.hubspot["companies"]:
        if row["Salesforce Account ID"]:
            assert (
                companies[f"hubspot:companies:{row['Record ID']}"]
                == companies[f"salesforce:account:{row['Salesforce Account ID']}"]
            )
    assert merged > 50
    assert synced > 500


def test_deals_in_both_crms_are_one_deal(crm: Crm) -> None:
    deals = dict(crm.truth["truth_deals"].iter_rows())
    with_id = 0
    for row in crm.hubspot["deals"]:
        if row["Salesforce Opportunity ID"]:
            with_id += 1
            other = f"salesforce:opportunity:{row['Salesforce Opportunity ID']}"
            assert deals[f"hubspot:deals:{row['Record ID']}"] == deals[other]
    shared = len(deals) - len(set(deals.values()))
    assert 0.5 < with_id / shared < 0.7
    assert 0.25 < shared / len(crm.hubspot["deals"]) < 0.45


def test_spoilt_deals_are_told_and_keep_their_worth(crm: Crm) -> None:
    values = crm.truth["truth_values"]
    told = {
        name: dict(
            values.filter(pl.col("dirt_kind") == name)
            .select("source_record_key", "dirty_value")
            .iter_rows()
        )
        for name in ("amount_missing", "closed_before_created", "probability_stale")
    }
    assert all(told.values()), {name: len(rows) for name, rows in told.items()}
    hubspot = {f"hubspot:deals:{r['Record ID']}": r for r in crm.hubspot["deals"]}
    assert {key for key, row in hubspot.items() if not row["Amount"]} == set(
        told["amount_missing"]
    )
    for key in told["amount_missing"]:
        assert hubspot[key]["Salesforce Opportunity ID"]
    early, stale = set(), set()
    for row in crm.salesforce["Opportunity"]:
        if row["IsDeleted"] == "1":
            continue
        key = f"salesforce:opportunity:{row['Id']}"
        if row["CloseDate"] < row["CreatedDate"][:10]:
            early.add(key)
            assert row["StageName"] == "Closed Lost"
        won = {"Closed Won": "100", "Closed Lost": "0"}.get(row["StageName"])
        if won is not None and row["Probability"] != won:
            stale.add(key)
    assert early == set(told["closed_before_created"])
    assert stale == set(told["probability_stale"])
