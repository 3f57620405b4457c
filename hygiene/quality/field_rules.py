"""Two rules per standardised field: the value is there, and it is usable.

They follow from the verdicts that standardising writes (`<field>_status`), so a field
that gets a verdict and a number here is on the scorecard without another line of code.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from hygiene.quality.record_rule import Measure, Must, RecordRule
from hygiene.quality.rule import Dimension, Severity

# (table, status column) -> number of the rule ids; never renumbered.
_FIELDS: Final[dict[str, dict[str, int]]] = {
    "contacts": {
        "email_status": 201,
        "phone_status": 202,
        "mobile_phone_status": 203,
        "name_status": 204,
        "company_status": 205,
        "domain_status": 206,
        "country_status": 207,
        "state_status": 208,
        "postal_code_status": 209,
        "job_title_status": 210,
        "lead_source_status": 211,
        "lifecycle_stage_status": 212,
        "city_status": 213,
        "street_status": 214,
        "birth_date_status": 215,
    },
    "accounts": {
        "account_name_status": 221,
        "domain_status": 222,
        "phone_status": 223,
        "country_status": 224,
        "state_status": 225,
        "postal_code_status": 226,
        "industry_status": 227,
        "employee_count_status": 228,
        "size_status": 229,
        "city_status": 230,
        "street_status": 231,
        "website_status": 232,
        "annual_revenue_status": 233,
    },
}
# Without these nobody can be reached, routed or invoiced.
_WORTH_MONEY: Final = ("email", "country", "name", "account name", "domain", "phone")
_LACKING: Final = "('missing', 'placeholder')"


def field_rules(table: str, columns: Collection[str]) -> tuple[RecordRule, ...]:
    """Return the rules of the standardised fields that a table has.

    Args:
        table: `contacts` or `accounts`; other tables have none.
        columns: Columns of the table.

    Returns:
        Per field: completeness (nothing or filler among all records) and validity
        (unusable among those that hold something). They inform, never block.

    Example:
        >>> [rule.id for rule in field_rules("contacts", {"email_status"})]
        ['DQ-C-201', 'DQ-V-201']
    """
    rules: list[RecordRule] = []
    for column, number in _FIELDS.get(table, {}).items():
        if column not in columns:
            continue
        words = column.removesuffix("_status").replace("_", " ")
        filled = f"coalesce({column}, 'missing') NOT IN {_LACKING}"
        blocks: tuple[Measure, ...] = (
            ("pipeline", "revenue") if words in _WORTH_MONEY else ()
        )
        rules.append(
            RecordRule(
                id=f"DQ-C-{number}",
                name=f"{words} is there and no filler",
                table=table,
                field=words.replace(" ", "_"),
                must=Must(hold=filled),
                dimension=Dimension.COMPLETENESS,
                severity=Severity.INFO,
                owner="RevOps",
                blocks=blocks,
                fix=f"Fill in the {words}, or make it required where records are made.",
            )
        )
        rules.append(
            RecordRule(
                id=f"DQ-V-{number}",
                name=f"{words} is usable where it is there",
                table=table,
                field=words.replace(" ", "_"),
                when=filled,
                must=Must(hold=f"{column} <> 'invalid'"),
                dimension=Dimension.VALIDITY,
                severity=Severity.INFO,
                owner="RevOps",
                blocks=blocks,
                fix=f"Correct the {words}, or validate it where records are made.",
            )
        )
    return tuple(rules)
