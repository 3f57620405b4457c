"""A sync of files that other people made, then again, then after three edits.

Five sources side by side: a Salesforce org as Data Loader wrote it, a donors' CRM as a
workbook of three sheets, a list of hotel guests, the contacts of a HubSpot portal with
hashed names, and subscriptions without names of their owners.
"""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.e2e.conftest import Project, differences

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Rows that are in the files themselves, counted without tidycrm.
ACCOUNTS, OPPORTUNITIES = 423, 38
DONORS, HOUSEHOLDS, GIFTS = 1024, 1223, 1517


def donors_workbook(dump: Path, target: Path) -> None:
    """Write an SQL dump of a donors' CRM as a workbook, one sheet per table."""
    database = sqlite3.connect(":memory:")
    database.executescript(dump.read_bytes().decode("utf-8", errors="replace"))
    queries = {
        "People": 'select c.id "Contact ID", "FirstName" "First Name", "LastName" '
        '"Last Name", "Email", "Phone", "Title" "Job Title", a."Name" "Company" '
        'from "Contact" c left join "Account" a on a.id = c.account_id order by c.id',
        "Households": 'select id "Account ID", "Name" "Company Name", "BillingStreet" '
        '"Street", "BillingCity" "City", "BillingPostalCode" "Zip", "BillingCountry" '
        '"Country" from "Account" order by id',
        "Gifts": 'select o.id "Deal ID", o.name "Deal Name", amount "Amount", '
        'stage_name "Stage", close_date "Close Date", a."Name" "Company" '
        'from "Opportunity" o left join "Account" a on a.id = o.account_id order by 1',
    }
    with xlsxwriter.Workbook(target) as book:
        for name, query in queries.items():
            sheet = book.add_worksheet(name)
            cursor = database.execute(query)
            sheet.write_row(0, 0, [column[0] for column in cursor.description])
            for number, row in enumerate(cursor, start=1):
                sheet.write_row(number, 0, row)
    database.close()


def guests_csv(source: Path, target: Path) -> int:
    """Write an sObject tree of contacts as a CSV with the usual headers."""
    records = json.loads(source.read_text())["records"]
    headers = {
        "External_Id__c": "Guest ID",
        "FirstName": "First Name",
        "LastName": "Last Name",
        "Email": "Email",
        "MobilePhone": "Mobile",
        "MailingCity": "City",
        "MailingCountry": "Country",
    }
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(headers.values())
        for record in records:
            writer.writerow([record.get(field, "") for field in headers])
    return len(records)


def table(path: str, kind: str, **options: Any) -> dict[str, Any]:
    return {"path": path, "object": kind, **options}


def prepare(folder: Path, shared_data: Path) -> int:
    """Lay out the five exports and their configuration; tells the guests."""
    exports = folder / "exports"
    samples = "salesforce/salesforce_dataloader/src/main/resources/samples/data"
    shutil.copytree(shared_data / samples, exports / "org")
    donors = "salesforce/salesforce_npsp_sql/datasets/1k/test_data.sql"
    donors_workbook(shared_data / donors, exports / "donors.xlsx")
    guests = guests_csv(
        shared_data / "salesforce/salesforce_coral_cloud/data/data-Contact-large.json",
        exports / "guests.csv",
    )
    for name in (
        "hubspot_fivetran_shape/contact_data.csv",
        "metrics/mrr_playbook/subscription_periods.csv",
    ):
        shutil.copy(shared_data / name, exports / Path(name).name)
    portal = {
        "id": "id",
        "email": "property_email",
        "first_name": "property_firstname",
        "last_name": "property_lastname",
        "company": "property_company",
        "created_at": "property_createdate",
    }
    subscriptions = {
        "id": "subscription_id",
        "company": "customer_id",
        "start_date": "start_date",
        "end_date": "end_date",
        "amount": "monthly_amount",
    }
    book = "exports/donors.xlsx"
    tables = {
        "donors": [
            table(book, "contacts", sheet="People"),
            table(book, "companies", sheet="Households"),
            table(book, "deals", sheet="Gifts", currency="USD"),
        ],
        "hotel": [table("exports/guests.csv", "contacts", columns={"id": "Guest ID"})],
        "portal": [table("exports/contact_data.csv", "contacts", columns=portal)],
        "billing": [
            table(
                "exports/subscription_periods.csv",
                "subscriptions",
                columns=subscriptions,
                currency="USD",
            )
        ],
    }
    Project(folder).configure(
        {
            "version": 1,
            "sources": [
                {"name": "org", "type": "salesforce_files", "path": "exports/org"},
                *(
                    {"name": name, "type": "spreadsheet", "tables": listed}
                    for name, listed in tables.items()
                ),
            ],
            "metrics": {"as_of": "2026-01-15", "reporting_currency": "USD"},
        }
    )
    return guests


def edit_guests(file: Path) -> dict[str, str]:
    """Edit one guest, delete one, add one; tells their ids."""
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    edited, deleted = rows[3], rows.pop(7)
    edited["City"] = "Tidyville"
    new = {
        **dict.fromkeys(edited, ""),
        "Guest ID": "new-1",
        "First Name": "Zebulon",
        "Last Name": "Quixworthy",
        "Email": "zebulon@quixworthy.test",
    }
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(edited), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, new])
    return {"edited": edited["Guest ID"], "deleted": deleted["Guest ID"]}


def test_a_mixture_of_real_files_through_three_syncs(
    shared_data: Path, tmp_path: Path
) -> None:
    guests = prepare(tmp_path, shared_data)
    project = Project(tmp_path)

    first = project.sync()
    assert first["published"] is True
    records = dict(
        project.query(
            "select source_name || ':' || source_object, count(*) from "
            "(select * from bridge_contact_source_records union all by name "
            "select * from bridge_account_source_records) group by all"
        )
    )
    quarantined = dict(
        project.query(
            "select source_name || ':' || source_object, count(*) "
            "from quarantined_records group by all"
        )
    )
    for name, expected in {
        "org:account": ACCOUNTS,
        "donors:contacts": DONORS,
        "donors:companies": HOUSEHOLDS,
        "hotel:contacts": guests,
    }.items():
        assert records.get(name, 0) + quarantined.get(name, 0) == expected, name
    ((deals,),) = project.query(
        "select sum(source_record_count) from fct_opportunities"
    )
    assert deals == OPPORTUNITIES + GIFTS
    money = project.query("select sum(amount_reporting) from fct_revenue_events")[0][0]
    assert money > Decimal(0)

    before = project.tables()
    inode = project.published.stat().st_ino
    second = project.sync()
    assert (second["published"], second["rows_landed"]) == (False, 0)
    assert project.published.stat().st_ino == inode

    touched = edit_guests(tmp_path / "exports" / "guests.csv")
    third = project.sync()
    assert (third["published"], third["rows_landed"]) == (True, 3)
    after = project.tables()
    changed = differences(before, after, ignore=("data_quality_results", "publication"))
    for untouched in ("dim_accounts", "fct_revenue_events", "fct_opportunities"):
        assert untouched not in changed
    assert changed["dim_contacts"] <= 2 * 3
    ids = {row[0] for row in before["dim_contacts"]}
    assert len({row[0] for row in after["dim_contacts"]} - ids) == 1
    assert project.query(
        "select city from dim_contacts join bridge_contact_source_records "
        "using (golden_contact_id) "
        f"where source_record_key = 'hotel:contacts:{touched['edited']}'"
    ) == [("Tidyville",)]
    assert project.query(
        "select is_deleted from bridge_contact_source_records "
        f"where source_record_key = 'hotel:contacts:{touched['deleted']}'"
    ) == [(True,)]
