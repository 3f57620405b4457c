"""The accuracy benchmark reads foreign tables and runs the production path on them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks.accuracy import as_union, main, read_table
from benchmarks.accuracy_columns import MappingError, plan_columns


def test_columns_are_known_by_their_usual_names() -> None:
    plan = plan_columns(
        [
            "Unique ID",
            "firstName",
            "Surname",
            "DOB",
            "house_number",
            "addr",
            "suburb",
            "zip",
            "club",
            "who",
        ],
        truth="who",
        mapping={},
    )
    assert plan.entity == "contact"
    assert plan.used == {
        "given_name": "firstName",
        "family_name": "Surname",
        "birth_date": "DOB",
        "street": "house_number + addr",
        "city": "suburb",
        "postal_code": "zip",
        "other_club": "club",
    }
    assert plan.unused == {"Unique ID": "record key or label"}


def test_a_mapping_comes_before_a_name() -> None:
    plan = plan_columns(
        ["name", "title", "a", "b", "id"],
        truth="id",
        mapping={"company_name": "title", "street": "a+b", "other_kind": "name"},
        entity="organisation",
    )
    assert plan.columns["account_name"] == ("title",)
    assert plan.columns["street"] == ("a", "b")
    assert plan.columns["other_kind"] == ("name",)


def test_a_name_of_an_organisation_is_known_by_its_last_word() -> None:
    columns = ["id", "Program Name", "State Name", "Site name", "Agency name", "Zip"]
    plan = plan_columns(columns, truth="id", mapping={}, entity="organisation")
    assert plan.columns["account_name"] == ("Site name",)
    assert plan.columns["other_program_name"] == ("Program Name",)


def test_words_that_say_whose_an_attribute_is_do_not_hide_it() -> None:
    plan = plan_columns(
        [
            "PRIMARY_NAME_LAST",
            "PRIMARY_NAME_FIRST",
            "ADDR_LINE1",
            "ADDR_CITY",
            "ADDR_POSTAL_CODE",
            "patient_dob",
            "mother_first_name",
            "emergency_contact_phone",
            "who",
        ],
        truth="who",
        mapping={},
    )
    assert plan.entity == "contact"
    assert plan.used == {
        "given_name": "PRIMARY_NAME_FIRST",
        "family_name": "PRIMARY_NAME_LAST",
        "street": "ADDR_LINE1",
        "city": "ADDR_CITY",
        "postal_code": "ADDR_POSTAL_CODE",
        "birth_date": "patient_dob",
        "other_mother_first_name": "mother_first_name",
        "other_emergency_contact_phone": "emergency_contact_phone",
    }


def test_a_person_of_an_organisation_does_not_name_it() -> None:
    columns = ["id", "contact_name", "mailing_address_street_number"]
    columns += ["mailing_address_street_name", "main_phone"]
    plan = plan_columns(columns, truth="id", mapping={}, entity="organisation")
    assert "account_name" not in plan.columns or plan.columns["account_name"] != (
        "contact_name",
    )
    assert plan.columns["phone"] == ("main_phone",)
    assert plan.columns["street"] == (
        "mailing_address_street_number",
        "mailing_address_street_name",
    )


def test_a_birth_date_in_three_columns_is_one_attribute() -> None:
    columns = ["surname", "birth_day", "birth_month", "birth_year", "id"]
    plan = plan_columns(columns, truth="id", mapping={})
    assert plan.columns["birth_date"] == ("birth_year", "birth_month", "birth_day")
    plan = plan_columns(["surname", "birth_year", "id"], truth="id", mapping={})
    assert "birth_date" not in plan.columns, "a year is no date"
    assert plan.columns["other_birth_year"] == ("birth_year",)


@pytest.mark.parametrize(
    ("mapping", "truth", "words"),
    [
        ({}, "missing", "no truth column 'missing'"),
        ({"given_name": "nobody"}, "id", "which the table lacks"),
        ({"shoe_size": "name"}, "id", "no attribute of a person"),
        ({"given_name": "id"}, "id", "as evidence"),
    ],
)
def test_what_cannot_be_read_is_said(
    mapping: dict[str, str], truth: str, words: str
) -> None:
    with pytest.raises(MappingError, match=words):
        plan_columns(["id", "name"], truth=truth, mapping=mapping, entity="person")


def test_keys_tell_nothing_about_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("first_name,surname,id\nAnna,Reed,1\nBert,,1\n", encoding="utf-8")
    table = read_table(path)
    union = as_union(table, plan_columns(table.columns, truth="id", mapping={}))
    assert "id" not in union.columns
    assert union["last_name"].to_list() == ["Reed", None]
    assert union["source_record_key"].n_unique() == 2


def test_a_table_is_matched_and_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Henrik"]
    family = ["Adler", "Bishop", "Carlsen", "Dupont", "Eriksen", "Fischer"]
    rows = [
        {
            "first_name": g,
            "surname": f,
            "dob": f"19{50 + n}-0{1 + n % 9}-1{m}",
            "who": n,
        }
        for n, (g, f) in enumerate((g, f) for g in given for f in family)
        for m in (n % 7,)
    ]
    path = tmp_path / "people.parquet"
    pl.DataFrame(rows + rows[:20]).write_parquet(path)
    assert main([str(path), "--truth", "who"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["records"] == 68
    assert result["pairwise_f1"] > 0.95
    assert result["largest_cluster"] == 2
    for name in ("bcubed_f1", "clusters", "pairs_scored", "seconds", "peak_mib"):
        assert result[name] > 0
    assert result["columns_used"]["birth_date"] == "dob"
    assert "threshold" in result


@pytest.mark.parametrize(
    "arguments",
    [
        ["absent.parquet", "--truth", "id"],
        ["people.csv", "--truth", "nothing"],
        ["people.csv", "--truth", "id", "--map", "given_name"],
        ["people.csv", "--truth", "id", "--map", "given_name=x"],
    ],
)
def test_a_wrong_call_ends_with_two_and_one_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("first_name,surname,id\nA,B,1\n", encoding="utf-8")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("error:") == 1
