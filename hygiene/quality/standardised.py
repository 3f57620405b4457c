"""How standardising went, as quality results: per field, how many values are usable."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from hygiene.errors import InputError
from hygiene.quality.rule import Dimension, Layer, RuleResult, Severity

ENGINE: Final = "tidycrm"
# (table, status column) -> number of the rule ids; never renumbered.
_FIELDS: Final[dict[str, dict[str, int]]] = {
    "standardised_contacts": {
        "email_status": 201,
        "phone_status": 202,
        "mobile_phone_status": 203,
        "name_status": 204,
        "company_status": 205,
        "domain_status": 206,
        "country_status": 207,
    },
    "standardised_accounts": {
        "account_name_status": 221,
        "domain_status": 222,
        "phone_status": 223,
        "country_status": 224,
    },
}
_LACKING: Final = ("missing", "placeholder")


def standardise_results(standardised: Path, table: str) -> list[RuleResult]:
    """Return per field how many records lack a value and how many hold an unusable one.

    Args:
        standardised: Parquet of a standardised table.
        table: `standardised_contacts` or `standardised_accounts`.

    Returns:
        Two results per field: completeness (nothing or filler among all records) and
        validity (unusable among those that hold something). They inform, never block.

    Raises:
        InputError: The table is unknown, unreadable or lacks status columns.
    """
    fields = _FIELDS.get(table)
    if fields is None:
        raise InputError(
            f"counting statuses: {table} is no standardised table; expected one of "
            f"{', '.join(_FIELDS)}"
        )
    try:
        counts = (
            pl.scan_parquet(standardised)
            .select(
                pl.len().alias("rows"),
                *(
                    expression
                    for column in fields
                    for expression in (
                        pl.col(column).is_in(_LACKING).sum().alias(f"{column}.lacking"),
                        (pl.col(column) == "invalid").sum().alias(f"{column}.invalid"),
                    )
                ),
            )
            .collect()
            .row(0, named=True)
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"counting statuses: {standardised.name} could not be read with the columns "
            f"{', '.join(fields)} ({type(error).__name__}); standardise again"
        ) from error
    results: list[RuleResult] = []
    rows = int(counts["rows"])
    for column, number in fields.items():
        field = column.removesuffix("_status").replace("_", " ")
        lacking = int(counts[f"{column}.lacking"])
        invalid = int(counts[f"{column}.invalid"])
        complete = _result(
            table,
            f"DQ-C-{number}",
            f"{field} is there and no filler",
            Dimension.COMPLETENESS,
            checked=rows,
            failed=lacking,
        )
        valid = _result(
            table,
            f"DQ-V-{number}",
            f"{field} is usable where it is there",
            Dimension.VALIDITY,
            checked=rows - lacking,
            failed=invalid,
        )
        results.extend((complete, valid))
    return results


def _result(
    table: str,
    rule_id: str,
    name: str,
    dimension: Dimension,
    *,
    checked: int,
    failed: int,
) -> RuleResult:
    return RuleResult(
        layer=str(Layer.STANDARDISE),
        object=table,
        rule_id=rule_id,
        rule_name=name,
        dimension=str(dimension),
        severity=str(Severity.INFO),
        is_blocking=False,
        rows_checked=checked,
        rows_failed=failed,
        success=failed == 0,
        engine=ENGINE,
    )
