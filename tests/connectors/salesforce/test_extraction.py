from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from connectors.landing import Landing
from connectors.salesforce import SalesforceFilesConfig, declared_columns, extract
from tests.connectors.salesforce.exports import (
    ACME,
    ANN,
    BOB,
    CAY,
    CONTACT,
    ORG,
    Sync,
    contact,
    csv_bytes,
    files_below,
    landed,
    record_id,
    write_zip,
)


def test_data_export_merges_an_object_over_several_zips(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    user = csv_bytes(["Id", "Name"], [[record_id("005", 1), "Olga"]])
    write_zip(
        exports / f"WE_{ORG}_1.ZIP",
        {
            "Contact.csv": csv_bytes(CONTACT, [contact(ANN, "Ann")]),
            "User.csv": user,
            "Attachments/00Px0000000AbcDEAS": b"\x00\x01picture",
        },
    )
    write_zip(
        exports / f"we_{ORG}_2.zip",
        {
            "Contact.csv": csv_bytes(CONTACT, [contact(BOB, "Bob")]),
            "User.csv": user,
            "Invoice__c.csv": csv_bytes(
                ["Id", "Tier__c"], [["a0Xx0000000AbcDEAS", "Gold"]]
            ),
        },
    )
    report = sync()
    counts = report.counts
    assert set(counts) == {"contact", "invoice__c", "user"}
    assert counts["contact"].new == 2
    assert (counts["user"].new, counts["user"].repeated) == (1, 1)
    assert landed(landing, "invoice__c")["tier__c"].to_list() == ["Gold"]
    assert any("1 members left aside" in note for note in report.notes)
    rows = landed(landing, "contact")
    assert rows["_source_file"].to_list() == [
        f"WE_{ORG}_1.ZIP/Contact.csv",
        f"we_{ORG}_2.zip/Contact.csv",
    ]
    assert rows["_source_line"].to_list() == [2, 2]


def test_newest_version_wins_and_the_older_is_set_aside(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    new, old = "2026-01-02T00:00:00.000Z", "2026-01-01 23:59:59"
    write_zip(
        exports / f"WE_{ORG}_1.ZIP",
        {"Contact.csv": csv_bytes(CONTACT, [contact(ANN, "New", new)])},
    )
    write_zip(
        exports / f"WE_{ORG}_2.ZIP",
        {"Contact.csv": csv_bytes(CONTACT, [contact(ANN, "Old", old)])},
    )
    counts = sync().counts["contact"]
    assert landed(landing, "contact")["lastname"].to_list() == ["New"]
    assert (counts.rows_read, counts.new, counts.rejected) == (2, 1, 1)
    rejected = landing.rejected("salesforce", "contact").collect()
    assert rejected["reason_code"].to_list() == ["superseded_version"]
    assert rejected["_source_file"].to_list() == [f"WE_{ORG}_2.ZIP/Contact.csv"]
    assert "Old" in rejected["raw_text"][0]


def test_loading_the_same_files_again_lands_nothing(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "Ann")]))
    sync()
    before = files_below(landing.root)
    assert sync().is_unchanged
    shutil.rmtree(landing.root / "_receipts")
    again = sync()
    assert not again.is_unchanged
    assert again.counts["contact"].unchanged == 1
    assert files_below(landing.root) == before


def test_one_edit_one_deletion_one_addition_change_only_that(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [contact(ANN, "Ann"), contact(BOB, "Bob")]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    sync()
    rows = [contact(ANN, "Anne"), contact(CAY, "Cay")]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    counts = sync().counts["contact"]
    assert (counts.new, counts.changed, counts.tombstoned) == (1, 1, 1)
    gone = landed(landing, "contact").filter(pl.col("_source_record_id") == BOB)
    assert gone["_delete_kind"].to_list() == ["absent"]
    assert gone["lastname"].to_list() == ["Bob"]


def test_losing_many_records_at_once_is_pointed_out(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [contact(record_id("003", number), "x") for number in range(30)]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    sync()
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows[:15]))
    report = sync()
    assert any("15 of 30 known records" in line for line in report.warnings)


def test_progress_names_each_file(exports: Path, landing: Landing) -> None:
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "Ann")]))
    seen: list[tuple[str, int, int]] = []
    extract(
        SalesforceFilesConfig(name="crm", path=str(exports)),
        landing,
        extracted_at=datetime(2026, 1, 15, tzinfo=UTC),
        progress=lambda *step: seen.append(step),
    )
    assert seen == [
        ("reading", 0, 1),
        ("reading Contact.csv", 1, 1),
        ("landing", 1, 1),
    ]


def test_delta_mode_infers_no_deletion(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [contact(ANN, "Ann"), contact(BOB, "Bob")]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    sync()
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows[:1]))
    assert sync(mode="delta").counts["contact"].tombstoned == 0


@pytest.mark.parametrize("flag", ["1", "true", "True"], ids=["one", "api", "title"])
def test_deletions_and_merges_are_flagged(
    exports: Path, landing: Landing, sync: Sync, flag: str
) -> None:
    rows = [
        contact(ANN, "Ann", deleted=flag),
        contact(BOB, "Bob", deleted=flag, master=CAY),
        contact(CAY, "Cay", deleted="false", master="000000000000000AAA"),
    ]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    sync()
    current = landed(landing, "contact")
    assert current["_delete_kind"].to_list() == ["soft", "merged", None]
    assert current["_is_deleted"].to_list() == [True, True, False]
    assert current["_merged_into"].to_list() == [None, CAY, None]
    assert current["masterrecordid"].to_list() == [None, CAY, None]


def test_15_character_ids_become_18_in_every_reference(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    row = [ANN[:15], "0", BOB[:15], ACME[:15], "Ann", ""]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [row]))
    report = sync()
    (current,) = landed(landing, "contact").to_dicts()
    assert current["_source_record_id"] == current["id"] == ANN
    assert current["accountid"] == ACME
    assert current["_merged_into"] == BOB
    assert any("15 characters converted" in note for note in report.notes)


def test_ids_that_differ_in_case_are_two_records(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [
        ["003x0000000000a", "0", "", "", "A", ""],
        ["003x0000000000A", "0", "", "", "B", ""],
    ]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    assert sync().counts["contact"].new == 2


def test_bad_ids_are_set_aside_and_nothing_is_taken_for_deleted(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [contact(ANN, "Ann"), contact(BOB, "Bob")]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    sync()
    rows = [contact(ANN, "Ann"), contact("0.03E+15", "Bob"), contact("", "None")]
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))
    report = sync()
    counts = report.counts["contact"]
    assert (counts.rejected, counts.tombstoned) == (2, 0)
    rejected = landing.rejected("salesforce", "contact").collect().sort("_source_line")
    assert rejected["reason_code"].to_list() == ["bad_record_id"] * 2
    assert rejected["_source_line"].to_list() == [3, 4]
    assert any("no record was marked as deleted" in line for line in report.warnings)


def test_status_files_are_noted_and_skipped(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "Ann")]))
    (exports / "success011526.csv").write_bytes(
        csv_bytes([*CONTACT, "STATUS"], [[*contact(BOB, "Bob"), "Item Created"]])
    )
    (exports / "error011526.csv").write_bytes(
        csv_bytes([*CONTACT, "ERROR"], [[*contact("", "Cay"), "missing field"]])
    )
    report = sync()
    assert report.counts["contact"].rows_read == 1
    assert sum("success or error file" in note for note in report.notes) == 2


def test_a_case_whose_last_column_is_status_is_data(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [[record_id("500", 1), "Broken", "Closed"]]
    (exports / "Case.csv").write_bytes(csv_bytes(["Id", "Subject", "Status"], rows))
    assert sync().counts["case"].new == 1


def test_columns_that_collide_without_case_are_numbered(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    header = ["ID", "Tier__c", "TIER__C"]
    (exports / "Account.csv").write_bytes(csv_bytes(header, [[ACME, "a", "b"]]))
    report = sync()
    (row,) = landed(landing, "account").to_dicts()
    assert (row["tier__c"], row["tier__c_2"]) == ("a", "b")
    assert any(
        "repeated columns 'TIER__C' as tier__c_2" in note for note in report.notes
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings_are_found_per_file(
    exports: Path, landing: Landing, sync: Sync, encoding: str
) -> None:
    content = csv_bytes(["Id", "Name"], [[ACME, "Müller & Søn"]], encoding)
    (exports / "Account.csv").write_bytes(content)
    sync()
    assert landed(landing, "account")["name"].to_list() == ["Müller & Søn"]


def test_newlines_and_quotes_inside_cells_survive(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    street = 'Long "Old" Road\n2nd floor'
    rows = [[ACME, street], [record_id("001", 8), "x"]]
    (exports / "Account.csv").write_bytes(csv_bytes(["Id", "BillingStreet"], rows))
    sync()
    current = landed(landing, "account")
    assert current["billingstreet"].to_list() == [street, "x"]
    assert current["_source_line"].to_list() == [2, 4]


def test_mapping_wins_over_name_and_ids(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / "account.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "Ann")]))
    assert set(sync(objects={"acc*.csv": "Contact"}).counts) == {"contact"}


def test_include_and_exclude_choose_objects(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    members = {
        "Contact.csv": csv_bytes(CONTACT, [contact(ANN, "Ann")]),
        "Account.csv": csv_bytes(["Id", "Name"], [[ACME, "Acme"]]),
        "Lead.csv": csv_bytes(["Id"], [[record_id("00Q", 1)]]),
    }
    write_zip(exports / f"WE_{ORG}_1.ZIP", members)
    report = sync(include=("Account", "Contact"), exclude=("Contact",))
    assert set(report.counts) == {"account"}


def test_two_orgs_live_side_by_side(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "Ann")]))
    sync(name="emea")
    sync(name="apac")
    assert landed(landing, "contact", "emea").height == 1
    assert landing.current("salesforce", "contact").collect().height == 2


def test_contracts_exist_for_every_declared_object(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "Ann")]))
    sync()
    known = {name for vendor, name in landing.objects() if vendor == "salesforce"}
    assert set(declared_columns()) <= known


def test_config_reports_wrong_values() -> None:
    with pytest.raises(ValueError, match="unknown encoding"):
        SalesforceFilesConfig(name="crm", path="x", encoding="latin-99")
    with pytest.raises(ValueError, match="is no API name"):
        SalesforceFilesConfig(name="crm", path="x", objects={"*": "Sales Order"})
    with pytest.raises(ValueError, match="name"):
        SalesforceFilesConfig(name="My CRM", path="x")


@pytest.fixture
def samples(shared_data: Path) -> Path:
    return shared_data / "salesforce/salesforce_dataloader/src/main/resources/samples"


def test_real_data_loader_samples_land_completely(
    samples: Path, landing: Landing, sync: Sync
) -> None:
    report = sync(path=str(samples))
    assert report.counts["account"].new == 423
    assert report.counts["opportunity"].new == 38
    assert sum("success or error file" in note for note in report.notes) == 2
    accounts = landed(landing, "account")
    assert accounts["name"].str.contains("º|é").any()
    assert sync(path=str(samples)).is_unchanged
