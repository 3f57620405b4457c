from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connectors.errors import (
    BrokenArchiveError,
    ColumnMappingError,
    EmptyFileError,
    EmptySnapshotError,
    PermanentError,
    SourceFileError,
)
from connectors.hubspot import HubspotFilesConfig, declared_columns
from connectors.landing import Landing
from tests.connectors.hubspot.exports import (
    Sync,
    csv_bytes,
    landed,
    parts_below,
    write_zip,
    xlsx_bytes,
)

NAME = "hubspot-crm-exports-all-contacts-2026-01-15"
HEADER = ["Record ID", "First Name", "Email", "Merged object IDs", "Last Modified Date"]


def person(key: float | str, name: str, merged: str = "", at: str = "2026-01-01 10:00"):
    return [key, name, f"{name.lower()}@example.com", merged, at]


def test_csv_lands_under_internal_names(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / f"{NAME}.csv").write_bytes(csv_bytes(HEADER, [person("101", "Ann")]))
    report = sync(timezone="Europe/Berlin")
    assert report.counts["contacts"].new == 1
    (row,) = landed(landing, "contacts").to_dicts()
    assert row["_source_record_id"] == row["hs_object_id"] == "101"
    assert row["firstname"] == "Ann"
    assert row["lastmodifieddate"] == "2026-01-01 10:00"
    assert row["export_timezone"] == "Europe/Berlin"
    assert (row["_source_file"], row["_source_line"]) == (f"{NAME}.csv", 2)


def test_xlsx_number_ids_are_whole_and_equal_to_csv_ids(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    header = ["Record ID", "Deal Name", "Amount", "Associated Company IDs"]
    rows = [[12345678901.0, "Big", 1200.5, 77.0], ["12346.0", "Small", 3, "77;78"]]
    (exports / "all-deals.xlsx").write_bytes(xlsx_bytes(header, rows))
    sync()
    deals = landed(landing, "deals")
    assert deals["hs_object_id"].to_list() == ["12346", "12345678901"]
    assert deals["associated_company_ids"].to_list() == ["77;78", "77"]
    assert deals["amount"].to_list() == ["3", "1200.5"]
    assert deals["_source_line"].to_list() == [3, 2]


def test_ids_in_scientific_notation_are_set_aside(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [person("1.23457E+17", "Ann"), person("7", "Bob"), person("x-9", "Cay")]
    (exports / f"{NAME}.csv").write_bytes(csv_bytes(HEADER, rows))
    report = sync()
    assert (report.counts["contacts"].new, report.counts["contacts"].rejected) == (1, 2)
    rejected = landing.rejected("hubspot", "contacts").collect().sort("_source_line")
    assert rejected["reason_code"].to_list() == [
        "id_in_scientific_notation",
        "bad_record_id",
    ]


def test_zip_of_several_parts_is_one_object(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    members = {
        f"{NAME}-1.csv": csv_bytes(HEADER, [person("1", "Ann"), person("2", "Bob")]),
        f"{NAME}-2.xlsx": xlsx_bytes(HEADER, [person(2, "Bob"), person(3, "Cay")]),
        "__MACOSX/._x.csv": b"\x00",
    }
    write_zip(exports / f"{NAME}.zip", members)
    counts = sync().counts["contacts"]
    assert (counts.new, counts.repeated) == (3, 1)
    assert landed(landing, "contacts")["_source_file"][0] == f"{NAME}.zip/{NAME}-1.csv"


def test_rows_of_merged_records_point_to_the_final_survivor(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    rows = [
        person("1", "Ann"),
        person("2", "Anne"),
        person("3", "Ann", "1;2"),
        person("9", "Ann", "3;404"),
    ]
    (exports / f"{NAME}.csv").write_bytes(csv_bytes(HEADER, rows))
    sync()
    contacts = landed(landing, "contacts")
    assert contacts["_merged_into"].to_list() == ["9", "9", "9", None]
    assert contacts["_delete_kind"].to_list() == ["merged", "merged", "merged", None]
    assert contacts["_is_deleted"].to_list() == [True, True, True, False]
    assert contacts["hs_merged_object_ids"].to_list() == [None, None, "1;2", "3;404"]


@pytest.mark.parametrize("label", ["Archived", "hs_archived", "archived"])
def test_archived_rows_are_soft_deleted(
    exports: Path, landing: Landing, sync: Sync, label: str
) -> None:
    header = ["Record ID", "First Name", "Last Name", label]
    rows = [["1", "Ann", "A", "true"], ["2", "Bob", "B", "false"], ["3", "C", "C", ""]]
    (exports / "all-contacts.csv").write_bytes(csv_bytes(header, rows))
    sync()
    assert landed(landing, "contacts")["_delete_kind"].to_list() == ["soft", None, None]


def test_german_export_lands_like_an_english_one(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    header = [
        "Datensatz-ID", "Unternehmensname", "Domainname des Unternehmens",
        "Postleitzahl", "Für das Unternehmen zuständiger Mitarbeiter",
    ]  # fmt: skip
    rows = [["5", "Müller GmbH", "mueller.example", "01234", "Olga Ohm"]]
    (exports / "export.csv").write_bytes(csv_bytes(header, rows))
    sync()
    (row,) = landed(landing, "companies").to_dicts()
    wanted = ["hs_object_id", "name", "domain", "zip", "hubspot_owner_id"]
    assert [row[name] for name in wanted] == rows[0]


def test_newest_version_over_two_files_wins(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    new, old = (person("1", "Ann", at=f"2026-01-0{day} 10:00") for day in (2, 1))
    (exports / "a-contacts.csv").write_bytes(csv_bytes(HEADER, [new]))
    (exports / "b-contacts.csv").write_bytes(
        csv_bytes(HEADER, [[*old[:1], "Older", *old[2:]]])
    )
    sync()
    assert landed(landing, "contacts")["firstname"].to_list() == ["Ann"]
    rejected = landing.rejected("hubspot", "contacts").collect()
    assert rejected["reason_code"].to_list() == ["superseded_version"]


def test_custom_object_needs_a_mapping_and_lands_automatically(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    header = ["Record ID", "Plan", "Seats"]
    (exports / "plans.csv").write_bytes(csv_bytes(header, [["1", "Pro", "5"]]))
    with pytest.raises(SourceFileError, match="`objects:"):
        sync()
    sync(objects={"plans*": "plans"})
    assert landed(landing, "plans")["seats"].to_list() == ["5"]


def test_same_files_again_land_nothing_and_changes_land_alone(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    path = exports / f"{NAME}.csv"
    path.write_bytes(csv_bytes(HEADER, [person("1", "Ann"), person("2", "Bob")]))
    sync()
    before = parts_below(landing.root)
    assert sync().is_unchanged
    shutil.rmtree(landing.root / "_receipts")
    sync()
    assert parts_below(landing.root) == before
    path.write_bytes(csv_bytes(HEADER, [person("1", "Anne"), person("3", "Cay")]))
    counts = sync().counts["contacts"]
    assert (counts.new, counts.changed, counts.tombstoned) == (1, 1, 1)


def test_contracts_exist_for_every_declared_object(
    exports: Path, landing: Landing, sync: Sync
) -> None:
    (exports / f"{NAME}.csv").write_bytes(csv_bytes(HEADER, [person("1", "Ann")]))
    sync()
    assert set(declared_columns()) == {name for _, name in landing.objects()}


class TestBadInput:
    """One clear permanent error, and the landing zone as it was."""

    def expect(
        self, sync: Sync, landing: Landing, error: type[PermanentError], text: str
    ) -> None:
        with pytest.raises(error, match=text):
            sync()
        assert parts_below(landing.root) == set()

    def test_no_record_id(self, exports: Path, landing: Landing, sync: Sync) -> None:
        content = csv_bytes(["First Name", "Email"], [["Ann", "a@example.com"]])
        (exports / "all-contacts.csv").write_bytes(content)
        self.expect(sync, landing, ColumnMappingError, "no Record ID column")

    def test_ambiguous_column(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        content = csv_bytes(["Record ID", "Email", "Email"], [["1", "a", "b"]])
        (exports / "all-contacts.csv").write_bytes(content)
        self.expect(sync, landing, ColumnMappingError, "all are property email")

    def test_truncated_zip(self, exports: Path, landing: Landing, sync: Sync) -> None:
        content = csv_bytes(HEADER, [person(str(n), "Ann") for n in range(500)])
        path = write_zip(exports / "contacts.zip", {"contacts.csv": content})
        path.write_bytes(path.read_bytes()[:-100])
        self.expect(sync, landing, BrokenArchiveError, "truncated or damaged")

    def test_truncated_workbook(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        content = xlsx_bytes(HEADER, [person(1, "Ann")])
        (exports / "all-contacts.xlsx").write_bytes(content[:-300])
        self.expect(sync, landing, BrokenArchiveError, "all-contacts.xlsx")

    def test_html_instead_of_a_table(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        (exports / "all-contacts.csv").write_text("<html><body>Sign in</body></html>")
        self.expect(sync, landing, SourceFileError, "html")

    def test_zero_bytes(self, exports: Path, landing: Landing, sync: Sync) -> None:
        (exports / "all-contacts.csv").touch()
        self.expect(sync, landing, EmptyFileError, "all-contacts.csv")

    def test_export_that_became_empty(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        path = exports / "all-contacts.csv"
        path.write_bytes(csv_bytes(HEADER, [person("1", "Ann")]))
        sync()
        before = parts_below(landing.root)
        path.write_bytes(csv_bytes(HEADER, []))
        with pytest.raises(EmptySnapshotError, match="allow_empty"):
            sync()
        assert parts_below(landing.root) == before


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"language": "xx"}, "no label file"),
        ({"timezone": "Berlin"}, "IANA time zone"),
        ({"objects": {"*": "My Plans"}}, "internal name"),
        ({"columns": {"E-mail": "E-mail"}}, "internal name"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_config_reports_wrong_values(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        HubspotFilesConfig(**{"name": "portal", "path": "x", **settings})
