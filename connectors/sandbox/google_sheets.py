"""A look-alike of Google Sheets and the part of Drive that lists files, read-only.

Belongs here: signing in with a service account, spreadsheets, values in all renderings,
folders, and faults on command. It answers as the recordings of the real service do:
blank cells at the end of a row and blank rows at the end of a range are cut, an empty
range has no `values`, a named range on the first sheet has no `sheetId`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

EMAIL = "reader@sandbox.iam.gserviceaccount.com"
_KIND = "application/vnd.google-apps.spreadsheet"
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # a sheet's times have no zone
_SHEETS_SCOPE = "spreadsheets"
# Named by Google's own libraries whatever the address of the token endpoint.
_AUDIENCE = "https://oauth2.googleapis.com/token"
_PART = re.compile(r"^\$?([A-Za-z]*)\$?(\d*)$")
_PLAIN_TITLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


@dataclass(slots=True)
class Sheet:
    """One sheet: cells are text, numbers, booleans, dates, times, durations or None."""

    title: str
    rows: list[list[Any]] = field(default_factory=list)
    sheet_id: int = 0
    hidden: bool = False
    kind: str = "GRID"
    row_count: int = 1000
    column_count: int = 26
    merges: list[dict[str, int]] = field(default_factory=list)

    def set_cells(self, top: int, left: int, values: list[list[Any]]) -> None:
        """Write values from a cell on, counted from 0; None leaves a cell as it is."""
        for number, row in enumerate(values, top):
            while len(self.rows) <= number:
                self.rows.append([])
            cells = self.rows[number]
            cells.extend([None] * (left + len(row) - len(cells)))
            for column, cell in enumerate(row, left):
                cells[column] = cells[column] if cell is None else cell


@dataclass(slots=True)
class Spreadsheet:
    """One file; `version` counts its edits."""

    title: str
    sheets: list[Sheet]
    named_ranges: dict[str, dict[str, int]] = field(default_factory=dict)
    folder: str | None = None
    date_format: str = "%m/%d/%Y"
    version: int = 1


class GoogleSandbox:
    """Files, one service account, and what goes wrong.

    Args:
        private_key: Key of the account; a new one when absent.
    """

    def __init__(self, private_key: rsa.RSAPrivateKey | None = None) -> None:
        self.files: dict[str, Spreadsheet] = {}
        self.denied: set[str] = set()
        self.faults: list[Response] = []
        self.calls: list[str] = []
        self.tokens: dict[str, str] = {}
        self.on_values: list[Any] = []
        self.page_size = 1_000
        self._private = private_key or rsa.generate_private_key(
            public_exponent=65537, key_size=2048
        )

    def key(self, base_url: str) -> str:
        """Give the JSON key of the service account."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        document = {
            "type": "service_account",
            "project_id": "sandbox",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": f"{base_url}/token",
        }
        return json.dumps(document)

    def fail_next(self, status: int, code: str = "", *, reason: str = "") -> None:
        """Let the next call of an API fail."""
        self.faults.append(_error(status, code, "as was asked for", reason))

    def app(self) -> Starlette:
        """Make the application."""
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/v4/spreadsheets/{id}", self._spreadsheet),
                Route("/v4/spreadsheets/{id}/values:batchGet", self._batch),
                Route("/v4/spreadsheets/{id}/values/{range:path}", self._values),
                Route("/drive/v3/files", self._list),
                Route("/drive/v3/files/{id}", self._file),
            ]
        )

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        try:
            claims = jwt.decode(
                str(form.get("assertion", "")),
                self._private.public_key(),
                algorithms=["RS256"],
                audience=[str(request.url), _AUDIENCE],
                issuer=EMAIL,
            )
        except jwt.PyJWTError as error:
            return JSONResponse(
                {"error": "invalid_grant", "error_description": type(error).__name__},
                status_code=400,
            )
        token = secrets.token_hex(16)
        self.tokens[token] = claims["scope"]
        return JSONResponse(
            {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        )

    def _refusal(self, request: Request, scope: str) -> Response | None:
        self.calls.append(request.url.path)
        if self.faults:
            return self.faults.pop(0)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _error(401, "UNAUTHENTICATED", "invalid authentication credentials")
        if scope not in self.tokens[token]:
            return _error(403, "PERMISSION_DENIED", "insufficient scopes")
        found = request.path_params.get("id")
        if found in self.denied:
            return _error(
                403, "PERMISSION_DENIED", "The caller does not have permission"
            )
        if found is not None and found not in self.files:
            return _error(404, "NOT_FOUND", "Requested entity was not found.")
        return None

    async def _spreadsheet(self, request: Request) -> Response:
        refusal = self._refusal(request, _SHEETS_SCOPE)
        if refusal is not None:
            return refusal
        found = self.files[request.path_params["id"]]
        sheets = []
        for number, sheet in enumerate(found.sheets):
            properties: dict[str, Any] = {
                "sheetId": sheet.sheet_id,
                "title": sheet.title,
                "index": number,
                "sheetType": sheet.kind,
            }
            if sheet.kind == "GRID":
                properties["gridProperties"] = {
                    "rowCount": sheet.row_count,
                    "columnCount": sheet.column_count,
                }
            if sheet.hidden:
                properties["hidden"] = True
            entry: dict[str, Any] = {"properties": properties}
            if sheet.merges:
                entry["merges"] = sheet.merges
            sheets.append(entry)
        document: dict[str, Any] = {
            "spreadsheetId": request.path_params["id"],
            "properties": {
                "title": found.title,
                "locale": "en_US",
                "timeZone": "Etc/GMT",
            },
            "sheets": sheets,
        }
        if found.named_ranges:
            document["namedRanges"] = [
                {"namedRangeId": str(number), "name": name, "range": area}
                for number, (name, area) in enumerate(found.named_ranges.items())
            ]
        return JSONResponse(document)

    async def _batch(self, request: Request) -> Response:
        refusal = self._refusal(request, _SHEETS_SCOPE)
        if refusal is not None:
            return refusal
        for hook in list(self.on_values):
            hook(self)
        found = self.files[request.path_params["id"]]
        try:
            ranges = [
                _render(found, each, request.query_params)
                for each in request.query_params.getlist("ranges")
            ]
        except ValueError as error:
            return _error(400, "INVALID_ARGUMENT", str(error))
        document = {"spreadsheetId": request.path_params["id"], "valueRanges": ranges}
        return JSONResponse(document)

    async def _values(self, request: Request) -> Response:
        refusal = self._refusal(request, _SHEETS_SCOPE)
        if refusal is not None:
            return refusal
        found = self.files[request.path_params["id"]]
        try:
            asked = request.path_params["range"]
            return JSONResponse(_render(found, asked, request.query_params))
        except ValueError as error:
            return _error(400, "INVALID_ARGUMENT", str(error))

    async def _list(self, request: Request) -> Response:
        refusal = self._refusal(request, "drive")
        if refusal is not None:
            return refusal
        asked = re.match(r"'([^']+)' in parents", request.query_params.get("q", ""))
        files = [
            {"id": key, "name": found.title, "mimeType": _KIND}
            for key, found in sorted(self.files.items())
            if asked is None or found.folder == asked.group(1)
        ]
        start = int(request.query_params.get("pageToken", "0"))
        end = start + self.page_size
        document: dict[str, Any] = {"files": files[start:end]}
        if end < len(files):
            document["nextPageToken"] = str(end)
        return JSONResponse(document)

    async def _file(self, request: Request) -> Response:
        refusal = self._refusal(request, "drive")
        if refusal is not None:
            return refusal
        key = request.path_params["id"]
        found = self.files[key]
        return JSONResponse(
            {
                "id": key,
                "name": found.title,
                "mimeType": _KIND,
                "version": str(found.version),
                "createdTime": "2026-01-01T00:00:00.000Z",
                "modifiedTime": "2026-01-01T00:00:00.000Z",
            }
        )


def _error(status: int, code: str, message: str, reason: str = "") -> Response:
    error: dict[str, Any] = {"code": status, "message": message, "status": code}
    if reason:
        error["details"] = [{"reason": reason}]
    return JSONResponse({"error": error}, status_code=status)


def _render(found: Spreadsheet, asked: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Render one range as the service does."""
    sheet, (top, left, bottom, right) = _locate(found, asked)
    how = query.get("valueRenderOption", "FORMATTED_VALUE")
    dates = query.get("dateTimeRenderOption", "SERIAL_NUMBER")
    rows = []
    for row in sheet.rows[top:bottom]:
        cells = [_cell(cell, how, dates, found.date_format) for cell in row[left:right]]
        while cells and cells[-1] == "":
            cells.pop()
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    if query.get("majorDimension") == "COLUMNS":
        raise ValueError("this look-alike has rows only")
    title = sheet.title
    if not _PLAIN_TITLE.match(title) or re.match(r"^[A-Za-z]{1,3}\d+$", title):
        title = "'" + title.replace("'", "''") + "'"
    area = f"{_letters(left)}{top + 1}"
    if (bottom - top, right - left) != (1, 1):
        area += f":{_letters(right - 1)}{bottom}"
    document: dict[str, Any] = {"range": f"{title}!{area}", "majorDimension": "ROWS"}
    if rows:
        document["values"] = rows
    return document


def _locate(found: Spreadsheet, asked: str) -> tuple[Sheet, tuple[int, int, int, int]]:
    area = found.named_ranges.get(asked.rpartition("!")[2])
    if area is not None:
        sheet = next(s for s in found.sheets if s.sheet_id == area.get("sheetId", 0))
        return sheet, (
            area.get("startRowIndex", 0),
            area.get("startColumnIndex", 0),
            area.get("endRowIndex", sheet.row_count),
            area.get("endColumnIndex", sheet.column_count),
        )
    text, cells = asked, ""
    if asked.startswith("'"):
        end = asked.rfind("'")
        text, cells = asked[1:end].replace("''", "'"), asked[end + 2 :]
    elif "!" in asked:
        text, _, cells = asked.rpartition("!")
    titles = {sheet.title: sheet for sheet in found.sheets}
    if text not in titles and text == asked:
        text, cells = found.sheets[0].title, asked
    if text not in titles:
        raise ValueError(f"Unable to parse range: {asked}")
    sheet = titles[text]
    if not cells:
        return sheet, (0, 0, sheet.row_count, sheet.column_count)
    first, colon, last = cells.partition(":")
    ends = [_PART.match(first), _PART.match(last if colon else first)]
    if not ends[0] or not ends[1]:
        raise ValueError(f"Unable to parse range: {asked}")
    top = int(ends[0].group(2) or 1) - 1
    left = _index(ends[0].group(1)) if ends[0].group(1) else 0
    bottom = int(ends[1].group(2) or sheet.row_count)
    right = _index(ends[1].group(1)) + 1 if ends[1].group(1) else sheet.column_count
    top, bottom = min(top, bottom - 1), max(top + 1, bottom)
    left, right = min(left, right - 1), max(left + 1, right)
    if bottom > sheet.row_count or right > sheet.column_count:
        raise ValueError(
            f"Range ({asked}) exceeds grid limits. Max rows: {sheet.row_count}, max "
            f"columns: {sheet.column_count}"
        )
    return sheet, (top, left, bottom, right)


def _cell(value: Any, how: str, dates: str, date_format: str) -> Any:
    if value is None:
        return ""
    is_moment = isinstance(value, date | time | timedelta)
    if is_moment and how == "UNFORMATTED_VALUE" and dates == "SERIAL_NUMBER":
        return _serial(value)
    if isinstance(value, datetime):
        return value.strftime(f"{date_format} %H:%M:%S")
    if isinstance(value, date):
        return value.strftime(date_format)
    if isinstance(value, time):
        return value.strftime("%I:%M:%S %p")
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if how == "UNFORMATTED_VALUE":
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _serial(value: date | time | timedelta) -> float:
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    if isinstance(value, timedelta):
        days = value / timedelta(days=1)
    elif isinstance(value, datetime):
        days = (value - _EPOCH) / timedelta(days=1)
    else:
        return (value - _EPOCH.date()).days
    return int(days) if days == int(days) else days


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _index(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
