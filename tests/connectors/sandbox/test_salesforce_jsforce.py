"""The Salesforce look-alike against npm `jsforce`, a client that others wrote.

Skips where Node.js or jsforce is missing. To have it:

    npm install --no-package-lock --ignore-scripts --prefix /some/folder jsforce@3.10.16
    export TIDYCRM_JSFORCE=/some/folder

jsforce is used for REST, and for Bulk results of one page: with more pages it takes the
header of the second one for a record.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.salesforce.live import LiveOrg, live_org

TOKEN = "sandbox-access-token"
_HOW = "see the docstring of this file"

_SCRIPT = """
const { createRequire } = require("module");
const jsforce = createRequire(process.argv[2] + "/x.js")("jsforce");
const conn = new jsforce.Connection({
  instanceUrl: process.argv[3], accessToken: process.argv[4], version: "62.0" });
const lines = (stream) => new Promise((done, fail) => {
  const rows = []; stream.on("record", (r) => rows.push(r));
  stream.on("end", () => done(rows)); stream.on("error", fail); });
(async () => {
  const out = {};
  const paged = await conn.query("SELECT Id, LastName FROM Contact", { autoFetch: false });
  out.first = { total: paged.totalSize, done: paged.done, rows: paged.records.length };
  const rest = await conn.queryMore(paged.nextRecordsUrl);
  out.rest = { done: rest.done, rows: rest.records.length };
  out.all = (await conn.query("SELECT Id, IsDeleted FROM Contact",
    { scanAll: true, autoFetch: true, maxFetch: 100000 })).records.length;
  out.types = (await conn.describeGlobal()).sobjects.map((o) => o.name);
  out.fields = (await conn.sobject("Contact").describe()).fields.map((f) => f.name);
  out.limits = Object.keys(await conn.limits());
  out.usage = conn.limitInfo;
  out.bulk = (await lines(await conn.bulk2.query(
    "SELECT Id, LastName, Description FROM Contact", { scanAll: true }))).map((r) => r);
  for (const [name, soql] of [["field", "SELECT Nope FROM Contact"],
                              ["type", "SELECT Id FROM Nope"]]) {
    try { await conn.query(soql); } catch (e) { out[name] = e.errorCode || e.name; }
  }
  conn.accessToken = "wrong";
  try { await conn.query("SELECT Id FROM Contact"); }
  catch (e) { out.session = e.errorCode || e.name; }
  console.log(JSON.stringify(out));
})().catch((e) => { console.error(e); process.exit(1); });
"""


@pytest.fixture(scope="module")
def jsforce() -> Path:
    """Folder below whose node_modules jsforce lies."""
    if shutil.which("node") is None:
        pytest.skip(f"Node.js is not installed; {_HOW}")
    named = os.environ.get("TIDYCRM_JSFORCE")
    if not named or not (Path(named) / "node_modules" / "jsforce").is_dir():
        pytest.skip(f"TIDYCRM_JSFORCE names no folder with jsforce; {_HOW}")
    return Path(named)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveOrg]:
    with live_org(tmp_path_factory.mktemp("org")) as org:
        for number in range(30):
            org.contact(f"Doe {number}", Description='a "quoted", text\nof two lines')
        org.org.delete("Contact", org.org.ids("Contact")[0])
        org.sandbox.queries.page_size = 20
        yield org


@pytest.fixture(scope="module")
def seen(jsforce: Path, live: LiveOrg, tmp_path_factory: Any) -> dict[str, Any]:
    """What jsforce saw, all in one process: starting Node.js takes longest."""
    script = tmp_path_factory.mktemp("node") / "client.js"
    script.write_text(_SCRIPT, encoding="utf-8")
    command = ["node", str(script), str(jsforce), live.url, TOKEN]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_it_pages_through_queries_and_sees_deleted_records_when_it_asks(seen) -> None:
    assert seen["first"] == {"total": 29, "done": False, "rows": 20}
    assert seen["rest"] == {"done": True, "rows": 9}
    assert seen["all"] == 30


def test_it_describes_and_reads_limits(live, seen) -> None:
    assert {"Contact", "Account"} <= set(seen["types"])
    assert seen["fields"] == list(live.org.objects["Contact"].fields)
    assert "DailyApiRequests" in seen["limits"]
    assert seen["usage"]["apiUsage"]["limit"] == live.sandbox.daily_limit


def test_it_reads_a_bulk_result(seen) -> None:
    assert len({row["Id"] for row in seen["bulk"]}) == 30
    assert seen["bulk"][0]["Description"] == 'a "quoted", text\nof two lines'


def test_it_understands_the_errors(seen) -> None:
    assert seen["field"] == "INVALID_FIELD"
    assert seen["type"] == "INVALID_TYPE"
    assert seen["session"] == "INVALID_SESSION_ID"
