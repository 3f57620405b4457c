"""The how-to is followed to the letter: its rules load, run, and find what they should."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from hygiene.quality import QualitySettings, record_results, record_rules
from tests.hygiene.quality.world import check

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "data-quality.md"


def written(word: str) -> QualitySettings:
    """The first example of the document that holds a word."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    block = next(each for each in blocks if word in each)
    return QualitySettings.model_validate(yaml.safe_load(block)["quality"])


def test_rules_of_ones_own_work_without_touching_the_code(tmp_path: Path) -> None:
    settings = written("ACME-1")
    rules = record_rules(settings)
    assert rules[-2:] == settings.rules
    results = {each.rule_id: each for each in record_results(check(tmp_path, *rules))}
    assert (results["ACME-1"].rows_checked, results["ACME-1"].rows_failed) == (2, 1)
    assert (results["ACME-2"].rows_checked, results["ACME-2"].rows_failed) == (1, 0)
    assert results["ACME-1"].dimension == "completeness"


def test_changes_of_shipped_rules_are_as_written() -> None:
    rules = {each.id: each for each in record_rules(written("changes"))}
    assert rules["DQ-T-302"].must.hold == "days_since_change <= 30"
    assert rules["DQ-C-301"].blocking
    assert "DQ-C-306" not in rules


def test_links_are_as_written() -> None:
    assert set(written("record_links").record_links) == {"salesforce", "hubspot"}


def test_tables_and_commands_that_the_document_names_exist() -> None:
    from typer.main import get_command

    from orchestration.cli import app
    from orchestration.quality_tables import PERSONAL

    text = DOCUMENT.read_text()
    assert all(f"`{table}`" in text for table in PERSONAL)
    command = get_command(app)
    for group, verb in re.findall(r"tidycrm (quarantine|quality) (\w+)", text):
        assert verb in command.commands[group].commands  # type: ignore[attr-defined]
