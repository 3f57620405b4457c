"""Reference files: where they come from, how much they hold, and that they load."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

import hygiene.standardise
from hygiene.reference import (
    read_reference_csv,
    read_reference_yaml,
    reference_files,
    reference_header,
)
from hygiene.standardise import (
    PersonNameInput,
    StandardiseSettings,
    default_vocabulary,
    load_vocabulary,
    standardise_company,
    standardise_country,
    standardise_email,
    standardise_person_name,
    standardiser_version,
)

FILES = reference_files()


@pytest.mark.parametrize("name", FILES)
def test_every_file_states_source_licence_and_date(name: str) -> None:
    header = reference_header(name)
    assert header.source
    assert header.licence
    assert header.date.startswith("20")


def test_the_lists_are_as_long_as_promised() -> None:
    words = default_vocabulary()
    assert len(words.mail.free) >= 150
    assert len(words.mail.disposable) >= 10_000
    assert len(words.mail.roles) >= 80
    forms = [*words.legal_forms.suffixes.values(), *words.legal_forms.prefixes.values()]
    assert len({country for form in forms for country in form.countries}) >= 40
    assert len(read_reference_csv("countries.csv")) >= 249


def test_a_short_name_is_compared_as_the_whole_one_and_stays_as_written() -> None:
    aliases = read_reference_yaml("company_aliases.yaml")["aliases"]
    assert len(aliases) >= 40
    for short, whole in aliases.items():
        found, meant = standardise_company(short.upper()), standardise_company(whole)
        assert found.match == meant.match == whole, short
        assert found.value == short.upper()
    ibm = standardise_company("IBM Deutschland GmbH")
    assert ibm.match != standardise_company("IBM Corp.").match, "a subsidiary"


def test_no_domain_is_both_free_and_disposable() -> None:
    mail = default_vocabulary().mail
    assert not mail.free & mail.disposable


def test_every_country_finds_itself() -> None:
    for row in read_reference_csv("countries.csv"):
        for spelling in (row["alpha2"], row["alpha3"], row["name"]):
            assert standardise_country(spelling).value == row["alpha2"], spelling


def test_user_words_are_added() -> None:
    words = load_vocabulary(
        StandardiseSettings(
            extra_free_mail_domains=("stadtnetz.de",),
            business_domains=("email.com",),
            nicknames={"Gigi": "Luigi"},
            country_aliases={"Blighty": "GB"},
            extra_placeholders={"company": ("Sammelkonto",)},
        )
    )
    assert standardise_email("a.b@stadtnetz.de", vocabulary=words).is_free
    assert not standardise_email("a.b@email.com", vocabulary=words).is_free
    assert standardise_country("blighty", vocabulary=words).value == "GB"
    assert standardise_company("SAMMELKONTO", vocabulary=words).status == "placeholder"
    gigi = standardise_person_name(
        PersonNameInput(first_name="Gigi", last_name="Rossi"), vocabulary=words
    )
    assert gigi.given_group == "louis"  # luigi is a form of louis in the shipped table


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        StandardiseSettings(default_regoin="DE")
    with pytest.raises(ValidationError):
        StandardiseSettings(default_region="Germany")


def test_every_setting_is_described() -> None:
    for name, field in StandardiseSettings.model_fields.items():
        assert field.description, name


def test_version_follows_settings_but_not_how_the_work_is_shared() -> None:
    base = standardiser_version(StandardiseSettings())
    assert standardiser_version(StandardiseSettings(chunk_rows=5, workers=1)) == base
    assert standardiser_version(StandardiseSettings(default_region="DE")) != base


def test_facade_is_complete_and_sorted() -> None:
    names = hygiene.standardise.__all__
    assert all(hasattr(hygiene.standardise, name) for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "is_filler"),
    [
        ("[not provided]", True), ("(n/a)", True), ("<unknown>", True), ("{ none }", True),
        ("(Acme)", False), ("[ACME] Ltd", False), ("((" * 5000 + "))" * 5000, True),
    ],
    ids=["salesforce", "round", "angle", "curly", "name", "part", "deep"],
)  # fmt: skip
def test_a_filler_in_brackets_is_one(text: str, is_filler: bool) -> None:
    assert default_vocabulary().placeholders.holds(text, "company") is is_filler
