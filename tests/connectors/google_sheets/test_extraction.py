"""From sheets to landed rows, over real HTTP, and what a fault costs."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import (
    ColumnMappingError,
    CredentialsError,
    EmptyFileError,
    MissingScopeError,
    RateLimitedError,
    RemoteObjectMissingError,
    ServiceUnavailableError,
    SourceConfigError,
    SourceFileMissingError,
)
from connectors.google_sheets import GoogleSheetsConfig, check
from connectors.google_sheets.__main__ import main
from connectors.landing import Landing
from connectors.sandbox.google_sheets import EMAIL, Sheet
from connectors.spreadsheet import SpreadsheetConfig
from connectors.spreadsheet import extract as extract_files

HEADER = ["Order No", "Order Date", "Amount", "Email", "Paid"]


def orders(*rows: list[Any], **settings: Any) -> Sheet:
    title = settings.pop("title", "Orders")
    return Sheet(title=title, rows=[list(HEADER), *rows], **settings)


def landed(landing: Landing, item: str = "orders") -> list[dict[str, Any]]:
    frame = landing.current("spreadsheet", item, "sheets").collect()
    return frame.sort("_source_record_id").to_dicts()


def test_typed_cells_land_as_their_text_in_iso_form(google, sync):
    google.put(
        orders(
            ["007", date(2025, 3, 1), 10.5, "a@b.example", True],
            [
                8,
                datetime.fromisoformat("2025-03-01T10:30"),
                242.26000000000002,
                "x@y.example",
            ],
            ["9", "01.03.2025", "10,50"],
            [],
            ["10", None, 53, "z@y.example", False],
        ),
        date_format="%d.%m.%Y",
    )
    report, landing = sync(google.config())
    rows = {row["id"]: row for row in landed(landing)}
    assert [rows[key]["order_date"] for key in ("007", "8", "9", "10")] == [
        "2025-03-01",
        "2025-03-01 10:30:00",
        "01.03.2025",
        None,
    ]
    assert [rows[key]["amount"] for key in ("007", "8", "9", "10")] == [
        "10.5",
        "242.26",
        "10,50",
        "53",
    ]
    assert rows["007"]["paid"] == "true"
    assert rows["10"]["_source_line"] == 6
    assert rows["10"]["sheet_name"] == "Orders"
    assert rows["10"]["_source_file"] == "Shop [Orders]"
    assert report.counts["orders"].new == 4
    assert report.counts["orders"].blank == 1
    assert report.usage is not None
    assert report.usage.calls == 4  # token, spreadsheet, two renderings


def test_times_and_durations_are_not_dates(google, sync):
    sheet = orders(["1", time(21, 5), timedelta(hours=26, minutes=30), "a@b.example"])
    google.put(sheet)
    _, landing = sync(google.config())
    assert landed(landing)[0]["order_date"] == "21:05:00"
    assert landed(landing)[0]["amount"] == "26:30:00"


def test_the_same_cells_from_a_file_land_in_the_same_way(
    google, sync, tmp_path, extracted_at
):
    google.put(orders(["1", "2025-03-01", "10.5", "a@b.example", "yes"], ["2"]))
    sync(google.config())
    path = tmp_path / "orders.csv"
    path.write_text(",".join(HEADER) + "\n1,2025-03-01,10.5,a@b.example,yes\n2,,,,\n")
    landing = Landing(tmp_path / "landing")
    extract_files(
        SpreadsheetConfig(
            name="files", tables=[{"path": str(path), "object": "orders"}]
        ),
        landing,
        extracted_at=extracted_at,
    )
    both = landing.current("spreadsheet", "orders").collect()
    ours = {"_source_name", "_load_id", "_source_file", "sheet_name", "_row_hash"}
    first, second = (
        both.filter(both["_source_name"] == name).sort("_source_record_id").drop(ours)
        for name in ("sheets", "files")
    )
    assert first.equals(second)


def test_nothing_lands_twice_and_edits_and_deletions_do(google, sync):
    found = google.put(orders(["1", None, 5], ["2", None, 6]))
    sync(google.config())
    assert sync(google.config())[0].is_unchanged
    found.sheets[0].rows[1][2] = 7
    del found.sheets[0].rows[2]
    report, _ = sync(google.config())
    assert (report.counts["orders"].changed, report.counts["orders"].tombstoned) == (
        1,
        1,
    )


def test_hidden_sheets_are_noted_and_read_only_by_name(google, sync):
    google.put(orders(["1"]), orders(["2"], title="Old", hidden=True))
    report, landing = sync(google.config())
    assert [row["id"] for row in landed(landing)] == ["1"]
    assert any("hidden sheets were left aside: 'Old'" in note for note in report.notes)
    named = {"spreadsheet_id": "s1", "object": "orders", "sheet": "Old"}
    report, landing = sync(google.config(named, name="old"))
    assert report.counts["orders"].new == 1
    assert any("hidden_sheet" in note for note in report.notes)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Orders!B3:D", ["1", "2"]),
        ("B3:D4", ["1"]),
        ("'D3'!A:C", ["3"]),
        ("D3", ["3"]),  # a sheet that is called like a cell
        ("Current", ["1", "2"]),  # a named range
        ("Orders!D5:B3", ["1", "2"]),
    ],
)
def test_ranges_named_ranges_and_titles(google, sync, asked, expected):
    rows = [
        ["Report of the shop"],
        [],
        [None, "Order No", "Amount", "Email"],
        [None, "1", 5, "a@b.example"],
        [None, "2", 6, "c@d.example"],
    ]
    google.put(
        Sheet(title="Orders", rows=rows),
        orders(["3", None, 1], title="D3"),
        named_ranges={
            "Current": {
                "startRowIndex": 2,
                "endRowIndex": 5,
                "startColumnIndex": 1,
                "endColumnIndex": 4,
            }
        },
    )
    table = {"spreadsheet_id": "s1", "object": "orders", "range": asked}
    _, landing = sync(google.config(table))
    rows = landed(landing)
    assert [row["id"] for row in rows] == expected
    assert rows[0]["_source_line"] == (2 if expected == ["3"] else 4)


def test_merged_texts_are_repeated_and_numbers_are_not(google, sync):
    merge = {
        "sheetId": 0,
        "startRowIndex": 1,
        "endRowIndex": 3,
        "startColumnIndex": 3,
        "endColumnIndex": 4,
    }
    amounts = merge | {"startColumnIndex": 2, "endColumnIndex": 3}
    google.put(orders(["1", None, 5, "a@b.example"], ["2"], merges=[merge, amounts]))
    _, landing = sync(google.config())
    assert [row["email"] for row in landed(landing)] == ["a@b.example"] * 2
    assert [row["amount"] for row in landed(landing)] == ["5", None]


def test_a_folder_is_one_snapshot_over_all_pages(google, sync):
    google.sandbox.page_size = 2
    for number in range(5):
        sheet = orders([str(number)])
        google.put(sheet, key=f"k{number}", folder="f1", title=f"Month {number}")
    google.put(orders(["x"]), key="elsewhere", folder="f2")
    table = {"folder_id": "f1", "object": "orders"}
    report, landing = sync(google.config(table))
    assert [row["id"] for row in landed(landing)] == ["0", "1", "2", "3", "4"]
    assert report.files_read == 5
    empty = {"folder_id": "nothing", "object": "orders"}
    with pytest.raises(SourceFileMissingError, match=EMAIL):
        sync(google.config(empty, name="none"))
    report, _ = sync(google.config(empty | {"optional": True}, name="none"))
    assert report.loads == ()


def test_large_sheets_come_in_portions_and_keep_their_rows(google, sync):
    rows = [[str(n), date(2025, 1, 1) + timedelta(days=n % 90), n] for n in range(500)]
    rows[200:230] = [[] for _ in range(30)]
    google.put(orders(*rows))
    report, landing = sync(google.config(cells_per_call=26 * 100))
    found = {row["id"]: row for row in landed(landing)}
    assert len(found) == 470
    assert found["499"]["_source_line"] == 501
    assert (
        found["231"]["order_date"]
        == (date(2025, 1, 1) + timedelta(days=231 % 90)).isoformat()
    )
    assert report.usage is not None
    assert report.usage.calls == 1 + 1 + 2 + 2 * 10


def test_an_edit_between_two_calls_is_noticed_and_read_again(google, sync):
    found = google.put(orders(["1", date(2025, 1, 1)], ["2"]))
    edits = []

    def edit(sandbox: Any) -> None:
        if len(sandbox.calls) == 3 and not edits:  # before the second rendering
            edits.append(1)
            found.sheets[0].rows.insert(1, ["new"])

    google.sandbox.on_values.append(edit)
    _, landing = sync(google.config())
    assert sorted(row["id"] for row in landed(landing)) == ["1", "2", "new"]

    def always(sandbox: Any) -> None:
        found.sheets[0].rows.append([str(len(sandbox.calls))])

    google.sandbox.on_values[:] = [always]
    with pytest.raises(ServiceUnavailableError, match="edited during each of 3"):
        sync(google.config())


def test_rows_inserted_between_portions_are_noticed(google, sync):
    found = google.put(orders(*[[str(n)] for n in range(50)]))

    def edit(sandbox: Any) -> None:
        batches = sum("batchGet" in call for call in sandbox.calls)
        if batches == 3 and found.version == 1:
            found.sheets[0].rows.insert(1, ["new"])
            found.version = 2

    google.sandbox.on_values.append(edit)
    _, landing = sync(google.config(cells_per_call=26 * 20))
    assert len(landed(landing)) == 51


def test_faults_are_retried_and_quotas_waited_for(google, sync):
    google.put(orders(["1"]))
    google.sandbox.fail_next(429, "RESOURCE_EXHAUSTED")
    google.sandbox.fail_next(503, "UNAVAILABLE")
    google.sandbox.fail_next(401, "UNAUTHENTICATED")
    report, _ = sync(google.config())
    assert report.counts["orders"].new == 1
    assert 15.0 in google.waited
    for _ in range(8):
        google.sandbox.fail_next(429, "RESOURCE_EXHAUSTED")
    with pytest.raises(RateLimitedError, match="RESOURCE_EXHAUSTED"):
        sync(google.config())


def test_refusals_say_what_to_do_and_land_nothing(google, sync):
    google.put(orders(["1"]))
    google.sandbox.denied.add("s1")
    with pytest.raises(MissingScopeError, match=f"Share it with {EMAIL}"):
        sync(google.config())
    google.sandbox.denied.clear()
    google.sandbox.fail_next(403, "PERMISSION_DENIED", reason="SERVICE_DISABLED")
    with pytest.raises(MissingScopeError, match="Enable the Google Sheets API"):
        sync(google.config())
    gone = {"spreadsheet_id": "gone", "object": "orders"}
    with pytest.raises(RemoteObjectMissingError, match="Check the id"):
        sync(google.config(gone))
    for wrong in ({"range": "Nope"}, {"sheet": "Nope"}, {"range": "A5000:B5001"}):
        table = {"spreadsheet_id": "s1", "object": "orders", **wrong}
        with pytest.raises(SourceConfigError, match="reading Shop"):
            sync(google.config(table))
    mapped = {
        "spreadsheet_id": "s1",
        "object": "orders",
        "columns": {"amount": "Total"},
    }
    with pytest.raises(ColumnMappingError, match="'Total'"):
        sync(google.config(mapped))
    google.put(Sheet(title="Orders"))
    with pytest.raises(EmptyFileError, match="not even a header"):
        sync(google.config())
    google.put(orders())
    with pytest.raises(EmptyFileError, match="allow_empty"):
        _, landing = sync(google.config())
    _, landing = sync(
        google.config(gone | {"spreadsheet_id": "s1", "allow_empty": True})
    )
    assert landed(landing) == []


def test_a_refused_key_ends_with_advice_and_without_the_key(google, sync, tmp_path):
    google.put(orders(["1"]))
    other = json.loads(type(google.sandbox)().key(google.url))
    with pytest.raises(CredentialsError, match="create a new key") as caught:
        sync(google.config(service_account_key=json.dumps(other)))
    canary = other["private_key"].splitlines()[3]
    assert canary not in str(caught.value)
    broken = json.dumps(other | {"private_key": "canary-of-a-key"})
    with pytest.raises(SourceConfigError, match="PEM") as caught:
        sync(google.config(service_account_key=broken))
    assert "canary" not in f"{caught.value!r}{caught.value.__cause__}"
    manifests = [
        path.read_text() for path in tmp_path.rglob("*.json") if path.is_file()
    ]
    assert not any("PRIVATE KEY" in text for text in manifests)


@pytest.mark.parametrize(
    "change",
    [
        {"service_account_key": "{}"},
        {"service_account_key": "no json canary"},
        {"base_url": "http://sheets.example"},
        {"tables": [{"object": "orders"}]},
        {"tables": [{"object": "orders", "spreadsheet_id": "a b"}]},
        {"tables": [{"object": "orders", "spreadsheet_id": "a", "folder_id": "b"}]},
        {
            "tables": [
                {"object": "orders", "spreadsheet_id": "a", "mode": "delta"},
                {"object": "orders", "spreadsheet_id": "b"},
            ]
        },
    ],
)
def test_bad_configurations_are_refused_without_showing_the_key(google, change):
    with pytest.raises(ValidationError) as caught:
        google.config(**change)
    assert "canary" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


def test_links_become_ids(google):
    link = "https://docs.google.com/spreadsheets/d/1AbC_d-9/edit#gid=0"
    folder = "https://drive.google.com/drive/folders/0XyZ?usp=sharing"
    config: GoogleSheetsConfig = google.config(
        {"spreadsheet_id": link, "object": "orders"},
        {"folder_id": folder, "object": "contacts"},
    )
    assert config.tables[0].spreadsheet_id == "1AbC_d-9"
    assert config.tables[1].folder_id == "0XyZ"


def test_check_names_what_works_and_what_to_do(google):
    google.put(orders(["1"]))
    gone = {"spreadsheet_id": "gone", "object": "contacts"}
    here = {"spreadsheet_id": "s1", "object": "orders"}
    findings = check(google.config(here, gone))
    assert [each.level.value for each in findings] == ["ok", "ok", "ok", "fail"]
    assert "share the spreadsheet" in findings[-1].fix
    assert not any("batchGet" in call for call in google.sandbox.calls)
    late = check(google.config(here), now=lambda: 1_000_000_000.0)
    assert late[0].level.value == "fail"


def test_the_command_line_checks_and_extracts(google, tmp_path, capsys):
    google.put(orders(["1"], ["2"]))
    config = tmp_path / "sheets.yml"
    config.write_text(
        f"name: sheets\nbase_url: {google.url}\ndrive_url: {google.url}\n"
        "tables:\n- {spreadsheet_id: s1, object: orders}\n"
    )
    key = tmp_path / "key.json"
    key.write_text(google.sandbox.key(google.url))
    given = ["--config", str(config), "--key", str(key), "--out", str(tmp_path / "l")]
    assert main([*given, "--check"]) == 0
    assert EMAIL in capsys.readouterr().out
    assert not (tmp_path / "l").exists()
    assert main(given) == 0
    assert "new=2" in capsys.readouterr().out
    key.write_text("{}")
    assert main(given) == 1
