"""Finding what a person means: a golden id, an id no longer in use, or a record key.

What belongs here: resolving references over the tables of a run and the ledger. What
does not: acting on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from hygiene.errors import InputError
from hygiene.identity import PastId, find_id

Entity = Literal["contact", "account"]
_PREFIXES: dict[str, Entity] = {"gc_": "contact", "ga_": "account"}


@dataclass(frozen=True, slots=True)
class RunTables:
    """Files of one entity that a run left behind.

    Attributes:
        entity: contact or account.
        standardised: Standardised records.
        edges: Decided edges.
        clusters: Golden id of each record.
        links: Pairs that a system of record says are the same.
        rulings_status: Rulings with their status; may be absent.
        ledger: Folder of the identity ledger.
        cluster_audit: How sure each golden record of several is; may be absent.
    """

    entity: Entity
    standardised: Path
    edges: Path
    clusters: Path
    links: Path
    rulings_status: Path
    ledger: Path
    cluster_audit: Path | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a reference stands for.

    Attributes:
        given: The reference as given.
        entity: contact or account.
        golden_id: The live golden id.
        records: The source records that are meant: one for a record key, all for a
            golden id, its last own ones for an id that was merged.
        members: All source records of the live golden id.
        past: What the ledger says, if the reference is an id that is no longer live.
    """

    given: str
    entity: Entity
    golden_id: str
    records: tuple[str, ...]
    members: tuple[str, ...]
    past: PastId | None = None

    @property
    def is_record(self) -> bool:
        """Whether a single source record was named."""
        return self.records == (self.given,)


def resolve(given: str, runs: Sequence[RunTables]) -> Subject:
    """Find what a reference means.

    Args:
        given: A golden id (also one that was merged), or a source record key.
        runs: Tables per entity.

    Returns:
        The subject.

    Raises:
        InputError: If nothing has this name; says what was looked through.
    """
    entity = _PREFIXES.get(given[:3])
    for run in runs:
        if entity not in {None, run.entity}:
            continue
        found = _as_record(given, run) if entity is None else _as_id(given, run)
        if found is not None:
            return found
    kind = "golden id" if entity else "source record key"
    raise InputError(
        f"Looking up a record: no {kind} of the last run or of the ledger is spelt like "
        "the one given; expected an id such as gc_0123…, or a key such as "
        "salesforce:contact:003…, as in bridge_contact_source_records; check the "
        "spelling, or run `tidycrm sync` if the record is new."
    )


def _as_record(given: str, run: RunTables) -> Subject | None:
    rows = _query(
        run,
        "SELECT golden FROM clusters WHERE source_record_key = ?",
        [given],
    )
    if not rows:
        return None
    golden = rows[0]
    return Subject(given, run.entity, golden, (given,), _members(run, golden))


def _as_id(given: str, run: RunTables) -> Subject | None:
    members = _members(run, given)
    if members:
        return Subject(given, run.entity, given, members, members)
    past = find_id(run.ledger, given, entity=run.entity)
    if past is None:
        return None
    current = _members(run, past.live_id) if past.live_id else ()
    if not current or past.live_id is None:
        raise InputError(
            f"Looking up a golden id: it is {past.status} since {past.changed_at} and no "
            "live id stands for it; its records left the sources. Name a live id or a "
            "source record key."
        )
    records = tuple(key for key in past.records if key in set(current))
    return Subject(given, run.entity, past.live_id, records or current, current, past)


def _members(run: RunTables, golden_id: str) -> tuple[str, ...]:
    return tuple(
        _query(
            run,
            "SELECT source_record_key FROM clusters WHERE golden = ? ORDER BY 1",
            [golden_id],
        )
    )


def _query(run: RunTables, sql: str, values: list[str]) -> list[str]:
    if not run.clusters.is_file():
        return []
    with duckdb.connect() as connection:
        connection.read_parquet(str(run.clusters)).project(
            f"source_record_key, golden_{run.entity}_id AS golden"
        ).create_view("clusters")
        return [str(row[0]) for row in connection.execute(sql, values).fetchall()]
