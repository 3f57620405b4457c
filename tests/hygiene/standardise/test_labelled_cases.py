"""Real-world values with the verdict that a person gave them, by field type.

Every row of `cases/*.csv` states its reasoning. The docs hold the measured accuracy and
every wrong row; a change in either direction has to be written there.
"""

from __future__ import annotations

import pytest

from benchmarks.labelled_cases import (
    DOCUMENT,
    RUNNERS,
    as_markdown,
    measure,
    put_into,
    read_cases,
)

# No field type may become worse than this, whatever the docs say.
FLOORS = {
    "email": 0.98, "phone": 0.97, "person_name": 0.95, "company": 0.97, "domain": 0.98,
    "country": 0.98, "address": 0.97, "job_title": 0.97,
    "address_line": 0.97, "date": 0.96, "picklist": 0.98,
    "test_record": 0.94,
}  # fmt: skip


@pytest.mark.parametrize("name", RUNNERS)
def test_every_field_type_has_enough_reasoned_cases(name: str) -> None:
    cases = read_cases(name)
    assert len(cases) >= 150
    assert all(case["reasoning"] for case in cases)
    inputs = [
        tuple(value for key, value in case.items() if key != "reasoning")
        for case in cases
    ]
    assert len(set(inputs)) >= 0.98 * len(inputs)


@pytest.mark.parametrize("name", RUNNERS)
def test_accuracy_stays_above_its_floor(name: str) -> None:
    result = measure(name)
    assert result.accuracy >= FLOORS[name], result.wrong


def test_docs_state_the_measured_accuracy_and_every_wrong_row() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    section = as_markdown([measure(name) for name in RUNNERS])
    assert put_into(text, section) == text, (
        "docs/standardising.md differs from what was measured; run "
        "`python -m benchmarks.labelled_cases --write`"
    )


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        put_into("# Standardising", "section")
