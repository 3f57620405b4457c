"""A sync after a change touches what the change touches, and nothing else."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, differences

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Rows = list[dict[str, str]]


def rewrite(archive: Path, member: str, change: Callable[[Rows], Rows]) -> None:
    """Change one CSV inside a Data Export archive."""
    with zipfile.ZipFile(archive) as container:
        contents = {name: container.read(name) for name in container.namelist()}
    rows = list(csv.DictReader(io.StringIO(contents[member].decode("utf-8"))))
    changed = change(rows)
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(changed[0]), quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(changed)
    contents[member] = text.getvalue().encode("utf-8")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in contents.items():
            container.writestr(name, content)


def test_one_edited_one_deleted_and_one_new_record(
    demo: Project, tmp_path: Path
) -> None:
    project = demo.copy(tmp_path / "copy")
    before = project.tables()
    archive = next((project.folder / "exports" / "salesforce").glob("WE_*_1.ZIP"))
    touched: dict[str, str] = {}

    def change(rows: Rows) -> Rows:
        alive = [
            row
            for row in rows
            if row["IsDeleted"] == "0" and row["Email"] and not row["MasterRecordId"]
        ]
        edited, deleted, template = alive[10], alive[20], alive[30]
        edited["Title"] = "Chief Tidying Officer"
        new = dict.fromkeys(template, "")
        new |= {
            "Id": "0035f00000ZzZzZAAV",
            "IsDeleted": "0",
            "FirstName": "Zebulon",
            "LastName": "Quixworthy",
            "Email": "zebulon.quixworthy@quixworthy-tidy.example",
            "CreatedDate": "2025-12-01T00:00:00.000Z",
            "LastModifiedDate": "2025-12-01T00:00:00.000Z",
            "SystemModstamp": "2025-12-01T00:00:00.000Z",
        }
        touched.update(edited=edited["Id"], deleted=deleted["Id"], new=new["Id"])
        return [row for row in rows if row is not deleted] + [new]

    rewrite(archive, "Contact.csv", change)
    answer = project.sync()
    assert answer["rows_landed"] == 3
    after = project.tables()

    def ids(tables: dict[str, list[tuple[object, ...]]]) -> set[object]:
        return {row[0] for row in tables["dim_contacts"]}

    assert len(ids(after) - ids(before)) == 1
    assert ids(before) <= ids(after), "a deleted record is kept and flagged"
    changed = differences(before, after, ignore=("data_quality_results", "publication"))
    assert changed.get("dim_contacts", 0) <= 2 * 3 + 1
    assert "fct_revenue_events" not in changed
    assert "dim_accounts" not in changed
    (deleted,) = project.query(
        "select contact.is_deleted, bridge.is_deleted "
        "from bridge_contact_source_records as bridge "
        "inner join dim_contacts as contact using (golden_contact_id) "
        f"where bridge.source_record_key = 'salesforce:contact:{touched['deleted']}'"
    )
    assert deleted[1] is True


def test_a_renamed_column_loses_no_row_and_is_recorded(
    demo: Project, tmp_path: Path
) -> None:
    from connectors.landing import Landing

    project = demo.copy(tmp_path / "copy")
    people = len(project.query("select 1 from dim_contacts"))
    archive = next((project.folder / "exports" / "salesforce").glob("WE_*_1.ZIP"))

    def rename(rows: Rows) -> Rows:
        for row in rows:
            row["Tier_2__c"] = row.pop("Tier__c")
        return rows

    rewrite(archive, "Account.csv", rename)
    project.sync()
    assert len(project.query("select 1 from dim_contacts")) == people
    drift = {
        (event.kind.value, event.column)
        for event in Landing(project.home / "landing").drift()
    }
    assert ("column_added", "tier_2__c") in drift
    assert ("column_removed", "tier__c") in drift


def test_a_source_that_leaves_the_configuration_breaks_nothing(
    demo: Project, tmp_path: Path
) -> None:
    import yaml

    project = demo.copy(tmp_path / "copy")
    people = len(project.query("select 1 from dim_contacts"))
    document = yaml.safe_load(project.config.read_text())
    document["sources"] = [
        source for source in document["sources"] if source["name"] != "hubspot"
    ]
    project.configure(document)
    project.sync()
    assert len(project.query("select 1 from dim_contacts")) == people
    assert "hubspot" in project.run("status").stdout
