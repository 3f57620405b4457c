"""Relatives or variants of a name: the table's own witnesses decide, once for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from hygiene.matching import MatchReport, MatchSettings, link
from hygiene.matching.agreements import mergeable_sql
from hygiene.matching.contacts import CONTACTS
from tests.hygiene.matching.people import (
    clusters_of,
    contact,
    crowd,
    write_contacts,
    write_links,
)

_FIRST = ("harriet", "ida", "lotte", "beatrix", "quincy")
_SECOND = ("oscar", "walter", "dimitri", "john", "ulysses")
_STEMS = ("bram", "quill", "oster", "wex", "padding", "thorn", "ivy", "zel")
_ENDS = ("low", "ford", "stein", "ovic", "man")
_KIND = "Pairs with different first names"


def _pairs(birth_dates: tuple[str, str | None]) -> list[dict[str, Any]]:
    """Forty households of two records: one surname and address, other first names."""
    records = []
    for number in range(40):
        for source, given, born in (
            ("a", _FIRST[number // 8], birth_dates[0]),
            ("b", _SECOND[number // 8], birth_dates[1]),
        ):
            # One household in four does not know the birth dates.
            known = (
                born.format(1950 + number, 10 + number // 2)
                if born and number % 4
                else None
            )
            records.append(
                contact(
                    f"{source}:contact:{number}",
                    given,
                    _STEMS[number % 8] + _ENDS[number // 8],
                    street=f"{number} {_STEMS[number % 8]} lane",
                    postcode=f"{50000 + number}",
                    city=f"city{number}",
                    birth_date=known,
                )
            )
    return records


def _link(
    folder: Path, records: list[dict[str, Any]]
) -> tuple[MatchReport, dict[str, frozenset[str]]]:
    keys = [str(item["source_record_key"]) for item in records]
    path = write_contacts(
        folder, [{k: v for k, v in r.items() if k != "birth_date"} for r in records]
    )
    pl.read_parquet(path).with_columns(
        pl.Series("birth_date", [r.get("birth_date") for r in records], pl.String)
    ).write_parquet(path)
    report = link(
        path,
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity="contact",
        settings=MatchSettings(training="never"),  # type: ignore[arg-type]
    )
    return report, clusters_of(pl.read_parquet(folder / "edges.parquet"), keys)


@pytest.mark.parametrize(
    ("birth_dates", "verdict"),
    [
        (("{0}-03-04", "{0}-03-04"), "may be merged"),
        (("{0}-03-04", "20{1}-10-27"), "are not merged"),
        (("{0}-03-04", None), "are not merged"),
    ],
)
def test_birth_dates_tell_variants_of_a_name_from_relatives(
    tmp_path: Path, birth_dates: tuple[str, str | None], verdict: str
) -> None:
    report, clusters = _link(tmp_path, [*crowd(60), *_pairs(birth_dates)])
    (note,) = [note for note in report.notes if note.startswith(_KIND)]
    assert verdict in note
    if verdict == "are not merged":
        assert max(len(members) for members in clusters.values()) == 1


@pytest.mark.parametrize(("middle", "merged"), [("Zoe", False), ("Ann", True)])
def test_twins_with_other_first_and_middle_names_are_two_people(
    tmp_path: Path, middle: str, merged: bool
) -> None:
    records = []
    for number, record in enumerate(_pairs(("{0}-03-04", "{0}-03-04"))):
        # Not even an identifier makes them one: households lend theirs.
        own = {"external_id": f"C{number // 2:03}"}
        name = {"middle_name_std": "Ann" if number % 2 == 0 else middle}
        records.append(record | name | own)
    _, clusters = _link(tmp_path, [*crowd(60), *records])
    sizes = {len(members) for members in clusters.values()}
    assert (max(sizes) == 2) is merged


@pytest.mark.parametrize(
    ("answers", "mergeable"),
    [
        # A birth date alone, whatever restates it, makes nobody of two other names.
        ({"given_name": "otherwise", "family_name": "otherwise"}, False),
        ({"middle_name": "otherwise", "family_name": "otherwise"}, False),
        # One other name, a place, a mailbox or an identifier leaves it to the weight.
        ({"family_name": "otherwise"}, True),
        (
            {
                "given_name": "otherwise",
                "family_name": "otherwise",
                "street": "exact",
            },
            True,
        ),
        (
            {
                "given_name": "otherwise",
                "family_name": "otherwise",
                "identifier": "exact",
            },
            True,
        ),
        # Own names that differ twice are two people in one house, whatever they share.
        (
            {
                "given_name": "otherwise",
                "middle_name": "otherwise",
                "identifier": "exact",
                "street": "exact",
            },
            False,
        ),
    ],
)
def test_what_a_shared_birth_date_leaves_to_the_weight(
    answers: dict[str, str], mergeable: bool
) -> None:
    names = {"given_name": "exact", "birth_date": "exact"} | answers
    gammas = []
    for comparison in CONTACTS.comparisons:
        level = names.get(comparison.name)
        value = comparison.level_value(level) if level else -1
        gammas.append(f"{value} AS gamma_{comparison.name}")
    with duckdb.connect() as connection:
        found = connection.sql(
            f"SELECT {mergeable_sql(CONTACTS)} FROM (SELECT {', '.join(gammas)})"
        ).fetchall()
    assert found == [(mergeable,)]
