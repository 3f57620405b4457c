"""Organisations: misspelt names meet, branches and namesakes elsewhere stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from hygiene.matching import MatchSettings, link
from hygiene.matching.accounts import ACCOUNTS
from hygiene.matching.agreements import mergeable_sql
from hygiene.matching.features import build_features
from hygiene.matching.name_spelling import repair_spellings
from tests.hygiene.matching.people import clusters_of, write_links

_COLUMNS = ("account_name_match", "domain_std", "phone_e164", "street_std")


def _repaired(*names: str | None) -> list[str | None]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE facts (n INTEGER, name VARCHAR)")
        for row in enumerate(names):
            connection.execute("INSERT INTO facts VALUES (?, ?)", list(row))
        repair_spellings(connection)
        found = connection.execute("SELECT name FROM facts ORDER BY n").fetchall()
    return [name for (name,) in found]


@pytest.mark.parametrize(
    ("error", "right"),
    [
        ("northern electonics", "northern electronics"),
        ("nothern electronics", "northern electronics"),
        ("northern eletcronics", "northern electronics"),
        ("northern electronicss", "northern electronics"),
        ("northernelectronics", "northern electronics"),
        ("north ern electronics", "northern electronics"),
    ],
)
def test_a_rare_spelling_is_an_error_of_a_frequent_one(error: str, right: str) -> None:
    assert _repaired(*[right] * 5, error)[-1] == right


def test_an_error_of_an_error_finds_the_name() -> None:
    names = ["northern electronics"] * 25 + ["northern electonics"] * 5
    assert set(_repaired(*names, "nothern electonics")) == {"northern electronics"}


@pytest.mark.parametrize(
    ("name", "frequent"),
    [
        # Not many times more frequent, so that either may be right.
        ("johnson supply", ["johnston supply"] * 4),
        ("store 12 of kestrel", ["store 13 of kestrel"] * 9),
        ("kestrel phase i", ["kestrel phase ii"] * 9),
        ("burley", ["hurley"] * 9),
        ("northern optics", ["northern electronics"] * 9),
    ],
)
def test_another_name_stays(name: str, frequent: list[str]) -> None:
    assert _repaired(*frequent, name)[-1] == name


def test_tables_without_names_are_no_error() -> None:
    assert _repaired(None, None) == [None, None]
    assert _repaired() == []


def _accounts(folder: Path, rows: Sequence[tuple[str | None, ...]]) -> Path:
    path = folder / "accounts.parquet"
    pl.DataFrame(
        {
            "source_record_key": [f"x:account:{n:04d}" for n in range(len(rows))],
            **{
                column: pl.Series([row[n] for row in rows], dtype=pl.String)
                for n, column in enumerate(_COLUMNS)
            },
        }
    ).write_parquet(path)
    return path


def _features(path: Path) -> pl.DataFrame:
    with duckdb.connect() as connection:
        build_features(connection, path, ACCOUNTS, MatchSettings())
        return connection.sql("SELECT * FROM features ORDER BY unique_id").pl()


def test_a_phone_of_many_premises_loses_its_vote(tmp_path: Path) -> None:
    rows = [
        (f"kestrel house {word}", None, "+15", f"{number} Mill Rd")
        for number, word in enumerate(("oak", "elm", "ash", "fir"), start=10)
    ]
    rows += [("osprey", None, "+16", street) for street in ("1 Elm St", "1 Elm Street")]
    features = _features(_accounts(tmp_path, rows))
    assert features["phone"].to_list() == [None] * 4 + ["+16"] * 2
    assert features["street"].to_list()[4:] == ["1 elm st"] * 2
    assert features["house"].to_list() == ["10", "11", "12", "13", "1", "1"]


def _mergeable(**gammas: int) -> bool:
    given = {item.name: gammas.get(item.name, -1) for item in ACCOUNTS.comparisons}
    columns = ", ".join(f"{value} AS gamma_{name}" for name, value in given.items())
    row = duckdb.sql(f"SELECT {mergeable_sql(ACCOUNTS)} FROM (SELECT {columns})")
    (answer,) = row.fetchall()[0]
    return bool(answer)


def _level(comparison: str, level: str) -> int:
    return ACCOUNTS.comparison(comparison).level_value(level)


def test_an_alike_name_at_another_address_is_not_merged_by_weight() -> None:
    alike = {"name": _level("name", "close"), "street": 0}
    assert not _mergeable(**alike)
    assert not _mergeable(**alike, locality=_level("locality", "postcode"))
    assert _mergeable(**alike, domain=_level("domain", "exact"))
    assert _mergeable(**alike, phone=_level("phone", "exact"))
    assert _mergeable(**alike | {"street": -1})
    assert _mergeable(**alike | {"street": _level("street", "close")})
    # One name in two places may be one firm that moved: weights decide.
    assert _mergeable(**alike | {"name": _level("name", "exact")})


def test_one_name_under_two_top_level_domains_needs_more() -> None:
    same = {"name": _level("name", "exact"), "domain": _level("domain", "label")}
    assert not _mergeable(**same)
    assert not _mergeable(**same, country=0, phone=0)
    assert _mergeable(**same, phone=_level("phone", "exact"))
    assert _mergeable(**same, locality=_level("locality", "city"))


def _clusters(folder: Path, rows: Sequence[tuple[str | None, ...]]) -> set[frozenset]:
    path = _accounts(folder, rows)
    keys = [f"x:account:{n:04d}" for n in range(len(rows))]
    settings: dict[str, Any] = {"training": "never"}
    out = folder / "edges.parquet"
    link(
        path,
        write_links(folder),
        None,
        out,
        entity="account",
        settings=MatchSettings(**settings),
    )
    found = clusters_of(pl.read_parquet(out), keys)
    return {frozenset(int(key[-4:]) for key in found[each]) for each in keys[:4]}


def test_sisters_in_other_countries_are_two_firms(tmp_path: Path) -> None:
    others = [
        (f"firm {chr(97 + n // 26)}{chr(97 + n % 26)}or", f"f{n}.com", None, None)
        for n in range(300)
    ]
    sisters = [("xylvex", "xylvex.de", None, None), ("xylvex", "xylvex.nl", None, None)]
    assert _clusters(tmp_path, [*sisters, *sisters, *others]) == {
        frozenset({0, 2}),
        frozenset({1, 3}),
    }
