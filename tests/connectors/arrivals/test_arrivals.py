"""Exports that arrive: complete files are taken, unfinished ones wait, stores are copied once."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from connectors.arrivals import ArrivalConfig, is_remote
from connectors.errors import (
    ConnectorError,
    SourceConfigError,
    SourceFileMissingError,
)
from connectors.landing import Landing, SourceReport
from connectors.salesforce import SalesforceFilesConfig
from connectors.salesforce import extract as extract_salesforce
from connectors.spreadsheet import SpreadsheetConfig
from connectors.spreadsheet import extract as extract_sheets

HEAD = "Id,LastName,Email,SystemModstamp\n"
IDS = [f"003000000000{number:03d}AAA" for number in range(10)]


def soon(seconds: float = 60.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def contacts(*numbers: int) -> str:
    rows = (f"{IDS[n]},N{n},n{n}@x.example,2026-01-01T00:00:00.000Z\n" for n in numbers)
    return HEAD + "".join(rows)


def living(landing: Landing) -> int:
    frame = landing.current("salesforce", "contact").collect()
    return int((~frame["_is_deleted"]).sum())


class Source:
    """A folder of Salesforce exports, synced at moments that the test names."""

    def __init__(self, path: str, root: Path, **settings: Any) -> None:
        self.landing = Landing(root / "landing")
        given = {"name": "crm", "path": path, "arrivals": {}} | settings
        self.config = SalesforceFilesConfig.model_validate(given)

    def sync(self, moment: datetime | None = None) -> SourceReport:
        return extract_salesforce(
            self.config, self.landing, extracted_at=moment or soon()
        )


def test_a_file_is_taken_once_it_has_settled(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Contact.csv").write_text(contacts(1, 2))
    source = Source(str(folder), tmp_path)
    report = source.sync(datetime.now(UTC))
    assert report.loads == ()
    assert "changed within the last 30 s" in report.warnings[0]
    assert source.sync().counts["contact"].new == 2
    assert source.sync().is_unchanged


def test_a_file_from_the_future_is_taken_when_it_stays_the_same(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Contact.csv").write_text(contacts(1))
    source = Source(str(tmp_path / "in"), tmp_path)
    start = datetime(2020, 1, 1, tzinfo=UTC)  # our clock is years behind
    assert source.sync(start).warnings
    assert source.sync(start + timedelta(seconds=10)).warnings
    assert source.sync(start + timedelta(seconds=40)).counts["contact"].new == 1


@pytest.mark.parametrize("suffix", [".part", ".tmp", ".crdownload", ".filepart"])
def test_an_unfinished_name_holds_a_full_snapshot(tmp_path, suffix):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Contact_1.csv").write_text(contacts(1, 2))
    (folder / "Contact_2.csv").write_text(contacts(3))
    source = Source(str(folder), tmp_path)
    source.sync()
    assert living(source.landing) == 3
    (folder / "Contact_2.csv").rename(folder / f"Contact_2.csv{suffix}")
    report = source.sync()
    assert living(source.landing) == 3  # nobody was deleted
    assert any("unfinished" in each for each in report.warnings)
    # Nobody finished it: after a day it stops nothing any more.
    assert source.sync(soon(90_000)).warnings == ()


def test_a_half_written_zip_waits_and_heals(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("Contact.csv", contacts(1, 2, 3))
    target = folder / "WE_1.zip"
    target.write_bytes(whole.read_bytes()[:60])
    source = Source(str(folder), tmp_path)
    report = source.sync()
    assert "ZIP directory" in report.warnings[0]
    target.write_bytes(whole.read_bytes())
    assert source.sync().counts["contact"].new == 3
    # Without `arrivals` a broken ZIP is what it was: an error.
    target.write_bytes(whole.read_bytes()[:60])
    plain = Source(str(folder), tmp_path / "plain", arrivals=None)
    with pytest.raises(ConnectorError):
        plain.sync()


def test_later_snapshots_wait_for_an_unfinished_one_and_earlier_ones_do_not(tmp_path):
    for day in ("2026-01", "2026-02", "2026-03"):
        (tmp_path / "in" / day).mkdir(parents=True)
        (tmp_path / "in" / day / "Contact.csv").write_text(contacts(1, int(day[-1])))
    unfinished = tmp_path / "in" / "2026-02" / "Account.csv.part"
    unfinished.write_text("")
    source = Source(str(tmp_path / "in"), tmp_path)
    report = source.sync()
    assert report.files_read == 1
    assert "folder '2026-03' waits for that" in " ".join(report.warnings)
    unfinished.unlink()
    assert source.sync().files_read == 2
    rows = source.landing.current("salesforce", "contact").collect()
    assert set(rows.filter(~rows["_is_deleted"])["id"]) == {IDS[1], IDS[3]}


@pytest.mark.parametrize("marker", [".done", "_SUCCESS"])
def test_a_marker_decides(tmp_path, marker):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Contact.csv").write_text(contacts(1))
    source = Source(str(folder), tmp_path, arrivals={"done_marker": marker})
    assert "marker" in source.sync().warnings[0]
    (folder / (f"Contact.csv{marker}" if marker[0] == "." else marker)).write_text("")
    report = source.sync()
    assert report.counts["contact"].new == 1
    assert report.notes == ()


def test_spreadsheets_wait_as_a_whole_when_full_and_by_file_when_delta(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("Order No,Amount\n1,5\n")
    (folder / "b.csv.part").write_text("Order No,Am")
    for mode, expected in (("full", 0), ("delta", 1)):
        table = {"path": str(folder), "object": "orders", "mode": mode, "arrivals": {}}
        config = SpreadsheetConfig(name=mode, tables=[table])
        report = extract_sheets(config, Landing(tmp_path / "l"), extracted_at=soon())
        assert sum(load.counts.new for load in report.loads) == expected
        assert "b.csv.part" in report.warnings[0]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str) -> Any:
    options = {"key": "k", "secret": "s", "endpoint_url": endpoint}
    found = fsspec.filesystem("s3", **options, skip_instance_cache=True)
    if found.exists("exports"):
        found.rm("exports", recursive=True)
    found.mkdir("exports")
    return found


def remote(endpoint: str, path: str, root: Path, **settings: Any) -> Source:
    options = {"key": "k", "secret": "s", "endpoint_url": endpoint}
    arrivals = {"storage_options": options} | settings.pop("arrivals", {})
    return Source(path, root, arrivals=arrivals, **settings)


def test_objects_are_copied_once_and_changed_ones_again(store, endpoint, tmp_path):
    store.pipe("exports/crm/2026-01/Contact.csv", contacts(1, 2).encode())
    store.pipe("exports/crm/2026-02/Contact.csv", contacts(1, 2, 3).encode())
    source = remote(endpoint, "s3://exports/crm", tmp_path)
    report = source.sync()
    assert living(source.landing) == 3
    assert "2 objects, 2 of them downloaded" in report.notes[0]
    report = source.sync()
    assert report.is_unchanged
    assert "2 objects, 0 of them downloaded" in report.notes[0]
    store.pipe("exports/crm/2026-02/Contact.csv", contacts(1, 2, 4).encode())
    report = source.sync()
    assert "1 of them downloaded" in report.notes[0]
    assert living(source.landing) == 3
    store.rm("exports/crm/2026-01/Contact.csv")
    source.sync()
    copies = list((source.landing.root / "_arrivals").rglob("Contact.csv"))
    assert len(copies) == 1


def test_globs_single_objects_and_markers_of_a_store(store, endpoint, tmp_path):
    store.pipe("exports/in/Contact.csv", contacts(1).encode())
    store.pipe("exports/in/notes.txt", b"hello")
    source = remote(endpoint, "s3://exports/in/*.csv", tmp_path / "a")
    assert source.sync().counts["contact"].new == 1
    source = remote(endpoint, "s3://exports/in/Contact.csv", tmp_path / "b")
    assert source.sync().counts["contact"].new == 1
    source = remote(
        endpoint,
        "s3://exports/in/*.csv",
        tmp_path / "c",
        arrivals={"done_marker": ".ok"},
    )
    assert "marker" in source.sync().warnings[0]
    store.pipe("exports/in/Contact.csv.ok", b"")
    assert source.sync().counts["contact"].new == 1


def test_an_incomplete_zip_in_a_store_waits(store, endpoint, tmp_path):
    store.pipe("exports/zips/WE_1.zip", b"PK\x03\x04 half of it")
    report = remote(endpoint, "s3://exports/zips", tmp_path).sync()
    assert report.loads == ()
    assert "ZIP directory" in report.warnings[0]


def test_a_store_that_has_nothing_or_refuses(endpoint, store, tmp_path):
    source = remote(endpoint, "s3://exports/nothing", tmp_path)
    with pytest.raises(SourceFileMissingError, match="nothing lies there"):
        source.sync()
    source = remote(endpoint, "s3://exports/nothing", tmp_path, optional=True)
    assert source.sync().loads == ()
    with pytest.raises(SourceFileMissingError):
        remote(endpoint, "s3://no-such-bucket/x", tmp_path).sync()
    secret = "canary-of-a-secret"
    dead = "http://127.0.0.1:9"
    options = {"key": "k", "secret": secret, "endpoint_url": dead}
    source = Source("s3://exports/x", tmp_path, arrivals={"storage_options": options})
    assert secret not in repr(source.config)
    with pytest.raises(ConnectorError) as caught:
        source.sync()
    assert secret not in str(caught.value)


def test_a_missing_driver_is_named(tmp_path, monkeypatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise ImportError

    monkeypatch.setattr("connectors.arrivals.remote.fsspec.filesystem", refuse)
    with pytest.raises(SourceConfigError, match=r"install tidycrm\[azure\]"):
        Source("az://box/exports", tmp_path).sync()


def test_what_is_remote():
    assert [is_remote(path) for path in ("gs://b/x", "C:/x", "s3:/x", "/in")] == [
        True,
        False,
        False,
        False,
    ]
    assert ArrivalConfig().settle_seconds == 30.0
