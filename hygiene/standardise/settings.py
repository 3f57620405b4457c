"""What a user may decide about standardising; the `hygiene:` part of `tidycrm.yml`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$")]
HookReference = Annotated[
    str, StringConstraints(pattern=r"^[^:\s][^:]*:[A-Za-z_][A-Za-z0-9_]*$")
]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ExtraPlaceholders(BaseModel):
    """Filler values to be treated as missing, beside the shipped ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    any: tuple[Word, ...] = Field(
        default=(), description="Fillers in whichever field they stand."
    )
    email: tuple[Word, ...] = Field(default=(), description="Filler e-mail addresses.")
    phone: tuple[Word, ...] = Field(default=(), description="Filler phone numbers.")
    name: tuple[Word, ...] = Field(default=(), description="Filler personal names.")
    company: tuple[Word, ...] = Field(default=(), description="Filler company names.")
    domain: tuple[Word, ...] = Field(default=(), description="Filler websites.")
    country: tuple[Word, ...] = Field(default=(), description="Filler countries.")
    text: tuple[Word, ...] = Field(
        default=(), description="Filler cities, streets, job titles and other texts."
    )


class Blocklist(BaseModel):
    """Records that are known to be tests, bots or junk: flagged, never deleted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    emails: tuple[Word, ...] = Field(
        default=(), description="Whole e-mail addresses that mark a record as a test."
    )
    domains: tuple[Word, ...] = Field(
        default=(),
        description="Mail or web domains whose records are tests, e.g. your own QA domain.",
    )
    names: tuple[Word, ...] = Field(
        default=(), description="Full personal names that mark a record as a test."
    )
    companies: tuple[Word, ...] = Field(
        default=(), description="Company names that mark a record as a test."
    )


class FieldRule(BaseModel):
    """One further column to standardise, by a vocabulary or by the user's own function."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: Literal["contact", "account"] = Field(
        description="Whether the column is one of contacts or of accounts."
    )
    column: ColumnName = Field(
        description="Column of the union of all sources. The result has the columns "
        "`<column>_std`, `<column>_status` and `<column>_rule`."
    )
    vocabulary: Word | None = Field(
        default=None, description="Vocabulary whose labels the column may hold."
    )
    hook: HookReference | None = Field(
        default=None,
        description="The function that decides, as `package.module:function` or "
        "`path/to/file.py:function`.",
    )
    with_columns: tuple[ColumnName, ...] = Field(
        default=(),
        description="Further columns that the function gets, raw or standardised, e.g. "
        "`country_code`.",
    )

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if (self.vocabulary is None) == (self.hook is None):
            raise ValueError(
                f"the field {self.column} needs either a vocabulary or a hook, and not both"
            )
        if self.with_columns and self.hook is None:
            raise ValueError(
                f"the field {self.column} has with_columns but no hook that could read them"
            )
        return self


class StandardiseSettings(BaseModel):
    """How values are standardised. Every field has a working default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_region: CountryCode | None = Field(
        default=None,
        description="Country (ISO 3166-1 alpha-2) whose phone format is assumed when "
        "neither the record nor its source says more.",
    )
    default_region_by_source: dict[str, CountryCode] = Field(
        default_factory=dict,
        description="Country assumed for phone numbers without one, by source name.",
    )
    extra_placeholders: ExtraPlaceholders = Field(
        default_factory=ExtraPlaceholders,
        description="Filler values of your own forms and imports.",
    )
    extra_role_local_parts: tuple[Word, ...] = Field(
        default=(),
        description="Local parts of shared mailboxes, e.g. `innendienst`.",
    )
    extra_free_mail_domains: tuple[Word, ...] = Field(
        default=(), description="Mail domains where anybody can register."
    )
    extra_disposable_domains: tuple[Word, ...] = Field(
        default=(), description="Mail domains of throw-away inboxes."
    )
    business_domains: tuple[Word, ...] = Field(
        default=(),
        description="Domains to be treated as companies although the shipped lists call "
        "them free mail or throw-away.",
    )
    blocklist: Blocklist = Field(
        default_factory=Blocklist, description="Known test, bot and junk records."
    )
    nicknames: dict[str, Word] = Field(
        default_factory=dict,
        description="Nickname to formal given name, e.g. `gigi: luigi`; overrides the "
        "shipped table.",
    )
    country_aliases: dict[str, CountryCode] = Field(
        default_factory=dict,
        description="Further spellings of countries, e.g. `blighty: GB`.",
    )
    company_aliases: dict[str, Word] = Field(
        default_factory=dict,
        description="Brand or old company name to the name that stands for it, e.g. "
        "`big blue: IBM`. A brand of a group is not its parent: list only what is one.",
    )
    company_abbreviations: dict[str, Word] = Field(
        default_factory=dict,
        description="Abbreviation in company names to the word it means, e.g. `stwk: "
        "stadtwerke`; written out where names are compared, never in the name itself.",
    )
    domain_redirects: dict[str, Word] = Field(
        default_factory=dict,
        description="Old domain to the one it leads to, e.g. `acme-old.com: acme.com`.",
    )
    vocabularies: dict[ColumnName, dict[str, tuple[Word, ...]]] = Field(
        default_factory=dict,
        description="Label to further spellings, by vocabulary. A shipped one (industry, "
        "company_size, lead_source, lifecycle_stage, lead_status, account_type, currency, "
        "boolean) is extended, another name makes a new one.",
    )
    job_seniority: dict[str, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="Further phrases by seniority; they decide before the shipped ones.",
    )
    job_function: dict[str, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="Further phrases by function; they decide before the shipped ones.",
    )
    fields: tuple[FieldRule, ...] = Field(
        default=(), description="Further columns to standardise."
    )
    flag_test_records: bool = Field(
        default=True,
        description="Whether automatic suspicion (test names, keyboard walks, reserved "
        "domains) flags records beside the blocklist.",
    )
    max_names_per_identifier: int = Field(
        default=4,
        ge=1,
        description="How many differently named people one mailbox or number may have "
        "before it is listed as shared.",
    )
    chunk_rows: int = Field(
        default=100_000,
        ge=1,
        description="Rows that one process holds in memory; fewer need less memory and "
        "give the same results.",
    )
    workers: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Processes that standardise large tables side by side; each needs "
        "up to a gigabyte. One keeps everything in the calling process.",
    )
