"""Who objected anywhere has objected; an export holds them back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from connectors.landing import Landing, SnapshotBatch
from orchestration.home import Home
from orchestration.privacy.consent import meaning_of, merge_consent, read_ledger
from orchestration.privacy.contactable import Channel, contactable_only


def land(home: Home, day: int, source_type: str, name: str, rows: list[dict]) -> None:
    Landing(home.landing).commit(
        SnapshotBatch(
            source_type=source_type,
            object=name,
            source_name=source_type,
            frame=pl.DataFrame(rows),
            extracted_at=datetime(2026, 1, day, tzinfo=UTC),
        )
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    sf = {"_source_record_id": "1", "hasoptedoutofemail": "false", "donotcall": "1"}
    hs = {"_source_record_id": "2", "hs_email_optout": "true",
          "hs_legal_basis": "Legitimate interest"}  # fmt: skip
    land(home, 1, "salesforce", "contact", [sf])
    land(home, 1, "hubspot", "contacts", [hs])
    land(home, 2, "salesforce", "contact", [{**sf, "donotcall": "0"}])
    land(home, 3, "salesforce", "contact", [{**sf, "donotcall": "0", "x": "new"}])
    home.stages.mkdir()
    pl.DataFrame(
        {
            "source_record_key": ["salesforce:contact:1", "hubspot:contacts:2"],
            "golden_contact_id": ["gc_1", "gc_1"],
        }
    ).write_parquet(home.stage("contact_clusters"))
    return home


def test_the_ledger_has_a_row_whenever_something_new_was_said(home: Home) -> None:
    ledger = read_ledger(home)
    calls = ledger.filter(pl.col("source_column") == "donotcall")
    assert calls["status"].to_list() == ["objected", "not_objected"]
    assert ledger.height == 5
    assert ledger["legal_basis"].drop_nulls().to_list() == ["Legitimate interest"]


def test_the_restrictive_value_wins_after_a_merge(home: Home) -> None:
    merged = merge_consent(read_ledger(home))
    status = {row["channel"]: row["status"] for row in merged.to_dicts()}
    assert status == {"email": "objected", "phone": "not_objected", "any": "basis"}


@pytest.mark.parametrize("column", ["email", "phone", "option", "optional_extras"])
def test_other_columns_say_nothing(column: str) -> None:
    assert meaning_of(column) is None


def test_people_who_objected_are_held_back_where_they_could_be_reached(
    tmp_path: Path,
) -> None:
    file = tmp_path / "crm.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE dim_contacts AS SELECT * FROM (VALUES "
            "('gc_1', 'a@x.example', true, false), ('gc_2', 'b@x.example', NULL, true), "
            "('gc_3', NULL, false, NULL)) AS t(golden_contact_id, email, "
            "has_email_opt_out, has_do_not_call)"
        )
    expected = {Channel.EMAIL: 2, Channel.PHONE: 2, Channel.ANY: 1}
    for channel, rows in expected.items():
        restriction = contactable_only(channel, file)
        condition = restriction(
            "dim_contacts", {"golden_contact_id": "VARCHAR", "email": "VARCHAR"}
        )
        with duckdb.connect(str(file), read_only=True) as reader:
            found = reader.execute(
                f"SELECT count(*) FROM dim_contacts WHERE {condition}"
            ).fetchone()
        assert found == (rows,), channel
        # Figures that reach nobody stay whole.
        figures = {"golden_contact_id": "VARCHAR", "amount": "DECIMAL(18, 2)"}
        assert restriction("fct_revenue_events", figures) is None


def test_no_row_that_mentions_how_to_reach_an_objector_leaves(tmp_path: Path) -> None:
    """In whatever column: as a winning value, in free text, in a list, a number."""
    file = tmp_path / "crm.duckdb"
    with duckdb.connect(str(file)) as connection:
        for statement in (
            "CREATE TABLE dim_contacts AS SELECT * FROM (VALUES "
            "('gc_1', 'sean.o''neil@x.example', false, false), "
            "('gc_2', 'b@x.example', false, false)) "
            "AS t(golden_contact_id, email, has_email_opt_out, has_do_not_call)",
            # Only the ledger knows of it.
            "CREATE TABLE contact_consent AS SELECT 'gc_1' AS golden_contact_id, "
            "'sms' AS channel, 'objected' AS status",
            "CREATE TABLE contact_emails AS SELECT * FROM (VALUES "
            "('gc_1', 'old@x.example'), ('gc_2', 'b@x.example')) "
            "AS t(golden_contact_id, email)",
            # The second number is the switchboard of both.
            "CREATE TABLE contact_phones AS SELECT * FROM (VALUES "
            "('gc_1', '+4930111111'), ('gc_1', '+4930999999'), ('gc_2', '+4930999999')) "
            "AS t(golden_id, phone)",
            "CREATE TABLE notes AS SELECT * FROM (VALUES "
            "(1, 'Old@x.example', NULL, NULL), (2, 'call +4930111111.', NULL, NULL), "
            "(3, NULL, 'to ''sean.o''neil@x.example''.', NULL), "
            "(4, NULL, NULL, ['b@x.example', 'old@x.example']), "
            "(5, 'b@x.example', 'call +4930999999', ['b@x.example']), "
            "(6, 'bold@x.example', 'gold@x.example.org', NULL), (7, NULL, NULL, NULL)) "
            "AS t(n, value, note, people)",
        ):
            connection.execute(statement)
    restriction = contactable_only(Channel.ANY, file)
    columns = {"n": "INTEGER", "value": "VARCHAR", "note": "VARCHAR"}
    condition = restriction("notes", {**columns, "people": "VARCHAR[]"})
    with duckdb.connect(str(file), read_only=True) as reader:
        found = reader.execute(f"SELECT n FROM notes WHERE {condition} ORDER BY 1")
        assert [row[0] for row in found.fetchall()] == [5, 6, 7]
    # For a letter by mail the objection to text messages holds nobody back.
    by_mail = contactable_only(Channel.EMAIL, file)("notes", columns)
    with duckdb.connect(str(file), read_only=True) as reader:
        found = reader.execute(f"SELECT count(*) FROM notes WHERE {by_mail}")
        assert found.fetchone() == (7,)
