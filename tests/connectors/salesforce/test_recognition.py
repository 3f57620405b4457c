from __future__ import annotations

import pytest

from connectors.errors import SourceFileError
from connectors.salesforce import recognition


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("Account", "account"),
        ("account_2026", "account"),
        ("accountData", "account"),
        ("extract_contacts", "contact"),
        ("OpportunityLineItem", "opportunitylineitem"),
        ("bulk-query-CampaignMembers-2026-01-15", "campaignmember"),
        ("OpportunityFieldHistory", "opportunityfieldhistory"),
        ("CASES", "case"),
        ("Product2", "product2"),
        ("Invoice__c", "invoice__c"),
        ("extract_Invoice__c_2026", "invoice__c"),
        ("acme__Plan__c", "acme__plan__c"),
        ("report1765432", None),
        ("account_contacts", None),
        ("customers", None),
    ],
)
def test_file_name_says_the_object_or_nothing(stem: str, expected: str | None) -> None:
    assert recognition.object_of_name(stem) == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("001", "account"),
        ("003", "contact"),
        ("00Q", "lead"),
        ("00q", None),
        ("006", "opportunity"),
        ("00k", "opportunitylineitem"),
        ("00K", "opportunitycontactrole"),
        ("00T", "task"),
        ("00U", "event"),
        ("500", "case"),
        ("005", "user"),
        ("701", "campaign"),
        ("00v", "campaignmember"),
        ("008", "opportunityhistory"),
        ("a0X", None),
    ],
)
def test_id_prefix_says_the_object(prefix: str, expected: str | None) -> None:
    assert recognition.object_of_ids({prefix: 3}, ["id"]) == expected


def test_field_histories_share_a_prefix_and_the_header_decides() -> None:
    ids = {"017": 2}
    opportunity = [
        "id",
        "opportunityid",
        "field",
        "oldvalue",
        "newvalue",
        "createdbyid",
    ]
    account = ["id", "accountid", "field", "oldvalue", "newvalue", "createdbyid"]
    assert recognition.object_of_ids(ids, opportunity) == "opportunityfieldhistory"
    assert recognition.object_of_ids(ids, account) == "accounthistory"
    contact = ["id", "contactid", "field", "oldvalue", "newvalue", "createdbyid"]
    assert recognition.object_of_ids(ids, contact) == "contacthistory"
    lead = ["id", "leadid", "field", "oldvalue", "newvalue", "createdbyid"]
    assert recognition.object_of_ids(ids, lead) == "leadhistory"
    assert recognition.object_of_ids(ids, ["id", "name"]) is None


def test_ids_of_two_objects_do_not_decide() -> None:
    assert recognition.object_of_ids({"001": 5, "003": 1}, ["id"]) is None


def test_name_and_ids_that_disagree_are_an_error() -> None:
    with pytest.raises(SourceFileError, match=r"name says account.*ids say contact"):
        recognition.decide_object(
            "account.csv", by_name="account", by_ids="contact", prefixes={"003": 1}
        )


def test_undecidable_file_error_says_how_to_name_the_object() -> None:
    with pytest.raises(SourceFileError, match="`objects:"):
        recognition.decide_object("x.csv", by_name=None, by_ids=None, prefixes={})


@pytest.mark.parametrize(
    ("name", "is_export"),
    [
        ("WE_00Dx0000000AbcDEAS_1.ZIP", True),
        ("we_00Dx0000000AbcDEAS_12.zip", True),
        ("WE_backup.zip", False),
        ("exports.zip", False),
    ],
)
def test_data_export_names(name: str, is_export: bool) -> None:
    assert recognition.is_data_export(name) is is_export


@pytest.mark.parametrize(
    ("stem", "header", "values", "is_status"),
    [
        ("success0413060133", ["id", "name", "status"], ["Item Created"], True),
        ("out", ["id", "name", "status"], ["Item Updated", "Item Updated"], True),
        ("error0413060133", ["id", "name", "error"], ["any text"], True),
        ("bulk", ["sf__id", "sf__created", "name"], ["x"], True),
        ("Case", ["id", "subject", "status"], ["Closed", "New"], False),
        ("Case", ["id", "subject", "status"], [], False),
        ("Account", ["id", "name"], ["Item Created"], False),
    ],
)
def test_status_files_are_told_from_records(
    stem: str, header: list[str], values: list[str], is_status: bool
) -> None:
    assert recognition.is_status_file(stem, header, values) is is_status
