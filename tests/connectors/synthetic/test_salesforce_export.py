"""The Salesforce export looks like one, and its references resolve."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from connectors.synthetic.salesforce_ids import PREFIXES, make_ids
from tests.connectors.synthetic.exports import Crm

REFERENCES = [
    ("Account", "ParentId", "Account"),
    ("Account", "MasterRecordId", "Account"),
    ("Account", "OwnerId", "User"),
    ("Contact", "AccountId", "Account"),
    ("Contact", "MasterRecordId", "Contact"),
    ("Contact", "OwnerId", "User"),
    ("Lead", "ConvertedContactId", "Contact"),
    ("Lead", "ConvertedAccountId", "Account"),
    ("Lead", "ConvertedOpportunityId", "Opportunity"),
    ("Opportunity", "AccountId", "Account"),
    ("Opportunity", "ContactId", "Contact"),
    ("Opportunity", "CampaignId", "Campaign"),
    ("OpportunityLineItem", "OpportunityId", "Opportunity"),
    ("OpportunityFieldHistory", "OpportunityId", "Opportunity"),
    ("Task", "AccountId", "Account"),
    ("Event", "AccountId", "Account"),
    ("Case", "ContactId", "Contact"),
    ("Case", "AccountId", "Account"),
    ("CampaignMember", "CampaignId", "Campaign"),
    ("CampaignMember", "ContactId", "Contact"),
    ("CampaignMember", "LeadId", "Lead"),
    ("Health_Score__c", "Account__c", "Account"),
]


def checksum(id15: str) -> str:
    """Salesforce's published algorithm, written independently of the generator."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    return "".join(
        alphabet[sum(1 << i for i in range(5) if id15[block + i].isupper())]
        for block in (0, 5, 10)
    )


def test_ids_have_the_right_prefix_and_checksum(crm: Crm) -> None:
    for name, rows in crm.salesforce.items():
        for row in rows:
            record = row["Id"]
            assert len(record) == 18
            assert record.startswith(PREFIXES[name])
            assert record[15:] == checksum(record[:15])


@pytest.mark.parametrize(("name", "column", "target"), REFERENCES)
def test_references_resolve(crm: Crm, name: str, column: str, target: str) -> None:
    known = set(crm.by_id(target))
    used = {row[column] for row in crm.salesforce[name] if row[column]}
    assert used
    assert used <= known


def test_activities_point_at_people_and_deals(crm: Crm) -> None:
    people = set(crm.by_id("Contact")) | set(crm.by_id("Lead"))
    things = set(crm.by_id("Account")) | set(crm.by_id("Opportunity"))
    for name in ("Task", "Event"):
        for row in crm.salesforce[name]:
            assert row["WhoId"] in people
            assert not row["WhatId"] or row["WhatId"] in things


def test_duplicate_rules_find_live_people_who_look_alike_and_err_at_times(
    crm: Crm,
) -> None:
    people = crm.by_id("Contact") | crm.by_id("Lead")
    places = {**dict.fromkeys(crm.by_id("Contact"), "contact")}
    sets: dict[str, list[str]] = {}
    for row in crm.salesforce["DuplicateRecordItem"]:
        assert people[row["RecordId"]]["IsDeleted"] == "0"
        sets.setdefault(row["DuplicateRecordSetId"], []).append(row["RecordId"])
    truth = crm.person_of()
    right = 0
    for members in sets.values():
        assert len(members) == len(set(members)) >= 2
        persons = {
            truth[f"salesforce:{places.get(each, 'lead')}:{each}"] for each in members
        }
        right += len(persons) == 1
    assert 0.5 < right / len(sets) < 1


def test_big_objects_are_split_and_small_ones_repeated(crm: Crm) -> None:
    members = [
        set(zipfile.ZipFile(path).namelist())
        for path in sorted((crm.out / "salesforce").glob("*.ZIP"))
    ]
    assert len(members) == 2
    assert "Account.csv" not in members[1]
    assert {"Contact.csv", "Task.csv", "User.csv"} <= members[0] & members[1]


def test_values_are_quoted_flags_are_digits_and_instants_iso(crm: Crm) -> None:
    path = sorted((crm.out / "salesforce").glob("*.ZIP"))[0]
    with zipfile.ZipFile(path) as archive:
        line = archive.read("Contact.csv").split(b"\n")[1]
        dates = {info.date_time for info in archive.infolist()}
    assert line.startswith(b'"')
    assert line.endswith(b'"')
    assert line.count(b'","') == 28
    assert dates == {(2026, 1, 1, 0, 0, 0)}
    for row in crm.salesforce["Contact"]:
        assert row["IsDeleted"] in {"0", "1"}
        assert row["CreatedDate"] <= row["SystemModstamp"] < "2026-01-15"
        assert row["CreatedDate"].endswith(".000Z")


def test_history_reaches_back_two_years(crm: Crm) -> None:
    first = min(row["CloseDate"] for row in crm.salesforce["Opportunity"])
    assert first < "2024-01-15"


def test_merge_losers_are_deleted_and_winners_of_the_chain_live(crm: Crm) -> None:
    for name in ("Account", "Contact", "Lead"):
        rows = crm.by_id(name)
        for row in rows.values():
            if row["MasterRecordId"]:
                assert row["IsDeleted"] == "1"
                winner = row
                while winner["MasterRecordId"]:
                    winner = rows[winner["MasterRecordId"]]
                assert winner["IsDeleted"] == "0"


def test_children_hang_on_living_accounts(crm: Crm) -> None:
    accounts = crm.by_id("Account")
    for name in ("Contact", "Opportunity"):
        for row in crm.salesforce[name]:
            if row["AccountId"]:
                assert accounts[row["AccountId"]]["IsDeleted"] == "0"


def test_converted_leads_name_their_own_contact(crm: Crm) -> None:
    people, converted = crm.person_of(), 0
    for row in crm.salesforce["Lead"]:
        assert (row["IsConverted"] == "1") == bool(row["ConvertedContactId"])
        if row["IsConverted"] == "1":
            converted += 1
            assert row["Status"] == "Closed - Converted"
            assert (
                people[f"salesforce:lead:{row['Id']}"]
                == people[f"salesforce:contact:{row['ConvertedContactId']}"]
            )
    assert converted > 100


def test_line_items_sum_to_the_amount(crm: Crm) -> None:
    amounts = {r["Id"]: Decimal(r["Amount"]) for r in crm.salesforce["Opportunity"]}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in crm.salesforce["OpportunityLineItem"]:
        total = Decimal(row["TotalPrice"])
        assert Decimal(row["UnitPrice"]) * Decimal(row["Quantity"]) == total
        sums[row["OpportunityId"]] += total
    assert len(sums) > 500
    for deal, total in sums.items():
        assert total == amounts[deal]


def test_stage_history_ends_at_the_current_stage(crm: Crm) -> None:
    history = defaultdict(list)
    for row in crm.salesforce["OpportunityFieldHistory"]:
        if row["Field"] == "StageName":
            history[row["OpportunityId"]].append(
                (row["CreatedDate"], row["OldValue"], row["NewValue"])
            )
    for row in crm.salesforce["Opportunity"]:
        steps = sorted(history[row["Id"]])
        if not steps:
            assert row["StageName"] == "Prospecting"
            continue
        assert steps[-1][2] == row["StageName"]
        assert steps[0][1] == "Prospecting"
        for before, after in pairwise(steps):
            assert before[2] == after[1]


def test_open_and_closed_agree_with_stage_and_date(crm: Crm) -> None:
    spoilt = set(
        crm.truth["truth_values"].filter(pl.col("field") == "close_date")[
            "source_record_key"
        ]
    )
    for row in crm.salesforce["Opportunity"]:
        won = row["StageName"] == "Closed Won"
        closed = won or row["StageName"] == "Closed Lost"
        assert row["IsWon"] == ("1" if won else "0")
        assert row["IsClosed"] == ("1" if closed else "0")
        if f"salesforce:opportunity:{row['Id']}" not in spoilt:
            assert row["CreatedDate"][:10] <= row["CloseDate"]
        if closed:
            assert row["CloseDate"] < "2026-01-15"


def test_contacts_hang_on_a_company_they_work_or_worked_for(crm: Crm) -> None:
    jobs = {
        person: {now, before}
        for person, now, before, _ in crm.truth["truth_people"].iter_rows()
    }
    people, companies = crm.person_of(), crm.company_of()
    for row in crm.salesforce["Contact"]:
        person = people[f"salesforce:contact:{row['Id']}"]
        if row["AccountId"] and person.startswith("p"):
            assert companies[f"salesforce:account:{row['AccountId']}"] in jobs[person]


def test_subsidiaries_are_entities_of_their_own(crm: Crm) -> None:
    companies = crm.company_of()
    parents = {
        child: parent
        for child, _, _, parent in crm.truth["truth_companies"].iter_rows()
    }
    with_parent = 0
    for row in crm.salesforce["Account"]:
        if row["ParentId"]:
            with_parent += 1
            child = companies[f"salesforce:account:{row['Id']}"]
            assert companies[f"salesforce:account:{row['ParentId']}"] == parents[child]
    assert with_parent > 20


def test_ids_count_up_in_base_62() -> None:
    ids = make_ids("003", np.asarray([0, 61, 62]))
    assert ids.to_list() == [
        "003Wx0000000000" + checksum("003Wx0000000000"),
        "003Wx000000000z" + checksum("003Wx000000000z"),
        "003Wx0000000010" + checksum("003Wx0000000010"),
    ]
