"""When a person's record changed its account, as far as anything that was landed tells.

Belongs here: reading account changes of contacts from the histories that CRMs keep and
from the versions of records that were landed. What they mean for the person, who may
have several records, is decided in dbt (`int_contact_account_spells`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from connectors.landing import Landing
from connectors.salesforce.ids import id_18_expression
from orchestration.field_history import instant_expression

SCHEMA: dict[str, Any] = {
    "source_record_key": pl.String,
    "previous_account_source_record_key": pl.String,
    "account_source_record_key": pl.String,
    "changed_at": pl.Datetime("us"),
    "evidence": pl.String,
}
HISTORY, VERSION = "field_history", "record_version"

_CONTACT = ("salesforce", "contact")
_SALESFORCE_HISTORY = ("salesforce", "contacthistory")
_HUBSPOT_CONTACT = ("hubspot", "contacts")
_HUBSPOT_HISTORY = ("hubspot", "property_history")
_ORDER = ["source_record_key", "changed_at", "account_source_record_key"]


def write_account_changes(landing: Landing, out: Path) -> int:
    """Write every known change of the account of a contact record.

    A recorded history is exact. Where it does not tell of a change, two landed versions
    of the record do: it happened when the later one was last modified.

    Args:
        landing: The landed versions and histories.
        out: Parquet to replace: source_record_key, the account's key before and after
            (null: none), changed_at (UTC), evidence (field_history | record_version).

    Returns:
        Rows written.
    """
    recorded = pl.concat(
        [
            pl.LazyFrame(schema=SCHEMA),
            *_salesforce_history(landing),
            *_hubspot_history(landing),
        ]
    )
    seen = pl.concat(
        [
            pl.LazyFrame(schema=SCHEMA),
            *_versions(
                landing,
                _CONTACT,
                account="account",
                reference=["accountid"],
                changed=["lastmodifieddate", "systemmodstamp"],
            ),
            *_versions(
                landing,
                _HUBSPOT_CONTACT,
                account="companies",
                reference=["associated_company_ids_primary", "associatedcompanyid"],
                changed=["lastmodifieddate"],
            ),
        ]
    )
    told = ["source_record_key", "account_source_record_key"]
    changes = (
        pl.concat(
            [recorded, seen.join(recorded, on=told, how="anti", nulls_equal=True)]
        )
        .unique()
        .sort(_ORDER)
        .collect()
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.tmp")
    changes.write_parquet(temporary)
    temporary.replace(out)
    return changes.height


def _frame(
    landing: Landing, name: tuple[str, str], wanted: set[str], *, every: bool
) -> list[pl.LazyFrame]:
    """The landed rows of an object; nothing if it, or a column, is not there."""
    if name not in landing.objects():
        return []
    frame = landing.versions(*name) if every else landing.current(*name)
    return [frame] if wanted <= set(frame.collect_schema().names()) else []


def _key(object_name: str, identifier: pl.Expr) -> pl.Expr:
    return pl.format(
        "{}:{}:{}", pl.col("_source_name"), pl.lit(object_name), identifier
    )


def _salesforce_history(landing: Landing) -> list[pl.LazyFrame]:
    wanted = {"contactid", "field", "oldvalue", "newvalue", "createddate"}
    account = [
        # A change of a lookup is written twice, with names and with ids: ids count.
        _key("account", id_18_expression(pl.col(column))).alias(name)
        for column, name in (
            ("oldvalue", "previous_account_source_record_key"),
            ("newvalue", "account_source_record_key"),
        )
    ]
    return [
        frame.filter(
            pl.col("field").str.to_lowercase().is_in(["account", "accountid"]),
            pl.any_horizontal(
                pl.col("oldvalue", "newvalue").str.contains(r"^001[a-zA-Z0-9]{12,15}$")
            ),
        )
        .select(
            _key("contact", id_18_expression(pl.col("contactid"))).alias(
                "source_record_key"
            ),
            *account,
            instant_expression("createddate").alias("changed_at"),
            pl.lit(HISTORY).alias("evidence"),
        )
        .drop_nulls(["source_record_key", "changed_at"])
        for frame in _frame(landing, _SALESFORCE_HISTORY, wanted, every=False)
    ]


def _hubspot_history(landing: Landing) -> list[pl.LazyFrame]:
    wanted = {"object_type", "object_id", "property_name", "value", "changed_at"}
    return [
        _steps(
            frame.filter(
                pl.col("object_type") == "contacts",
                pl.col("property_name") == "associatedcompanyid",
            ).select(
                _key("contacts", pl.col("object_id")).alias("source_record_key"),
                _key("companies", _filled("value")).alias("account_source_record_key"),
                instant_expression("changed_at").alias("changed_at"),
            ),
            order=["changed_at", "account_source_record_key"],
            evidence=HISTORY,
        )
        for frame in _frame(landing, _HUBSPOT_HISTORY, wanted, every=False)
    ]


def _versions(
    landing: Landing,
    name: tuple[str, str],
    *,
    account: str,
    reference: list[str],
    changed: list[str],
) -> list[pl.LazyFrame]:
    found = []
    for frame in _frame(landing, name, set(), every=True):
        columns = set(frame.collect_schema().names())
        references = [column for column in reference if column in columns]
        if not references:
            continue
        record = pl.col("_source_record_id")
        linked = pl.coalesce(*[_filled(column) for column in references])
        if name == _CONTACT:
            record, linked = id_18_expression(record), id_18_expression(linked)
        stamps = [instant_expression(each) for each in changed if each in columns]
        versions = frame.filter(~pl.col("_is_deleted").fill_null(False)).select(
            _key(name[1], record).alias("source_record_key"),
            _key(account, linked).alias("account_source_record_key"),
            pl.coalesce(*stamps, pl.col("_extracted_at").cast(pl.Datetime("us"))).alias(
                "changed_at"
            ),
            "_load_id",
            "_load_seq",
        )
        found.append(
            _steps(versions, order=["_load_id", "_load_seq"], evidence=VERSION)
        )
    return found


def _steps(frame: pl.LazyFrame, *, order: list[str], evidence: str) -> pl.LazyFrame:
    """Keep the rows of a record whose account is not that of the row before."""
    account = pl.col("account_source_record_key")
    return (
        frame.drop_nulls(["source_record_key", "changed_at"])
        .sort("source_record_key", *order)
        .with_columns(
            account.shift(1)
            .over("source_record_key", order_by=order)
            .alias("previous_account_source_record_key"),
            pl.int_range(pl.len())
            .over("source_record_key", order_by=order)
            .alias("place"),
        )
        .filter(
            pl.col("place") > 0,
            account.ne_missing(pl.col("previous_account_source_record_key")),
        )
        .select(
            "source_record_key",
            "previous_account_source_record_key",
            "account_source_record_key",
            "changed_at",
            pl.lit(evidence).alias("evidence"),
        )
    )


def _filled(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars()
    return pl.when(text != "").then(text)
