"""The golden table: one row per golden id, pivoted from the values that survived.

What belongs here: the query that puts surviving values, flags and counts side by side.
What does not: which value survives.
"""

from __future__ import annotations

from hygiene.parquet_exchange import quote_identifier, quote_literal
from hygiene.survivorship.fields import COLUMN_ORDER, GROUPS, value_column


def golden_query(entity: str) -> str:
    """Build the query of the golden table from `members` and `lineage`.

    Args:
        entity: contact or account.

    Returns:
        A select statement, one row per golden id, in its order.
    """
    fields = {field.name: field for group in GROUPS[entity] for field in group.fields}
    singles: list[str] = []
    multiples: list[str] = []
    followers: list[str] = []
    for name in COLUMN_ORDER[entity]:
        column = quote_identifier(name)
        if name in fields:
            kind = fields[name].kind
            singles.append(f"CAST({value_column(fields[name])} AS {kind}) AS {column}")
            multiples.append(
                f"CAST(any_value(value) FILTER (field_name = {quote_literal(name)}) "
                f"AS {kind}) AS {column}"
            )
        else:  # follows the e-mail address that won
            # A record that lost may be a role mailbox: only the winner's flags hold.
            empty = (
                f"CASE WHEN value_email IS NOT NULL THEN {column} END"
                if name == "email_domain"
                else f"coalesce({column}, false) AND value_email IS NOT NULL"
            )
            singles.append(f"{empty} AS {column}")
            followers.append(
                f"coalesce({empty}, CASE WHEN is_by_hand "
                f"THEN lower(split_part(email, '@', 2)) END) AS {column}"
                if name == "email_domain"
                else f"{empty} AS {column}"
            )
    pivoted = ", ".join(multiples)
    # The mailbox that won is looked up once per golden record, not once per field.
    merged = (
        f"""
        SELECT pivoted.* EXCLUDE (is_by_hand), {", ".join(followers)} FROM (
            SELECT golden_number, {pivoted}, coalesce(bool_or(rule = 'override')
                FILTER (field_name = 'email'), false) AS is_by_hand
            FROM lineage SEMI JOIN merged_ids USING (golden_number)
            GROUP BY golden_number
        ) AS pivoted
        LEFT JOIN (
            SELECT lineage.golden_number, value_email, email_domain, is_role_email,
                is_free_email
            FROM lineage SEMI JOIN merged_ids USING (golden_number)
            INNER JOIN members
                ON lineage.source_record_key = members.source_record_key
            WHERE field_name = 'email' AND rule <> 'override'
        ) AS winners ON pivoted.golden_number = winners.golden_number
        """
        if entity == "contact"
        else f"SELECT golden_number, {pivoted} FROM lineage "
        "SEMI JOIN merged_ids USING (golden_number) GROUP BY golden_number"
    )
    return f"""
    WITH counts AS (
        SELECT
            golden_number,
            any_value(golden_id) AS golden_id,
            bool_and(is_deleted) AS is_deleted,
            bool_and(is_test_record) AS is_test_record,
            count(*) AS source_record_count,
            count(DISTINCT source_name) AS source_system_count,
            min(created_at) AS first_created_at,
            max(coalesce(modified_at, created_at)) AS last_modified_at
        FROM members GROUP BY golden_number
    ), merged_ids AS (
        SELECT golden_number FROM members WHERE cluster_size > 1
        UNION SELECT golden_number FROM overridden
    ), values_of AS (
        SELECT golden_number, {", ".join(singles)} FROM members
        WHERE cluster_size = 1
            AND golden_number NOT IN (SELECT golden_number FROM overridden)
        UNION ALL BY NAME
        {merged}
    )
    SELECT
        counts.golden_id AS golden_{entity}_id,
        {
        ", ".join(
            f"coalesce(values_of.{quote_identifier(name)}, false) AS "
            f"{quote_identifier(name)}"
            if name in ("is_role_email", "is_free_email")
            else f"values_of.{quote_identifier(name)}"
            for name in COLUMN_ORDER[entity]
        )
    },
        counts.* EXCLUDE (golden_id, golden_number)
    FROM counts LEFT JOIN values_of ON counts.golden_number = values_of.golden_number
    ORDER BY counts.golden_number
    """
