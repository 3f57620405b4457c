"""Filled-in review files: right as a whole, or refused with every mistake named."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hygiene.stewardship.answers import Answers, Row, read_answers
from hygiene.stewardship.rulings import Verdict

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001  UTC without a zone by contract
KNOWN = {"contact": {key: f"f{key}" for key in "abcd"}, "account": {"x": "fx"}}


def row(line: int, ruling: str | None, one: str, other: str, **more: Any) -> Row:
    names = {"seen_a": "seen A", "seen_b": "seen B"}
    cells = {"ruling": ruling, "record A": one, "record B": other, "entity": "contact"}
    cells |= {names.get(name, name): value for name, value in more.items()}
    return Row("review.xlsx, contacts", line, cells)


def read(*rows: Row, author: str | None = "sam") -> Answers:
    return read_answers(rows, KNOWN, author=author, ruled_at=NOON)


def test_rows_become_rulings_on_what_the_steward_saw() -> None:
    found = read(
        row(2, "Same", "b", "a", reason=" met\nthem ", seen_a="fb", seen_b="fa"),
        row(3, "different", "a", "c", author="kim"),
        row(4, None, "a", "d"),
        row(5, "unsure", "c", "d"),
    )
    assert not found.problems
    assert found.skipped == 1
    first, second, third = found.rulings["contact"]
    assert (first.key_l, first.key_r, first.verdict) == ("a", "b", Verdict.MUST_LINK)
    assert (first.fingerprint_l, first.fingerprint_r) == ("fa", "fb")
    assert (first.author, first.reason, first.ruled_at) == ("sam", "met them", NOON)
    assert (second.author, second.fingerprint_l) == ("kim", "fa")
    assert third.verdict is Verdict.UNSURE


def test_every_mistake_is_named_with_file_and_line() -> None:
    found = read(
        row(2, "maybe", "a", "b"),
        row(3, "same", "a", "a"),
        row(4, "same", "a", "nobody"),
        row(5, "same", "", "b"),
        row(6, "same", "a", "b", entity="deal"),
        row(7, "same", "a", "b"),
    )
    lines = [problem.line for problem in found.problems]
    assert lines == [2, 3, 4, 5, 6]
    text = "\n".join(map(str, found.problems))
    assert text.startswith("review.xlsx, contacts, line 2: the ruling is none of same")
    assert "maybe" not in text
    assert "nobody" not in text


def test_a_ruling_needs_an_author() -> None:
    found = read(row(2, "same", "a", "b"), author=None)
    assert "nobody is named as author" in str(found.problems[0])


def test_two_rulings_on_one_pair_contradict() -> None:
    found = read(row(2, "same", "a", "b"), row(3, "different", "b", "a"))
    assert [problem.line for problem in found.problems] == [3]
    assert "contradicts review.xlsx, contacts, line 2" in str(found.problems[0])
    assert not read(row(2, "same", "a", "b"), row(3, "same", "b", "a")).problems


def test_a_circle_of_rulings_contradicts() -> None:
    found = read(
        row(2, "same", "a", "b"),
        row(3, "same", "b", "c"),
        row(4, "different", "c", "a"),
    )
    assert [problem.line for problem in found.problems] == [4]
    assert "by way of a third record" in str(found.problems[0])


def test_rulings_on_data_that_changed_since_are_counted() -> None:
    found = read(row(2, "same", "a", "b", seen_a="old", seen_b="fb"))
    assert found.outdated == 1
    assert found.rulings["contact"][0].fingerprint_l == "old"


def test_the_entity_follows_from_the_keys() -> None:
    found = read(row(2, "same", "a", "b", entity=None))
    assert len(found.rulings["contact"]) == 1
    other = read(row(2, "same", "zz", "b", entity=None))
    assert "no record has these keys" in str(other.problems[0])
