"""What a user may decide about standardising; the `hygiene:` part of `tidycrm.yml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
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
    flag_test_records: bool = Field(
        default=True,
        description="Whether automatic suspicion (test names, keyboard walks, reserved "
        "domains) flags records beside the blocklist.",
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
