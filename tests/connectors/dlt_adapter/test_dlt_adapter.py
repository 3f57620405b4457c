"""Real dlt resources, landed without a pipeline."""

from __future__ import annotations

import sys
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.dlt_adapter import DltConfig, extract, land
from connectors.errors import ServiceUnavailableError, SourceConfigError
from connectors.landing import Landing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a dependency of dlt's SQL parser is deprecated
    import dlt

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NOW = datetime(2026, 1, 15, tzinfo=UTC)
PEOPLE = [
    {"id": 1, "Full Name": "Ada", "since": date(2025, 3, 1), "tags": ["a", {"b": 1}]},
    {"id": 2, "Full Name": "Bo", "score": 1.5, "active": True},
]


def resource(rows: Any, **hints: Any) -> Any:
    given = {"name": "people", "primary_key": "id", "write_disposition": "replace"}
    return dlt.resource(rows, **(given | hints))


def run(found: Any, folder: Path, **settings: Any) -> Any:
    landing = Landing(folder)
    report = land(found, landing, source_name="crm", extracted_at=NOW, **settings)
    return report, landing


def test_records_land_with_their_key_and_nested_values_as_json(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    report, landing = run(resource(PEOPLE), tmp_path / "l")
    rows = landing.current("dlt", "people", "crm").collect().sort("id").to_dicts()
    assert rows[0]["_source_record_id"] == "1"
    assert rows[0]["tags"] == '["a", {"b": 1}]'
    assert rows[0]["since"] == "2025-03-01"
    assert (rows[1]["full_name"], rows[1]["active"]) == ("Bo", "true")
    assert report.counts["people"].new == 2
    assert not list((tmp_path / "home").rglob("*.json"))  # no state of dlt


def test_replace_finds_deletions_and_merge_does_not(tmp_path):
    for disposition, expected in (("replace", 1), ("merge", 0)):
        folder = tmp_path / disposition
        run(resource(PEOPLE, write_disposition=disposition), folder)
        report, _ = run(resource(PEOPLE[:1], write_disposition=disposition), folder)
        assert report.counts["people"].tombstoned == expected


def test_a_source_of_several_resources_and_arrow_tables(tmp_path):
    @dlt.source
    def crm() -> Any:
        table = pa.table({"a": [1, 2], "b": [1, 1]})
        yield resource(PEOPLE)
        yield resource([table], name="pairs", primary_key=["a", "b"])

    report, landing = run(crm(), tmp_path)
    assert {name: c.new for name, c in report.counts.items()} == {
        "people": 2,
        "pairs": 2,
    }
    pairs = landing.current("dlt", "pairs", "crm").collect()
    assert sorted(pairs["_source_record_id"]) == ["1|1", "2|1"]
    report, _ = run(crm().with_resources("people"), tmp_path / "some")
    assert list(report.counts) == ["people"]


def test_an_incremental_resource_can_be_read(tmp_path):
    @dlt.resource(primary_key="id", name="people")
    def since(
        updated: Any = dlt.sources.incremental("at", initial_value=0),  # noqa: B008
    ) -> Any:
        yield [{"id": n, "at": n} for n in range(updated.last_value, 5)]

    report, _ = run(since(), tmp_path)
    assert report.counts["people"].new == 5


def test_what_cannot_be_read_is_explained_and_lands_nothing(tmp_path):
    with pytest.raises(SourceConfigError, match="no primary key"):
        run(dlt.resource(PEOPLE, name="people"), tmp_path)

    def broken() -> Any:
        yield PEOPLE[0]
        raise ValueError("canary of a record")

    with pytest.raises(ServiceUnavailableError, match="resource 'people'") as caught:
        run(resource(broken), tmp_path)
    assert "canary" not in f"{caught.value} {caught.value.__cause__}"
    assert list(tmp_path.rglob("part-*.parquet")) == []
    with pytest.raises(SourceConfigError, match="expected a dlt source"):
        run([1], tmp_path)
    report, _ = run(resource([{"name": "x"}, PEOPLE[0]]), tmp_path)
    assert report.counts["people"].rejected == 1


def test_a_configured_resource_is_imported(tmp_path, monkeypatch):
    (tmp_path / "my_sources.py").write_text(
        "import dlt\n"
        "@dlt.resource(primary_key='id')\n"
        "def people(count, token):\n"
        "    assert token == 's'\n"
        "    yield [{'id': n} for n in range(count)]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    config = DltConfig(
        name="crm",
        resource="my_sources:people",
        arguments={"count": 3},
        secrets={"token": "s"},
    )
    report = extract(config, Landing(tmp_path / "l"), extracted_at=NOW)
    assert report.counts["people"].new == 3
    wrong = DltConfig(name="crm", resource="my_sources:nobody")
    with pytest.raises(SourceConfigError, match="cannot be imported"):
        extract(wrong, Landing(tmp_path / "l"), extracted_at=NOW)


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(SourceConfigError, match=r"Install tidycrm\[dlt\]"):
        run(object(), tmp_path)
