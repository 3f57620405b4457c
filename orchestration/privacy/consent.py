"""Consent: what people objected to, by channel and purpose, as every source told it.

Belongs here: reading the fields that speak of it out of all landed versions. The ledger
grows with every load that says something new and is never rewritten, except when a person
is erased. After a merge the restrictive value wins: who objected anywhere has objected.

A source that says nothing has not said yes: only `objected`, `not_objected` and `basis`
are known, and whether "not objected" is enough to write to somebody is for lawyers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from connectors.landing import Landing
from orchestration.home import Home

_YES = ("true", "1", "yes", "y", "t", "x", "ja", "oui", "si", "sí", "on", "checked")
_PEOPLE = {
    ("salesforce", "contact"),
    ("salesforce", "lead"),
    ("hubspot", "contacts"),
    ("spreadsheet", "contacts"),
}
_LEDGER_SCHEMA: dict[str, Any] = {
    "golden_contact_id": pl.String,
    "source_record_key": pl.String,
    "source_name": pl.String,
    "channel": pl.String,
    "purpose": pl.String,
    "status": pl.String,
    "legal_basis": pl.String,
    "source_column": pl.String,
    "known_at": pl.Datetime("us"),
    "load_id": pl.String,
}


@dataclass(frozen=True, slots=True)
class ConsentTable:
    """A published table of this module."""

    description: str
    key: tuple[str, ...]
    comments: Mapping[str, str]
    personal: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column of a source says: about which channel, for which purpose."""

    channel: str
    purpose: str
    is_basis: bool = False


_SHARED = {
    "golden_contact_id": "Golden contact; empty for a record that was set aside.",
    "channel": "email, phone, fax, sms, post or any.",
    "purpose": "marketing, or the id of the subscription that was left.",
    "status": "objected, not_objected, or basis (a legal ground was named).",
    "legal_basis": "Legal ground as the source names it; empty if it names none.",
}
CONSENT_TABLES: Mapping[str, ConsentTable] = {
    "consent_ledger": ConsentTable(
        description="One row per record and consent field whenever a source said "
        "something new about it. Grows and is never rewritten.",
        key=("source_record_key", "channel", "purpose", "source_column", "known_at"),
        comments={
            **_SHARED,
            "source_record_key": "Record that says so.",
            "source_name": "Source of the record.",
            "source_column": "Column that says so, as it was landed.",
            "known_at": "When it was first read, UTC.",
        },
        personal={"source_record_key": "record_key"},
    ),
    "contact_consent": ConsentTable(
        description="One row per golden contact, channel and purpose: what holds now. "
        "Who objected in any record has objected.",
        key=("golden_contact_id", "channel", "purpose"),
        comments={
            **_SHARED,
            "status": "objected if any record of the person objects; else not_objected, "
            "or basis where only a legal ground is known.",
            "objected_since": "When the first objection in force was read, UTC.",
            "records": "Source records that say something about it.",
        },
        personal={},
    ),
}


def meaning_of(column: str) -> Meaning | None:
    """Tell what a landed column says about consent; None if nothing.

    Example:
        >>> meaning_of("donotcall")
        Meaning(channel='phone', purpose='marketing', is_basis=False)
        >>> meaning_of("hs_email_optout_1234").purpose
        'subscription 1234'
        >>> meaning_of("phone") is None
        True
    """
    name = column.removesuffix("__c")
    flat = name.replace("_", "")
    if "legalbasis" in flat or "lawfulbasis" in flat:
        return Meaning("any", "marketing", is_basis=True)
    subscription = re.fullmatch(r"hs_email_optout_(\d+)", name)
    if subscription:
        return Meaning("email", f"subscription {subscription[1]}")
    if "donotcall" in flat or "phoneoptout" in flat or "nophone" in flat:
        return Meaning("phone", "marketing")
    if "donotcontact" in flat or "gdproptout" in flat:
        return Meaning("any", "marketing")
    if "optout" in flat or "optedout" in flat or "unsubscribed" in flat:
        for channel in ("email", "sms", "fax", "phone"):
            if channel in flat:
                return Meaning(channel, "marketing")
        return Meaning("post" if "mail" in flat else "any", "marketing")
    if "donotmail" in flat:
        return Meaning("post", "marketing")
    return None


def read_ledger(home: Home) -> pl.DataFrame:
    """Everything that any source ever said about consent, oldest first.

    Returns:
        Columns of `consent_ledger`: one row per record and column whenever it said
        something new.
    """
    landing = Landing(home.landing)
    parts = []
    for source_type, object_name in landing.objects():
        if (source_type, object_name) not in _PEOPLE:
            continue
        rows = landing.versions(source_type, object_name)
        names = rows.collect_schema().names()
        for column in names:
            meaning = None if column.startswith("_") else meaning_of(column)
            if meaning is not None:
                parts.append(_of_column(rows, object_name, column, meaning))
    if not parts:
        return pl.DataFrame(schema=_LEDGER_SCHEMA)
    said = pl.concat(parts)
    clusters = home.stage("contact_clusters")
    if clusters.is_file():
        known = pl.scan_parquet(clusters).select(
            "source_record_key", "golden_contact_id"
        )
        said = said.join(known, on="source_record_key", how="left")
    else:
        said = said.with_columns(pl.lit(None, pl.String).alias("golden_contact_id"))
    return (
        said.select([pl.col(n).cast(t) for n, t in _LEDGER_SCHEMA.items()])
        .sort("load_id", "source_record_key", "source_column")
        .collect()
    )


def _of_column(
    rows: pl.LazyFrame, object_name: str, column: str, meaning: Meaning
) -> pl.LazyFrame:
    text = pl.col(column).str.strip_chars().str.to_lowercase()
    status = pl.lit("basis")
    if not meaning.is_basis:
        status = (
            pl.when(text.is_in(_YES))
            .then(pl.lit("objected"))
            .otherwise(pl.lit("not_objected"))
        )
    key = pl.concat_str(
        pl.col("_source_name"), pl.lit(f":{object_name}:"), pl.col("_source_record_id")
    )
    before = pl.col("said").shift(1).over("source_record_key", order_by="load_id")
    return (
        rows.filter(pl.col(column).is_not_null())
        .select(
            key.alias("source_record_key"),
            pl.col("_source_name").alias("source_name"),
            pl.lit(meaning.channel).alias("channel"),
            pl.lit(meaning.purpose).alias("purpose"),
            status.alias("status"),
            (pl.col(column) if meaning.is_basis else pl.lit(None, pl.String)).alias(
                "legal_basis"
            ),
            pl.lit(column).alias("source_column"),
            pl.col("_extracted_at").alias("known_at"),
            pl.col("_load_id").alias("load_id"),
            (pl.col(column) if meaning.is_basis else status).alias("said"),
        )
        .filter(before.is_null() | (before != pl.col("said")))
        .drop("said")
    )


def merge_consent(ledger: pl.DataFrame) -> pl.DataFrame:
    """What holds for each person now; who objected in any record has objected.

    Args:
        ledger: As `read_ledger` gives it.

    Returns:
        Columns of `contact_consent`.
    """
    place = ["source_record_key", "channel", "purpose", "source_column"]
    latest = (
        ledger.filter(pl.col("golden_contact_id").is_not_null())
        .sort("load_id")
        .unique(subset=place, keep="last", maintain_order=True)
    )
    objected = pl.col("status") == "objected"
    return (
        latest.group_by("golden_contact_id", "channel", "purpose")
        .agg(
            pl.when(objected.any())
            .then(pl.lit("objected"))
            .when((pl.col("status") == "not_objected").any())
            .then(pl.lit("not_objected"))
            .otherwise(pl.lit("basis"))
            .alias("status"),
            pl.col("legal_basis").drop_nulls().unique().sort().str.join("; ")
            .alias("legal_basis"),
            pl.col("known_at").filter(objected).min().alias("objected_since"),
            pl.col("source_record_key").n_unique().cast(pl.Int64).alias("records"),
        )
        .with_columns(pl.col("legal_basis").replace("", None))
        .sort("golden_contact_id", "channel", "purpose")
    )  # fmt: skip


def write_consent_tables(home: Home, *, at: datetime) -> dict[str, int]:
    """Write both tables for the publication; return their rows.

    Args:
        home: Whose.
        at: Instant of the run: nothing that was read later is told.
    """
    ledger = read_ledger(home)
    moment = at.replace(tzinfo=None)
    ledger = ledger.filter(pl.col("known_at") <= moment) if ledger.height else ledger
    tables = {
        "consent_ledger": ledger.drop("load_id"),
        "contact_consent": merge_consent(ledger),
    }
    for name, frame in tables.items():
        temporary = home.stage(name).with_name(f".{name}.tmp")
        frame.write_parquet(temporary)
        temporary.replace(home.stage(name))
    return {name: frame.height for name, frame in tables.items()}
