"""The HubSpot files look like exports, and their references resolve."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from connectors.synthetic import generate, writers_hubspot
from connectors.synthetic.marketing_mail import MAIL_LABELS
from connectors.synthetic.writers_hubspot import CONTACT_LABELS
from tests.connectors.synthetic.exports import Crm, read_csv

MINUTE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def _ids(values: list[str]) -> set[str]:
    return {part for value in values for part in value.split(";") if part}


def test_labels_repeat_and_associations_are_there(crm: Crm) -> None:
    path = next((crm.out / "hubspot").glob("*contacts*.csv"))
    header = path.read_text("utf-8").splitlines()[0].split(",")
    assert header.count("Email hard bounce reason") == 2
    assert header[:4] == ["Record ID", "First Name", "Last Name", "Email"]
    assert "Associated Company IDs (Primary)" in header
    assert header.count("Associated Company IDs") == 1


def test_associations_resolve(crm: Crm) -> None:
    contacts = {row["Record ID"] for row in crm.hubspot["contacts"]}
    companies = {row["Record ID"] for row in crm.hubspot["companies"]}
    for name in ("contacts", "deals", "tickets"):
        used = _ids([row["Associated Company IDs"] for row in crm.hubspot[name]])
        assert used
        assert used <= companies
    for name in ("deals", "tickets"):
        used = _ids([row["Associated Contact IDs"] for row in crm.hubspot[name]])
        assert used
        assert used <= contacts
    parents = {row["Parent Company"] for row in crm.hubspot["companies"]} - {""}
    assert parents
    assert parents <= companies


def test_sync_ids_resolve(crm: Crm) -> None:
    for name, column, target in (
        ("contacts", "Salesforce Contact ID", "Contact"),
        ("contacts", "Salesforce Lead ID", "Lead"),
        ("companies", "Salesforce Account ID", "Account"),
        ("deals", "Salesforce Opportunity ID", "Opportunity"),
    ):
        used = [row[column] for row in crm.hubspot[name] if row[column]]
        assert len(used) > 50
        assert set(used) <= set(crm.by_id(target))
        if column != "Salesforce Account ID":
            assert len(used) == len(set(used))


def test_merge_losers_are_named_but_not_exported(crm: Crm) -> None:
    for name in ("contacts", "companies"):
        shown = {row["Record ID"] for row in crm.hubspot[name]}
        merged = _ids([row["Merged object IDs"] for row in crm.hubspot[name]])
        assert len(merged) > 10
        assert not merged & shown
    for row in crm.hubspot["contacts"]:
        vids = row["Merged vids with timestamps of a contact"]
        with_time = [part.split(":")[0] for part in vids.split(";") if part]
        assert with_time == [p for p in row["Merged object IDs"].split(";") if p]


def test_an_address_is_on_one_contact_only(crm: Crm) -> None:
    mails = [r["Email"].strip().lower() for r in crm.hubspot["contacts"] if r["Email"]]
    assert len(mails) == len(set(mails))
    assert all("@" in mail for mail in mails)


def test_dates_have_no_offset_and_owners_are_names(crm: Crm) -> None:
    users = {row["Name"] for row in crm.salesforce["User"]}
    for row in crm.hubspot["contacts"][:2_000]:
        assert MINUTE.fullmatch(row["Create Date"])
        assert row["Create Date"] <= row["Last Modified Date"] < "2026-01-15"
        assert row["Contact owner"] in users


def test_deals_typed_twice_differ_a_little(crm: Crm) -> None:
    deals = dict(crm.truth["truth_deals"].iter_rows())
    twin = {
        deal: key.removeprefix("salesforce:opportunity:")
        for key, deal in deals.items()
        if key.startswith("salesforce:")
    }
    rows, same, close = crm.by_id("Opportunity"), 0, 0
    for row in crm.hubspot["deals"]:
        other = twin.get(deals[f"hubspot:deals:{row['Record ID']}"])
        if other is None:
            continue
        if not row["Amount"]:
            continue  # forgotten in HubSpot; the truth tells
        amount, theirs = float(row["Amount"]), float(rows[other]["Amount"])
        gap = abs(
            (
                date.fromisoformat(row["Close Date"][:10])
                - date.fromisoformat(rows[other]["CloseDate"])
            ).days
        )
        assert row["Currency"] == rows[other]["CurrencyIsoCode"]
        assert abs(amount - theirs) <= 0.04 * theirs
        assert gap <= 6
        same += (
            amount == theirs and gap == 0 and row["Deal Name"] == rows[other]["Name"]
        )
        close += 1
    assert 0.5 < same / close < 0.75


def test_mail_histories_are_plausible(crm: Crm) -> None:
    names = ("delivered", "opened", "clicked", "replied", "bounced")
    seen: dict[str, int] = dict.fromkeys((*names, "mailed", "only bounced"), 0)
    for row in crm.hubspot["contacts"]:
        counts = [row[f"Marketing emails {name}"] for name in names]
        first, last, opening, clicking, replying = (
            row[label] for label in MAIL_LABELS[len(names) :]
        )
        if not first:
            assert not any((*counts, last, opening, clicking, replying))
            continue
        assert row["Email"]
        delivered, opened, clicked, replied, bounced = map(int, counts)
        assert delivered >= opened >= clicked >= replied >= 0
        assert delivered + bounced > 0
        assert row["Create Date"] <= first <= last < "2026-01-15"
        for count, moment in (
            (opened, opening), (clicked, clicking), (replied, replying),
        ):  # fmt: skip
            assert bool(count) == bool(moment)
            assert not moment or first <= moment < "2026-01-15"
        assert clicking <= (opening or clicking)
        assert delivered + bounced > 1 or first == last
        seen["mailed"] += 1
        seen["only bounced"] += not delivered
        for name, count in zip(names, map(int, counts), strict=True):
            seen[name] += count > 0
    everybody = len(crm.hubspot["contacts"])
    assert 0.5 < seen["mailed"] / everybody < 0.8
    assert 0.5 < seen["opened"] / seen["mailed"] < 0.8
    assert seen["opened"] > seen["clicked"] > seen["replied"] > 10
    assert seen["bounced"] > seen["only bounced"] > 10


def test_mail_histories_move_no_other_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_args: object, **_options: object) -> list[object]:
        return []

    generate(tmp_path / "with", people=1_000, seed=1, as_of=date(2026, 1, 15))
    monkeypatch.setattr(writers_hubspot, "marketing_mail", nothing)
    monkeypatch.setattr(
        writers_hubspot, "CONTACT_LABELS", CONTACT_LABELS[: -len(MAIL_LABELS)]
    )
    generate(tmp_path / "without", people=1_000, seed=1, as_of=date(2026, 1, 15))
    for path in sorted(p for p in (tmp_path / "with").rglob("*") if p.is_file()):
        other = tmp_path / "without" / path.relative_to(tmp_path / "with")
        if "contacts" not in path.name or path.suffix != ".csv":
            assert path.read_bytes() == other.read_bytes()
            continue
        rows = read_csv(path.read_bytes())
        bare = [{k: v for k, v in row.items() if k not in MAIL_LABELS} for row in rows]
        assert bare == read_csv(other.read_bytes())


@pytest.mark.parametrize(("limit", "suffix"), [(1_000, ".zip"), (2_000, ".csv")])
def test_large_contact_exports_arrive_zipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, suffix: str
) -> None:
    monkeypatch.setattr(writers_hubspot, "_ZIP_FROM_PEOPLE", limit)
    generate(tmp_path, people=1_000, seed=1, as_of=date(2026, 1, 15))
    path = next((tmp_path / "hubspot").glob("*contacts*"))
    assert path.suffix == suffix
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            name = archive.namelist()[0]
            assert name == path.stem + ".csv"
            assert len(read_csv(archive.read(name))) > 400
