"""Real-world values with the verdict that a person gave them, by field type.

Every row of `cases/*.csv` states its reasoning. Standardisers that several columns share
are tested through the column that people see.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hygiene.standardise import (
    PersonNameInput,
    standardise_company,
    standardise_country,
    standardise_domain,
    standardise_email,
    standardise_person_name,
    standardise_phone,
)

CASES = Path(__file__).parent / "cases"


def read_cases(name: str) -> list[dict[str, str]]:
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labelled(name: str) -> pytest.MarkDecorator:
    cases = read_cases(name)
    return pytest.mark.parametrize(
        "case", cases, ids=[f"{i + 2}-{c['reasoning']}" for i, c in enumerate(cases)]
    )


@pytest.mark.parametrize(
    "name", ["email", "phone", "country", "domain", "company", "person_name"]
)
def test_every_field_type_has_sixty_reasoned_cases(name: str) -> None:
    cases = read_cases(name)
    assert len(cases) >= 60
    assert all(case["reasoning"] for case in cases)
    assert len({case["status"] for case in cases}) == 5 or name in {"country"}


@labelled("email")
def test_email(case: dict[str, str]) -> None:
    found = standardise_email(case["raw"])
    assert (found.value or "", found.status) == (case["value"], case["status"])
    assert (found.match or "") == case["match"]
    flags = (found.is_role, found.is_free, found.is_disposable)
    expected = (case["is_role"], case["is_free"], case["is_disposable"])
    assert flags == tuple(word == "yes" for word in expected)


@labelled("phone")
def test_phone(case: dict[str, str]) -> None:
    found = standardise_phone(case["raw"], region=case["region"] or None)
    assert (found.value or "", found.status) == (case["value"], case["status"])
    assert (found.extension or "") == case["extension"]
    assert (found.type or "") == case["type"]


@labelled("country")
def test_country(case: dict[str, str]) -> None:
    found = standardise_country(case["raw"])
    assert (found.value or "", found.status) == (case["value"], case["status"])


@labelled("domain")
def test_domain(case: dict[str, str]) -> None:
    found = standardise_domain(case["raw"])
    assert (found.value or "", found.status) == (case["value"], case["status"])


@labelled("company")
def test_company(case: dict[str, str]) -> None:
    found = standardise_company(case["raw"])
    assert (found.value or "", found.status) == (case["value"], case["status"])
    assert (found.match or "") == case["match"]
    assert (found.legal_form or "") == case["legal_form"]


@labelled("person_name")
def test_person_name(case: dict[str, str]) -> None:
    found = standardise_person_name(
        PersonNameInput(
            *(
                case[name] or None
                for name in (
                    "full_name",
                    "salutation",
                    "first_name",
                    "middle_name",
                    "last_name",
                    "suffix",
                )
            )
        )
    )
    parts = (found.title, found.given, found.middle, found.family, found.suffix)
    expected = tuple(
        case[name] or None
        for name in ("title", "given", "middle", "family", "suffix_std")
    )
    assert (parts, found.status) == (expected, case["status"])
