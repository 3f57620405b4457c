"""Who is meant: from an address, a number, an id or a key to every record of one person.

Belongs here: finding the records of one golden contact, also in earlier landed versions,
and the identifiers they hold, with a mark on those that other people share. Nothing is
changed here. A subject holds personal data: it lives in memory and in the journal of an
unfinished erasure only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import duckdb
import polars as pl

from connectors.landing import Landing, Origin
from connectors.landing.suppression import (
    EMAIL_PATTERN,
    HUBSPOT_ENGAGEMENTS,
    PHONE_DIGITS,
    is_email_column,
    is_phone_column,
    names_of,
    normal_email,
    normal_name,
    person_references,
    record_reference,
)
from hygiene.errors import InputError
from hygiene.stewardship.references import resolve
from orchestration.errors import OrchestrationError
from orchestration.home import Home
from orchestration.review import need_run
from orchestration.rulings import run_tables

_EMAIL = re.compile(EMAIL_PATTERN)
_DIGITS = re.compile(r"\D")
_OBJECTS = {
    "salesforce": ("contact", "lead"),
    "hubspot": ("contacts",),
    "spreadsheet": ("contacts",),
}
"""Objects whose rows are people, by source type."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One person, as the home knows them.

    Attributes:
        golden_ids: Golden contact ids, also those that were merged into them.
        keys: Keys of every source record.
        references: Normalised references of these records, for the suppression list.
        emails: Addresses that nobody else has, lower case.
        people: Normalised first name, last name and number together.
        phones: Numbers that nobody else has, as they are written.
        names: Full names that nobody else has, as they are written.
        streets: Streets that nobody else has, as they are written.
        shared: How many identifiers others have too, by kind; they stay with the others.
    """

    golden_ids: tuple[str, ...]
    keys: tuple[str, ...]
    references: tuple[str, ...]
    emails: tuple[str, ...]
    people: tuple[str, ...]
    phones: tuple[str, ...]
    names: tuple[str, ...]
    streets: tuple[str, ...]
    shared: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the journal."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Subject:
        """Read back what `as_dict` gave."""
        listed: dict[str, Any] = {
            each.name: tuple(values[each.name])
            for each in fields(cls)
            if each.name != "shared"
        }
        return cls(**listed, shared=dict(values["shared"]))

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """Kind and normalised value of everything that goes on the suppression list."""
        return [
            *(("email", each) for each in self.emails),
            *(("record", each) for each in self.references),
            *(("person", each) for each in self.people),
        ]


class AmbiguousSubjectError(OrchestrationError):
    """More than one person has what was given."""


def find_subject(home: Home, given: str, *, all_matches: bool = False) -> Subject:
    """Find one person and everything that belongs to them.

    Args:
        home: Where to look.
        given: Address, phone number, golden contact id or source record key.
        all_matches: Take everybody who has the address or number, as one person.

    Raises:
        InputError: Nobody is meant by it.
        AmbiguousSubjectError: Several people are, and `all_matches` is false.
        OrchestrationError: There was no run yet.
    """
    need_run(home, "Looking for a person")
    with duckdb.connect() as connection:
        _open(connection, home)
        seeds = _seeds(connection, home, given.strip())
        people = sorted({golden or key for key, golden in seeds})
        if len(people) > 1 and not all_matches:
            shown = ", ".join(people[:10])
            raise AmbiguousSubjectError(
                f"Looking for a person: {len(people)} people have what was given "
                f"({shown}). One is expected. Name one of these ids as --subject, or use "
                "--all if all of them are the same person."
            )
        keys = _members(connection, seeds)
        golden = sorted({each for _, each in seeds if each})
        return _described(connection, home, keys, _with_old_ids(home, golden))


def _open(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    clusters = home.stage("contact_clusters")
    numbers = home.stage("standardised_contacts")
    connection.execute(
        "CREATE TEMP VIEW people AS SELECT records.*, "
        "clusters.golden_contact_id AS golden_id, numbers.* EXCLUDE source_record_key "
        f"FROM read_parquet('{_escaped(home.stage('int_contacts_unioned'))}') AS records "
        f"LEFT JOIN read_parquet('{_escaped(clusters)}') AS clusters "
        "USING (source_record_key) LEFT JOIN (SELECT source_record_key, "
        "phone_e164 AS phone_standard, mobile_phone_e164 AS mobile_phone_standard "
        f"FROM read_parquet('{_escaped(numbers)}')) AS numbers USING (source_record_key)"
    )
    companies = home.stage("int_accounts_unioned")
    connection.execute(
        f"CREATE TEMP VIEW companies AS FROM read_parquet('{_escaped(companies)}')"
    )


def _seeds(
    connection: duckdb.DuckDBPyConnection, home: Home, given: str
) -> list[tuple[str, str | None]]:
    """Records that are meant, with their golden id; none for those set aside."""
    if "@" in given:
        found = connection.execute(
            "SELECT source_record_key, golden_id FROM people "
            "WHERE lower(trim(email)) = $1 "
            "OR list_contains(regexp_extract_all(lower(additional_emails), $2), $1)",
            [normal_email(given), EMAIL_PATTERN],
        ).fetchall()
    elif given[:3] == "gc_" or ":" in given:
        known = connection.execute(
            "SELECT source_record_key, golden_id FROM people "
            "WHERE source_record_key = $1 OR golden_id = $1",
            [given],
        ).fetchall()
        if known:
            found = known
        else:
            subject = resolve(given, run_tables(home))
            found = [(key, subject.golden_id) for key in subject.members]
    else:
        digits = _DIGITS.sub("", given)
        if len(digits) < 7:
            raise InputError(
                "Looking for a person: what was given is no address, no phone number of "
                "at least seven digits, no golden id and no source record key; one of "
                "them is expected, such as gc_0123… or salesforce:contact:003…."
            )
        tail = digits[-PHONE_DIGITS:]
        found = connection.execute(
            "SELECT source_record_key, golden_id FROM people WHERE "
            "right(regexp_replace(phone, '[^0-9]', '', 'g'), $2) = $1 OR "
            "right(regexp_replace(mobile_phone, '[^0-9]', '', 'g'), $2) = $1",
            [tail, PHONE_DIGITS],
        ).fetchall()
    if not found:
        raise InputError(
            "Looking for a person: no record of the last run has what was given. Check "
            "the spelling, or try another address, number, golden id or record key."
        )
    return [(str(key), golden) for key, golden in found]


def _members(
    connection: duckdb.DuckDBPyConnection, seeds: Sequence[tuple[str, str | None]]
) -> list[str]:
    golden = [each for _, each in seeds if each]
    rows = connection.execute(
        "SELECT source_record_key FROM people "
        "WHERE list_contains($1::VARCHAR[], golden_id) "
        "OR list_contains($2::VARCHAR[], source_record_key) ORDER BY ALL",
        [golden, [key for key, _ in seeds]],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _with_old_ids(home: Home, golden: Sequence[str]) -> list[str]:
    redirects = home.stage("identity_redirects")
    old: list[str] = []
    if redirects.is_file():
        frame = pl.read_parquet(redirects).filter(pl.col("new_id").is_in(list(golden)))
        old = frame["old_id"].to_list()
    return sorted({*golden, *old})


def _described(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    keys: Sequence[str],
    golden: Sequence[str],
) -> Subject:
    emails: set[str] = set()
    phones: set[str] = set()
    names: set[str] = set()
    streets: set[str] = set()
    people: set[str] = set()
    references: set[str] = set()
    rows: list[tuple[Origin | None, dict[str, Any]]] = [
        (None, row) for row in _unioned(connection, keys)
    ]
    rows += _versions(home, keys)
    for origin, row in rows:
        if origin is not None:
            references.add(record_reference(origin, str(row["_source_record_id"])))
        for column, value in row.items():
            if not isinstance(value, str) or column.startswith("_"):
                continue
            if is_email_column(column):
                emails.update(map(normal_email, _EMAIL.findall(value)))
            elif is_phone_column(column) and len(_DIGITS.sub("", value)) >= 7:
                phones.add(value)
            elif "street" in column and len(value) >= 8:
                streets.add(value)
        people.update(person_references(row))
        named = names_of(row)
        if named:
            names.add(" ".join(named))
        full = row.get("full_name") or row.get("name")
        if isinstance(full, str) and " " in full.strip():
            names.add(full.strip())
    references |= engagements_of(home, keys)
    own = {
        "emails": emails - _held_by_others(connection, keys, "email"),
        "phones": _keep(phones, _phone, _held_by_others(connection, keys, "phone")),
        "names": _keep(names, normal_name, _held_by_others(connection, keys, "name")),
        "streets": _keep(
            streets, normal_name, _held_by_others(connection, keys, "street")
        ),
    }
    found = {"emails": emails, "phones": phones, "names": names, "streets": streets}
    return Subject(
        golden_ids=tuple(golden),
        keys=tuple(keys),
        references=tuple(sorted(references)),
        people=tuple(sorted(people)),
        shared={kind: len(found[kind]) - len(own[kind]) for kind in found},
        **{kind: tuple(sorted(values)) for kind, values in own.items()},
    )


def _unioned(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[str]
) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        "SELECT * FROM people WHERE list_contains($1::VARCHAR[], source_record_key)",
        [list(keys)],
    ).pl()
    for row in rows.iter_rows(named=True):
        yield {**row, "firstname": row["first_name"], "lastname": row["last_name"]}


def _versions(
    home: Home, keys: Sequence[str]
) -> Iterator[tuple[Origin, dict[str, Any]]]:
    """Every landed version of the records: what they said before counts as well."""
    landing = Landing(home.landing)
    wanted: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        source, object_name, record = key.split(":", 2)
        wanted.setdefault((source, object_name), []).append(record)
    for source_type, object_name in landing.objects():
        if object_name not in _OBJECTS.get(source_type, ()):
            continue
        for (source, name), records in wanted.items():
            if name != object_name:
                continue
            origin = Origin(source_type, object_name, source)
            rows = landing.versions(source_type, object_name, source).filter(
                pl.col("_source_record_id").is_in(records)
            )
            for row in rows.collect().iter_rows(named=True):
                yield origin, row


def engagements_of(home: Home, keys: Sequence[str]) -> set[str]:
    """Find calls, mails, meetings, notes and tasks of HubSpot that are with them alone.

    Their rows do not say with whom; the associations do. One that also names somebody
    else stays, without the person.

    Args:
        home: Whose landing zone.
        keys: Keys of the source records of one person.

    Returns:
        References of the engagements.
    """
    landing = Landing(home.landing)
    people: dict[str, list[str]] = {}
    for key in keys:
        source, object_name, record = key.split(":", 2)
        if object_name == "contacts":
            people.setdefault(source, []).append(record)
    found: set[str] = set()
    landed = set(landing.objects())
    for kind in HUBSPOT_ENGAGEMENTS:
        pair = f"associations_{kind}_contacts"
        if ("hubspot", pair) not in landed:
            continue
        for source, records in people.items():
            ever = landing.versions("hubspot", pair, source)
            if "to_object_id" not in ever.collect_schema():
                continue
            theirs = pl.col("to_object_id").is_in(records)
            others = landing.current("hubspot", pair, source).filter(
                ~theirs & ~pl.col("_is_deleted").fill_null(value=False)
            )
            alone = ever.filter(theirs).join(others, on="from_object_id", how="anti")
            origin = Origin("hubspot", kind, source)
            found |= {
                record_reference(origin, each)
                for each in alone.select("from_object_id")
                .unique()
                .collect()
                .to_series()
            }
    return found


def _held_by_others(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[str], kind: str
) -> set[str]:
    """Normalised identifiers of everybody else."""
    columns = {
        "email": ("email", "additional_emails"),
        "phone": ("phone", "mobile_phone"),
        "name": ("full_name", "concat_ws(' ', first_name, last_name)"),
        "street": ("street",),
    }[kind]
    union = " UNION ".join(
        f"SELECT {column}::VARCHAR AS value FROM people "
        "WHERE NOT list_contains($1::VARCHAR[], source_record_key)"
        for column in columns
    )
    # A number, a street or a name of a company is no evidence of one person either.
    of_companies = {"phone": "phone", "street": "street", "name": "account_name"}
    if kind in of_companies:
        union += f" UNION SELECT {of_companies[kind]}::VARCHAR FROM companies"
    rows = connection.execute(
        f"SELECT DISTINCT value FROM ({union}) WHERE value IS NOT NULL", [list(keys)]
    ).fetchall()
    texts = (str(row[0]) for row in rows)
    if kind == "email":
        return {normal_email(each) for text in texts for each in _EMAIL.findall(text)}
    if kind == "phone":
        return {_phone(text) for text in texts}
    return {normal_name(text) for text in texts}


def _keep(values: set[str], normal: Any, others: set[str]) -> set[str]:
    return {value for value in values if normal(value) not in others}


def _phone(text: str) -> str:
    return _DIGITS.sub("", text)[-PHONE_DIGITS:]


def _escaped(path: Any) -> str:
    return str(path).replace("'", "''")
