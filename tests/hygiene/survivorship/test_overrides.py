"""Values set by hand win, expire, and never hide what they replaced."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hygiene.errors import ConfigurationError, InputError
from hygiene.survivorship import Override, OverrideBook, OverrideCount
from hygiene.survivorship.overrides import value_mark
from tests.hygiene.survivorship.table import Merged, birthday, day, merged

RECORDS = [
    {"key": "a", "job_title_std": "CEO", "modified_at": day(1), "phone_e164": "+1"},
    {"key": "b", "job_title_std": "CTO", "modified_at": day(9)},
    {"key": "s", "golden": "single", "job_title_std": "Clerk", "city_std": "Oslo"},
]


def override(key: str, field: str, value: str, **more: object) -> Override:
    values = {"author": "sam", "set_at": day(2), "reason": "asked", **more}
    return Override("contact", key, field, value, **values)  # type: ignore[arg-type]


def with_overrides(
    folder: Path, *overrides: Override, as_of: date = date(2025, 1, 31)
) -> Merged:
    book = OverrideBook(folder / "overrides.csv")
    for item in overrides:
        book.add(item)
    return merged(folder, RECORDS, overrides=book.path, as_of=as_of)


def test_a_value_set_by_hand_wins_and_names_what_it_replaced(tmp_path: Path) -> None:
    result = with_overrides(tmp_path, override("a", "job_title", "Chair"))
    assert result.row()["job_title"] == "Chair"
    found = result.source("job_title")
    assert (found["rule"], found["source_name"]) == ("override", "override")
    assert found["source_record_key"] == "a"
    assert (found["runner_up_value"], found["runner_up_source_record_key"]) == (
        "CTO",
        "b",
    )
    assert (found["observed_at"], found["candidate_count"]) == (day(2), 3)
    assert result.row()["phone"] == "+1"
    assert result.report.overrides.applied == 1


def test_a_golden_record_of_one_source_record_can_be_corrected(tmp_path: Path) -> None:
    result = with_overrides(
        tmp_path,
        override("s", "birth_date", "1980-02-03"),
        override("s", "email", "S@Acme.com"),
    )
    row = result.row("single")
    assert row["birth_date"] == birthday("1980-02-03")
    assert (row["email"], row["email_domain"]) == ("S@Acme.com", "acme.com")
    assert (row["job_title"], row["city"]) == ("Clerk", "Oslo")


def test_an_empty_value_empties_the_field(tmp_path: Path) -> None:
    result = with_overrides(tmp_path, override("b", "job_title", ""))
    assert result.row()["job_title"] is None


def test_an_override_ends_with_its_last_day(tmp_path: Path) -> None:
    item = override("a", "job_title", "Chair", until=date(2025, 1, 31))
    assert with_overrides(tmp_path, item).row()["job_title"] == "Chair"
    later = with_overrides(tmp_path, as_of=date(2025, 2, 1))
    assert later.row()["job_title"] == "CTO"
    assert later.report.overrides == OverrideCount(0, 1, 0, 0)


def test_the_newest_of_two_overrides_holds(tmp_path: Path) -> None:
    result = with_overrides(
        tmp_path,
        override("b", "job_title", "Newer", set_at=day(9)),
        override("a", "job_title", "Older", set_at=day(3)),
    )
    assert result.row()["job_title"] == "Newer"
    assert result.report.overrides.applied == 1


def test_a_source_that_changed_meanwhile_is_a_conflict(tmp_path: Path) -> None:
    agreed = override("a", "job_title", "Chair", replaced=value_mark("CTO"))
    assert with_overrides(tmp_path, agreed).report.overrides.conflicts == 0
    moved = override("a", "job_title", "Chair", replaced=value_mark("Boss"))
    assert with_overrides(tmp_path, moved).report.overrides.conflicts == 1


def test_an_override_of_an_absent_record_waits(tmp_path: Path) -> None:
    result = with_overrides(tmp_path, override("gone", "job_title", "Chair"))
    assert result.row()["job_title"] == "CTO"
    assert result.report.overrides.absent == 1


def test_a_value_of_another_type_is_refused_before_it_is_kept(tmp_path: Path) -> None:
    book = OverrideBook(tmp_path / "overrides.csv")
    for field, value in (("birth_date", "soon"), ("nickname", "x")):
        with pytest.raises(ConfigurationError, match="Setting a value by hand"):
            book.add(override("a", field, value))
    assert not book.path.exists()


def test_overrides_are_kept_safely_and_removed(tmp_path: Path) -> None:
    book = OverrideBook(tmp_path / "overrides.csv")
    book.add(override("a", "job_title", "=1+1"))
    book.add(override("a", "phone", "+49 30"))
    assert ",'=1+1," in book.path.read_text()
    assert [item.value for item in book.read()] == ["=1+1", "+49 30"]
    assert book.remove(["a", "b"], "phone") == 1
    assert book.remove(["a"], "phone") == 0
    assert [item.field for item in book.read()] == ["job_title"]


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text(
        "entity,source_record_key,field,value,until\n"
        "deal,a,phone,1,\ncontact,,phone,1,\ncontact,a,phone,1,tomorrow\n"
        "contact,a,phone,1,2026-01-01\n",
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        OverrideBook(path).read()
    assert all(f"line {number}:" in str(caught.value) for number in (2, 3, 4))
    assert "line 5" not in str(caught.value)
