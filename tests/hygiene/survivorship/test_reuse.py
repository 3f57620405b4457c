"""A run that keeps golden records gives the rows of a run that merges every one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from hygiene.survivorship import Override, OverrideBook, SurvivorshipRules
from tests.hygiene.survivorship.table import Merged, birthday, day, merged

Record = dict[str, Any]
DEFAULT = SurvivorshipRules()
STICKY = SurvivorshipRules(
    contacts={
        "email": ["never_overwrite", "most_recent"],
        "job_title": ["union"],
        "name": ["never_overwrite", "most_complete"],
    }
)
VALUES: dict[str, list[Any]] = {
    "full_name_std": ["Ann Lee", "A. Lee", "Bob Roe", None, ""],
    "given_name_std": ["Ann", "Bob", None],
    "name_status": ["valid", "corrected", "missing", None],
    "email_std": ["ann@x.example", "bob@y.example", "info@y.example", None],
    "email_domain": ["x.example", "y.example", None],
    "email_status": ["valid", "invalid", None],
    "is_role_email": [True, False, None],
    "job_title_std": ["CEO", "CTO", "Clerk", None],
    "phone_e164": ["+1", "+2", None],
    "city_std": ["Oslo", "Rome", None],
    "country_code": ["NO", "IT", None],
    "birth_date_std": [birthday("1980-01-02"), birthday("1990-03-04"), None],
    "email_opt_out": [True, False, None],
    "source_name": ["crm", "list", "portal"],
    "source_type": ["salesforce", "spreadsheet", None],
    "is_deleted": [True, False, False, False],
    "created_at": [day(1), day(2), None],
    "modified_at": [day(3), day(9), day(20), None],
    "_extracted_at": [day(27)],
}


def anybody(chance: random.Random, number: int) -> Record:
    return {
        "key": f"s{number % 3}:contact:{number:03d}",
        "golden": f"g{chance.randrange(16):02d}",
        **{name: chance.choice(values) for name, values in VALUES.items()},
    }


class World:
    """Records, field changes and corrections by hand that change a little."""

    def __init__(self, seed: int, book: Path) -> None:
        self.chance = random.Random(seed)
        self.records = [anybody(self.chance, number) for number in range(40)]
        self.number = 40
        self.changes = [
            (f"s{source}:contact:00{source}", field, day(4))
            for source in range(3)
            for field in ("email", "phone", "name")
        ]
        self.book = OverrideBook(book)

    def change(self) -> None:
        chance = self.chance
        for _ in range(chance.randrange(3)):
            record = chance.choice(self.records)
            name = chance.choice([*VALUES, "golden"])
            record[name] = chance.choice(VALUES.get(name, ["g01", "g09", "new"]))
        if chance.random() < 0.4:
            self.records.remove(chance.choice(self.records))
        if chance.random() < 0.4:
            self.records.append(anybody(chance, self.number))
            self.number += 1
        if chance.random() < 0.4:
            record = chance.choice(self.records)
            field = chance.choice(["email", "email", "phone", "name"])
            self.changes.append((record["key"], field, day(chance.randint(1, 28))))
        if chance.random() < 0.4:
            record = chance.choice(self.records)
            self.book.add(
                Override(
                    "contact",
                    record["key"],
                    chance.choice(["email", "job_title", "city"]),
                    chance.choice(["by hand", ""]),
                    "sam",
                    day(chance.randint(1, 28)),
                    until=chance.choice([None, date(2025, 1, 5)]),
                )
            )
        elif chance.random() < 0.3:
            for item in self.book.read()[:1]:
                self.book.remove([item.source_record_key], item.field)
        for record in self.records:  # fetching again is no change
            record["_extracted_at"] = day(27 if chance.random() < 0.5 else 28)
        chance.shuffle(self.records)

    def merge(
        self, folder: Path, rules: SurvivorshipRules, step: int, state: Path | None
    ) -> Merged:
        return merged(
            folder,
            self.records,
            rules=rules,
            changes=self.changes,
            overrides=self.book.path,
            as_of=date(2025, 1, min(step + 1, 28)),
            state=state,
        )


def assert_same(some: Merged, every: Merged) -> None:
    assert_frame_equal(some.golden, every.golden, check_exact=True)
    assert_frame_equal(some.lineage, every.lineage, check_exact=True)
    alike = {"merged_now": 0, "reason": ""}
    assert replace(some.report, **alike) == replace(every.report, **alike)  # type: ignore[arg-type]


def live(folder: Path, seed: int, rules: SurvivorshipRules, steps: int) -> int:
    """Merge after every change with and without marks; count what was kept."""
    world = World(seed, folder / "overrides.csv")
    kept = 0
    for step in range(steps):
        some = world.merge(folder / "some", rules, step, folder / "state")
        every = world.merge(folder / "every", rules, step, None)
        assert_same(some, every)
        assert every.report.merged_now == every.report.golden_records
        kept += some.report.golden_records - some.report.merged_now
        world.change()
    return kept


@pytest.mark.parametrize("rules", [DEFAULT, STICKY], ids=["default", "sticky"])
def test_after_random_changes_the_rows_equal_those_of_a_full_run(
    tmp_path: Path, rules: SurvivorshipRules
) -> None:
    assert live(tmp_path, 1, rules, 4) > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
@pytest.mark.parametrize("rules", [DEFAULT, STICKY], ids=["default", "sticky"])
def test_after_long_random_histories_the_rows_equal_those_of_a_full_run(
    tmp_path: Path, seed: int, rules: SurvivorshipRules
) -> None:
    assert live(tmp_path, seed, rules, 12) > 50


COMPANY: Record = {"key": "crm:account:1", "golden": "a", "industry": None}


def test_a_company_that_loses_a_member_is_merged_anew(tmp_path: Path) -> None:
    member = {"key": "crm:account:2", "golden": "a", "industry": "Steel"}
    rest = [
        {"key": f"crm:account:{n}", "golden": f"x{n}", "industry": f"Trade {n}"}
        for n in range(3, 9)
    ]
    state = tmp_path / "state"
    folder = tmp_path / "home"
    first = merged(folder, [COMPANY, member, *rest], entity="account", state=state)
    second = merged(folder, [COMPANY, *rest], entity="account", state=state)
    third = merged(folder, [COMPANY, *rest[1:]], entity="account", state=state)
    assert first.report.merged_now == 7
    assert (first.row("a")["industry"], second.row("a")["industry"]) == ("Steel", None)
    assert second.report.merged_now == 1
    assert third.report.merged_now == 0
    assert third.golden["golden_account_id"].to_list() == [
        "a",
        *(f"x{n}" for n in range(4, 9)),
    ]


def test_nothing_is_written_when_nothing_has_changed(tmp_path: Path) -> None:
    records = [
        {"key": f"crm:contact:{n}", "golden": f"g{n}", "phone_e164": "+1"}
        for n in range(5)
    ]
    folder, state = tmp_path / "home", tmp_path / "state"
    merged(folder, records, state=state)
    before = (folder / "golden.parquet").stat().st_mtime_ns
    again = merged(folder, records[::-1], state=state)
    assert again.report.merged_now == 0
    assert again.report.lineage_rows == 5
    assert (folder / "golden.parquet").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("pointer", "not readable"),
        ("marks", "damaged or missing"),
        ("lineage", "not those of the last run"),
        ("rules", "rules, the columns"),
        ("column", "rules, the columns"),
        ("tracked", "rules, the columns"),
        ("clock", "may look at the clock"),
        ("most", "3 of 4 golden records"),
    ],
)
def test_everything_is_merged_when_what_is_kept_cannot_be_trusted(
    tmp_path: Path, damage: str, reason: str
) -> None:
    records: list[Record] = [
        {"key": f"crm:contact:{n}", "golden": f"g{n}", "phone_e164": "+1"}
        for n in range(4)
    ]
    folder, state = tmp_path / "home", tmp_path / "state"
    rules = DEFAULT
    changes = [("crm:contact:1", "email", day(2))]
    if damage == "clock":
        rules = SurvivorshipRules(contacts={"phone": ["sql: epoch(now())"]})
    merged(folder, records, rules=rules, changes=changes, state=state)
    if damage == "pointer":
        (state / "CURRENT.json").write_text("{", encoding="utf-8")
    elif damage == "marks":
        next(state.glob("marks-*.parquet")).unlink()
    elif damage == "lineage":
        other = merged(tmp_path / "other", records[:2])
        other.lineage.write_parquet(folder / "lineage.parquet")
    elif damage == "rules":
        rules = SurvivorshipRules(contacts={"phone": ["oldest"]})
    elif damage == "column":
        records = [{**record, "city_std": None} for record in records]
    elif damage == "tracked":
        changes.append(("crm:contact:1", "phone", day(2)))
    elif damage == "most":
        records = [{**record, "phone_e164": "+2"} for record in records[:3]] + records[
            3:
        ]
    result = merged(folder, records, rules=rules, changes=changes, state=state)
    assert result.report.merged_now == 4
    assert reason in result.report.reason
    assert_same(
        result, merged(tmp_path / "every", records, rules=rules, changes=changes)
    )


def test_what_is_kept_holds_no_values(tmp_path: Path) -> None:
    state = tmp_path / "state"
    record = {"key": "crm:contact:1", "full_name_std": "Wilhelmina Quackenbush"}
    merged(tmp_path / "home", [record], state=state)
    for file in state.iterdir():
        assert b"Quackenbush" not in file.read_bytes()
