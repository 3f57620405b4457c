"""Whole tables: contract of columns, conservation, carry-over, quarantine, atomic files."""

from __future__ import annotations

import json
import logging
from concurrent.futures.process import BrokenProcessPool
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.errors import InputError
from hygiene.standardise import (
    ACCOUNT_OUTPUTS,
    CONTACT_OUTPUTS,
    QUARANTINE_SCHEMA,
    Blocklist,
    StandardiseSettings,
    collect_quarantine,
    standardise_accounts,
    standardise_contacts,
    workers,
)
from tests.hygiene.standardise.tables import (
    ACCOUNT_COLUMNS,
    CONTACT_COLUMNS,
    EXTRACTED_AT,
    PEOPLE,
    write_accounts,
    write_contacts,
)

SETTINGS = StandardiseSettings(default_region="DE")
FEBRUARY = datetime.fromisoformat("2026-02-01")
MARCH = datetime.fromisoformat("2026-03-01")


def run(
    folder: Path, unioned: Path, **options: Any
) -> tuple[Any, pl.DataFrame, pl.DataFrame]:
    out, aside = folder / "out.parquet", folder / "aside.parquet"
    report = standardise_contacts(
        unioned,
        out,
        aside,
        settings=options.pop("settings", SETTINGS),
        previous=options.pop("previous", None),
    )
    return report, pl.read_parquet(out), pl.read_parquet(aside)


def by_number(frame: pl.DataFrame, number: int) -> dict[str, Any]:
    return frame.filter(pl.col("source_record_id") == f"{number:04d}").row(
        0, named=True
    )


def test_contacts_have_the_raw_columns_and_the_declared_ones(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    _, out, _ = run(tmp_path, unioned)
    assert out.columns == [*CONTACT_COLUMNS, *CONTACT_OUTPUTS]
    raw = pl.read_parquet(unioned)
    assert_frame_equal(
        out.select(raw.columns), raw.filter(pl.col("source_record_id") != "0004")
    )


def test_contacts_are_standardised(tmp_path: Path) -> None:
    _, out, _ = run(tmp_path, write_contacts(tmp_path / "in.parquet", PEOPLE))
    john = by_number(out, 0)
    assert john["full_name_std"] == "John O'Brien"
    assert (john["given_name_match"], john["family_name_match"]) == ("john", "obrien")
    assert john["email_std"] == "john.obrien@acme.com"
    assert (john["phone_e164"], john["phone_extension"]) == ("+14155552671", "12")
    assert john["company_name_match"] == "acme"
    assert (john["domain_std"], john["domain_status"]) == ("acme.com", "valid")
    assert (john["country_code"], john["state_std"]) == ("US", "CA")
    assert (john["city_std"], john["job_title_std"]) == ("San Francisco", "VP of Sales")
    assert john["birth_date_std"] == date(1980, 1, 31)
    jurgen = by_number(out, 1)
    assert (jurgen["given_name_std"], jurgen["family_name_std"]) == ("Jürgen", "Müller")
    assert (jurgen["phone_e164"], jurgen["postal_code_std"]) == (
        "+493012345678",
        "01067",
    )
    assert jurgen["is_role_email"]
    assert jurgen["domain_std"] == "firma.de"


def test_free_mail_never_becomes_a_domain(tmp_path: Path) -> None:
    _, out, _ = run(tmp_path, write_contacts(tmp_path / "in.parquet", PEOPLE))
    ann = by_number(out, 3)
    assert ann["is_free_email"]
    assert ann["email_domain"] == "gmail.com"
    assert ann["domain_std"] is None
    assert ann["domain_status"] == "missing"


def test_records_without_identity_are_set_aside_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    report, out, aside = run(tmp_path, write_contacts(tmp_path / "in.parquet", PEOPLE))
    assert (report.rows_in, report.standardised, report.quarantined) == (7, 6, 1)
    assert out.height + aside.height == len(PEOPLE)
    assert aside.schema == pl.Schema(QUARANTINE_SCHEMA)
    row = aside.row(0, named=True)
    assert row["source_record_key"] == "crm:contact:0004"
    assert row["reason_code"] == "contact_without_identity"
    assert row["owner_name"] == "Rita RevOps"
    assert json.loads(row["raw_payload"])["email"] == "none@none.com"
    assert row["first_seen_at"] == row["last_seen_at"] == EXTRACTED_AT


def test_deleted_records_stay(tmp_path: Path) -> None:
    _, out, _ = run(tmp_path, write_contacts(tmp_path / "in.parquet", PEOPLE))
    assert by_number(out, 6)["is_deleted"]


def test_test_records_are_flagged_and_kept(tmp_path: Path) -> None:
    report, out, _ = run(tmp_path, write_contacts(tmp_path / "in.parquet", PEOPLE))
    flagged = out.filter("is_test_record")
    assert flagged["source_record_id"].to_list() == ["0002"]
    assert flagged["test_rule"].to_list() == ["test.name"] or flagged[
        "test_rule"
    ].to_list() == ["test.reserved_domain"]
    assert report.test_records == 1


def test_order_of_rows_and_size_of_chunks_do_not_matter(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE * 5)
    _, expected, expected_aside = run(tmp_path, unioned)
    shuffled = tmp_path / "shuffled.parquet"
    pl.read_parquet(unioned).sample(fraction=1.0, shuffle=True, seed=3).write_parquet(
        shuffled
    )
    small = StandardiseSettings(default_region="DE", chunk_rows=3)
    _, out, aside = run(tmp_path, shuffled, settings=small)
    assert_frame_equal(out, expected)
    assert_frame_equal(aside, expected_aside)


def test_processes_side_by_side_give_what_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE * 6)
    alone = StandardiseSettings(default_region="DE", workers=1, chunk_rows=11)
    _, expected, expected_aside = run(tmp_path, unioned, settings=alone)
    monkeypatch.setattr(workers, "_FEWEST_ROWS_FOR_PROCESSES", 1)
    beside = StandardiseSettings(default_region="DE", workers=2, chunk_rows=11)
    report, out, aside = run(tmp_path, unioned, settings=beside)
    assert_frame_equal(out, expected)
    assert_frame_equal(aside, expected_aside)
    assert report.rows_in == len(PEOPLE) * 6


def test_where_no_process_can_start_the_work_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise BrokenProcessPool

    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE * 2)
    monkeypatch.setattr(workers, "_FEWEST_ROWS_FOR_PROCESSES", 1)
    monkeypatch.setattr(workers, "_compute_apart", refuse)
    settings = StandardiseSettings(workers=2, chunk_rows=5)
    report, out, _ = run(tmp_path, unioned, settings=settings)
    assert report.standardised == out.height == 12


def test_carrying_over_gives_what_a_full_run_gives(tmp_path: Path) -> None:
    first = write_contacts(tmp_path / "first.parquet", PEOPLE)
    run(tmp_path, first)
    previous = (tmp_path / "out.parquet").rename(tmp_path / "previous.parquet")
    changed = [dict(person) for person in PEOPLE]
    changed[0]["email"] = "new@acme.com"
    # A joined column changes while the record's own hash stays.
    changed[1]["company_name"] = "Neue Firma GmbH"
    changed.append({"full_name": "New Person"})
    second = write_contacts(tmp_path / "second.parquet", changed)
    _, full, full_aside = run(tmp_path, second)
    report, carried, carried_aside = run(tmp_path, second, previous=previous)
    assert_frame_equal(carried, full)
    assert_frame_equal(carried_aside, full_aside)
    # The quarantined one has no earlier result to carry.
    assert (report.carried_over, report.computed) == (4, 4)


def test_other_settings_compute_everything_again(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    run(tmp_path, unioned)
    other = StandardiseSettings(default_region="DE", extra_role_local_parts=("ann",))
    report, out, _ = run(
        tmp_path, unioned, settings=other, previous=tmp_path / "out.parquet"
    )
    assert report.carried_over == 0
    assert by_number(out, 3)["is_role_email"]


def test_an_unreadable_previous_output_is_not_needed(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")
    report, _, _ = run(tmp_path, unioned, previous=broken)
    assert report.carried_over == 0


def test_first_sighting_survives_a_rerun(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    run(tmp_path, unioned)
    later = tmp_path / "later.parquet"
    pl.read_parquet(unioned).with_columns(
        pl.lit(FEBRUARY).cast(pl.Datetime("us")).alias("_extracted_at")
    ).write_parquet(later)
    _, _, aside = run(tmp_path, later)
    assert aside["first_seen_at"].to_list() == [EXTRACTED_AT]
    assert aside["last_seen_at"].to_list() == [FEBRUARY]


def test_region_comes_from_country_then_address_then_source(tmp_path: Path) -> None:
    unioned = write_contacts(
        tmp_path / "in.parquet",
        [
            {"full_name": "A B", "phone": "020 7946 0958", "country": "UK"},
            {"full_name": "C D", "phone": "(415) 555-2671", "state": "CA",
             "postal_code": "94107"},
            {"full_name": "E F", "phone": "01 42 68 53 00"},
        ],
    )  # fmt: skip
    settings = StandardiseSettings(
        default_region="DE", default_region_by_source={"crm": "FR"}
    )
    _, out, _ = run(tmp_path, unioned, settings=settings)
    assert out["phone_e164"].to_list() == [
        "+442079460958",
        "+14155552671",
        "+33142685300",
    ]


def test_blocklist_marks_tests(tmp_path: Path) -> None:
    unioned = write_contacts(
        tmp_path / "in.parquet", [{"full_name": "Ann Lee", "email": "ann@qa.acme.com"}]
    )
    settings = StandardiseSettings(blocklist=Blocklist(domains=("qa.acme.com",)))
    _, out, _ = run(tmp_path, unioned, settings=settings)
    assert out["test_rule"].to_list() == ["test.blocklist_domain"]


def test_empty_table_gives_empty_tables_with_columns(tmp_path: Path) -> None:
    report, out, aside = run(tmp_path, write_contacts(tmp_path / "in.parquet", []))
    assert report.rows_in == 0
    assert out.columns == [*CONTACT_COLUMNS, *CONTACT_OUTPUTS]
    assert aside.columns == list(QUARANTINE_SCHEMA)


def test_accounts_have_the_raw_columns_and_the_declared_ones(tmp_path: Path) -> None:
    unioned = write_accounts(
        tmp_path / "in.parquet",
        [
            {"account_name": "The Acme & Sons Ltd.", "website": "http://www.acme.co.uk",
             "phone": "020 7946 0958", "country": "UK", "industry": "COMPUTER_SOFTWARE"},
            {"account_name": "Gmail People", "domain": "gmail.com"},
            {"account_name": "n/a", "website": "facebook.com/x"},
            {"account_name": None, "domain": "acme.de"},
        ],
    )  # fmt: skip
    out, aside = tmp_path / "out.parquet", tmp_path / "aside.parquet"
    report = standardise_accounts(unioned, out, aside, settings=SETTINGS, previous=None)
    frame = pl.read_parquet(out)
    assert frame.columns == [*ACCOUNT_COLUMNS, *ACCOUNT_OUTPUTS]
    assert (report.standardised, report.quarantined) == (3, 1)
    acme, gmail, bare = (by_number(frame, number) for number in (0, 1, 3))
    assert (acme["account_name_match"], acme["legal_form_std"]) == (
        "acme and sons",
        "Ltd",
    )
    assert (acme["domain_std"], acme["phone_e164"]) == ("acme.co.uk", "+442079460958")
    assert acme["industry_std"] == "Software & Internet"
    assert gmail["domain_std"] is None
    assert gmail["is_free_domain"]
    assert (bare["domain_std"], bare["account_name_status"]) == ("acme.de", "missing")
    again = standardise_accounts(unioned, out, aside, settings=SETTINGS, previous=out)
    assert again.carried_over == 3
    assert_frame_equal(pl.read_parquet(out), frame)


@pytest.mark.parametrize(
    "problem", ["missing", "not parquet", "no column", "repeated key"]
)
def test_bad_input_leaves_the_last_result_as_it_was(
    tmp_path: Path, problem: str
) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    run(tmp_path, unioned)
    before = (tmp_path / "out.parquet").read_bytes()
    bad = tmp_path / "bad.parquet"
    if problem == "not parquet":
        bad.write_text("nonsense")
    elif problem == "no column":
        pl.read_parquet(unioned).drop("email").write_parquet(bad)
    elif problem == "repeated key":
        frame = pl.read_parquet(unioned)
        pl.concat([frame, frame]).write_parquet(bad)
    with pytest.raises(InputError, match="standardising"):
        run(tmp_path, bad)
    assert (tmp_path / "out.parquet").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_what_a_killed_run_left_behind_is_cleaned_away(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    (tmp_path / ".out.parquet.0123.tmp").write_bytes(b"half")
    run(tmp_path, unioned)
    assert not list(tmp_path.glob(".*"))


def test_no_value_reaches_logs_or_messages(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "Canaryname"
    people = [{"full_name": f"{canary} Xyz", "email": f"{canary}@secret-canary.com"}]
    unioned = write_contacts(tmp_path / "in.parquet", people)
    with caplog.at_level(logging.DEBUG):
        report, _, _ = run(tmp_path, unioned)
    frame = pl.read_parquet(unioned)
    bad = tmp_path / "bad.parquet"
    pl.concat([frame, frame]).write_parquet(bad)
    with pytest.raises(InputError) as error:
        run(tmp_path, bad)
    text = f"{caplog.text}{report}{error.value}".casefold()
    assert canary.casefold() not in text
    assert "secret-canary" not in text


def write_rejects(path: Path, lines: list[int], seen: datetime) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        {
            "_source_name": ["shop"] * len(lines),
            "_source_type": ["spreadsheet"] * len(lines),
            "_source_object": ["orders"] * len(lines),
            "_load_id": ["x"] * len(lines),
            "_source_file": ["orders.csv"] * len(lines),
            "_source_line": lines,
            "reason_code": ["broken_quote"] * len(lines),
            "reason_detail": ["a quote is not closed"] * len(lines),
            "raw_text": [f"raw {line}" for line in lines],
            "_extracted_at": [seen] * len(lines),
        },
        schema_overrides={
            "_extracted_at": pl.Datetime("us"),
            "_source_line": pl.Int64(),
        },
    ).write_parquet(path)
    return path


def test_quarantine_joins_records_and_unparsed_rows(tmp_path: Path) -> None:
    run(tmp_path, write_contacts(tmp_path / "in.parquet", PEOPLE))
    january = write_rejects(tmp_path / "l1" / "rejected.parquet", [3, 9], EXTRACTED_AT)
    march = write_rejects(tmp_path / "l2" / "rejected.parquet", [9], MARCH)
    out = tmp_path / "quarantined.parquet"
    report = collect_quarantine(
        [tmp_path / "aside.parquet", tmp_path / "absent.parquet"],
        [march, january],
        out,
        None,
    )
    assert (report.records, report.unparsed_rows, report.total) == (1, 2, 3)
    frame = pl.read_parquet(out)
    assert frame.schema == pl.Schema(QUARANTINE_SCHEMA)
    assert frame["quarantine_id"].is_unique().all()
    ninth = frame.filter(pl.col("source_line") == 9).row(0, named=True)
    assert ninth["stage"] == "landing"
    assert (ninth["first_seen_at"], ninth["last_seen_at"]) == (
        EXTRACTED_AT,
        MARCH,
    )


def test_quarantine_remembers_first_sightings_and_forgets_what_was_fixed(
    tmp_path: Path,
) -> None:
    january = write_rejects(tmp_path / "l1" / "rejected.parquet", [3, 9], EXTRACTED_AT)
    out = tmp_path / "quarantined.parquet"
    collect_quarantine([], [january], out, None)
    march = write_rejects(tmp_path / "l2" / "rejected.parquet", [9], MARCH)
    collect_quarantine([], [march], out, out)
    frame = pl.read_parquet(out)
    assert frame["source_line"].to_list() == [9]
    assert frame["first_seen_at"].to_list() == [EXTRACTED_AT]


def test_rejects_without_their_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rejected.parquet"
    pl.DataFrame({"raw_text": ["x"]}).write_parquet(path)
    with pytest.raises(InputError, match="lacks _source_name"):
        collect_quarantine([], [path], tmp_path / "out.parquet", None)
