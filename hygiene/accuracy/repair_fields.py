"""The columns whose repairs are scored: where each result stands and what is expected of it.

What belongs here: one entry per raw column of contacts and accounts. What does not: counting
(`repairs`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from hygiene.standardise import (
    PersonNameInput,
    PersonNameStandardiser,
    load_picklists,
    standardise_choice,
    standardise_company,
    standardise_domain,
    standardise_email,
)

TEXT: Final = pl.String()
_KEPT: Final = pl.col("shown") == pl.col("raw").str.strip_chars().str.replace_all(
    r"\s+", " "
)
KEPT_IN_PARTS: Final = (
    pl.col("parted") == pl.col("raw").str.strip_chars().str.replace_all(r"\s+", " ")
).fill_null(False)
_KEPT_IN_SMALL: Final = (
    pl.col("shown") == pl.col("raw").str.strip_chars().str.to_lowercase()
)


@dataclass(frozen=True, slots=True)
class RepairedField:
    """Where a column's result stands and what is expected of a clean text."""

    column: str
    found: pl.Expr
    expect: Callable[[str], str | None]
    status: str
    shown: pl.Expr
    kept: pl.Expr = _KEPT
    # The same with a part that has a column of its own ("Koch II": family and suffix).
    parted: pl.Expr = pl.lit(None, TEXT)  # noqa: RUF009  an expression never changes
    counts: pl.Expr = pl.lit(True)  # noqa: RUF009  an expression never changes


def _choice(name: str) -> Callable[[str], str | None]:
    picklist = load_picklists({})[name]
    return lambda text: standardise_choice(text, picklist).value


def _fold(column: str) -> pl.Expr:
    """Return letters and digits as written, white space collapsed: layout aside."""
    return pl.col(column).str.strip_chars().str.replace_all(r"\s+", " ")


def _joined(*columns: str) -> pl.Expr:
    return pl.concat_str(*map(_fold, columns), separator=" ", ignore_nulls=True)


def _company(text: str) -> str | None:
    return standardise_company(text).match


def _without_blanks(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(r"\s+", "")


def contact_fields() -> tuple[RepairedField, ...]:
    """Return the scored columns of contacts."""
    names = PersonNameStandardiser()

    def given(text: str) -> str | None:
        return names(PersonNameInput(first_name=text, last_name="Smith")).given_group

    def family(text: str) -> str | None:
        return names(PersonNameInput(first_name="Ann", last_name=text)).family

    def full(text: str) -> str | None:
        return names(PersonNameInput(full_name=text)).full

    return (
        RepairedField(
            "first_name", pl.col("given_name_group"), given, "name_status",
            _fold("given_name_std"), parted=_joined("given_name_std", "middle_name_std"),
        ),
        RepairedField(
            "last_name", pl.col("family_name_std"), family, "name_status",
            _fold("family_name_std"), parted=_joined("family_name_std", "suffix_std"),
        ),
        RepairedField(
            "full_name", pl.col("full_name_std"), full, "name_status",
            _fold("full_name_std"),
            # Japanese names are written with and without a blank.
            kept=_without_blanks("shown") == _without_blanks("raw"),
        ),
        RepairedField(
            "email", pl.col("email_match"), lambda text: standardise_email(text).match,
            "email_status", _fold("email_std"), _KEPT_IN_SMALL,
        ),
        *(_phone(name) for name in ("phone", "mobile_phone")),
        RepairedField(
            "company_name", pl.col("company_name_match"), _company, "company_status",
            _fold("company_name_std"),
        ),
        *_place_fields(),
    )  # fmt: skip


def account_fields() -> tuple[RepairedField, ...]:
    """Return the scored columns of accounts."""
    domain = pl.col("domain_std")
    return (
        RepairedField(
            "account_name", pl.col("account_name_match"), _company,
            "account_name_status", _fold("account_name_std"),
        ),
        RepairedField(
            "website", domain, lambda text: standardise_domain(text).value,
            "domain_status", domain, _KEPT_IN_SMALL,
        ),
        _phone("phone"),
        RepairedField(
            "industry", pl.col("industry_std"), _choice("industry"), "industry_status",
            _fold("industry_std"),
            # Another label is what a vocabulary is for; none would be a loss.
            kept=pl.col("found").is_not_null(),
        ),
        *_place_fields(),
    )  # fmt: skip


def _phone(name: str) -> RepairedField:
    number, extension = pl.col(f"{name}_e164"), pl.col(f"{name}_extension")
    found = pl.concat_str(
        number,
        pl.when(extension.is_not_null()).then(";ext=" + extension),
        ignore_nulls=True,
    )
    return RepairedField(
        name,
        pl.when(number.is_not_null()).then(found),
        str,
        f"{name}_status",
        number,
        # The generator's clean numbers are E.164. Any other notation that it does not
        # list came into this column from one it does not tell about (home phones).
        counts=pl.col(name).str.contains(r"^\+\d+$"),
    )


def _place_fields() -> tuple[RepairedField, ...]:
    return (
        RepairedField(
            "street", pl.col("street_std").str.to_lowercase(), str.lower,
            "street_status", _fold("street_std"),
            # Some street names were made up abbreviated; writing them out is right.
            counts=pl.col("street_rule") != "street.abbreviation",
        ),
        RepairedField("city", pl.col("city_std"), str, "city_status", _fold("city_std")),
        RepairedField(
            "country", pl.col("country_code"), str, "country_status",
            pl.col("country_code"),
        ),
    )  # fmt: skip
