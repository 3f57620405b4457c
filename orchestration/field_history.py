"""When fields changed, from the histories that CRMs keep and that were landed.

Belongs here: which CRM field stands behind which golden field, and the newest change of
each per record. Survivorship (`most_recent`) prefers it to the record's own time stamp;
where a CRM keeps no history, or none was landed, nothing is written for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from connectors.landing import Landing
from connectors.salesforce.ids import id_18_expression

SCHEMA: dict[str, Any] = {
    "source_record_key": pl.String,
    "field_name": pl.String,
    "changed_at": pl.Datetime("us"),
}

_SALESFORCE = {
    "contact": (
        ("contacthistory", "contactid", "contact"),
        ("leadhistory", "leadid", "lead"),
    ),
    "account": (("accounthistory", "accountid", "account"),),
}
_HUBSPOT = {"contact": "contacts", "account": "companies"}

FIELDS: dict[str, dict[str, str]] = {
    "contact": {
        "name": "name firstname middlename lastname salutation suffix",
        "email": "email",
        "phone": "phone",
        "mobile_phone": "mobilephone",
        "job_title": "title jobtitle",
        "company_name": "company",
        "address": "mailingaddress mailingstreet mailingcity mailingstate "
        "mailingpostalcode mailingcountry address street city state zip country",
        "birth_date": "birthdate date_of_birth",
        "lead_source": "leadsource",
        "lifecycle_stage": "lifecyclestage",
        "email_opt_out": "hasoptedoutofemail hs_email_optout",
        "do_not_call": "donotcall",
        "owner_name": "owner ownerid hubspot_owner_id",
        "account_source_record_key": "account accountid associatedcompanyid",
    },
    "account": {
        "account_name": "name",
        "website": "website domain",
        "phone": "phone",
        "address": "billingaddress billingstreet billingcity billingstate "
        "billingpostalcode billingcountry address city state zip country",
        "industry": "industry",
        "employee_count": "numberofemployees",
        "annual_revenue": "annualrevenue",
        "account_type": "type",
        "parent_source_record_key": "parent parentid hs_parent_company_id",
        "owner_name": "owner ownerid hubspot_owner_id",
    },
}
"""CRM fields, lower case, by golden field or group; an address changes as a whole."""


def write_field_changes(landing: Landing, out: Path, *, entity: str) -> int:
    """Write the newest change of every golden field of every record that has one.

    Args:
        landing: The landed histories.
        out: Parquet to replace: source_record_key, field_name, changed_at (UTC).
        entity: contact or account.

    Returns:
        Rows written.
    """
    known = set(landing.objects())
    meant = {
        name: field for field, names in FIELDS[entity].items() for name in names.split()
    }
    parts = [pl.LazyFrame(schema=SCHEMA | {"crm_field": pl.String}).drop("field_name")]
    for history, parent, target in _SALESFORCE[entity]:
        if ("salesforce", history) in known:
            frame = landing.current("salesforce", history)
            wanted = {parent, "field", "createddate"}
            if wanted <= set(frame.collect_schema().names()):
                record = id_18_expression(pl.col(parent))
                parts.append(_changes(frame, record, target, "field", "createddate"))
    if ("hubspot", "property_history") in known:
        frame = landing.current("hubspot", "property_history")
        # A source that was only read from files has an empty contract here.
        wanted = {"object_type", "object_id", "property_name", "changed_at"}
        if wanted <= set(frame.collect_schema().names()):
            parts.append(
                _changes(
                    frame.filter(pl.col("object_type") == _HUBSPOT[entity]),
                    pl.col("object_id"),
                    _HUBSPOT[entity],
                    "property_name",
                    "changed_at",
                )
            )
    changes = (
        pl.concat(parts, how="diagonal")
        .with_columns(
            pl.col("crm_field")
            .str.to_lowercase()
            .replace_strict(meant, default=None, return_dtype=pl.String)
            .alias("field_name")
        )
        .drop_nulls(["field_name", "changed_at", "source_record_key"])
        .group_by("source_record_key", "field_name")
        .agg(pl.col("changed_at").max())
        .select(*SCHEMA)
        .sort("source_record_key", "field_name")
        .collect()
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.tmp")
    changes.write_parquet(temporary)
    temporary.replace(out)
    return changes.height


def _changes(
    frame: pl.LazyFrame, record: pl.Expr, target: str, field: str, changed_at: str
) -> pl.LazyFrame:
    return frame.select(
        pl.format("{}:{}:{}", pl.col("_source_name"), pl.lit(target), record).alias(
            "source_record_key"
        ),
        pl.col(field).alias("crm_field"),
        instant_expression(changed_at).alias("changed_at"),
    )


def instant_expression(column: str) -> pl.Expr:
    """Read an instant: milliseconds since 1970 or ISO 8601 with Z, +00:00 or +0000.

    Args:
        column: Column of text.

    Returns:
        UTC without a zone; null for anything else.
    """
    text = pl.col(column)
    return pl.coalesce(
        pl.from_epoch(
            pl.when(text.str.contains(r"^\d{12,14}$")).then(text).cast(pl.Int64),
            time_unit="ms",
        ).cast(pl.Datetime("us")),
        text.str.replace("T", " ")
        .str.replace(r"(Z|[+-]00:?00)$", "")
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us"),
    )
