"""What standardising did to values: raw, clean, verdict, rule, and how many records.

One row per distinct change, so that a person can review every repair without reading
every record. The table holds values of records: it is published beside them and is no
part of any report.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hygiene.parquet_exchange import open_connection, register_parquet, write_parquet

# field: (raw columns, clean column, status column, rule column); first raw that exists.
_FIELDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    "email": (("email",), ("email_std",), "email"),
    "phone": (("phone",), ("phone_e164",), "phone"),
    "mobile_phone": (("mobile_phone",), ("mobile_phone_e164",), "mobile_phone"),
    "name": (("full_name", "first_name", "last_name"), ("full_name_std",), "name"),
    "company_name": (("company_name",), ("company_name_std",), "company"),
    "account_name": (("account_name",), ("account_name_std",), "account_name"),
    "domain": (("domain", "website"), ("domain_std",), "domain"),
    "country": (("country",), ("country_code",), "country"),
    "state": (("state",), ("state_code", "state_std"), "state"),
    "city": (("city",), ("city_std",), "city"),
    "postal_code": (("postal_code",), ("postal_code_std",), "postal_code"),
    "street": (("street",), ("street_std",), "street"),
    "job_title": (("job_title",), ("job_title_std",), "job_title"),
    "birth_date": (("birth_date",), ("birth_date_std",), "birth_date"),
    "industry": (("industry",), ("industry_std",), "industry"),
    "lead_source": (("lead_source",), ("lead_source_std",), "lead_source"),
    "lifecycle_stage": (
        ("lifecycle_stage",),
        ("lifecycle_stage_std",),
        "lifecycle_stage",
    ),
    "lead_status": (("lead_status",), ("lead_status_std",), "lead_status"),
}
VOCABULARIES: Final = (
    "country", "state", "industry", "lead_source", "lifecycle_stage", "lead_status",
)  # fmt: skip
"""Fields of closed lists: what was recognised in them is no personal datum."""

_PARTS_OF_STREETS: Final = frozenset({"country", "state", "city", "postal_code"})

COMMENTS: Final = {
    "entity_type": "contact or account.",
    "field": "Field that was standardised.",
    "raw": "Value as received. Personal data.",
    "clean": "Canonical value; null where the raw one is unusable. Personal data.",
    "status": "Verdict: valid (layout only), corrected, invalid, placeholder.",
    "rule": "Rule that decided.",
    "record_count": "Records with this very change.",
    "example_source_record_key": "One of them.",
}


def write_changes(tables: dict[str, Path], out: Path) -> int:
    """Write every distinct change that standardising made.

    Args:
        tables: Standardised Parquet by entity (`contact`, `account`).
        out: Parquet to replace.

    Returns:
        Number of distinct changes.

    Raises:
        InputError: A table cannot be read.
    """
    with open_connection(out.parent) as connection:
        parts: list[str] = []
        for entity, path in tables.items():
            columns = register_parquet(
                connection, entity, path, task="listing what standardising changed"
            )
            parts += _queries(entity, columns)
        return write_parquet(
            connection,
            f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY entity_type, field, "
            "record_count DESC, raw, clean, status, rule",
            out,
        )


def _queries(entity: str, columns: Sequence[str]) -> list[str]:
    queries = []
    for field, (raws, cleans, verdict) in _FIELDS.items():
        raw = [name for name in raws if name in columns]
        clean = next((name for name in cleans if name in columns), None)
        if not raw or clean is None:
            continue
        if field == "name":
            parts = ", ".join(f"nullif(trim({name}), '')" for name in raw[1:])
            before = f"coalesce(nullif(trim({raw[0]}), ''), concat_ws(' ', {parts}))"
        else:
            listed = ", ".join(f"nullif({name}::varchar, '')" for name in raw)
            before = f"coalesce({listed})"
        status = f"{verdict}_status" if f"{verdict}_status" in columns else None
        rule = f"{verdict}_rule" if f"{verdict}_rule" in columns else status
        if rule is not None and field in _PARTS_OF_STREETS and "street" in columns:
            # What a line of the street column says was received there.
            before = (
                f"CASE WHEN {rule} = '{field}.address_line' THEN street "
                f"ELSE {before} END"
            )
        queries.append(
            f"SELECT '{entity}' AS entity_type, '{field}' AS field, {before} AS raw, "
            f"{clean}::varchar AS clean, {status or 'NULL::varchar'} AS status, "
            f"{rule or 'NULL::varchar'} AS rule, count(*) AS record_count, "
            "min(source_record_key) AS example_source_record_key "
            f"FROM {entity} WHERE nullif({before}, '') IS NOT NULL "
            f"AND {before} IS DISTINCT FROM {clean}::varchar GROUP BY ALL"
        )
    return queries
