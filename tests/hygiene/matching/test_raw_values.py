"""Values without a canonical form are compared; names in the wrong field are repaired."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from hygiene.matching.name_repair import repair_names
from hygiene.matching.raw_values import (
    birth_date_sql,
    email_sql,
    phone_sql,
    short_street_sql,
    street_sql,
)


def _value(expression: str, **columns: Any) -> Any:
    with duckdb.connect() as connection:
        connection.register(
            "t", pl.DataFrame({name: [value] for name, value in columns.items()})
        )
        row = connection.execute(f"SELECT {expression} FROM t").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("canonical", "raw", "status", "expected"),
    [
        ("+13102461501", "310/246-1501", "valid", "102461501"),
        (None, "310/246-1501", "invalid", "102461501"),
        (None, "001-310-246-1501x39477", "invalid", "102461501"),
        (None, "310 246 1501 ext. 12", "invalid", "102461501"),
        (None, "0310 2461501", "invalid", "102461501"),
        (None, "0000000000", "invalid", None),
        (None, "111-111-1111", "invalid", None),
        (None, "12345", "invalid", None),
        (None, "555-123-4567", "placeholder", None),
        (None, None, "missing", None),
    ],
)
def test_a_phone_without_a_country_is_its_digits(
    canonical: str | None, raw: str | None, status: str, expected: str | None
) -> None:
    found = _value(
        phone_sql("e164::VARCHAR", "phone::VARCHAR", "status"),
        e164=canonical,
        phone=raw,
        status=status,
    )
    assert found == expected


@pytest.mark.parametrize(
    ("canonical", "raw", "status", "expected"),
    [
        ("ann.lee@yahoo.com", " Ann.Lee@Yahoo.com", "valid", "ann.lee@yahoo.com"),
        (None, " Ann.Lee@Yahoo.d ", "invalid", "ann.lee@yahoo.d"),
        (None, "info@yahoo.d", "invalid", None),  # too short to be nobody's role
        (None, "ann lee@yahoo.d", "invalid", None),
        (None, "ann.lee.yahoo.d", "invalid", None),
        (None, "nobody@nowhere.com", "placeholder", None),
        (None, None, "missing", None),
    ],
)
def test_an_address_that_cannot_be_delivered_is_compared_as_written(
    canonical: str | None, raw: str | None, status: str, expected: str | None
) -> None:
    found = _value(
        email_sql("match::VARCHAR", "raw::VARCHAR", "status"),
        match=canonical,
        raw=raw,
        status=status,
    )
    assert found == expected


def test_streets_compare_without_punctuation() -> None:
    assert (
        _value(street_sql("s"), s="435 S. La Cienega  Blv.") == "435 s la cienega blv"
    )


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("747 Ninth Ave.", "747 9th ave"),
        ("12 Second Street", "12 2nd street"),
        ("1013 3rd Ave. Between 60th and 61st Sts.", "1013 3rd ave"),
        ("747 ninth ave between 50th and 51st sts", "747 9th ave"),
        # Names, not numbers, of streets and houses.
        ("5 First Light Lane", "5 first light lane"),
        ("Second House, 4 Mill Road", "second house 4 mill road"),
        ("Between Rivers 5", "between rivers 5"),
        ("5 Between Streams", "5 between streams"),
    ],
)
def test_numbered_streets_compare_by_number(written: str, compared: str) -> None:
    assert _value(street_sql("s"), s=written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("37 West 47th Street", "37 w 47th st"),
        ("37 W. 47th St.", "37 w 47th st"),
        ("1631 East 71st Boulevard, Suite 4", "1631 e 71st blvd ste 4"),
        ("Westminster Road 5", "westminster rd 5"),
    ],
)
def test_premises_compare_with_short_words(written: str, compared: str) -> None:
    assert _value(short_street_sql(street_sql("s")), s=written) == compared


def test_premises_without_a_street_have_none() -> None:
    assert _value(short_street_sql(street_sql("s::VARCHAR")), s=None) is None


def _births(*values: str) -> list[str | None]:
    frame = pl.DataFrame({"birth_date": values}).with_columns(
        birth_date_std=pl.lit(None, dtype=pl.Date), row=pl.int_range(pl.len())
    )
    with duckdb.connect() as connection:
        connection.register("people", frame)
        sql = birth_date_sql(connection, "people")
        return [
            row[0]
            for row in connection.execute(
                f"SELECT {sql} FROM people ORDER BY row"
            ).fetchall()
        ]


def test_birth_dates_in_one_layout_also_when_impossible_or_ambiguous() -> None:
    assert _births("19560409", "1845-71-19", "1971-06-24T00:00:00", "unknown") == [
        "1956-04-09",
        "1845-71-19",
        "1971-06-24",
        None,
    ]
    assert _births("3/4/1980", "25/12/1980") == ["1980-04-03", "1980-12-25"]
    assert _births("3/4/1980", "12/25/1980") == ["1980-03-04", "1980-12-25"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10/27/76", "1976-10-27"),
        ("27.10.76", "1976-10-27"),
        ("3/4/31", "1931-04-03"),
        ("5/24/11", "2011-05-24"),
        ("24-May-11", "2011-05-24"),
        ("15 March 92", "1992-03-15"),
        ("Dec 5, 06", "2006-12-05"),
        ("19 apples 22", None),
        ("1/2/3", None),
    ],
)
def test_birth_years_of_two_digits_are_of_the_last_hundred_years(
    written: str, meant: str | None
) -> None:
    assert _births(written) == [meant]


def test_one_birth_date_compares_with_a_short_and_a_whole_year() -> None:
    assert _births("3/1/1970", "3/1/70", "25/12/1980")[:2] == ["1970-01-03"] * 2


def test_birth_dates_in_eight_digits_have_the_year_first_or_last() -> None:
    assert _births("03041980", "25121980") == ["1980-04-03", "1980-12-25"]
    assert _births("03041980", "12/25/1980") == ["1980-03-04", "1980-12-25"]
    assert _births("12042007", "12/94/1007", "12251980")[0] == "2007-12-04"


def test_birth_dates_from_three_columns_have_the_same_layout() -> None:
    assert _births("1983 4 12", "1931 4 72", "2003 13 14", "1950 04 08") == [
        "1983-04-12",
        "1931-04-72",
        "2003-13-14",
        "1950-04-08",
    ]


def test_no_date_that_begins_with_its_year_is_read_from_the_other_end() -> None:
    days = [date(1800, 1, 1) + timedelta(days=each) for each in range(0, 109_000, 7)]
    assert _births(*(f"{day:%Y%m%d}" for day in days)) == [
        day.isoformat() for day in days
    ]


def _repaired(
    *names: tuple[str | None, str | None, str | None],
    mailboxes: tuple[str, ...] = (),
) -> list[tuple[Any, ...]]:
    """Repair names, and those of further records that have nothing but a mailbox."""
    rows = [(*name, None) for name in names]
    rows += [(None, None, None, mailbox) for mailbox in mailboxes]
    frame = pl.DataFrame(
        [(str(number), *row) for number, row in enumerate(rows)],
        schema={
            "source_record_key": pl.String,
            "given": pl.String,
            "family": pl.String,
            "full_name": pl.String,
            "mailbox": pl.String,
        },
        orient="row",
    )
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(
            "CREATE TABLE facts AS SELECT *, given AS given_group FROM frame"
        )
        repair_names(connection)
        return connection.execute(
            "SELECT given, given_group, family FROM facts "
            "ORDER BY source_record_key::INTEGER"
        ).fetchall()


def test_a_form_of_address_is_no_first_name() -> None:
    assert _repaired(
        ("mr", "smith", None),
        ("sir", "clifford", "sir thomas clifford"),
        ("thomas", "clifford", None),
    ) == [
        (None, None, "smith"),
        ("thomas", "thomas", "clifford"),
        ("thomas", "thomas", "clifford"),
    ]


def test_a_lone_name_goes_where_the_table_has_it() -> None:
    people: list[tuple[str | None, str | None, str | None]] = [
        ("anna", "pollock", None),
        ("bert", "pollock", None),
        ("cora", "pollock", None),
        ("anna", "reed", None),
        ("anna", "moss", None),
    ]
    repaired = _repaired(
        *people, ("pollock", None, None), (None, "anna", None), ("reed", None, None)
    )
    assert repaired[5] == (None, None, "pollock")
    assert repaired[6] == ("anna", "anna", None)
    assert repaired[7] == ("reed", "reed", None), "one bearer is too little to move it"


def test_a_mailbox_names_its_owner_where_the_table_knows_the_name() -> None:
    found = _repaired(
        ("anna", "pollock", None),
        ("berta", "moss", None),
        mailboxes=("anna.reed", "zoe_moss", "b.pollock", "web.shop", "moss", "anna.r2"),
    )
    assert found[2:] == [
        ("anna", "anna", "reed"),
        ("zoe", "zoe", "moss"),
        ("b", "b", "pollock"),
        (None, None, None),
        (None, None, None),
        (None, None, None),
    ]
