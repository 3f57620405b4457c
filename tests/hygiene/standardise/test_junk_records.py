"""Which records are tests, and which real ones only look like it."""

from __future__ import annotations

import pytest

from hygiene.standardise import (
    Blocklist,
    RecordIdentity,
    StandardiseSettings,
    find_reserved_host,
    find_test_rule,
    load_vocabulary,
)


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (RecordIdentity(email="ann@example.com"), "test.reserved_domain"),
        (RecordIdentity(email="ann@shop.test"), "test.reserved_domain"),
        (RecordIdentity(domain="example.org"), "test.reserved_domain"),
        (RecordIdentity(email="ann@mail.example.net"), "test.reserved_domain"),
        (RecordIdentity(email="test@acme.com"), "test.email"),
        (RecordIdentity(email="test123@acme.com"), "test.email"),
        (RecordIdentity(email="test+1@acme.com"), "test.email"),
        (RecordIdentity(email="asdfqwer@acme.com"), "test.keyboard_walk"),
        (RecordIdentity(given_name="Test", family_name="Test", full_name="Test Test"),
         "test.name"),
        (RecordIdentity(given_name="Test", family_name="User2", full_name="Test User2"),
         "test.name"),
        (RecordIdentity(given_name="Mickey", family_name="Mouse",
                        full_name="Mickey Mouse"), "test.name"),
        (RecordIdentity(given_name="Asdf", family_name="Qwer", full_name="Asdf Qwer"),
         "test.keyboard_walk"),
        (RecordIdentity(given_name="Lorem", family_name="Ipsum Dolor",
                        full_name="Lorem Ipsum Dolor"), "test.lorem_ipsum"),
        (RecordIdentity(company="Test GmbH", company_match="test"), "test.company"),
        (RecordIdentity(company="asdf", company_match="asdf"), "test.company"),
        (RecordIdentity(company="qwertz", company_match="qwertz"), "test.keyboard_walk"),
    ],
)  # fmt: skip
def test_made_up_records_are_found(record: RecordIdentity, rule: str) -> None:
    assert find_test_rule(record) == rule


@pytest.mark.parametrize(
    "record",
    [
        RecordIdentity(),
        RecordIdentity(email="contest@acme.com"),
        RecordIdentity(email="testa@acme.com"),
        RecordIdentity(email="tester.smith@acme.com"),
        RecordIdentity(email="ann@testing-labs.com"),
        RecordIdentity(given_name="Ann", family_name="Tester", full_name="Ann Tester"),
        RecordIdentity(given_name="Test", family_name="Smith", full_name="Test Smith"),
        RecordIdentity(
            given_name="Werther", family_name="Fuchs", full_name="Werther F"
        ),
        RecordIdentity(company="Contest Inc.", company_match="contest"),
        RecordIdentity(company="Testo SE", company_match="testo"),
        RecordIdentity(domain="test-equipment.com"),
    ],
)
def test_real_records_are_left_alone(record: RecordIdentity) -> None:
    assert find_test_rule(record) is None


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("dora@shop.test", "test.reserved_domain"),
        ("https://Shop.Invalid/cart", "test.reserved_domain"),
        ("ann@acme.cmo", None),
        ("two words.test", None),
        ("ann@acme.com.invalid", None),
        ("ann@mail.acme.co.uk.test", None),
        ("", None),
        (None, None),
    ],
)
def test_reserved_names_tell_a_test_though_they_are_no_addresses(
    raw: str | None, rule: str | None
) -> None:
    assert find_reserved_host(raw) == rule


def test_blocklist_holds_even_without_suspicion() -> None:
    words = load_vocabulary(
        StandardiseSettings(
            flag_test_records=False,
            blocklist=Blocklist(names=("Paula Probe",), emails=("X@acme.com",)),
        )
    )
    assert (
        find_test_rule(
            RecordIdentity(full_name="Paula Probe", given_name="Paula"),
            vocabulary=words,
        )
        == "test.blocklist_name"
    )
    assert (
        find_test_rule(RecordIdentity(email="x@acme.com"), vocabulary=words)
        == "test.blocklist_email"
    )
    assert (
        find_test_rule(RecordIdentity(email="test@test.com"), vocabulary=words) is None
    )
