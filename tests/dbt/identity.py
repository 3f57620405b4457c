"""Stand in for the hygiene package: stage files written by hand for the second pass.

Belongs here: the smallest stage files that dbt accepts, with identity decided by the
test. Does not belong here: any standardising or matching.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from orchestration.account_changes import SCHEMA
from tests.dbt.home import Home

INSTANT = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - UTC-naive by contract


def resolve(
    home: Home,
    *,
    contacts: Mapping[str, Sequence[str]],
    accounts: Mapping[str, Sequence[str]],
    test_ids: Sequence[str] = (),
    quarantine: Sequence[str] = (),
) -> None:
    """Write every hygiene table for the records that the first pass unioned.

    Args:
        home: folder after the first dbt pass.
        contacts: golden contact id to the source record keys it holds. Records that are
            not named become a golden contact of their own, `gc_<source record key>`.
        accounts: the same for golden accounts, `ga_...`.
        test_ids: golden ids to flag as test records.
        quarantine: source record keys to set aside.
    """
    _entity(home, "contact", contacts, test_ids, quarantine)
    _entity(home, "account", accounts, test_ids, quarantine)
    _quarantine(home, quarantine)
    home.stage("contact_account_changes", pl.DataFrame(schema=SCHEMA))
    text = pl.String()
    lineage = ["entity_type", "golden_id", "field_name", "value", "source_record_key"]
    home.stage(
        "golden_field_lineage",
        pl.DataFrame(
            [
                (
                    "contact",
                    "gc_jane",
                    "email",
                    "jane@acme.example",
                    "salesforce:contact:003JANE",
                )
            ],
            schema=dict.fromkeys(lineage, text),
            orient="row",
        ).with_columns(
            source_name=pl.lit("salesforce"),
            rule=pl.lit("most_recent"),
            observed_at=pl.lit(INSTANT),
            candidate_count=pl.lit(1),
            runner_up_value=pl.lit(None, text),
            runner_up_source_record_key=pl.lit(None, text),
        ),
    )
    home.stage(
        "identity_events",
        pl.DataFrame(
            {
                "entity_type": ["contact"],
                "run_id": ["run-1"],
                "occurred_at": [INSTANT],
                "golden_id": ["gc_jane"],
                "event": ["minted"],
                "related_golden_id": pl.Series([None], dtype=text),
                "record_count": [2],
            }
        ),
    )
    home.stage(
        "identity_cluster_audit",
        pl.DataFrame(
            {
                "entity_type": ["contact"],
                "golden_id": ["gc_jane"],
                "record_count": [3],
                "least_sure_source_record_key": ["salesforce:contact:003JANE"],
                "least_sure_bits": [12.5],
                "steward_link_count": [0],
                "crm_link_count": [2],
                "model_link_count": [1],
                "purity_probability": [0.978],
            }
        ),
    )
    home.stage(
        "ended_assignments",
        pl.DataFrame(
            {
                "entity_type": ["contact"],
                "source_record_key": ["salesforce:contact:003JANE"],
                "golden_id": ["gc_old"],
                "valid_from": [INSTANT - dt.timedelta(days=30)],
                "valid_to": [INSTANT],
            }
        ),
    )
    home.stage(
        "identity_redirects",
        pl.DataFrame(
            {
                "entity_type": ["contact"],
                "old_id": ["gc_old"],
                "new_id": ["gc_jane"],
                "valid_from": [INSTANT],
                "reason": ["merged"],
            }
        ),
    )


def _entity(
    home: Home,
    entity: str,
    groups: Mapping[str, Sequence[str]],
    test_ids: Sequence[str],
    quarantine: Sequence[str],
) -> None:
    golden_id = f"golden_{entity}_id"
    prefix = {"contact": "gc", "account": "ga"}[entity]
    named = {key: golden for golden, keys in groups.items() for key in keys}
    unioned = home.read_stage(f"int_{entity}s_unioned").filter(
        ~pl.col("source_record_key").is_in(list(quarantine))
    )
    missing = set(named) - set(unioned["source_record_key"])
    assert not missing, f"the test names {entity} records that do not exist: {missing}"
    standardised = unioned.with_columns(
        pl.col("source_record_key")
        .replace_strict(named, default=None, return_dtype=pl.String)
        .fill_null(prefix + "_" + pl.col("source_record_key"))
        .alias(golden_id)
    ).with_columns(is_test_record=pl.col(golden_id).is_in(list(test_ids)))
    home.stage(
        f"{entity}_clusters",
        standardised.select(
            "source_record_key",
            golden_id,
            cluster_size=pl.len().over(golden_id),
            is_singleton=pl.len().over(golden_id) == 1,
            assigned_at=pl.lit(INSTANT),
        ),
    )
    golden = standardised.sort("source_record_key").group_by(
        golden_id, maintain_order=True
    )
    null = pl.lit(None, pl.String)
    counts = {
        "is_deleted": pl.col("is_deleted").all(),
        "is_test_record": pl.col("is_test_record").any(),
        "source_record_count": pl.len(),
        "source_system_count": pl.col("source_name").n_unique(),
        "first_created_at": pl.col("created_at").min(),
        "last_modified_at": pl.col("modified_at").max(),
    }

    def first(name: str) -> pl.Expr:
        return pl.col(name).drop_nulls().first()

    if entity == "contact":
        home.stage(
            "standardised_contacts",
            standardised.drop(golden_id).with_columns(
                email_std=pl.col("email").str.to_lowercase(),
                email_status=pl.lit("valid"),
                phone_e164=pl.col("phone"),
                mobile_phone_e164=pl.col("mobile_phone"),
                full_name_std=pl.col("full_name"),
                email_domain=pl.col("email").str.to_lowercase().str.extract("@(.*)$"),
                domain_std=pl.col("website"),
                company_name_match=pl.col("company_name").str.to_lowercase(),
                country_code=pl.col("country"),
                is_free_email=pl.lit(False),
                is_disposable_email=pl.lit(False),
            ),
        )
        same = [
            "full_name",
            "salutation",
            "suffix",
            "email",
            "phone",
            "mobile_phone",
            "job_title",
            "company_name",
            "street",
            "city",
            "state",
            "postal_code",
            "lead_source",
            "lifecycle_stage",
            "owner_name",
            "email_opt_out",
            "do_not_call",
            "account_source_record_key",
        ]
        frame = golden.agg(
            *[first(name) for name in same],
            given_name=first("first_name"),
            middle_name=first("middle_name"),
            family_name=first("last_name"),
            country_code=first("country"),
            email_domain=first("email").str.extract("@(.*)$"),
            is_role_email=pl.lit(False),
            is_free_email=pl.lit(False),
            birth_date=pl.lit(None, pl.Date),
            **counts,
        )
    else:
        home.stage(
            "standardised_accounts",
            standardised.drop(golden_id).with_columns(
                account_name_std=pl.col("account_name"),
                account_name_match=pl.col("account_name").str.to_lowercase(),
                country_code=pl.col("country"),
                is_free_domain=pl.lit(False),
                domain_std=pl.col("domain"),
                phone_e164=pl.col("phone"),
            ),
        )
        same = [
            "account_name",
            "domain",
            "website",
            "phone",
            "street",
            "city",
            "state",
            "postal_code",
            "industry",
            "employee_count",
            "annual_revenue",
            "account_type",
            "parent_source_record_key",
            "owner_name",
        ]
        frame = golden.agg(
            *[first(name) for name in same],
            legal_form=null.first(),
            country_code=first("country"),
            **counts,
        )
    home.stage(f"golden_{entity}s", frame)


def _quarantine(home: Home, keys: Sequence[str]) -> None:
    text = [
        "quarantine_id",
        "source_record_key",
        "source_name",
        "source_type",
        "source_object",
        "stage",
        "reason_code",
        "rule_id",
        "reason_detail",
        "source_file",
        "raw_payload",
        "owner_name",
        "source_link",
        "fix_status",
        "fix_detail",
    ]
    rows = [
        {
            "quarantine_id": f"q{number}",
            "source_record_key": key,
            "source_name": key.split(":")[0],
            "source_type": "salesforce",
            "source_object": key.split(":")[1],
            "stage": "standardise",
            "reason_code": "no_identity",
            "rule_id": "DQ-C-001",
            "source_line": 2,
            "first_seen_at": INSTANT,
            "last_seen_at": INSTANT,
        }
        for number, key in enumerate(keys)
    ]
    schema: dict[str, pl.DataType] = dict.fromkeys(text, pl.String())
    schema |= {
        "source_line": pl.Int64(),
        "first_seen_at": pl.Datetime("us"),
        "last_seen_at": pl.Datetime("us"),
    }
    home.stage("quarantined_records", pl.DataFrame(rows, schema=schema))
