"""Accounts of leads, and job changes, against a small truth."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from hygiene.accuracy import score_jobs, score_lead_accounts

_ACCOUNTS = {"a1": ("ga_1", "c1"), "a2": ("ga_2", "c2"), "a3": ("ga_2", "c2")}


def _truth(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)

    def write(name: str, columns: dict[str, list[object]]) -> None:
        pl.DataFrame(columns).write_parquet(folder / f"{name}.parquet")

    write(
        "truth_accounts",
        {
            "source_record_key": list(_ACCOUNTS),
            "company_id": [company for _, company in _ACCOUNTS.values()],
        },
    )
    write(
        "account_clusters",
        {
            "source_record_key": list(_ACCOUNTS),
            "golden_account_id": [golden for golden, _ in _ACCOUNTS.values()],
        },
    )
    write(
        "truth_contacts",
        {
            "source_record_key": ["l1", "l2", "l3", "l4", "box"],
            "person_id": ["p1", "p2", "p3", "p4", "m1"],
        },
    )
    write(
        "contact_clusters",
        {
            "source_record_key": ["l1", "l2", "l3", "l4", "box"],
            "golden_contact_id": ["gc_1", "gc_2", "gc_3", "gc_4", "gc_5"],
        },
    )
    write(
        "truth_employers",
        {
            "source_record_key": ["l1", "l2", "l3"],
            "company_id": ["c1", "c2", "c9"],
        },
    )
    write(
        "truth_people",
        {
            "person_id": ["p1", "p2", "p3", "p4"],
            "company_id": ["c2", "c2", "c9", None],
            "previous_company_id": ["c1", None, None, None],
            "job_changed_on": [date(2025, 1, 1), None, None, None],
        },
    )
    return folder


def test_leads_are_right_wrong_or_rightly_without_an_account(tmp_path: Path) -> None:
    truth = _truth(tmp_path)
    matches = pl.DataFrame(
        {
            "source_record_key": ["l1", "l2", "l3", "l4", "box"],
            "source_object": ["lead"] * 5,
            # Right; wrong; its employer is no account; has no employer; no person.
            "golden_account_id": ["ga_1", "ga_1", None, "ga_1", "ga_2"],
            "method": ["email_domain", "company_name", "none", "company_name", "none"],
        }
    )
    report = score_lead_accounts(matches, truth / "account_clusters.parquet", truth)
    assert (report.leads, report.findable, report.matched, report.right) == (4, 2, 3, 1)
    assert (report.precision, report.recall) == (1 / 3, 1 / 2)
    assert (report.without_employer, report.rightly_none) == (2, 1)
    assert [(m.method, m.leads, m.right) for m in report.methods] == [
        ("company_name", 2, 0),
        ("email_domain", 1, 1),
    ]


def test_the_current_employer_of_a_job_changer_is_the_later_one(tmp_path: Path) -> None:
    truth = _truth(tmp_path)
    spells = pl.DataFrame(
        {
            "golden_contact_id": ["gc_1", "gc_1", "gc_2"],
            "golden_account_id": ["ga_1", "ga_2", "ga_1"],
            "is_current": [False, True, True],
            "is_primary": [True, False, True],
            "valid_to_date": [date(2025, 1, 31), None, None],
        }
    )
    report = score_jobs(
        spells,
        truth / "contact_clusters.parquet",
        truth / "account_clusters.parquet",
        truth,
    )
    assert (report.people, report.current_right) == (2, 0.5)
    assert (report.changers, report.changers_current_right) == (1, 1.0)
    assert report.changers_primary_right == 0.0
    assert report.median_days_late == 30
