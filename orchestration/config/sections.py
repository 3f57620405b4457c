"""The sections of tidycrm.yml that orchestration owns: metrics, schedule, publish.

A section that a package of its own implements lives there and is embedded by `model`.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
)

from orchestration.config.durations import Duration
from orchestration.publishing.masking import DEFAULT_ACTIONS, MaskAction


class Section(BaseModel):
    """Base of every section: unknown names are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WeekDay(StrEnum):
    """Days of the week in the order of ISO 8601."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(
            f"{value!r} is no IANA time zone; use a name such as Europe/Berlin"
        ) from None
    return value


def _valid_cron(value: str) -> str:
    from dagster._utils.schedules import is_valid_cron_schedule

    if not is_valid_cron_schedule(value):
        raise ValueError(
            f"{value!r} is no cron expression; five fields are expected, such as "
            "'0 5 * * *' for every day at five"
        )
    return value


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Cron = Annotated[str, AfterValidator(_valid_cron)]


class MetricsConfig(Section):
    """What analysts' numbers mean in this company."""

    as_of: date | Literal["today"] = Field(
        default="today",
        description="Date up to which data count; a fixed date makes a run repeatable.",
    )
    reporting_currency: str = Field(
        default="EUR",
        pattern="^[A-Z]{3}$",
        description="ISO 4217 code of the currency that every amount is reported in.",
    )
    fx_rates: str | None = Field(
        default=None,
        description="CSV with columns currency, rate_date, rate (value of one unit "
        "in the reporting currency). Amounts without a rate are reported as errors.",
    )
    fiscal_year_start_month: int = Field(default=1, ge=1, le=12)
    week_start: WeekDay = Field(
        default=WeekDay.MONDAY, description="First day of a reporting week."
    )
    timezone: TimeZone = Field(
        default="UTC", description="IANA time zone of calendar days in the marts."
    )
    churn_grace_days: int = Field(
        default=90,
        ge=0,
        le=366,
        description="A renewal this many days after the end of a term is late, not "
        "churn.",
    )
    churn_inactive_days: int = Field(
        default=365,
        ge=1,
        description="A customer without contract counts as churned after so many days "
        "without a purchase.",
    )
    default_term_months: int = Field(
        default=12, ge=1, le=120, description="Term of a won renewal without dates."
    )
    gross_margin_rate: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="Margin assumed where no cost is known; flagged as assumed.",
    )
    exclude_test_records: bool = Field(
        default=True, description="Leave test records out of customers and revenue."
    )


class ScheduleConfig(Section):
    """When the sync runs by itself (while `tidycrm ui` or a Dagster daemon is up)."""

    cron: Cron = Field(default="0 5 * * *", description="Five-field cron expression.")
    timezone: TimeZone = "UTC"
    prune: Cron | None = Field(
        default="40 3 * * *",
        description="When old runs and versions are removed and landed files packed; "
        "null never does it.",
    )
    enabled: bool = Field(
        default=False, description="Whether the schedules start switched on."
    )


class MaskedConfig(Section):
    """A second published file without readable personal data."""

    salt: SecretStr = Field(
        min_length=16,
        description="Secret of the hashes, as a ${NAME} reference; at least 16 "
        "characters. Another salt gives other hashes.",
    )
    classes: dict[str, MaskAction] = Field(
        default_factory=dict,
        description="hash, remove or keep, per class of personal columns: name, email, "
        "phone, address, employee_name, birth_date, free_text, record_key, golden_id, any.",
    )

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, value: dict[str, MaskAction]) -> dict[str, MaskAction]:
        unknown = sorted(set(value) - set(DEFAULT_ACTIONS))
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)} is no class of personal columns; the classes are "
                f"{', '.join(sorted(DEFAULT_ACTIONS))}"
            )
        return value


class PublishConfig(Section):
    """What is written for analysts."""

    keep_versions: int = Field(
        default=5, ge=1, le=1000, description="Published files kept for going back."
    )
    contract_version: int = Field(
        default=1,
        ge=1,
        description="Version of the published tables' shape. Raise it to let columns go "
        "or change their type; otherwise such a publication is refused.",
    )
    owner: str | None = Field(
        default=None,
        pattern="^[A-Za-z0-9_-]+$",
        description="Team that is asked about everything behind the sources; shown in the "
        "Dagster UI.",
    )
    masked: MaskedConfig | None = Field(
        default=None,
        description="Also write crm_masked.duckdb, with personal columns hashed or "
        "emptied, for people who need the figures only.",
    )
    max_age: Duration = Field(
        default=timedelta(hours=30),
        description="How old published tables may become before they count as late.",
    )
    parquet: bool = Field(
        default=True, description="Also write every published table as Parquet."
    )


class RetentionConfig(Section):
    """How long what can be done without is kept; `tidycrm prune` removes the rest."""

    runs: Duration = Field(
        default=timedelta(days=60),
        description="Runs of Dagster with their events and logs.",
    )
    leftovers: Duration = Field(
        default=timedelta(days=14),
        description="State that a restore replaced, and what killed runs left.",
    )
    landing_files: int = Field(
        default=48,
        ge=2,
        description="So many small files of one object and source are packed into one. "
        "Rows, loads and history stay.",
    )
    size_budget_gb: float | None = Field(
        default=None,
        gt=0,
        description="Size of the home folder from which on an alert is sent. Nothing is "
        "removed because of it.",
    )
    activity_text: Duration | None = Field(
        default=None,
        description="Running text of tasks, events, cases and notes, such as 730d: "
        "older text is not landed, and `tidycrm retention` clears what was. Never by "
        "default.",
    )
    quarantine_payload: Duration | None = Field(
        default=None,
        description="Raw content of rejected and quarantined rows, such as 180d; the row "
        "and its reason stay. Never by default.",
    )
    logs: Duration = Field(
        default=timedelta(days=90),
        description="Log files, access reports and exports below the data folder.",
    )
