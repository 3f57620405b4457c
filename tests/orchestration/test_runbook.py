"""The runbook knows every alert, error and reason code that the code can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.errors import ConnectorError
from connectors.tabular.model import RejectReason
from orchestration.alerts.causes import CAUSES, FAMILIES, likely_cause
from orchestration.source_states import reason_of

TOP = Path(__file__).parents[2]
RUNBOOK = (TOP / "docs" / "runbook.md").read_text()


def test_every_error_is_in_the_runbook() -> None:
    names = {
        match.group(1)
        for package in ("connectors", "hygiene", "orchestration")
        for file in (TOP / package).rglob("*.py")
        if "sandbox" not in file.parts
        for match in re.finditer(
            r"^class ([A-Z]\w+Error)\((?!Exception)", file.read_text(), re.MULTILINE
        )
    }
    names |= {"ConnectorError", "HygieneError", "OrchestrationError"}
    missing = {name for name in names if not re.search(rf"\b{name}\b", RUNBOOK)}
    assert missing == set()


def _reasons() -> set[str]:
    """Reason codes of all errors of connectors."""
    import connectors.salesforce.service  # noqa: F401 - defines more of them

    open_ends: list[type[ConnectorError]] = [ConnectorError]
    found = set()
    while open_ends:
        kind = open_ends.pop()
        open_ends += kind.__subclasses__()
        if kind.__module__.startswith(("connectors.errors", "connectors.sales")):
            found.add(reason_of(kind.__new__(kind)))
    return found


def test_every_reason_of_a_source_is_in_the_runbook() -> None:
    assert {code for code in _reasons() if f"`{code}`" not in RUNBOOK} == set()


def test_every_reason_of_a_source_has_a_cause_and_a_step_of_its_own() -> None:
    assert (_reasons() | {"unexpected"}) - FAMILIES == set(CAUSES)
    assert all(cause and step.endswith(".") for cause, step in CAUSES.values())
    assert likely_cause("never heard of")[1].startswith("Run `tidycrm doctor`")


def test_every_alert_is_in_the_runbook() -> None:
    text = (TOP / "orchestration" / "alerts" / "conditions.py").read_text()
    keys = set(re.findall(r'^\s+"([a-z]+:[a-z]+)",$', text, re.MULTILINE))
    assert len(keys) >= 7
    assert {key for key in keys if f"`{key}`" not in RUNBOOK} == set()
    for state in ("stale", "down"):
        assert f"`source:<name>:{state}`" in RUNBOOK


@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_reason_of_a_rejected_row_is_in_the_runbook(reason: str) -> None:
    assert f"`{reason}`" in RUNBOOK


def test_every_reason_of_a_quarantined_record_is_in_the_runbook() -> None:
    codes = {
        code
        for file in (TOP / "hygiene" / "standardise").glob("*.py")
        for code in re.findall(r'^\s+reason_code = "([a-z_]+)"', file.read_text(), re.M)
    }
    assert codes
    assert {code for code in codes if f"`{code}`" not in RUNBOOK} == set()
