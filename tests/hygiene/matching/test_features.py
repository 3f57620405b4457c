"""Features: shared identifiers lose their vote, hot keys are capped, gaps are gaps."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.matching.accounts import ACCOUNTS
from hygiene.matching.blocking import find_pairs
from hygiene.matching.contacts import CONTACTS
from hygiene.matching.features import FeatureTable, build_features
from hygiene.matching.settings import MatchSettings
from hygiene.matching.specification import Specification
from tests.hygiene.matching.people import contact, crowd, write_contacts


def built(
    path: Path, specification: Specification = CONTACTS, **settings: int
) -> tuple[pl.DataFrame, FeatureTable]:
    with duckdb.connect() as connection:
        report = build_features(
            connection, path, specification, MatchSettings(**settings)
        )
        return connection.sql("SELECT * FROM features ORDER BY unique_id").pl(), report


def pairs_found(path: Path, rule: str, **settings: int) -> int:
    """Candidate pairs that a blocking rule finds."""
    names = [item.name for item in CONTACTS.blocking_rules]
    with duckdb.connect() as connection:
        build_features(connection, path, CONTACTS, MatchSettings(**settings))
        find_pairs(connection, CONTACTS.blocking_rules, "pairs")
        pairs = connection.sql("SELECT * FROM pairs").pl()
    return pairs.filter((pl.col("found_by") & (1 << names.index(rule))) != 0).height


def test_a_switchboard_loses_its_vote_and_a_family_phone_keeps_it(
    tmp_path: Path,
) -> None:
    names = [("ann", "ash"), ("bob", "birch"), ("cy", "cedar"), ("di", "dogwood")]
    records = [
        contact(f"x:contact:{given}", given, family, phone="+1")
        for given, family in names
    ]
    records += [contact("x:contact:e", "eve", "elm", phone="+2")]
    records += [contact("x:contact:f", "fay", "elm", phone="+2")]
    features, report = built(write_contacts(tmp_path, records))
    assert features["phone"].to_list() == [None] * 4 + ["+2", "+2"]
    assert [
        (item.column, item.values, item.records)
        for item in report.shared
        if item.values
    ] == [("phone", 1, 4)]


def test_many_duplicates_of_one_person_do_not_silence_her_mailbox(
    tmp_path: Path,
) -> None:
    records = [
        contact(f"x:contact:{n}", given, "wu", group="elisabeth", email="liz@wu.org")
        for n, given in enumerate(["elisabeth", "liz", "lisa", "beth", "elisabet"])
    ]
    features, _ = built(write_contacts(tmp_path, records))
    assert features["email"].null_count() == 0


def test_a_role_mailbox_is_no_identity_but_its_domain_still_speaks(
    tmp_path: Path,
) -> None:
    record = contact("x:contact:1", "ann", "ash", email="info@acme.com")
    features, _ = built(write_contacts(tmp_path, [record | {"is_role_email": True}]))
    assert features["email"].to_list() == [None]
    assert features["work_domain"].to_list() == ["acme.com"]


def test_a_name_used_with_many_role_mailboxes_is_not_a_name(tmp_path: Path) -> None:
    records = [
        contact(f"x:contact:{n}", "front", "desk", email=f"info@firm{n}.com")
        | {"is_role_email": True}
        for n in range(5)
    ]
    records.append(contact("x:contact:9", "ann", "ash", email="a@gmail.com"))
    features, report = built(write_contacts(tmp_path, records))
    assert features["given"].to_list() == [None] * 5 + ["ann"]
    assert ("name", 1, 5) in [
        (item.column, item.values, item.records) for item in report.shared
    ]


@pytest.mark.parametrize(
    ("email", "handle"),
    [
        ("john.smith@acme.com", None),
        ("jsmith@acme.com", None),
        ("smith_j@acme.com", None),
        ("js@acme.com", None),
        ("john.smith7@acme.com", None),
        ("john.smith77@acme.com", "john.smith77"),
        ("rocketman@acme.com", "rocketman"),
    ],
)
def test_a_mailbox_named_after_its_owner_has_no_handle(
    tmp_path: Path, email: str, handle: str | None
) -> None:
    path = write_contacts(
        tmp_path, [contact("x:contact:1", "john", "smith", email=email)]
    )
    features, _ = built(path)
    assert features["email_handle"].to_list() == [handle]


def test_a_hot_key_is_left_out_of_blocking_and_reported(tmp_path: Path) -> None:
    records = [
        contact(f"x:contact:{n:02d}", "john", "smith", city=f"town{n % 5}")
        for n in range(20)
    ]
    path = write_contacts(tmp_path, records)
    _, report = built(path, max_block_size=10)
    assert pairs_found(path, "name", max_block_size=10) == 0
    assert pairs_found(path, "name_city", max_block_size=10) == 5 * 6
    hot = {item.blocking_rule_id: item for item in report.hot_keys}
    assert (hot["name"].keys, hot["name"].records, hot["name"].largest) == (1, 20, 20)
    assert "name_city" not in hot


def test_test_records_take_no_part(tmp_path: Path) -> None:
    records = [contact(f"x:contact:{n}", "ann", "ash") for n in range(2)]
    records[0]["is_test_record"] = True
    path = write_contacts(tmp_path, records)
    _, report = built(path)
    assert pairs_found(path, "name") == 0
    assert report.test_records == 1
    assert pairs_found(path, "name", exclude_test_records=False) == 1


def test_where_most_records_look_like_tests_they_are_matched(tmp_path: Path) -> None:
    records = [contact(f"x:contact:{n}", "ann", f"ash{n // 2}") for n in range(150)]
    for record in records[:50]:
        record["is_test_record"] = True
    path = write_contacts(tmp_path, records)
    _, kept_out = built(path)
    assert (kept_out.test_records, kept_out.notes) == (50, ())
    assert pairs_found(path, "name") == 50
    for record in records[:51]:
        record["is_test_record"] = True
    path = write_contacts(tmp_path, records)
    _, matched = built(path)
    assert matched.test_records == 0
    assert "51 of 150 records look like tests" in matched.notes[0]
    assert pairs_found(path, "name") == 75


def test_absent_columns_count_as_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "few.parquet"
    pl.DataFrame(
        {"source_record_key": ["a", "b"], "family_name_match": ["x", "x"]}
    ).write_parquet(path)
    features, _ = built(path)
    assert features["given"].null_count() == 2
    assert features["family"].to_list() == ["x", "x"]


def test_a_typed_birth_date_and_its_text_agree(tmp_path: Path) -> None:
    path = tmp_path / "dates.parquet"
    pl.DataFrame(
        {
            "source_record_key": ["a", "b", "c"],
            "birth_date": ["1980-31-12", "unknown", None],
        }
    ).write_parquet(path)
    features, _ = built(path)
    assert features["birth_date"].to_list() == ["1980-31-12", None, None]
    assert features["birth_date_swapped"].to_list()[0] == "1980-12-31"


def test_a_table_without_keys_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pl.DataFrame({"name": ["a"]}).write_parquet(path)
    with pytest.raises(InputError, match="lacks the column"):
        built(path)


def test_rare_words_of_a_company_name_ignore_order_and_common_words(
    tmp_path: Path,
) -> None:
    path = tmp_path / "accounts.parquet"
    names = ["hotel bel air", "bel air hotel", "hotel ritz", "hotel savoy", "hotel"]
    pl.DataFrame(
        {
            "source_record_key": [f"x:account:{n}" for n in range(5)],
            "account_name_match": names,
        }
    ).write_parquet(path)
    features, _ = built(path, ACCOUNTS)
    assert features["name_sorted"][0] == features["name_sorted"][1] == "air bel hotel"
    assert features["name_rare_pair"][0] == features["name_rare_pair"][1] == "air bel"
    assert features["name_rare_pair"][4] is None


def test_holders_and_not_records_make_a_value_common(tmp_path: Path) -> None:
    """Ten records of one firm leave its name rare; ten firms make theirs common."""
    rows = [("acme robotics", "acme.com") for _ in range(10)]
    rows += [("sunrise", f"sunrise{n}.com") for n in range(10)]
    rows += [(f"firm {n}", f"firm{n}.com") for n in range(100)]
    path = tmp_path / "accounts.parquet"
    pl.DataFrame(
        {
            "source_record_key": [f"x:account:{n:03d}" for n in range(len(rows))],
            "account_name_match": [name for name, _ in rows],
            "domain_std": [domain for _, domain in rows],
        }
    ).write_parquet(path)
    with duckdb.connect() as connection:
        build_features(connection, path, ACCOUNTS, MatchSettings())
        found = dict(
            connection.execute("SELECT name, tf_name FROM frequency_name").fetchall()
        )
    assert found["acme robotics"] == found["firm 7"]
    assert found["sunrise"] > 20 * found["acme robotics"]


def test_the_crowd_has_unique_records(tmp_path: Path) -> None:
    features, report = built(write_contacts(tmp_path, crowd(60)))
    assert report.records == 60
    assert features["unique_id"].to_list() == list(range(60))
    assert features["source_record_key"].is_sorted()
