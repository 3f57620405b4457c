"""Stores beside S3: what fsspec promises of each of them is all that is used.

The paths run against fsspec's store in memory, under the protocols of Google Cloud Storage
and Azure, with the facts about an object that their drivers give (`etag`, `generation`,
`md5Hash`, `last_modified`). `test_real_drivers` has the drivers themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from connectors.arrivals.config import EXTRAS
from connectors.errors import (
    ConnectorError,
    CredentialsError,
    MissingScopeError,
    ServiceUnavailableError,
    SpoolError,
    TruncatedResponseError,
)
from tests.connectors.arrivals.test_arrivals import IDS, Source, contacts, living

FACTS = {
    "gs": lambda version: {"generation": str(version), "md5Hash": f"m{version}=="},
    "az": lambda version: {"etag": f"0x{version}", "last_modified": f"t{version}"},
}
STORES = pytest.mark.parametrize("protocol", sorted(FACTS))


class StoreInMemory(MemoryFileSystem):
    """Objects of one test; listings say what the driver of `protocol` says."""

    cachable = False
    protocol = "memory"
    given: dict[str, Any]
    versions: dict[str, int]
    facts: Any
    fault: Exception | None
    protocol_in_use: str

    def __init__(self, **options: Any) -> None:
        super().__init__()
        options.pop("use_listings_cache", None)
        self._is_in_glob = False
        type(self).given = options

    def find(self, path: str, *arguments: Any, **options: Any) -> Any:
        self._fail()
        found = super().find(path, *arguments, **options)
        if self._is_in_glob or not isinstance(found, dict):
            return found
        listed = self._listed(found)
        # A single object: adlfs gives its name alone, whatever was asked.
        is_bare = type(self).protocol_in_use == "az" and list(listed) == [path]
        return [path] if is_bare else listed

    def info(self, path: str, **options: Any) -> Any:
        found = super().info(path, **options)
        return self._told(path, found) if path in self.versions else found

    def glob(self, path: str, *arguments: Any, **options: Any) -> Any:
        self._fail()
        self._is_in_glob = True
        found = super().glob(path, *arguments, **options)
        self._is_in_glob = False
        if not isinstance(found, dict):
            return found
        return self._listed(found)

    def put(self, key: str, text: str) -> None:
        self.versions[key] = self.versions.get(key, 0) + 1
        self.pipe(f"/{key}", text.encode())

    def _listed(self, found: dict[str, Any]) -> dict[str, Any]:
        # Keys of a store have no slash in front; only the memory's have.
        return {key[1:]: self._told(key, info) for key, info in found.items()}

    def _told(self, key: str, info: dict[str, Any]) -> dict[str, Any]:
        # The memory's own times would hide that the drivers' facts are what is compared.
        plain = {name: info[name] for name in ("name", "size", "type")}
        return plain | type(self).facts(self.versions.get(key.lstrip("/"), 0))

    def _fail(self) -> None:
        if type(self).fault is not None:
            raise type(self).fault


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, protocol: str) -> Iterator[StoreInMemory]:
    StoreInMemory.store.clear()
    StoreInMemory.pseudo_dirs[:] = [""]
    StoreInMemory.versions, StoreInMemory.fault = {}, None
    StoreInMemory.facts = staticmethod(FACTS[protocol])
    StoreInMemory.protocol_in_use = protocol

    # What an installed driver does.
    monkeypatch.setitem(_registry, protocol, StoreInMemory)
    yield StoreInMemory()
    StoreInMemory.store.clear()
    StoreInMemory.pseudo_dirs[:] = [""]


@STORES
def test_objects_are_copied_once_and_changed_ones_again(
    store, protocol, tmp_path
) -> None:
    store.put("box/crm/2026-01/Contact.csv", contacts(1, 2))
    store.put("box/crm/2026-02/Contact.csv", contacts(1, 2, 3))
    source = Source(f"{protocol}://box/crm", tmp_path)
    assert "2 objects, 2 of them downloaded" in source.sync().notes[0]
    assert living(source.landing) == 3
    report = source.sync()
    assert report.is_unchanged
    assert "2 objects, 0 of them downloaded" in report.notes[0]
    store.put("box/crm/2026-02/Contact.csv", contacts(1, 2, 4))  # of the same size
    assert "1 of them downloaded" in source.sync().notes[0]
    rows = source.landing.current("salesforce", "contact").collect()
    assert set(rows.filter(~rows["_is_deleted"])["id"]) == {IDS[1], IDS[2], IDS[4]}


@STORES
def test_globs_single_objects_and_markers(store, protocol, tmp_path) -> None:
    store.put("box/in/Contact.csv", contacts(1))
    store.put("box/in/notes.txt", "hello")
    for place, name in (("in/*.csv", "a"), ("in/Contact.csv", "b")):
        source = Source(f"{protocol}://box/{place}", tmp_path / name)
        assert source.sync().counts["contact"].new == 1
    settings = {"arrivals": {"done_marker": ".ok"}}
    source = Source(f"{protocol}://box/in/*.csv", tmp_path / "c", **settings)
    assert "marker" in source.sync().warnings[0]
    store.put("box/in/Contact.csv.ok", "")
    assert source.sync().counts["contact"].new == 1


@STORES
def test_options_reach_the_driver_and_secrets_stay_out_of_sight(
    store, protocol, tmp_path
) -> None:
    store.put("box/in/Contact.csv", contacts(1))
    options = {
        "gs": {"token": {"private_key": "canary-key", "client_email": "a@b.example"}},
        "az": {"account_name": "box", "account_key": "canary-key"},
    }[protocol]
    source = Source(
        f"{protocol}://box/in", tmp_path, arrivals={"storage_options": options}
    )
    source.sync()
    assert StoreInMemory.given == options
    assert "canary" not in repr(source.config)
    told = [path.read_text() for path in tmp_path.rglob("*.json") if path.is_file()]
    assert not any("canary" in text for text in told)


class ClientAuthenticationCredentialError(Exception):
    """Stands for what a driver raises without usable credentials."""


@STORES
@pytest.mark.parametrize(
    ("fault", "expected", "words"),
    [
        (PermissionError("canary"), MissingScopeError, "right to list and read"),
        (ClientAuthenticationCredentialError("canary"), CredentialsError, "options"),
        (ConnectionError("canary"), ServiceUnavailableError, "did not answer"),
        (RuntimeError("canary"), ServiceUnavailableError, "did not answer"),
        (OSError(28, "canary"), SpoolError, "disk is full"),
    ],
)
def test_what_a_driver_says_is_put_into_words_without_quoting_it(
    store, protocol, tmp_path, fault, expected, words
) -> None:
    store.put("box/in/Contact.csv", contacts(1, 2))
    source = Source(f"{protocol}://box/in", tmp_path)
    source.sync()
    StoreInMemory.fault = fault
    with pytest.raises(expected, match=words) as caught:
        source.sync()
    assert "canary" not in str(caught.value)
    assert living(source.landing) == 2
    StoreInMemory.fault = None
    assert source.sync().is_unchanged


@STORES
def test_an_object_that_is_replaced_while_it_is_copied_is_not_taken(
    store, protocol, tmp_path, monkeypatch
) -> None:
    store.put("box/in/Contact.csv", contacts(1, 2))
    copy = StoreInMemory.get_file

    def shorter(self: StoreInMemory, key: str, target: str, **options: Any) -> None:
        store.pipe(key, contacts(1).encode())
        copy(self, key, target, **options)

    monkeypatch.setattr(StoreInMemory, "get_file", shorter)
    source = Source(f"{protocol}://box/in", tmp_path)
    with pytest.raises(TruncatedResponseError, match="replaced right now"):
        source.sync()
    monkeypatch.setattr(StoreInMemory, "get_file", copy)
    assert source.sync().counts["contact"].new == 1


@pytest.mark.parametrize("protocol", sorted(set(EXTRAS) - {"s3", "s3a"}))
def test_every_protocol_is_one_that_fsspec_knows(protocol, tmp_path) -> None:
    """Or its driver brings it; without the driver, the extra to install is named."""
    try:
        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError):
        with pytest.raises(ConnectorError, match=r"tidycrm\[(gcs|azure)\]"):
            Source(f"{protocol}://box/in", tmp_path).sync()
