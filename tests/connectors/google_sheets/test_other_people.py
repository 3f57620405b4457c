"""The look-alike against gspread and against recordings of the real service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import gspread
import httpx
import pytest
from google.oauth2.service_account import Credentials

from connectors.google_sheets.auth import SCOPES
from connectors.google_sheets.cells import merge_renderings
from connectors.google_sheets.ranges import column_index
from connectors.sandbox.google_sheets import Sheet, Spreadsheet

SERVICE = "https://sheets.googleapis.com"
CASSETTES = "google_sheets/google_sheets_gspread_cassettes"


def test_gspread_reads_the_look_alike(google, monkeypatch):
    for module in (gspread.urls, gspread.http_client, gspread.client):
        for name, value in vars(module).items():
            if isinstance(value, str) and "googleapis.com" in value:
                local = re.sub(
                    r"https://(sheets|www)\.googleapis\.com", google.url, value
                )
                monkeypatch.setattr(module, name, local)
    rows = [["Name", "Since", "Count"], ["Ada", date(2025, 3, 1), 5], ["Bo"]]
    google.put(Sheet(title="People", rows=rows), Sheet(title="D3"))
    credentials = Credentials.from_service_account_info(
        json.loads(google.sandbox.key(google.url)), scopes=list(SCOPES)
    )
    book = gspread.authorize(credentials).open_by_key("s1")
    assert [sheet.title for sheet in book.worksheets()] == ["People", "D3"]
    sheet = book.worksheet("People")
    assert sheet.get_all_values() == [
        ["Name", "Since", "Count"],
        ["Ada", "03/01/2025", "5"],
        ["Bo", "", ""],
    ]
    assert sheet.get_all_records()[0] == {
        "Name": "Ada",
        "Since": "03/01/2025",
        "Count": 5,
    }
    found = book.values_batch_get(
        ["People!A2:C", "'D3'"], params={"valueRenderOption": "UNFORMATTED_VALUE"}
    )["valueRanges"]
    assert found[0]["values"] == [["Ada", 45717, 5], ["Bo"]]
    assert "values" not in found[1]
    with pytest.raises(gspread.exceptions.APIError, match="Unable to parse range"):
        book.values_get("'Nope'!A1")


def test_recorded_dates_are_told_from_recorded_numbers(shared_data):
    path = shared_data / CASSETTES
    name = "WorksheetTest.test_get_all_values_date_time_render_options.json"
    bodies = {}
    for uri, body in _recorded_reads(path / name):
        bodies.setdefault(urlsplit(uri).query, body.get("values", []))
    how = "valueRenderOption=UNFORMATTED_VALUE&dateTimeRenderOption="
    merged = merge_renderings(
        bodies[f"{how}SERIAL_NUMBER"], bodies[f"{how}FORMATTED_STRING"]
    )
    assert merged == [[2, "2020-01-01", "string", 53], [1.5, 0.12, "1999-01-02"]]


def test_the_look_alike_answers_as_recorded(google, shared_data):
    """Every recorded read whose cells were written by recorded writes is repeated."""
    headers = {"Authorization": f"Bearer {_token(google)}"}
    client = httpx.Client(headers=headers, trust_env=False)
    compared, files, different = 0, 0, []
    for path in sorted((shared_data / CASSETTES).glob("*.json")):
        replayed = _Replay(google)
        before = compared
        for interaction in json.loads(path.read_text())["interactions"]:
            request, response = interaction["request"], interaction["response"]
            if not replayed.apply(request, response):
                break
            if not _is_read(request, response):
                continue
            answer = client.get(request["uri"].replace(SERVICE, google.url))
            expected = json.loads(response["body"]["string"])
            if answer.json() != expected:
                different.append((path.name, request["uri"], answer.json(), expected))
            compared += 1
        files += compared > before
    client.close()
    assert not different
    assert (compared, files) >= (110, 35)


def _token(google: Any) -> str:
    google.sandbox.tokens["t"] = " ".join(SCOPES)
    return "t"


def _is_read(request: dict[str, Any], response: dict[str, Any]) -> bool:
    return (
        request["method"] == "GET"
        and "/values" in request["uri"]
        and response["status"]["code"] == 200
        and "FORMULA" not in request["uri"]  # we never ask for formulas
    )


def _recorded_reads(path: Path) -> Iterator[tuple[str, Any]]:
    for interaction in json.loads(path.read_text())["interactions"]:
        if _is_read(interaction["request"], interaction["response"]):
            yield (
                interaction["request"]["uri"],
                json.loads(interaction["response"]["body"]["string"]),
            )


class _Replay:
    """Applies recorded writes to the look-alike; gives up at those it does not know."""

    def __init__(self, google: Any) -> None:
        self._files = google.sandbox.files

    def apply(self, request: dict[str, Any], response: dict[str, Any]) -> bool:
        method, uri = request["method"], urlsplit(request["uri"])
        if method == "GET" or response["status"]["code"] >= 400:
            return True
        answer = json.loads(response["body"]["string"] or "{}")
        body = json.loads(request.get("body") or "{}")
        if method == "POST" and uri.path == "/drive/v3/files":
            sheet = Sheet(title="Sheet1")
            self._files[answer["id"]] = Spreadsheet(
                body["name"], [sheet], date_format="%Y-%m-%d"
            )
            return True
        if method == "DELETE":
            return True
        match = re.match(r"/v4/spreadsheets/([^/:]+)(.*)$", uri.path)
        if match is None:
            return False
        found = self._files[match.group(1)]
        rest = unquote(match.group(2))
        if rest == ":batchUpdate":
            return all(
                _update(found, each, reply)
                for each, reply in zip(body["requests"], answer["replies"], strict=True)
            )
        if rest.endswith(":clear"):
            _sheet(
                found, rest.removeprefix("/values/").removesuffix(":clear")
            ).rows = []
            return True
        if method == "PUT" and rest.startswith("/values/"):
            is_raw = "RAW" in parse_qs(uri.query).get("valueInputOption", [])
            return _write(found, rest.removeprefix("/values/"), body["values"], is_raw)
        return False


def _update(found: Spreadsheet, request: dict[str, Any], reply: dict[str, Any]) -> bool:
    kind, body = next(iter(request.items()))
    if kind == "addSheet":
        properties = reply["addSheet"]["properties"]
        grid = properties["gridProperties"]
        found.sheets.append(
            Sheet(
                title=properties["title"],
                sheet_id=properties["sheetId"],
                row_count=grid["rowCount"],
                column_count=grid["columnCount"],
            )
        )
        return True
    if kind == "updateSheetProperties":
        properties = body["properties"]
        wanted = properties.get("sheetId", 0)
        sheet = next(each for each in found.sheets if each.sheet_id == wanted)
        grid = properties.get("gridProperties", {})
        sheet.row_count = grid.get("rowCount", sheet.row_count)
        sheet.column_count = grid.get("columnCount", sheet.column_count)
        sheet.title = properties.get("title", sheet.title)
        return True
    if kind == "addNamedRange":
        found.named_ranges[body["namedRange"]["name"]] = body["namedRange"]["range"]
        return True
    return False


def _sheet(found: Spreadsheet, text: str) -> Sheet:
    title = text.rpartition("!")[0] or text
    return next(each for each in found.sheets if each.title == title.strip("'"))


def _write(found: Spreadsheet, area: str, values: Any, is_raw: bool) -> bool:
    start = area.rpartition("!")[2].partition(":")[0]
    place = re.fullmatch(r"([A-Z]+)(\d+)", start)
    if place is None:
        return False
    cells = [[_entered(cell, is_raw) for cell in row] for row in values]
    if any(isinstance(cell, _Unknown) for row in cells for cell in row):
        return False
    _sheet(found, area).set_cells(
        int(place.group(2)) - 1, column_index(place.group(1)), cells
    )
    return True


class _Unknown:
    """A cell whose meaning only the real service can tell."""


def _entered(cell: Any, is_raw: bool) -> Any:
    if is_raw or not isinstance(cell, str) or cell == "":
        return cell
    quotient = re.fullmatch(r"=(\d+)/(\d+)", cell)
    if quotient:
        result = int(quotient.group(1)) / int(quotient.group(2))
        return int(result) if result.is_integer() else result
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return date.fromisoformat(cell)
    return cell if re.fullmatch(r"[a-z_ ]+", cell) else _Unknown()
