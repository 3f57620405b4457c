"""What a record says about each question of the model, as text for people.

What belongs here: which standardised columns stand behind a comparison. What does not:
comparing them.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from hygiene.matching.custom_fields import PREFIX
from hygiene.parquet_exchange import quote_identifier
from hygiene.stewardship.references import RunTables

_VALUES = {
    "contact": {
        "given_name": ("given_name_std", "first_name"),
        "family_name": ("family_name_std", "last_name"),
        "middle_name": ("middle_name_std", "middle_name"),
        "suffix": ("suffix_std", "suffix"),
        "identifier": ("external_id",),
        "email": ("email_std", "email"),
        "phone": ("phone_e164", "mobile_phone_e164"),
        "birth_date": ("birth_date_std", "birth_date"),
        "job_title": ("job_title_std", "job_title"),
        "company": ("company_name_std", "company_name", "email_domain"),
        "street": ("street_std", "street"),
        "locality": ("postal_code_std", "city_std"),
    },
    "account": {
        "name": ("account_name_std", "account_name"),
        "identifier": ("external_id",),
        "domain": ("domain_std", "domain"),
        "phone": ("phone_e164",),
        "street": ("street_std", "street"),
        "locality": ("postal_code_std", "city_std"),
        "country": ("country_code", "country"),
    },
}
_NAMES = ("given_name", "family_name")
"""Without either, matching reads the name from the mailbox."""
_JOINED = {"locality": " ", "phone": " / "}
"""Fields of which every column is shown; of the others, the first that is filled."""


def read_values(run: RunTables, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read what records say, by the comparisons of the model.

    Args:
        run: Tables of a run.
        keys: Source record keys.

    Returns:
        Text by comparison, by key; empty where a value is missing.
    """
    with duckdb.connect() as connection:
        records = connection.read_parquet(str(run.standardised))
        wanted = dict(_VALUES[run.entity])
        wanted |= {name: (name,) for name in records.columns if name.startswith(PREFIX)}
        parts: list[str] = []
        for name, columns in wanted.items():
            known = [
                f"nullif({quote_identifier(column)}::VARCHAR, '')"
                for column in columns
                if column in records.columns
            ]
            if not known:
                continue
            if name in _NAMES:
                known += _mailbox_sql(records.columns)
            joined = ", ".join(known)
            sql = (
                f"concat_ws('{_JOINED[name]}', {known[0]}, nullif({known[-1]}, {known[0]}))"
                if name in _JOINED
                else f"coalesce({joined}, NULL)"
            )
            parts.append(f"{sql} AS {quote_identifier(name)}")
        records.create_view("records")
        frame = connection.execute(
            f"SELECT source_record_key, {', '.join(parts)} FROM records "
            "WHERE source_record_key IN (SELECT unnest(?)) ORDER BY 1",
            [list(keys)],
        ).pl()
    return {
        row.pop("source_record_key"): {name: value or "" for name, value in row.items()}
        for row in frame.iter_rows(named=True)
    }


def _mailbox_sql(columns: Sequence[str]) -> list[str]:
    """Return SQL of what matching reads as the name of a record without one."""
    of_names = [
        column
        for name in _NAMES
        for column in _VALUES["contact"][name]
        if column in columns
    ]
    if "email" not in columns:
        return []
    named = ", ".join(f"nullif({quote_identifier(column)}, '')" for column in of_names)
    return [
        f"CASE WHEN coalesce({named}, NULL) IS NULL "
        "THEN 'mailbox ' || nullif(split_part(email, '@', 1), '') END"
    ]
