"""The canonical columns of contacts, computed for a frame of raw ones."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import polars as pl

from hygiene.standardise.address import infer_country
from hygiene.standardise.column_groups import (
    standardise_address_columns,
    standardise_choice_column,
    take_address_lines_apart,
    tell_country_of_line,
)
from hygiene.standardise.company import standardise_company
from hygiene.standardise.country import standardise_country
from hygiene.standardise.dates import standardise_date
from hygiene.standardise.distinct import map_distinct
from hygiene.standardise.email_address import EmailStandardiser
from hygiene.standardise.job_role import JobRoleClassifier
from hygiene.standardise.job_title import standardise_job_title
from hygiene.standardise.junk_records import (
    find_reserved_host,
    find_test_company,
    find_test_domain,
    find_test_email,
    find_test_name,
)
from hygiene.standardise.name_parse import PersonNameInput
from hygiene.standardise.person_name import PersonNameStandardiser
from hygiene.standardise.phone import standardise_phone
from hygiene.standardise.picklists import load_picklists
from hygiene.standardise.settings import StandardiseSettings
from hygiene.standardise.status import Status
from hygiene.standardise.version import standardiser_version
from hygiene.standardise.vocabulary import Vocabulary, load_vocabulary
from hygiene.standardise.web_domain import standardise_domain

_TEXT: Final = pl.String()
_FLAG: Final = pl.Boolean()

CONTACT_INPUTS: Final[tuple[str, ...]] = (
    "source_name", "full_name", "salutation", "first_name", "middle_name", "last_name",
    "suffix", "email", "phone", "mobile_phone", "job_title", "company_name", "website",
    "street", "city", "state", "postal_code", "country", "birth_date", "lead_source",
    "lifecycle_stage", "lead_status",
)  # fmt: skip

CONTACT_OUTPUTS: Final[dict[str, pl.DataType]] = {
    "email_std": _TEXT, "email_match": _TEXT, "email_status": _TEXT, "email_rule": _TEXT,
    "email_suggestion": _TEXT, "email_domain": _TEXT, "is_role_email": _FLAG,
    "is_free_email": _FLAG, "is_disposable_email": _FLAG,
    "phone_e164": _TEXT, "phone_extension": _TEXT, "phone_type": _TEXT,
    "phone_status": _TEXT, "phone_rule": _TEXT, "phone_others": _TEXT,
    "mobile_phone_e164": _TEXT, "mobile_phone_extension": _TEXT, "mobile_phone_type": _TEXT,
    "mobile_phone_status": _TEXT, "mobile_phone_rule": _TEXT, "mobile_phone_others": _TEXT,
    "title_std": _TEXT, "given_name_std": _TEXT, "middle_name_std": _TEXT,
    "family_name_std": _TEXT, "suffix_std": _TEXT, "full_name_std": _TEXT,
    "name_status": _TEXT, "name_rule": _TEXT, "given_name_match": _TEXT,
    "family_name_match": _TEXT, "given_name_group": _TEXT,
    "company_name_std": _TEXT, "company_name_match": _TEXT, "company_name_acronym": _TEXT,
    "company_status": _TEXT, "company_rule": _TEXT,
    "domain_std": _TEXT, "domain_status": _TEXT, "domain_rule": _TEXT,
    "country_code": _TEXT, "country_status": _TEXT, "country_rule": _TEXT,
    "city_std": _TEXT, "city_status": _TEXT, "city_rule": _TEXT,
    "state_std": _TEXT, "state_code": _TEXT, "state_status": _TEXT, "state_rule": _TEXT,
    "postal_code_std": _TEXT, "postal_code_status": _TEXT, "postal_code_rule": _TEXT,
    "street_std": _TEXT, "street_status": _TEXT, "street_rule": _TEXT,
    "job_title_std": _TEXT, "job_title_status": _TEXT, "job_title_rule": _TEXT,
    "job_seniority": _TEXT, "job_function": _TEXT, "job_persona": _TEXT,
    "job_role_status": _TEXT, "job_role_rule": _TEXT,
    "birth_date_std": pl.Date(), "birth_date_status": _TEXT, "birth_date_rule": _TEXT,
    "lead_source_std": _TEXT, "lead_source_status": _TEXT, "lead_source_rule": _TEXT,
    "lifecycle_stage_std": _TEXT, "lifecycle_stage_status": _TEXT,
    "lifecycle_stage_rule": _TEXT,
    "lead_status_std": _TEXT, "lead_status_status": _TEXT, "lead_status_rule": _TEXT,
    "is_test_record": _FLAG, "test_rule": _TEXT, "standardiser_version": _TEXT,
}  # fmt: skip

_CHOICES: Final = ("lead_source", "lifecycle_stage", "lead_status")
_NAME_COLUMNS: Final = (
    "full_name", "salutation", "first_name", "middle_name", "last_name", "suffix",
)  # fmt: skip
_NAME_OUTPUTS: Final = (
    "title_std", "given_name_std", "middle_name_std", "family_name_std", "suffix_std",
    "full_name_std", "name_status", "name_rule", "given_name_match", "family_name_match",
    "given_name_group",
)  # fmt: skip


def _texts(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, _TEXT)


class RegionChooser:
    """Chooses the country whose phone format a record's numbers follow."""

    def __init__(self, settings: StandardiseSettings, vocabulary: Vocabulary) -> None:
        self._settings = settings
        self._words = vocabulary

    def __call__(self, frame: pl.DataFrame) -> pl.Series:
        """Return one region per row: country, else address, else source, else default.

        Args:
            frame: Rows with source_name, state, postal_code and country_code.

        Returns:
            ISO alpha-2 codes, null where nothing says anything.
        """
        infer = partial(infer_country, vocabulary=self._words)
        is_needed = pl.col("country_code").is_null()
        inferred = map_distinct(
            frame.select(
                pl.when(is_needed).then(pl.col("state", "postal_code")).name.keep()
            ),
            ["state", "postal_code"],
            lambda state, postal_code: (infer(state, postal_code),),
            {"region": _TEXT},
        )["region"]
        by_source = self._settings.default_region_by_source
        return frame.select(
            pl.coalesce(
                pl.col("country_code"),
                inferred,
                pl.col("source_name").replace_strict(
                    by_source, default=None, return_dtype=_TEXT
                )
                if by_source
                else pl.lit(None, dtype=_TEXT),
                pl.lit(self._settings.default_region, dtype=_TEXT),
            ).alias("region")
        )["region"]


class ContactStandardiser:
    """Computes the canonical columns of contacts; remembers values within one run."""

    inputs = CONTACT_INPUTS
    outputs = CONTACT_OUTPUTS
    reason_code = "contact_without_identity"
    rule_id = "standardise.contact_identity"
    reason_detail = "no usable name, e-mail address or phone number"

    def __init__(self, settings: StandardiseSettings) -> None:
        self._words = load_vocabulary(settings)
        self._version = standardiser_version(settings)
        self._region = RegionChooser(settings, self._words)
        self._email = EmailStandardiser(self._words)
        self._name = PersonNameStandardiser(self._words)
        self._role = JobRoleClassifier(
            {"seniority": settings.job_seniority, "function": settings.job_function}
        )
        self._picklists = load_picklists(settings.vocabularies, only=_CHOICES)

    def has_identity(self) -> pl.Expr:
        """Return the condition under which a record is worth keeping in the flow."""
        return pl.any_horizontal(
            pl.col(
                "full_name_std", "email_std", "phone_e164", "mobile_phone_e164"
            ).is_not_null()
        )

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the canonical columns, row for row.

        Args:
            frame: Raw rows with at least the input columns.

        Returns:
            The output columns in the declared order and types.
        """
        words = self._words
        raw = frame.select(pl.col(CONTACT_INPUTS).cast(_TEXT))
        country = map_distinct(
            raw, ["country"], partial(standardise_country, vocabulary=words),
            _texts("country_code", "country_status", "country_rule"),
        )  # fmt: skip
        raw = take_address_lines_apart(
            raw.hstack(country.select("country_code")), words
        )
        country = tell_country_of_line(country, raw)
        raw = raw.with_columns(self._region(raw).alias("region"))
        parts = [
            country,
            self._standardise_email(raw),
            *self._standardise_phones(raw),
            self._standardise_name(raw),
            self._standardise_company(raw),
            standardise_address_columns(raw, words),
            self._standardise_job(raw),
            self._standardise_birth_date(raw),
            *(
                standardise_choice_column(raw, name, self._picklists[name], words)
                for name in _CHOICES
            ),
        ]
        result = pl.concat(parts, how="horizontal")
        result = result.hstack(self._standardise_domain(raw, result))
        result = result.hstack(self._find_tests(result))
        return result.select(
            pl.lit(self._version, dtype=dtype).alias(name)
            if name == "standardiser_version"
            else pl.col(name).cast(dtype)
            for name, dtype in CONTACT_OUTPUTS.items()
        )

    def _standardise_email(self, raw: pl.DataFrame) -> pl.DataFrame:
        def run(value: str | None) -> tuple[Any, ...]:
            found = self._email(value)
            if found.status is Status.INVALID:
                # Not fillers: a person who exists typed test@example.com to pass a form.
                return *found, find_reserved_host(value, self._words)
            return *found, find_test_email(found.value, self._words)

        return map_distinct(
            raw,
            ["email"],
            run,
            _texts(
                "email_std", "email_status", "email_rule", "email_match", "email_domain"
            )
            | dict.fromkeys(
                ("is_role_email", "is_free_email", "is_disposable_email"), _FLAG
            )
            | _texts("email_suggestion", "test_email"),
        )

    def _standardise_name(self, raw: pl.DataFrame) -> pl.DataFrame:
        def run(*columns: str | None) -> tuple[Any, ...]:
            found = self._name(PersonNameInput(*columns))
            test = find_test_name(found.given, found.family, found.full, self._words)
            return *found, test

        return map_distinct(
            raw, _NAME_COLUMNS, run, _texts(*_NAME_OUTPUTS, "test_name")
        )

    def _standardise_phones(self, raw: pl.DataFrame) -> list[pl.DataFrame]:
        def run(value: str | None, region: str | None) -> tuple[Any, ...]:
            return standardise_phone(value, region=region, vocabulary=self._words)

        names = ("e164", "status", "rule", "extension", "type", "others")
        return [
            map_distinct(
                raw, [column, "region"], run, _texts(*(f"{column}_{n}" for n in names))
            )
            for column in ("phone", "mobile_phone")
        ]

    def _standardise_company(self, raw: pl.DataFrame) -> pl.DataFrame:
        def run(value: str | None) -> tuple[Any, ...]:
            found = standardise_company(value, vocabulary=self._words)
            test = find_test_company(found.value, found.match, self._words)
            return *found, test

        return map_distinct(
            raw,
            ["company_name"],
            run,
            _texts(
                "company_name_std", "company_status", "company_rule",
                "company_name_match", "company_legal_form", "company_name_acronym",
                "test_company",
            ),
        )  # fmt: skip

    def _standardise_job(self, raw: pl.DataFrame) -> pl.DataFrame:
        def run(value: str | None) -> tuple[Any, ...]:
            return (
                *standardise_job_title(value, vocabulary=self._words),
                *self._role(value),
            )

        return map_distinct(
            raw,
            ["job_title"],
            run,
            _texts(
                "job_title_std", "job_title_status", "job_title_rule", "job_seniority",
                "job_function", "job_persona", "job_role_status", "job_role_rule",
            ),
        )  # fmt: skip

    def _standardise_birth_date(self, raw: pl.DataFrame) -> pl.DataFrame:
        run = partial(standardise_date, kind="birth_date", vocabulary=self._words)
        return map_distinct(
            raw,
            ["birth_date"],
            run,
            {"birth_date_std": pl.Date()}
            | _texts("birth_date_status", "birth_date_rule"),
        )

    def _standardise_domain(
        self, raw: pl.DataFrame, result: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the domain of the website, else of a mail address that is no free mail."""
        domain = partial(standardise_domain, vocabulary=self._words)
        website = map_distinct(
            raw,
            ["website"],
            lambda v: domain(v)[:3],
            _texts("site", "site_status", "site_rule"),
        )
        is_own = ~(pl.col("is_free_email") | pl.col("is_disposable_email"))
        from_email = pl.when(is_own).then(pl.col("email_domain"))
        return (
            result.select("email_domain", "is_free_email", "is_disposable_email")
            .hstack(website)
            .select(
                pl.coalesce("site", from_email).alias("domain_std"),
                pl.when(pl.col("site").is_null() & from_email.is_not_null())
                .then(pl.lit("valid"))
                .otherwise(pl.col("site_status"))
                .alias("domain_status"),
                pl.when(pl.col("site").is_null() & from_email.is_not_null())
                .then(pl.lit("domain.email"))
                .otherwise(pl.col("site_rule"))
                .alias("domain_rule"),
            )
        )

    def _find_tests(self, result: pl.DataFrame) -> pl.DataFrame:
        """Return whether and why a record is a test, from the verdicts on its parts."""
        domain = map_distinct(
            result,
            ["domain_std"],
            lambda value: (find_test_domain(value, self._words),),
            _texts("test_domain"),
        )["test_domain"]
        rule = pl.coalesce("test_email", domain, "test_name", "test_company")
        return result.select(
            rule.is_not_null().alias("is_test_record"), rule.alias("test_rule")
        )
