"""Syncing a live org: windows, deletions, merges, drift, both ways of reading."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import EmptySnapshotError, MissingScopeError
from connectors.landing import DriftKind
from connectors.salesforce import extract_api
from connectors.sandbox.salesforce_schema import Field
from tests.connectors.salesforce.live import EVERYTHING, LiveOrg, live_org

BOTH_WAYS = pytest.mark.parametrize("threshold", [2_000, 0], ids=["rest", "bulk"])


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveOrg]:
    with live_org(tmp_path) as org:
        yield org


@BOTH_WAYS
def test_every_readable_field_lands_in_one_text_form(live, threshold) -> None:
    live.org.add_field("Contact", Field(name="Score__c", type="double"))
    live.org.add_field("Contact", Field(name="IsVip__c", type="boolean"))
    live.contact('O\'Neil, "Jo"\nline', Score__c="500000.0", IsVip__c=True)
    live.sync(bulk_threshold=threshold)
    live.check()
    (row,) = live.landed().values()
    assert row["systemmodstamp"] == "2026-01-15T06:00:00.000Z"
    assert row["score__c"] == "500000.0"
    assert row["isvip__c"] == "true"
    assert "mailingaddress" not in row


def test_both_ways_of_reading_land_the_same_rows(live, tmp_path) -> None:
    for number in range(50):
        live.contact(
            f"Doe {number}", Email=f"{number}@x.example" if number % 3 else None
        )
    live.sync()
    assert not live.sync(bulk_threshold=0, overlap_seconds=10**7).loads[0].is_written


def test_what_is_left_out_and_how_it_was_read_is_in_the_manifest(live) -> None:
    live.contact()
    live.sync()
    (manifest,) = live.landing.manifests("salesforce", "contact", "crm")
    notes = " ".join(manifest.notes)
    assert "MailingAddress (address)" in notes
    assert "first read" in notes
    hints = {column.name: column.type_hint for column in manifest.columns}
    assert hints["systemmodstamp"] == "datetime"
    assert hints["isdeleted"] == "boolean"


def test_a_second_sync_without_changes_lands_nothing(live) -> None:
    live.contact()
    live.sync()
    assert live.sync().is_unchanged


def test_an_incremental_sync_costs_calls_in_proportion_to_the_changes(live) -> None:
    live.many_contacts(3_000)
    live.sync(bulk_threshold=1_000, objects=EVERYTHING)
    live.org.edit("Contact", live.org.ids("Contact")[7], {"LastName": "New"})
    report = live.sync(objects=EVERYTHING)
    assert report.usage is not None
    assert report.usage.rows == 1
    # Login, object list, and per object one description and one query.
    assert report.usage.calls <= 2 + 2 * 4
    live.check()


def test_records_that_share_the_cursor_instant_are_not_lost(live) -> None:
    first = live.contact("One")
    live.sync(overlap_seconds=0)
    # The clock stands still: the change carries the very instant of the cursor.
    live.org.edit("Contact", first, {"LastName": "Edited"})
    second = live.contact("Two")
    live.sync(overlap_seconds=0)
    assert live.landed()[second]["lastname"] == "Two"
    live.check()


def test_a_record_committed_late_within_the_overlap_is_found(live) -> None:
    record = live.contact("Old")
    live.clock.advance(3_600)
    live.sync()
    live.org.edit("Contact", record, {"LastName": "Late"}, seconds_ago=600)
    live.sync()
    assert live.landed()[record]["lastname"] == "Late"


def test_a_record_committed_too_late_is_healed_by_the_reconciliation(live) -> None:
    record = live.contact("Old")
    live.clock.advance(7_200)
    live.sync()
    live.clock.advance(10)
    live.org.edit("Contact", record, {"LastName": "Very late"}, seconds_ago=5_000)
    live.sync()
    assert live.landed()[record]["lastname"] == "Old"
    report = live.sync(reconcile_every_days=0)
    assert live.landed()[record]["lastname"] == "Very late"
    assert any("were in no window" in note for note in report.notes)


@BOTH_WAYS
def test_deletions_merges_and_undeletes_follow_the_org(live, threshold) -> None:
    a, b, c, d = (live.contact(name) for name in "ABCD")
    live.sync(bulk_threshold=threshold)
    live.org.merge("Contact", a, [b])
    live.org.merge("Contact", c, [a])
    live.org.delete("Contact", d)
    live.sync(bulk_threshold=threshold)
    landed = live.landed()
    assert (landed[b]["_delete_kind"], landed[b]["_merged_into"]) == ("merged", a)
    assert (landed[a]["_delete_kind"], landed[a]["_merged_into"]) == ("merged", c)
    assert (landed[d]["_delete_kind"], landed[d]["_merged_into"]) == ("soft", None)
    live.org.undelete("Contact", d)
    live.org.undelete("Contact", b)
    live.sync(bulk_threshold=threshold)
    assert not live.landed()[d]["_is_deleted"]
    assert not live.landed()[b]["_is_deleted"]
    live.check()


@BOTH_WAYS
def test_purged_records_are_found_when_ids_are_compared(live, threshold) -> None:
    kept, gone, binned = (live.contact(name) for name in "ABC")
    live.org.delete("Contact", binned)
    live.sync(bulk_threshold=threshold)
    live.org.purge("Contact", gone)
    live.org.purge("Contact", binned)
    live.sync(bulk_threshold=threshold)
    assert not live.landed()[gone]["_is_deleted"]
    live.sync(bulk_threshold=threshold, reconcile_every_days=0)
    landed = live.landed()
    assert landed[gone]["_delete_kind"] == "absent"
    assert landed[gone]["lastname"] == "B"
    assert landed[binned]["_delete_kind"] == "soft"
    assert not landed[kept]["_is_deleted"]


def test_an_org_that_suddenly_shows_nothing_deletes_nothing(live) -> None:
    record = live.contact()
    live.sync(allow_empty=False)
    live.org.purge("Contact", record)
    with pytest.raises(EmptySnapshotError):
        live.sync(allow_empty=False, reconcile_every_days=0)
    assert not live.landed()[record]["_is_deleted"]


def test_a_field_that_appears_with_values_is_read_for_every_record(live) -> None:
    record = live.contact()
    live.clock.advance(7_200)
    live.sync()
    live.clock.advance(7_200)
    live.org.add_field("Contact", Field(name="Tier__c"), "gold")
    live.sync()
    assert live.landed()[record]["tier__c"] == "gold"
    live.check()


def test_drift_of_fields_types_and_picklists_is_recorded_once(live) -> None:
    live.contact()
    live.org.add_field("Contact", Field(name="Tier__c"), "5")
    live.sync()
    live.org.remove_field("Contact", "Email")
    live.org.retype_field("Contact", "Tier__c", "double")
    live.org.set_picklist("Contact", "LeadSource", ["Web", "Fair"])
    live.sync()
    live.sync()
    events = {(event.kind, event.column) for event in live.landing.drift()}
    assert events == {
        (DriftKind.COLUMN_REMOVED, "email"),
        (DriftKind.COLUMN_RETYPED, "tier__c"),
        (DriftKind.PICKLIST_CHANGED, "leadsource"),
    }
    assert len(live.landing.drift()) == 3
    (picklist,) = [e for e in live.landing.drift() if e.column == "leadsource"]
    assert picklist.after == "added: Fair"


def test_a_text_that_becomes_a_number_is_read_again(live) -> None:
    """No stamp moves when a field changes its type, and some values are gone."""
    words, number = live.contact("Doe"), live.contact("Roe")
    live.org.add_field("Contact", Field(name="Tier__c"), "007")
    live.org.edit("Contact", words, {"Tier__c": "gold"})
    live.sync()
    live.clock.advance(7_200)
    live.org.retype_field("Contact", "Tier__c", "double")
    live.sync()
    landed = live.landed()
    assert landed[words]["tier__c"] is None
    assert float(landed[number]["tier__c"]) == 7
    live.check()


def test_a_small_delta_shows_no_false_drift(live) -> None:
    record = live.contact("Doe", Description="12345")
    live.contact("Roe", Description="words")
    live.sync()
    live.clock.advance(7_200)
    live.org.edit("Contact", record, {"Description": "777", "LastName": "99"})
    live.sync()
    assert live.landing.drift() == []


def test_formula_fields_are_refreshed_on_their_own_schedule(live) -> None:
    live.org.add_field("Contact", Field(name="Rank__c", is_calculated=True), "1")
    record = live.contact(Rank__c="1")
    live.clock.advance(7_200)
    live.sync()
    live.org.edit("Contact", record, {"Rank__c": "2"}, is_silent=True)
    live.sync()
    assert live.landed()[record]["rank__c"] == "1"
    live.clock.advance(86_400)
    live.sync(formula_refresh_every_days=1)
    assert live.landed()[record]["rank__c"] == "2"


def test_history_objects_follow_their_creation_date(live) -> None:
    objects = ("OpportunityFieldHistory",)
    live.org.create("OpportunityFieldHistory", {"Field": "Amount"})
    live.clock.advance(7_200)
    live.sync(objects=objects)
    live.org.create("OpportunityFieldHistory", {"Field": "StageName"})
    report = live.sync(objects=objects)
    assert report.counts["opportunityfieldhistory"].rows_read == 1
    live.check("OpportunityFieldHistory")


def test_an_object_without_any_stamp_is_read_in_full(live) -> None:
    for stamp in ("SystemModstamp", "CreatedDate"):
        live.org.remove_field("User", stamp)
    keep = live.org.create("User", {"Name": "A"})
    gone = live.org.create("User", {"Name": "B"})
    live.sync(objects=("User",))
    live.org.purge("User", gone)
    live.sync(objects=("User",))
    landed = live.landed("user")
    assert landed[gone]["_delete_kind"] == "absent"
    assert not landed[keep]["_is_deleted"]


def test_objects_that_bulk_refuses_are_read_over_rest(live) -> None:
    live.sandbox.bulk.refused.add("Contact")
    for number in range(30):
        live.contact(f"Doe {number}")
    report = live.sync(bulk_threshold=0)
    assert any("refuses" in note for note in report.notes)
    live.check()


def test_an_object_that_the_org_lacks_is_skipped_with_a_record(live) -> None:
    live.contact()
    report = live.sync(objects=("Contact", "Invoice__c"))
    assert report.skipped == ("invoice__c: not in the org",)
    assert report.errors == ()
    live.check()


def test_an_object_that_vanishes_later_leaves_the_others_alone(live) -> None:
    live.contact()
    live.org.create("Account", {"Name": "Acme"})
    live.sync(objects=("Account", "Contact"))
    live.org.objects["Account"].is_queryable = False
    live.contact("New")
    report = live.sync(objects=("Account", "Contact"))
    assert report.skipped == ("account: MissingScopeError",)
    assert [type(each) for each in report.errors] == [MissingScopeError]
    live.check()
    assert len(live.landed("account")) == 1


def test_the_local_clock_does_not_matter(live) -> None:
    record = live.contact()
    live.sync()
    live.org.edit("Contact", record, {"LastName": "New"})
    live.clock.advance(5)
    for days in (-400, 400):
        extract_api(
            live.config(),
            live.landing,
            extracted_at=live.clock.now() + timedelta(days=days),
            now=lambda: 0.0,
        )
    assert live.landed()[record]["lastname"] == "New"


def test_nul_emoji_long_texts_and_wide_objects_land(live) -> None:
    live.org.add_field("Contact", Field(name="Big__c", type="multipicklist"))
    for number in range(240):
        live.org.add_field("Contact", Field(name=f"C{number}__c"))
    assert len(live.org.objects["Contact"].fields) > 250
    long = ";".join(f"value {n}" for n in range(3_200))[: 32 * 1024]
    nul = live.contact("Nul", Description="a\0b")
    emoji = live.contact("🙂 \u202e 李", Big__c=long, C239__c="last")
    for threshold in (2_000, 0):
        live.sync(bulk_threshold=threshold, overlap_seconds=10**6)
        landed = live.landed()
        assert landed[nul]["description"] == "ab"
        assert landed[emoji]["lastname"] == "🙂 \u202e 李"
        assert landed[emoji]["big__c"] == long
        assert landed[emoji]["c239__c"] == "last"
    manifest = live.landing.manifests("salesforce", "contact", "crm")[0]
    assert any("NUL" in note for note in manifest.notes)


def test_a_query_too_long_for_an_address_goes_to_bulk(live) -> None:
    for number in range(400):
        live.org.add_field("Contact", Field(name=f"Quite_A_Long_Name_For_{number}__c"))
    live.contact()
    live.sync()
    assert live.sandbox.bulk.jobs
    live.check()


def test_a_lost_landing_zone_is_noticed_and_read_again(live) -> None:
    record = live.contact()
    live.clock.advance(7_200)
    live.sync()
    shutil.rmtree(live.landing.root / "salesforce" / "contact")
    report = live.sync()
    assert any("no longer holds" in note for note in report.notes)
    assert record in live.landed()
