"""Google Cloud Storage and Azure through their own drivers, against emulators.

Belongs here: what arrives from gs:// and az:// through gcsfs and adlfs over real HTTP. What
the copying promises of any store is tested in `test_any_store`. The tests skip where a
driver or an emulator is missing. To have them:

    pip install gcsfs gcp-storage-emulator adlfs
    npm install --no-package-lock --ignore-scripts --prefix /some/folder azurite@3.35.0
    export TIDYCRM_AZURITE=/some/folder
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.registry import _registry

from connectors.errors import ConnectorError, SourceFileMissingError
from tests.connectors.arrivals.test_arrivals import IDS, Source, contacts, living

_HOW = "see the docstring of this file"
# Account and key that every copy of the emulator comes with; they open nothing else.
_ACCOUNT = "devstoreaccount1"
_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
    "/K1SZFPTOtr/KBHBeksoGMGw=="
)
_CANARY = "Y2FuYXJ5LW9mLWEtc2VjcmV0"
_BOX = "exports"


@dataclass(frozen=True)
class Emulator:
    """A store that listens on this machine, and how to reach it."""

    protocol: str
    options: dict[str, Any]
    wrong: dict[str, Any]

    def uri(self, path: str) -> str:
        return f"{self.protocol}://{_BOX}/{path}"

    def source(self, path: str, root: Path, **arrivals: Any) -> Source:
        given = {"storage_options": self.options} | arrivals
        return Source(self.uri(path), root, arrivals=given)


@contextmanager
def _google() -> Iterator[Emulator]:
    driver = pytest.importorskip("gcsfs.core", reason=f"gcsfs is missing: {_HOW}")
    emulator = pytest.importorskip(
        "gcp_storage_emulator.server", reason=f"gcp-storage-emulator is missing: {_HOW}"
    )
    server = emulator.create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{server._api._httpd.server_port}"
        options = {"token": "anon", "endpoint_url": url, "project": "tests"}
        key = {"type": "service_account", "private_key": _CANARY, "token_uri": url}
        wrong = options | {"token": key | {"client_email": "a@b.example"}}
        with pytest.MonkeyPatch.context() as patch:
            # The class that gcsfs registers asks Google over gRPC for the kind of each
            # bucket, wherever the endpoint is; reading itself is this one's.
            patch.setitem(_registry, "gs", driver.GCSFileSystem)
            yield Emulator("gs", options, wrong)
    finally:
        server.stop()


@contextmanager
def _azure(folder: Path) -> Iterator[Emulator]:
    pytest.importorskip("adlfs", reason=f"adlfs is missing: {_HOW}")
    node = shutil.which("node")
    home = Path(os.environ.get("TIDYCRM_AZURITE", "/nonexistent"))
    main = home / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if node is None or not main.is_file():
        pytest.skip(f"Node.js or azurite is missing: {_HOW}")
    command = [node, str(main), "--inMemoryPersistence", "--skipApiVersionCheck"]
    command += ["--disableTelemetry", "--blobHost", "127.0.0.1", "--blobPort", "0"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        told = (
            re.search(r"listens? on (http\S+)|at (http\S+)", line)
            for line in server.stdout
        )
        found = next(filter(None, told), None)
        assert found is not None, "azurite ended before it listened"
        url = found[1] or found[2]
        parts = {
            "DefaultEndpointsProtocol": "http",
            "AccountName": _ACCOUNT,
            "AccountKey": _KEY,
            "BlobEndpoint": f"{url}/{_ACCOUNT}",
        }
        right = ";".join(f"{name}={value}" for name, value in parts.items())
        wrong = right.replace(_KEY, _CANARY)
        yield Emulator("az", {"connection_string": right}, {"connection_string": wrong})
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


@pytest.fixture(scope="module", params=["gs", "az"])
def emulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("azurite")
    with _google() if request.param == "gs" else _azure(folder) as found:
        yield found


@pytest.fixture
def store(emulator: Emulator) -> Any:
    """An empty bucket."""
    found = fsspec.filesystem(
        emulator.protocol,
        **emulator.options,
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    if not found.exists(_BOX):
        found.mkdir(_BOX)
    for key in found.find(_BOX):
        found.rm_file(key)
    return found


def test_objects_are_copied_once_and_changed_ones_again(store, emulator, tmp_path):
    store.pipe_file(f"{_BOX}/crm/2026-01/Contact.csv", contacts(1, 2).encode())
    store.pipe_file(f"{_BOX}/crm/2026-02/Contact.csv", contacts(1, 2, 3).encode())
    source = emulator.source("crm", tmp_path)
    assert "2 objects, 2 of them downloaded" in source.sync().notes[0]
    assert living(source.landing) == 3
    report = source.sync()
    assert report.is_unchanged
    assert "2 objects, 0 of them downloaded" in report.notes[0]
    # Of the same size: what the driver tells of a version is what counts.
    store.pipe_file(f"{_BOX}/crm/2026-02/Contact.csv", contacts(1, 2, 4).encode())
    assert "1 of them downloaded" in source.sync().notes[0]
    rows = source.landing.current("salesforce", "contact").collect()
    assert set(rows.filter(~rows["_is_deleted"])["id"]) == {IDS[1], IDS[2], IDS[4]}


def test_globs_single_objects_and_markers(store, emulator, tmp_path):
    store.pipe_file(f"{_BOX}/in/Contact.csv", contacts(1).encode())
    store.pipe_file(f"{_BOX}/in/notes.txt", b"hello")
    for path, name in (("in/*.csv", "a"), ("in/Contact.csv", "b")):
        source = emulator.source(path, tmp_path / name)
        assert source.sync().counts["contact"].new == 1
    source = emulator.source("in/*.csv", tmp_path / "c", done_marker=".ok")
    assert "marker" in source.sync().warnings[0]
    store.pipe_file(f"{_BOX}/in/Contact.csv.ok", b"done")
    assert source.sync().counts["contact"].new == 1


def test_a_store_that_has_nothing_or_refuses(store, emulator, tmp_path):
    for path in ("nothing",):
        with pytest.raises(SourceFileMissingError, match="nothing lies there"):
            emulator.source(path, tmp_path).sync()
    store.pipe_file(f"{_BOX}/in/Contact.csv", contacts(1, 2).encode())
    source = emulator.source("in", tmp_path / "landed")
    source.sync()
    refused = Source(
        emulator.uri("in"),
        tmp_path / "landed",
        arrivals={"storage_options": emulator.wrong},
    )
    with pytest.raises(ConnectorError) as caught:
        refused.sync()
    assert _CANARY not in str(caught.value)
    assert living(source.landing) == 2
    assert source.sync().is_unchanged
