"""Single values whose verdict is promised and that no labelled table holds."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.standardise import (
    PersonNameInput,
    StandardiseSettings,
    classify_job_title,
    find_state_code,
    load_picklists,
    load_vocabulary,
    standardise_company,
    standardise_company_size,
    standardise_contacts,
    standardise_domain,
    standardise_email,
    standardise_person_name,
    standardise_phone,
    standardise_state,
    standardise_street,
    write_unlisted_values,
)
from tests.hygiene.standardise.tables import write_contacts


@pytest.mark.parametrize(
    ("raw", "value", "suggestion"),
    [
        ("ann@gmial.com", "ann@gmial.com", "ann@gmail.com"),
        ("ann@acme.con", None, "ann@acme.com"),
        ("ann@acme.com", "ann@acme.com", None),
    ],
)
def test_a_typo_is_flagged_with_the_whole_address_and_never_put_in_place(
    raw: str, value: str | None, suggestion: str | None
) -> None:
    found = standardise_email(raw)
    assert (found.value, found.suggestion) == (value, suggestion)


@pytest.mark.parametrize(
    ("raw", "value", "match"),
    [
        ("Ann.Lee+News@Gmail.com", "ann.lee+news@gmail.com", "annlee@gmail.com"),
        ("a.lee@googlemail.com", "a.lee@googlemail.com", "alee@gmail.com"),
        ("ann.lee+x@acme.com", "ann.lee+x@acme.com", "ann.lee@acme.com"),
        ("ann@m\u00fcller.de", "ann@xn--mller-kva.de", "ann@xn--mller-kva.de"),
    ],
)
def test_what_providers_ignore_is_left_out_of_the_match_form_only(
    raw: str, value: str, match: str
) -> None:
    found = standardise_email(raw)
    assert (found.value, found.match) == (value, match)


def test_further_numbers_of_a_field_are_kept() -> None:
    found = standardise_phone("030 1234567 / 0171 2345678", region="DE")
    assert (found.value, found.others) == ("+49301234567", "+491712345678")


@pytest.mark.parametrize(
    ("raw", "suffix"),
    [("John Smith III, PhD", "III"), ("Smith Jr., John, MD", "Jr"), ("Ann Lee, PhD", "PhD")],
)  # fmt: skip
def test_the_suffix_that_tells_people_apart_outranks_a_degree(
    raw: str, suffix: str
) -> None:
    assert standardise_person_name(PersonNameInput(full_name=raw)).suffix == suffix


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("Intl. Business Machines Corp.", "International Business Machines"),
        ("Acme Mfg. Svcs. Inc", "Acme Manufacturing Services"),
        ("Smith Bros. Ltd", "Smith Brothers"),
        ("Univ. of Ulm", "University of Ulm"),
        ("Gebr. M\u00fcller GmbH", "Gebr\u00fcder M\u00fcller"),
    ],
)
def test_abbreviations_meet_their_words_in_the_match_form(
    short: str, long: str
) -> None:
    found = standardise_company(short)
    assert found.value == short
    assert found.match == standardise_company(long).match


def test_a_name_that_is_an_abbreviation_stays_one_and_users_add_their_own() -> None:
    assert standardise_company("INTL").match == "intl"
    assert standardise_company("Amer Sports").match == "amer sports"
    own = load_vocabulary(
        StandardiseSettings(company_abbreviations={"Stwk.": "Stadtwerke"})
    )
    assert standardise_company("Stwk. Ulm", vocabulary=own).match == "stadtwerke ulm"
    assert standardise_company("Stwk. Ulm").match == "stwk ulm"


def test_a_page_on_a_shared_site_is_no_domain_and_a_moved_one_is_followed() -> None:
    assert standardise_domain("linkedin.com/company/acme").rule == "domain.shared_host"
    assert standardise_domain("thefacebook.com").value == "facebook.com"


@pytest.mark.parametrize(
    ("raw", "country", "value", "code"),
    [
        ("CA - California", "US", "CA", "US-CA"),
        ("Georgia (US)", "US", "GA", "US-GA"),
        ("Seattle, Washington", "US", "WA", "US-WA"),
        ("Armed Forces Europe", "US", "AE", None),
        ("Bayern, Deutschland", "DE", "Bayern, Deutschland", "DE-BY"),
        ("Kent", "GB", "Kent", None),
    ],
)
def test_a_state_is_found_among_what_stands_around_it(
    raw: str, country: str, value: str, code: str | None
) -> None:
    assert standardise_state(raw, country=country).value == value
    assert find_state_code(raw, country=country) == code


@pytest.mark.parametrize(
    ("raw", "country"), [("Ontario", "US"), ("ZZ", "AU"), ("NY, NJ", "US")]
)
def test_what_is_no_state_of_its_country_is_invalid(raw: str, country: str) -> None:
    found = standardise_state(raw, country=country)
    assert (found.value, found.status, found.rule) == (
        None, "invalid", "state.unknown",
    )  # fmt: skip


def test_unknown_states_and_titles_are_reported_with_their_counts(
    tmp_path: Path,
) -> None:
    people = [
        {"full_name": f"Ann Lee{n}", "state": "Ontario", "country": "US",
         "job_title": "Grand Poobah"}
        for n in range(3)
    ]  # fmt: skip
    out, listed = tmp_path / "out.parquet", tmp_path / "unlisted.parquet"
    standardise_contacts(
        write_contacts(tmp_path / "in.parquet", people),
        out,
        tmp_path / "aside.parquet",
        settings=StandardiseSettings(),
        previous=None,
    )
    assert write_unlisted_values(out, listed, settings=StandardiseSettings()) == 2
    assert pl.read_parquet(listed).rows() == [
        ("job_title", "Grand Poobah", 3, None), ("state", "Ontario", 3, None),
    ]  # fmt: skip


@pytest.mark.parametrize("raw", ["PO BOX 12", "po box 12", "PO Box 12"])
def test_a_post_office_box_keeps_its_capitals(raw: str) -> None:
    assert standardise_street(raw, country="US").value == "PO Box 12"


@pytest.mark.parametrize(
    ("raw", "band"),
    [("10k+", "5001-10000"), ("2k-4k", "1001-5000"), ("120", "51-200"), ("2.5k", None)],
)
def test_company_sizes_are_read_in_thousands_too(raw: str, band: str | None) -> None:
    picklist = load_picklists({}, only=("company_size",))["company_size"]
    assert standardise_company_size(raw, picklist).value == band


def test_titles_of_revenue_operations_are_operations() -> None:
    assert classify_job_title("Head of RevOps").function == "Operations"


@pytest.mark.parametrize(
    ("raw", "seniority", "function"),
    [
        ("Vedouc\u00ed prodeje", "head", "Sales"),
        ("\u00c9rt\u00e9kes\u00edt\u00e9si igazgat\u00f3", "director", "Sales"),
        ("Sat\u0131\u015f M\u00fcd\u00fcr\u00fc", "manager", "Sales"),
        ("\u0645\u062f\u064a\u0631 \u0627\u0644\u0645\u0628\u064a\u0639\u0627\u062a", "manager", "Sales"),
        ("\u91c7\u8d2d\u7ecf\u7406", "head", "Procurement"),
        ("Toimitusjohtaja", "c_level", "General Management"),
        ("Grand Poobah", None, None),
    ],
    ids=["Czech", "Hungarian", "Turkish", "Arabic", "Chinese", "Finnish", "none"],
)  # fmt: skip
def test_job_titles_are_read_in_many_languages(
    raw: str, seniority: str | None, function: str | None
) -> None:
    found = classify_job_title(raw)
    assert (found.seniority, found.function) == (seniority, function)
    assert (found.rule == "job_role.unclassified") is (function is None)
