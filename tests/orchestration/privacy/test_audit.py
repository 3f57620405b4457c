"""The log of decisions shows whatever was done to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.errors import OrchestrationError
from orchestration.home import Home
from orchestration.privacy import audit
from orchestration.privacy.audit import Action


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    for number in range(4):
        audit.record(home, Action.EXPORT, {"rows": number}, actor="somebody")
    return home


def lines(home: Home) -> list[str]:
    return audit.audit_file(home).read_text().splitlines()


def write(home: Home, content: list[str]) -> None:
    audit.audit_file(home).write_text("".join(f"{line}\n" for line in content))


def test_a_log_that_nobody_touched_is_whole(home: Home) -> None:
    verdict = audit.verify(home)
    assert (verdict.entries, verdict.problem) == (4, None)
    assert [entry.details["rows"] for entry in audit.read(home)] == [0, 1, 2, 3]


def test_a_changed_line_shows(home: Home) -> None:
    content = lines(home)
    changed = json.loads(content[1])
    changed["details"]["rows"] = 99
    content[1] = json.dumps(changed)
    write(home, content)
    assert "line 2 was changed" in str(audit.verify(home).problem)


def test_a_line_that_was_removed_or_put_in_shows(home: Home) -> None:
    content = lines(home)
    write(home, [content[0], *content[2:]])
    assert "before line 2" in str(audit.verify(home).problem)
    write(home, [content[0], content[0], *content[1:]])
    assert "before line 2" in str(audit.verify(home).problem)


def test_a_log_that_was_cut_shows(home: Home) -> None:
    write(home, lines(home)[:2])
    assert "last 2 lines are missing" in str(audit.verify(home).problem)


def test_a_line_that_a_crash_left_half_written_does_not_stop_the_next(
    home: Home,
) -> None:
    with audit.audit_file(home).open("a") as stream:
        stream.write('{"seq": 5, "at": "20')
    audit.record(home, Action.PUBLISH, {"run_id": "r"})
    verdict = audit.verify(home)
    assert (verdict.entries, verdict.problem) == (5, None)


def test_nothing_is_appended_to_a_log_whose_end_is_damaged(home: Home) -> None:
    write(home, [*lines(home)[:3], "no json"])
    with pytest.raises(OrchestrationError, match="audit verify"):
        audit.record(home, Action.PUBLISH, {})


def test_people_are_named_by_keyed_hashes(home: Home, tmp_path: Path) -> None:
    name = audit.reference(home, "crm:contact:1")
    assert name == audit.reference(home, "crm:contact:1")
    other = Home(tmp_path / "other")
    assert name != audit.reference(other, "crm:contact:1")
    assert (home.state / "suppression" / "key").stat().st_mode & 0o077 == 0
