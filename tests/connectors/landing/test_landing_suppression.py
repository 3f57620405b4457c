"""People who were erased do not come back; everybody else lands as before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from connectors.landing import (
    Landing,
    Screen,
    SnapshotBatch,
    Suppression,
    keyed_hash,
    rescreen,
)
from connectors.landing.suppression import person_reference

SECRET = "a secret of the test"
AT = datetime(2026, 1, 15, tzinfo=UTC)


def listing(*entries: tuple[str, str]) -> Screen:
    hashes = {keyed_hash(SECRET, f"{kind}|{value}") for kind, value in entries}
    return Screen(Suppression(SECRET, frozenset(hashes)))


def batch(object_name: str, rows: list[dict[str, str | None]], **kwargs):
    kwargs.setdefault("source_type", "salesforce")
    return SnapshotBatch(
        object=object_name,
        source_name="crm",
        frame=pl.DataFrame(rows, infer_schema_length=None),
        extracted_at=kwargs.pop("at", AT),
        **kwargs,
    )


ADA = "003AAAAAAAAAAAAAAA"
BOB = "003BBBBBBBBBBBBBBB"
CONTACTS = [
    {"_source_record_id": ADA, "id": ADA, "lastname": "Lovelace", "firstname": "Ada",
     "email": "Ada@Engine.example", "phone": "+44 20 7946 0001", "reportstoid": None},
    {"_source_record_id": BOB, "id": BOB, "lastname": "Babbage", "firstname": "Bob",
     "email": "bob@engine.example", "phone": "+44 20 7946 0001", "reportstoid": ADA},
]  # fmt: skip


def test_a_suppressed_person_is_counted_and_never_lands(tmp_path: Path) -> None:
    landing = Landing(tmp_path, screen=listing(("email", "ada@engine.example")))
    result = landing.commit(batch("contact", CONTACTS))
    assert (result.counts.rows_read, result.counts.new) == (2, 1)
    assert result.counts.suppressed == 1
    assert landing.manifests()[0].counts.suppressed == 1
    rows = landing.current("salesforce", "contact").collect()
    assert rows["id"].to_list() == [BOB]


def test_another_person_with_the_same_switchboard_number_stays(tmp_path: Path) -> None:
    person = person_reference("Ada", "Lovelace", "020 7946 0001")
    assert person is not None
    landing = Landing(tmp_path, screen=listing(("person", person)))
    landing.commit(batch("contact", CONTACTS))
    rows = landing.current("salesforce", "contact").collect()
    assert rows["id"].to_list() == [BOB]


def test_references_and_activities_go_while_money_stays(tmp_path: Path) -> None:
    screen = listing(("record", f"salesforce|{ADA[:15]}"))
    landing = Landing(tmp_path, screen=screen)
    landing.commit(batch("contact", CONTACTS))
    landing.commit(
        batch("task", [
            {"_source_record_id": "00T1", "id": "00T1", "whoid": ADA, "description": "x"},
            {"_source_record_id": "00T2", "id": "00T2", "whoid": BOB, "description": "y"},
        ])
    )  # fmt: skip
    landing.commit(
        batch("opportunity", [
            {"_source_record_id": "0061", "id": "0061", "contactid": ADA,
             "amount": "100", "description": "asked for by Ada"},
        ])
    )  # fmt: skip
    assert landing.current("salesforce", "contact").collect()["reportstoid"][0] is None
    assert landing.current("salesforce", "task").collect()["id"].to_list() == ["00T2"]
    deal = landing.current("salesforce", "opportunity").collect().row(0, named=True)
    assert deal["amount"] == "100"
    assert deal["contactid"] is None
    assert deal["description"] is None


def test_lists_of_contacts_lose_one_entry_only(tmp_path: Path) -> None:
    screen = listing(("record", "hubspot|crm|contacts|51"))
    landing = Landing(tmp_path, screen=screen)
    landing.commit(
        batch(
            "companies",
            [{"_source_record_id": "9", "name": "Acme", "phone": "1234567",
              "associated_contact_ids": "51;151"}],
            source_type="hubspot",
        )
    )  # fmt: skip
    row = landing.current("hubspot", "companies").collect().row(0, named=True)
    assert (row["associated_contact_ids"], row["phone"]) == ("151", "1234567")


def test_ties_and_histories_go_with_either_record(tmp_path: Path) -> None:
    screen = listing(
        ("record", "hubspot|crm|contacts|51"), ("record", "hubspot|crm|notes|7")
    )
    landing = Landing(tmp_path, screen=screen)

    def tied(pair: str, *rows: tuple[str, str]) -> list[tuple[str, str]]:
        landing.commit(
            batch(
                f"associations_{pair}",
                [{"_source_record_id": f"{a}:{b}", "from_object_id": a,
                  "to_object_id": b} for a, b in rows],
                source_type="hubspot",
            )
        )  # fmt: skip
        found = landing.current("hubspot", f"associations_{pair}").collect()
        return (
            found.select("from_object_id", "to_object_id").sort("to_object_id").rows()
        )

    assert tied("contacts_companies", ("51", "9"), ("52", "51")) == [("52", "51")]
    assert tied("deals_contacts", ("51", "52"), ("1", "51")) == [("51", "52")]
    assert tied("notes_contacts", ("8", "52"), ("8", "51"), ("7", "53")) == [
        ("8", "52")
    ]
    assert tied("notes_deals", ("8", "51"), ("7", "1")) == [("8", "51")]
    landing.commit(
        batch(
            "property_history",
            [{"_source_record_id": f"{kind}:{number}", "object_type": kind,
              "object_id": number, "value": "customer"}
             for kind, number in (("contacts", "51"), ("deals", "51"), ("contacts", "5"))],
            source_type="hubspot",
        )
    )  # fmt: skip
    rows = landing.current("hubspot", "property_history").collect()
    assert sorted(rows["_source_record_id"]) == ["contacts:5", "deals:51"]


def test_lists_and_mails_lose_a_person_and_keep_the_others(tmp_path: Path) -> None:
    screen = listing(
        ("record", "hubspot|crm|contacts|51"), ("email", "ada@engine.example")
    )
    landing = Landing(tmp_path, screen=screen)

    def kept(name: str, rows: list[dict[str, str]]) -> list[str]:
        landing.commit(batch(name, rows, source_type="hubspot"))
        found = landing.current("hubspot", name).collect()
        return sorted(found["_source_record_id"])

    members = [
        {"_source_record_id": f"1:{who}", "list_id": "1", "contact_id": who}
        for who in ("51", "151")
    ]
    assert kept("contact_list_members", members) == ["1:151"]
    events = [
        {"_source_record_id": "a", "recipient_email": "Ada@engine.example"},
        {"_source_record_id": "b", "recipient_email": "bob@engine.example"},
        {"_source_record_id": "c", "recipient_email": "bob@engine.example",
         "requested_by_email": "ada@engine.example"},
    ]  # fmt: skip
    assert kept("email_events", events) == ["b"]


def test_what_salesforce_recorded_about_a_person_goes_with_them(tmp_path: Path) -> None:
    landing = Landing(tmp_path, screen=listing(("record", f"salesforce|{ADA[:15]}")))
    for name, parent in (
        ("contacthistory", "contactid"),
        ("leadhistory", "leadid"),
        ("duplicaterecorditem", "recordid"),
    ):
        landing.commit(
            batch(
                name,
                [{"_source_record_id": f"017{n}", parent: person, "field": "Phone",
                  "oldvalue": "020 7946 0018", "newvalue": "020 7946 0019"}
                 for n, person in enumerate((ADA, "003SbxA000000099AAA"))],
            )
        )  # fmt: skip
        kept = landing.current("salesforce", name).collect()
        assert kept["_source_record_id"].to_list() == ["0171"]


def test_landed_rows_are_rewritten_and_the_same_export_lands_nothing(
    tmp_path: Path,
) -> None:
    Landing(tmp_path).commit(batch("contact", CONTACTS))
    changed = [{**CONTACTS[0], "phone": None}, CONTACTS[1]]
    later = datetime(2026, 1, 16, tzinfo=UTC)
    Landing(tmp_path).commit(batch("contact", changed, at=later))
    screen = listing(
        ("email", "ada@engine.example"), ("record", f"salesforce|{ADA[:15]}")
    )
    assert rescreen(tmp_path, screen, note="an erasure", dry_run=True).removed == 2
    done = rescreen(tmp_path, screen, note="an erasure")
    assert (done.removed, done.rewritten) == (2, 1)
    landing = Landing(tmp_path, screen=screen)
    for manifest in landing.manifests():
        counts = manifest.counts
        assert counts.rows_read == (
            counts.new + counts.changed + counts.unchanged + counts.suppressed
        )
        assert "an erasure" in manifest.notes
    held = sum(each.counts.landed for each in landing.manifests())
    assert held == landing.versions("salesforce", "contact").collect().height == 1
    again = landing.commit(
        batch("contact", changed, at=datetime(2026, 1, 17, tzinfo=UTC))
    )
    assert not again.is_written
    assert again.counts.suppressed == 1
    # A second pass finds nothing left.
    assert rescreen(tmp_path, screen, note="an erasure").loads == 0


def test_a_pass_that_was_killed_is_completed_by_the_next(tmp_path: Path) -> None:
    Landing(tmp_path).commit(batch("contact", CONTACTS))
    screen = listing(("email", "ada@engine.example"))
    manifest = next(tmp_path.glob("salesforce/contact/source=crm/*/manifest.json"))
    before = manifest.read_text()
    rescreen(tmp_path, screen, note="an erasure")
    wanted = manifest.read_text()
    manifest.write_text(before)  # as if killed between rows and manifest
    rescreen(tmp_path, screen, note="an erasure")
    assert manifest.read_text() == wanted


def test_rejected_lines_that_name_the_person_go(tmp_path: Path) -> None:
    rejected = pl.DataFrame(
        {"_source_file": ["a.csv"] * 2, "_source_line": [3, 4],
         "reason_code": ["too_few_cells"] * 2, "reason_detail": [None, None],
         "raw_text": ["7,Ada,ada@engine.example", "8,Bob,bob@engine.example"]}
    )  # fmt: skip
    landing = Landing(tmp_path, screen=listing(("email", "ada@engine.example")))
    result = landing.commit(batch("contact", CONTACTS, rejected=rejected))
    assert (result.counts.rejected, result.counts.suppressed) == (1, 2)
    assert result.counts.rows_read == 4


def test_old_text_of_activities_is_left_out(tmp_path: Path) -> None:
    rows = [
        {"_source_record_id": "1", "activitydate": "2020-05-01", "description": "old"},
        {"_source_record_id": "2", "activitydate": "2026-01-01", "description": "new"},
        {"_source_record_id": "3", "activitydate": None, "description": "undated"},
    ]
    Landing(tmp_path).commit(batch("task", rows))
    screen = Screen(text_since=date(2024, 1, 1))
    assert rescreen(tmp_path, screen, note="retention").cleared == 1
    landing = Landing(tmp_path, screen=screen)
    found = landing.current("salesforce", "task").sort("_source_record_id").collect()
    assert found["description"].to_list() == [None, "new", "undated"]
    assert not landing.commit(batch("task", rows)).is_written


def test_columns_with_the_names_of_our_folders_keep_their_values(
    tmp_path: Path,
) -> None:
    """The folders are `source=...` and `load=...`; HubSpot has a property `source`."""
    named = [
        {**row, "source": "web form", "load": f"{number} kg", "description": "old",
         "activitydate": "2020-05-01"}
        for number, row in enumerate(CONTACTS)
    ]  # fmt: skip
    Landing(tmp_path).commit(batch("contact", named))
    Landing(tmp_path).commit(batch("task", named))
    (before,) = tmp_path.glob("*/contact/source=crm/load=*/part-0.parquet")
    columns = pl.read_parquet_schema(before)
    screen = listing(("email", "ada@engine.example"))
    rescreen(tmp_path, screen, note="erasure")
    rescreen(tmp_path, Screen(text_since=date(2024, 1, 1)), note="retention")
    for name in ("contact", "task"):
        left = Landing(tmp_path).current("salesforce", name).collect()
        row = left.filter(pl.col("_source_record_id") == BOB)
        assert row.select("source", "load").rows() == [("web form", "1 kg")], name
    (after,) = tmp_path.glob("*/contact/source=crm/load=*/part-0.parquet")
    assert list(pl.read_parquet_schema(after)) == list(columns)
    assert Landing(tmp_path).current("salesforce", "contact").collect().height == 1
    # Nothing changed for the others, so the same rows land nothing.
    again = Landing(tmp_path, screen=screen).commit(batch("contact", named))
    assert not again.is_written
