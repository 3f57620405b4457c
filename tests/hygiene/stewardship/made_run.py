"""A small run of matching and identification that stewards can work on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from hygiene.identity import audit_clusters, identify
from hygiene.matching import MatchSettings, link
from hygiene.matching.settings import Training
from hygiene.stewardship import put_rulings_in_force
from hygiene.stewardship.references import RunTables
from tests.hygiene.matching.people import CONTACT_SCHEMA, contact, crowd, write_links

SETTINGS = MatchSettings(training=Training.NEVER)
FIRST, SECOND, THIRD = (datetime(2026, 3, day) for day in (1, 2, 3))  # noqa: DTZ001

PEOPLE: list[dict[str, Any]] = [
    # One person in three systems, joined by e-mail, phone and a sync id.
    contact(
        "sf:contact:1",
        "jonas",
        "haugen",
        email="jonas.haugen77@north.com",
        mobile="+4791111111",
        company="north light",
    ),
    contact(
        "hs:contacts:1",
        "jonas",
        "haugen",
        email="jonas.haugen77@north.com",
        company="north light",
    ),
    contact("shop:contacts:1", "jonas", "haugen", mobile="+4791111111"),
    contact("sf:lead:1", None, "haugen", company="north light"),
    # Mother and daughter at one phone: a doubtful pair.
    contact(
        "sf:contact:2",
        "clara",
        "moreau",
        phone="+33155555555",
        street="4 rue haute",
        city="lyon",
        postcode="69001",
    ),
    contact(
        "hs:contacts:2",
        "tessa",
        "moreau",
        phone="+33155555555",
        street="4 rue haute",
        city="lyon",
        postcode="69001",
    ),
    contact("sf:contact:3", "viktor", "nowak", email="viktor.nowak@far.pl"),
]

TRUE_NAMES = {"given_name_match": "first_name", "family_name_match": "last_name"}


def people(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The records, with values changed per key (dots and colons as underscores)."""
    found = []
    for record in [*PEOPLE, *crowd(24)]:
        name = record["source_record_key"].replace(":", "_")
        found.append(record | changes.get(name, {}))
    return found


class MadeRun:
    """Files of a run in one folder; `run` does it again with the rulings of now."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.book = folder / "contact_rulings.csv"
        self.tables = RunTables(
            "contact",
            folder / "standardised.parquet",
            folder / "edges.parquet",
            folder / "clusters.parquet",
            folder / "links.parquet",
            folder / "status.parquet",
            folder / "ledger",
            folder / "audit.parquet",
        )

    def run(
        self,
        records: list[dict[str, Any]] | None = None,
        *,
        at: datetime = FIRST,
        suspected: tuple[tuple[str, str], ...] = (),
    ) -> MadeRun:
        tables = self.tables
        frame = pl.DataFrame(records or people(), schema=CONTACT_SCHEMA)
        frame.with_columns(
            pl.col("given_name_match").alias("first_name"),
            pl.col("family_name_match").alias("last_name"),
            pl.col("email_match").alias("email"),
            pl.col("phone_e164").alias("phone"),
        ).write_parquet(tables.standardised)
        links = [("hs:contacts:1", "sf:lead:1", "sync_id")]
        links += [(*pair, "crm_duplicate") for pair in suspected]
        write_links(self.folder, links)
        obeyed = self.folder / "in_force.csv"
        self.rulings = put_rulings_in_force(
            self.book,
            tables.standardised,
            obeyed,
            tables.rulings_status,
            entity="contact",
        )
        self.report = link(
            tables.standardised,
            tables.links,
            obeyed,
            tables.edges,
            entity="contact",
            settings=SETTINGS,
        )
        identify(
            tables.standardised,
            tables.edges,
            tables.ledger,
            tables.clusters,
            self.folder / "events.parquet",
            self.folder / "redirects.parquet",
            entity="contact",
            run_id=at.isoformat(),
            occurred_at=at,
        )
        audit_clusters(
            tables.edges,
            tables.clusters,
            self.folder / "audit.parquet",
            entity="contact",
        )
        return self

    def golden(self, key: str) -> str:
        clusters = pl.read_parquet(self.tables.clusters)
        found = clusters.filter(pl.col("source_record_key") == key)
        return str(found["golden_contact_id"].item())

    def status(self) -> pl.DataFrame:
        put_rulings_in_force(
            self.book,
            self.tables.standardised,
            self.folder / "in_force.csv",
            self.tables.rulings_status,
            entity="contact",
        )
        return pl.read_parquet(self.tables.rulings_status)
