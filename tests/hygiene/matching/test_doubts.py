"""Relatives or variants of a name: the table's own witnesses decide, once for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hygiene.matching import MatchReport, MatchSettings, link
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
        name = {"middle_name_std": "Ann" if number % 2 == 0 else middle}
        records.append(record | name)
    _, clusters = _link(tmp_path, [*crowd(60), *records])
    sizes = {len(members) for members in clusters.values()}
    assert (max(sizes) == 2) is merged
