"""The life of a ruling: in force, lapsed, waiting, superseded; and a book that lasts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.errors import InputError
from hygiene.stewardship import Ruling, RulingBook, Verdict, put_rulings_in_force
from hygiene.stewardship.cells import guarded, unguarded
from hygiene.stewardship.fingerprints import IDENTIFYING_COLUMNS, fingerprint_sql

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001  UTC without a zone by contract


def records(folder: Path, **emails: str) -> Path:
    path = folder / "standardised.parquet"
    pl.DataFrame(
        {
            "source_record_key": list(emails),
            "email": list(emails.values()),
            "owner_name": [f"owner of {value}" for value in emails.values()],
        }
    ).write_parquet(path)
    return path


def prints(path: Path) -> dict[str, str]:
    import duckdb

    with duckdb.connect() as connection:
        table = connection.read_parquet(str(path))
        sql = fingerprint_sql("contact", table.columns)
        return dict(table.project(f"source_record_key, {sql}").fetchall())


def ruling(one: str, other: str, verdict: Verdict, seen: Path | None = None) -> Ruling:
    known = prints(seen) if seen else {}
    return Ruling.on(
        one,
        other,
        verdict,
        author="sam",
        ruled_at=NOON,
        reason="asked them",
        fingerprints=(known.get(one, ""), known.get(other, "")),
    )


def judged(folder: Path, book: Path, standardised: Path) -> list[tuple[str, str]]:
    put_rulings_in_force(
        book,
        standardised,
        folder / "in_force.csv",
        folder / "status.parquet",
        entity="contact",
    )
    frame = pl.read_parquet(folder / "status.parquet")
    return list(frame.select("status", "effect").iter_rows())


def obeyed(folder: Path) -> list[str]:
    return (folder / "in_force.csv").read_text().splitlines()[1:]


def test_a_ruling_holds_while_its_records_stay_the_same(tmp_path: Path) -> None:
    seen = records(tmp_path, a="x@y.com", b="z@y.com")
    book = RulingBook(tmp_path / "book.csv")
    book.add([ruling("b", "a", Verdict.MUST_LINK, seen)])
    assert judged(tmp_path, book.path, seen) == [("in_force", "must_link")]
    assert obeyed(tmp_path)[0].startswith("a,b,must_link,sam,2026-03-01")


def test_a_new_owner_ends_no_ruling(tmp_path: Path) -> None:
    seen = records(tmp_path, a="x@y.com", b="z@y.com")
    book = RulingBook(tmp_path / "book.csv")
    book.add([ruling("a", "b", Verdict.MUST_LINK, seen)])
    frame = pl.read_parquet(seen).with_columns(owner_name=pl.lit("new"))
    frame.with_columns(email=pl.col("email").str.to_uppercase()).write_parquet(seen)
    assert judged(tmp_path, book.path, seen) == [("in_force", "must_link")]


def test_a_changed_record_ends_same_but_different_still_keeps_apart(
    tmp_path: Path,
) -> None:
    seen = records(tmp_path, a="x@y.com", b="z@y.com", c="c@y.com")
    book = RulingBook(tmp_path / "book.csv")
    book.add(
        [
            ruling("a", "b", Verdict.MUST_LINK, seen),
            ruling("a", "c", Verdict.CANNOT_LINK, seen),
        ]
    )
    later = records(tmp_path, a="new@y.com", b="z@y.com", c="c@y.com")
    assert judged(tmp_path, book.path, later) == [
        ("lapsed", "none"),
        ("lapsed", "cannot_link"),
    ]
    assert [line[:15] for line in obeyed(tmp_path)] == ["a,c,cannot_link"]
    records(tmp_path, a="x@y.com", b="z@y.com", c="c@y.com")
    assert judged(tmp_path, book.path, later)[0] == ("in_force", "must_link")


def test_the_newest_ruling_on_a_pair_counts(tmp_path: Path) -> None:
    seen = records(tmp_path, a="x@y.com", b="z@y.com")
    book = RulingBook(tmp_path / "book.csv")
    for verdict in (Verdict.MUST_LINK, Verdict.CANNOT_LINK, Verdict.WITHDRAWN):
        book.add([ruling("a", "b", verdict, seen)])
    assert judged(tmp_path, book.path, seen) == [
        ("superseded", "none"),
        ("superseded", "none"),
        ("withdrawn", "none"),
    ]
    assert obeyed(tmp_path) == []


def test_a_ruling_waits_for_a_record_that_is_away(tmp_path: Path) -> None:
    seen = records(tmp_path, a="x@y.com", b="z@y.com")
    book = RulingBook(tmp_path / "book.csv")
    book.add([ruling("a", "b", Verdict.CANNOT_LINK, seen)])
    away = records(tmp_path, a="x@y.com")
    assert judged(tmp_path, book.path, away) == [("waiting", "cannot_link")]


def test_a_book_written_by_hand_needs_three_columns(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(
        "source_record_key_l,source_record_key_r,ruling\nb,a,Must_Link\n", "utf-8"
    )
    seen = records(tmp_path, a="x@y.com", b="z@y.com")
    assert judged(tmp_path, book, seen) == [("in_force", "must_link")]
    RulingBook(book).add([ruling("a", "b", Verdict.CANNOT_LINK, seen)])
    assert judged(tmp_path, book, seen)[1] == ("in_force", "cannot_link")


def test_no_book_means_no_rulings(tmp_path: Path) -> None:
    seen = records(tmp_path, a="x@y.com")
    assert judged(tmp_path, tmp_path / "none.csv", seen) == []
    assert obeyed(tmp_path) == []


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(
        "source_record_key_l,source_record_key_r,ruling\n"
        "a,b,perhaps\na,a,must_link\n,b,must_link\na,b,must_link\n",
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        RulingBook(book).read()
    text = str(caught.value)
    assert "3 lines" in text
    assert all(f"line {number}:" in text for number in (2, 3, 4))
    assert "line 5" not in text
    assert "perhaps" not in text


def test_a_book_without_its_columns_is_refused(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text("left,right\na,b\n", "utf-8")
    with pytest.raises(InputError, match=r"lacks the column\(s\) source_record_key_l"):
        RulingBook(book).read()


def test_a_reason_can_be_no_formula_and_comes_back_as_written(tmp_path: Path) -> None:
    book = RulingBook(tmp_path / "book.csv")
    made = Ruling.on(
        "a", "b", Verdict.UNSURE, author="sam", ruled_at=NOON, reason="=cmd|' /C x'!A0"
    )
    book.add([made])
    assert ",'=cmd" in book.path.read_text()
    assert book.read()["reason"].item() == "=cmd|' /C x'!A0"


@settings(max_examples=50)
@given(st.text(max_size=12))
def test_a_guarded_cell_starts_no_formula_and_is_read_back(text: str) -> None:
    written = guarded(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(written) == text.strip() or text != text.lstrip()


def test_fingerprints_see_every_identifying_column() -> None:
    for entity, names in IDENTIFYING_COLUMNS.items():
        sql = fingerprint_sql(entity, names)
        assert all(f'"{name}"' in sql for name in names)
        assert fingerprint_sql(entity, []).count("''") >= len(names)
