"""Rules that live in macros, each on the smallest table that shows it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from hygiene.matching import MatchSettings
from hygiene.matching.features import _take_back_test_records
from hygiene.metrics import SEGMENTS
from hygiene.standardise import list_spellings, load_picklists, standardise_choice
from tests.dbt.rendered import render

COLUMNS = ["account_name", "owner_name"]
Version = tuple[str, str, str, str | None]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def test_segments_are_named_as_the_package_names_them(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    sql = render(
        "select r, w, {{ rfm_segment('r', 'w') }} from range(1, 6) as a(r) "
        "cross join (select 1 + i / 2 as w from range(9) as b(i)) order by all",
        macros=("rfm",),
        variables={},
        connection=connection,
    )
    for recency, worth, segment in connection.execute(sql).fetchall():
        expected = next(
            name
            for name, (low, high), (least, most) in SEGMENTS
            if low <= recency <= high and least <= worth <= most
        )
        assert (recency, worth, segment) == (recency, worth, expected)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Credit card declined", "involuntary"),
        ("Non-payment", "involuntary"),
        ("Insolvenz", "involuntary"),
        ("Too expensive", "voluntary"),
        ("  ", "unstated"),
        (None, "unstated"),
    ],
)
def test_words_tell_who_decided_to_leave(
    connection: duckdb.DuckDBPyConnection, reason: str | None, kind: str
) -> None:
    sql = render(
        "select {{ churn_reason_type('$1::varchar') }}",
        macros=("churn_reasons",),
        variables={},
        connection=connection,
    )
    assert connection.execute(sql, [reason]).fetchone() == (kind,)


class History:
    """Runs of golden accounts, one after another, over one file of state."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, home: Path) -> None:
        self.connection = connection
        self.home = home
        (home / "state" / "history").mkdir(parents=True)

    def run(self, day: str, accounts: dict[str, tuple[str, str]]) -> list[Version]:
        """Record the accounts of a day; return the versions as known on that day."""
        variables = {"tidycrm_home": str(self.home), "as_of_date": day}
        self.connection.execute(
            "create or replace table golden (golden_account_id varchar, account_name "
            "varchar, owner_name varchar, first_created_at timestamp)"
        )
        for key, (name, owner) in accounts.items():
            self.connection.execute(
                "insert into golden values (?, ?, ?, timestamp '2020-05-01 10:00')",
                [key, name, owner],
            )
        recorded = self._render(
            "{{ golden_history('golden', 'golden_account_id', columns, 'accounts') }}",
            variables,
        )
        self.connection.execute(f"create or replace table versions as {recorded}")
        self.connection.execute(
            f"copy versions to '{self.home}/state/history/accounts.parquet'"
        )
        shown = self._render(
            "{{ history_as_of('versions', 'golden_account_id', columns, 'av') }}",
            variables,
        )
        rows = self.connection.execute(
            "select golden_account_id, owner_name, valid_from_date, valid_to_date "
            f"from ({shown}) order by 1, 3"
        ).fetchall()
        return [
            (key, owner, first.isoformat(), last.isoformat() if last else None)
            for key, owner, first, last in rows
        ]

    def _render(self, text: str, variables: dict[str, str]) -> str:
        return render(
            "{% set columns = " + repr(COLUMNS) + " %}" + text,
            macros=("as_of", "keys", "history"),
            variables=variables,
            connection=self.connection,
        )


@pytest.fixture
def history(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> History:
    return History(connection, tmp_path)


def test_a_change_ends_a_version_and_begins_another(history: History) -> None:
    assert history.run("2025-01-10", {"a": ("Acme", "Ann")}) == [
        ("a", "Ann", "2020-05-01", None)
    ]
    assert history.run("2025-01-11", {"a": ("Acme", "Ann")}) == [
        ("a", "Ann", "2020-05-01", None)
    ]
    assert history.run("2025-02-01", {"a": ("Acme", "Bob")}) == [
        ("a", "Ann", "2020-05-01", "2025-02-01"),
        ("a", "Bob", "2025-02-01", None),
    ]


def test_two_runs_of_a_day_leave_one_version(history: History) -> None:
    history.run("2025-01-10", {"a": ("Acme", "Ann")})
    history.run("2025-02-01", {"a": ("Acme", "Bob")})
    assert history.run("2025-02-01", {"a": ("Acme", "Cid")}) == [
        ("a", "Ann", "2020-05-01", "2025-02-01"),
        ("a", "Cid", "2025-02-01", None),
    ]


def test_a_record_that_is_gone_ends_and_may_return(history: History) -> None:
    history.run("2025-01-10", {"a": ("Acme", "Ann"), "b": ("Beta", "Bob")})
    assert history.run("2025-02-01", {"b": ("Beta", "Bob")}) == [
        ("a", "Ann", "2020-05-01", "2025-02-01"),
        ("b", "Bob", "2020-05-01", None),
    ]
    assert history.run("2025-03-01", {"a": ("Acme", "Ann"), "b": ("Beta", "Bob")}) == [
        ("a", "Ann", "2020-05-01", "2025-02-01"),
        ("a", "Ann", "2025-03-01", None),
        ("b", "Bob", "2020-05-01", None),
    ]


def test_a_run_for_a_past_day_shows_what_was_known_and_records_nothing(
    history: History,
) -> None:
    history.run("2025-01-10", {"a": ("Acme", "Ann")})
    latest = history.run("2025-02-01", {"a": ("Acme", "Bob")})
    assert history.run("2025-01-20", {"a": ("Acme", "Zoe")}) == [
        ("a", "Ann", "2020-05-01", None)
    ]
    assert history.run("2025-02-02", {"a": ("Acme", "Bob")}) == latest


def test_no_two_versions_hold_on_one_day(history: History) -> None:
    owners = ["Ann", "Bob", "Ann", "Ann", "Cid", "Bob"]
    for number, owner in enumerate(owners):
        rows = history.run(
            date(2025, 1, 10 + number // 2).isoformat(), {"a": ("Acme", owner)}
        )
    ends = [row[3] for row in rows]
    assert ends == [*[row[2] for row in rows[1:]], None]


@pytest.mark.parametrize(
    ("first_day", "expected"),
    [(1, date(2026, 1, 12)), (7, date(2026, 1, 11)), (4, date(2026, 1, 15))],
)
def test_weeks_begin_on_the_configured_day(
    connection: duckdb.DuckDBPyConnection, first_day: int, expected: date
) -> None:
    sql = render(
        "select {{ week_start(\"date '2026-01-15'\") }}",  # a Thursday
        macros=("fiscal",),
        variables={"week_start_day": first_day},
        connection=connection,
    )
    assert connection.execute(sql).fetchall() == [(expected,)]


def words(**own: dict[str, list[str]]) -> dict[str, object]:
    answers = list_spellings("boolean", own)
    return {
        "reporting_currency": "EUR",
        "currency_words": list_spellings("currency", own),
        "true_words": [word for word, label in answers.items() if label == "true"],
        "false_words": [word for word, label in answers.items() if label == "false"],
    }


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("EUR", "EUR"), (" eur ", "EUR"), ("€", "EUR"), ("Euro", "EUR"), ("US$", "USD"),
        ("Kč", "CZK"), ("pounds sterling", "GBP"), ("R$", "BRL"), ("RMB", "CNY"),
        ("chf", "CHF"), ("doubloons", "DOUBLOONS"), ("", "EUR"), (None, "EUR"),
        ("taler", "DEM"), ("l'or", "XAU"),
    ],
)  # fmt: skip
def test_currencies_are_read_with_the_vocabulary(
    connection: duckdb.DuckDBPyConnection, raw: str | None, code: str
) -> None:
    sql = render(
        "select {{ currency_code('raw') }} from (select $raw::varchar as raw)",
        macros=("opportunities",),
        variables=words(currency={"DEM": ["Taler"], "XAU": ["l'or"]}),
        connection=connection,
    )
    assert connection.execute(sql, {"raw": raw}).fetchall() == [(code,)]


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ("true", True), ("Oui", True), ("1", True), ("opted in", True), ("☑", True),
        ("jawoll", True), ("No", False), ("falsch", False), ("não", False),
        ("perhaps", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_yes_and_no_are_read_with_the_vocabulary(
    connection: duckdb.DuckDBPyConnection, raw: str | None, answer: bool | None
) -> None:
    sql = render(
        "select {{ cast_boolean('raw') }} from (select $raw::varchar as raw)",
        macros=("casts",),
        variables=words(boolean={"true": ["Jawoll"]}),
        connection=connection,
    )
    assert connection.execute(sql, {"raw": raw}).fetchall() == [(answer,)]


@pytest.mark.parametrize("name", ["currency", "boolean"])
def test_the_warehouse_and_the_standardiser_read_a_word_alike(name: str) -> None:
    picklist = load_picklists({})[name]
    for spelling, label in list_spellings(name, {}).items():
        assert standardise_choice(spelling, picklist).value == label, spelling


@pytest.mark.parametrize(
    ("tests", "addressed", "records", "kept_out"),
    [
        (40, 100, 100, 40),  # a handful is judged record by record, whatever its share
        (60, 1000, 1000, 60),
        (400, 1000, 1000, 0),  # a masked copy: nothing of it would be left
        (250, 260, 1000, 0),  # masked, and most records have no address
    ],
)
def test_records_that_all_look_like_tests_are_none(
    connection: duckdb.DuckDBPyConnection,
    tests: int,
    addressed: int,
    records: int,
    kept_out: int,
) -> None:
    connection.execute(
        f"create table standardised_contacts as select i < {tests} as is_test_record, "
        f"case when i < {addressed} then 'a' || i end as email_std "
        f"from range({records}) as t(i)"
    )
    sql = render(
        "select count(*) from standardised_contacts where {{ is_test_record('contact') }}",
        macros=("test_records",),
        variables={"max_test_share": 1 / 3},
        connection=connection,
    )
    assert connection.execute(sql).fetchall() == [(kept_out,)]
    # Matching decides alike.
    connection.execute("create temp table facts as from standardised_contacts")
    connection.execute("create temp view standardised as from standardised_contacts")
    _take_back_test_records(connection, MatchSettings(), address="email_std")
    assert connection.execute(
        "select count(*) filter (is_test_record) from facts"
    ).fetchall() == [(kept_out,)]
