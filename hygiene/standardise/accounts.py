"""The canonical columns of accounts, computed for a frame of raw ones."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import polars as pl

from hygiene.standardise.column_groups import (
    standardise_address_columns,
    standardise_choice_column,
    take_address_lines_apart,
    tell_country_of_line,
)
from hygiene.standardise.company import standardise_company
from hygiene.standardise.contacts import RegionChooser
from hygiene.standardise.country import standardise_country
from hygiene.standardise.distinct import map_distinct
from hygiene.standardise.junk_records import RecordIdentity, find_test_rule
from hygiene.standardise.phone import standardise_phone
from hygiene.standardise.picklists import load_picklists, standardise_company_size
from hygiene.standardise.settings import StandardiseSettings
from hygiene.standardise.status import Status
from hygiene.standardise.version import standardiser_version
from hygiene.standardise.vocabulary import load_vocabulary
from hygiene.standardise.web_domain import standardise_domain

_TEXT: Final = pl.String()
_FLAG: Final = pl.Boolean()

ACCOUNT_INPUTS: Final[tuple[str, ...]] = (
    "source_name", "account_name", "domain", "website", "phone", "street", "city", "state",
    "postal_code", "country", "industry", "employee_count", "account_type",
)  # fmt: skip

ACCOUNT_OUTPUTS: Final[dict[str, pl.DataType]] = {
    "account_name_std": _TEXT, "account_name_match": _TEXT, "account_name_acronym": _TEXT,
    "legal_form_std": _TEXT, "account_name_status": _TEXT, "account_name_rule": _TEXT,
    "domain_std": _TEXT, "domain_status": _TEXT, "domain_rule": _TEXT,
    "is_free_domain": _FLAG,
    "phone_e164": _TEXT, "phone_extension": _TEXT, "phone_type": _TEXT,
    "phone_status": _TEXT, "phone_rule": _TEXT, "phone_others": _TEXT,
    "country_code": _TEXT, "country_status": _TEXT, "country_rule": _TEXT,
    "city_std": _TEXT, "city_status": _TEXT, "city_rule": _TEXT,
    "state_std": _TEXT, "state_code": _TEXT, "state_status": _TEXT, "state_rule": _TEXT,
    "postal_code_std": _TEXT, "postal_code_status": _TEXT, "postal_code_rule": _TEXT,
    "street_std": _TEXT, "street_status": _TEXT, "street_rule": _TEXT,
    "industry_std": _TEXT, "industry_status": _TEXT, "industry_rule": _TEXT,
    "company_size_std": _TEXT, "company_size_status": _TEXT, "company_size_rule": _TEXT,
    "account_type_std": _TEXT, "account_type_status": _TEXT, "account_type_rule": _TEXT,
    "is_test_record": _FLAG, "test_rule": _TEXT, "standardiser_version": _TEXT,
}  # fmt: skip


def _texts(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, _TEXT)


class AccountStandardiser:
    """Computes the canonical columns of accounts; remembers values within one run."""

    inputs = ACCOUNT_INPUTS
    outputs = ACCOUNT_OUTPUTS
    reason_code = "account_without_identity"
    rule_id = "standardise.account_identity"
    reason_detail = "no usable company name or domain"

    def __init__(self, settings: StandardiseSettings) -> None:
        self._words = load_vocabulary(settings)
        self._version = standardiser_version(settings)
        self._region = RegionChooser(settings, self._words)
        self._picklists = load_picklists(
            settings.vocabularies, only=("industry", "account_type", "company_size")
        )

    def has_identity(self) -> pl.Expr:
        """Return the condition under which a record is worth keeping in the flow."""
        return pl.any_horizontal(pl.col("account_name_std", "domain_std").is_not_null())

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the canonical columns, row for row.

        Args:
            frame: Raw rows with at least the input columns.

        Returns:
            The output columns in the declared order and types.
        """
        words = self._words
        raw = frame.select(pl.col(ACCOUNT_INPUTS).cast(_TEXT))
        country = map_distinct(
            raw,
            ["country"],
            partial(standardise_country, vocabulary=words),
            _texts("country_code", "country_status", "country_rule"),
        )
        raw = take_address_lines_apart(
            raw.hstack(country.select("country_code")), words
        )
        country = tell_country_of_line(country, raw)
        raw = raw.with_columns(self._region(raw).alias("region"))
        size = partial(
            standardise_company_size,
            picklist=self._picklists["company_size"],
            vocabulary=words,
        )
        result = pl.concat(
            [
                country,
                self._standardise_name(raw),
                self._standardise_domain(raw),
                self._standardise_phone(raw),
                standardise_address_columns(raw, words),
                *(
                    standardise_choice_column(raw, name, self._picklists[name], words)
                    for name in ("industry", "account_type")
                ),
                map_distinct(
                    raw,
                    ["employee_count"],
                    size,
                    _texts(
                        "company_size_std", "company_size_status", "company_size_rule"
                    ),
                ),
            ],
            how="horizontal",
        )
        result = result.hstack(self._find_tests(result))
        return result.select(
            pl.lit(self._version, dtype=dtype).alias(name)
            if name == "standardiser_version"
            else pl.col(name).cast(dtype)
            for name, dtype in ACCOUNT_OUTPUTS.items()
        )

    def _standardise_name(self, raw: pl.DataFrame) -> pl.DataFrame:
        return map_distinct(
            raw,
            ["account_name"],
            partial(standardise_company, vocabulary=self._words),
            _texts(
                "account_name_std", "account_name_status", "account_name_rule",
                "account_name_match", "legal_form_std", "account_name_acronym",
            ),
        )  # fmt: skip

    def _standardise_domain(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Return the domain column's domain, else the website's."""

        def run(domain: str | None, website: str | None) -> tuple[Any, ...]:
            first = standardise_domain(domain, vocabulary=self._words)
            second = standardise_domain(website, vocabulary=self._words)
            # The first that holds a domain; else the first that holds anything.
            chosen = next(
                (found for found in (first, second) if found.value is not None),
                second if first.status is Status.MISSING else first,
            )
            is_free = chosen.value is None and (first.is_free or second.is_free)
            return chosen.value, chosen.status, chosen.rule, is_free

        return map_distinct(
            raw,
            ["domain", "website"],
            run,
            _texts("domain_std", "domain_status", "domain_rule")
            | {"is_free_domain": _FLAG},
        )

    def _standardise_phone(self, raw: pl.DataFrame) -> pl.DataFrame:
        def run(value: str | None, region: str | None) -> tuple[Any, ...]:
            return standardise_phone(value, region=region, vocabulary=self._words)

        return map_distinct(
            raw,
            ["phone", "region"],
            run,
            _texts(
                "phone_e164", "phone_status", "phone_rule", "phone_extension",
                "phone_type", "phone_others",
            ),
        )  # fmt: skip

    def _find_tests(self, result: pl.DataFrame) -> pl.DataFrame:
        def run(
            company: str | None, match: str | None, domain: str | None
        ) -> tuple[bool, str | None]:
            rule = find_test_rule(
                RecordIdentity(company=company, company_match=match, domain=domain),
                vocabulary=self._words,
            )
            return rule is not None, rule

        return map_distinct(
            result,
            ["account_name_std", "account_name_match", "domain_std"],
            run,
            {"is_test_record": _FLAG, "test_rule": _TEXT},
        )
