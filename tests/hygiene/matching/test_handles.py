"""Mailbox names: one that repeats its owner's name is no evidence beside the name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from hygiene.matching.contacts import CONTACTS
from hygiene.matching.features import build_features
from hygiene.matching.settings import MatchSettings
from tests.hygiene.matching.people import contact, write_contacts


def handle_of(
    folder: Path,
    given: str | None,
    family: str | None,
    email: str,
    name: str | None = None,
) -> str | None:
    path = write_contacts(folder, [contact("x:contact:1", given, family, email=email)])
    if name is not None:
        records = pl.read_parquet(path).with_columns(full_name_std=pl.lit(name))
        records.write_parquet(path)
    with duckdb.connect() as connection:
        build_features(connection, path, CONTACTS, MatchSettings())
        row = connection.execute("SELECT email_handle FROM features").fetchone()
    assert row is not None
    return None if row[0] is None else str(row[0])


@pytest.mark.parametrize(
    ("given", "family", "mailbox"),
    [
        ("maren", "mochlichen", "maren.moechlichen"),
        ("jurgen", "hornich", "j.hornich"),
        ("kaique", "ribeiro da luz", "kaique.ribeiro"),
        ("jose antonio", "carrera tamarit", "jose.carrera"),
        ("john", "smith", "jhonsmith"),
        ("remo", "kaller", "kallert_remo"),
        # No umlaut, but an initial and a name.
        ("anna", "evans", "aevans"),
        ("olga", "epstein", "o.epstein"),
    ],
)
def test_every_spelling_of_the_owner_is_recognised(
    tmp_path: Path, given: str, family: str, mailbox: str
) -> None:
    assert handle_of(tmp_path, given, family, f"{mailbox}@acme.com") is None


@pytest.mark.parametrize(
    ("given", "family", "mailbox"),
    [
        ("john", "smith", "bigbear"),
        ("john", "smith", "mary.jones"),
        ("ana", "li", "alina"),
        ("maren", "mochlichen", "maren.moechlichen77"),
        (None, None, "someone"),
    ],
)
def test_a_handle_of_its_own_is_kept(
    tmp_path: Path, given: str | None, family: str | None, mailbox: str
) -> None:
    assert handle_of(tmp_path, given, family, f"{mailbox}@acme.com") == mailbox


def test_letters_beside_a_name_in_another_script_are_taken_for_that_name(
    tmp_path: Path,
) -> None:
    name = "木村和也"
    romanised = handle_of(tmp_path, "heye", "mucun", "kazuya.kimura@acme.jp", name)
    numbered = handle_of(tmp_path, "heye", "mucun", "kazuya.kimura77@acme.jp", name)
    assert (romanised, numbered) == (None, "kazuya.kimura77")
