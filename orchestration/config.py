"""tidycrm.yml: the one file a user writes, validated as a whole.

Holds the models of the sections that orchestration owns and embeds the models of the
packages that do the work. Reading a file either gives a `Config` or raises a
`ConfigError` that lists every mistake with its place and its fix. Secrets are
`${NAME}` references to the environment and are never stored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.dlt_adapter import DltConfig
from connectors.google_sheets import GoogleSheetsConfig
from connectors.hubspot import HubspotApiConfig, HubspotFilesConfig
from connectors.rest import RestConfig
from connectors.salesforce import SalesforceApiConfig, SalesforceFilesConfig
from connectors.spreadsheet import SpreadsheetConfig
from hygiene.matching import MatchSettings
from hygiene.standardise import StandardiseSettings
from hygiene.survivorship import SurvivorshipRules
from orchestration.errors import ConfigError, ConfigProblem

SourceConfig = Annotated[
    SalesforceFilesConfig
    | SalesforceApiConfig
    | HubspotFilesConfig
    | HubspotApiConfig
    | SpreadsheetConfig
    | GoogleSheetsConfig
    | RestConfig
    | DltConfig,
    Field(discriminator="type"),
]

VENDOR_OF_TYPE = {
    "salesforce_files": "salesforce",
    "salesforce_api": "salesforce",
    "hubspot_files": "hubspot",
    "hubspot_api": "hubspot",
    "spreadsheet": "spreadsheet",
    "google_sheets": "spreadsheet",
    # What these land as a spreadsheet's object joins the warehouse; the rest is kept.
    "rest": "spreadsheet",
    "dlt": "spreadsheet",
}
"""Landing source type (the vendor) of each `type` that a source can have."""

# ${CRM_TOKEN} is a reference; $CRM_TOKEN and ${crm-token} are plain text.
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Accepted: s3://bucket/key. Rejected: C:/folder, folder/file.
_URI = re.compile(r"^[a-z][a-z0-9+.-]+://")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MetricsConfig(_Section):
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
    timezone: str = Field(
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

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                f"{value!r} is no IANA time zone; use a name such as Europe/Berlin"
            ) from None
        return value


class ScheduleConfig(_Section):
    """When the sync runs by itself (while `tidycrm ui` or a Dagster daemon is up)."""

    cron: str = Field(default="0 5 * * *", description="Five-field cron expression.")
    timezone: str = "UTC"
    enabled: bool = Field(
        default=False, description="Whether the schedule starts switched on."
    )

    @field_validator("cron")
    @classmethod
    def _valid_cron(cls, value: str) -> str:
        from dagster._utils.schedules import is_valid_cron_schedule

        if not is_valid_cron_schedule(value):
            raise ValueError(
                f"{value!r} is no cron expression; five fields are expected, such as "
                "'0 5 * * *' for every day at five"
            )
        return value


class PublishConfig(_Section):
    """What is written for analysts."""

    keep_versions: int = Field(
        default=5, ge=1, le=1000, description="Published files kept for going back."
    )
    parquet: bool = Field(
        default=True, description="Also write every published table as Parquet."
    )


class QualityConfig(_Section):
    """How strict the gate in front of the published file is."""

    blocking: bool = Field(
        default=True,
        description="Whether failed checks of severity error stop the publication.",
    )


class Config(_Section):
    """A whole tidycrm.yml."""

    version: Literal[1] = 1
    sources: list[SourceConfig] = Field(
        description="Where records come from; several of one type are normal."
    )
    standardise: StandardiseSettings = Field(default_factory=StandardiseSettings)
    matching: MatchSettings = Field(default_factory=MatchSettings)
    survivorship: SurvivorshipRules = Field(default_factory=SurvivorshipRules)
    quality: QualityConfig = Field(default_factory=QualityConfig)
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    publish: PublishConfig = Field(default_factory=PublishConfig)

    @field_validator("sources")
    @classmethod
    def _distinct_names(cls, value: list[Any]) -> list[Any]:
        names = [source.name for source in value]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(
                f"the name {', '.join(repeated)} is used by more than one source; "
                "record keys start with it, so each source needs its own"
            )
        return value

    def fingerprint(self) -> str:
        """Hash of every value that can change a published row."""
        relevant = self.model_dump(mode="json", exclude={"schedule", "publish"})
        text = json.dumps(relevant, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def load_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and validate a configuration file.

    Args:
        path: The YAML file; relative paths in it are relative to its folder.
        environment: Values for `${NAME}` references.

    Raises:
        ConfigError: The file is missing, is no YAML, or has mistakes; lists them all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            str(path),
            [ConfigProblem("file", "not found; `tidycrm init` writes a commented one")],
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
        raise ConfigError(
            str(path), [ConfigProblem("file", f"cannot be read as UTF-8 ({reason})")]
        ) from None
    return parse_config(text, path=path, environment=environment)


def parse_config(text: str, *, path: Path, environment: Mapping[str, str]) -> Config:
    """Validate the text of a configuration file; see `load_config`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or "no valid YAML"
        raise ConfigError(
            str(path), [ConfigProblem("file", f"is no valid YAML: {problem}", line)]
        ) from None
    if not isinstance(raw, dict):
        raise ConfigError(
            str(path),
            [ConfigProblem("file", "is empty or no mapping; `sources:` is expected")],
        )
    lines = dict(_lines(node, ()))
    problems = list(_repeated_keys(node, ()))
    raw = _resolve_references(raw, (), environment, problems, lines)
    raw = _resolve_paths(raw, path.resolve().parent)
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += [_problem(detail, lines) for detail in _own_mistakes(error)]
    if problems or config is None:
        raise ConfigError(str(path), problems)
    return config


def json_schema() -> dict[str, Any]:
    """JSON Schema of tidycrm.yml, for editors that complete and check it."""
    return Config.model_json_schema()


def _lines(
    node: yaml.Node | None, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if node is None:
        return
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from (
                item for item in _lines(value, (*path, key.value)) if item[0] != path
            )
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _repeated_keys(
    node: yaml.Node | None, path: tuple[str | int, ...]
) -> Iterator[ConfigProblem]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            where = (*path, key.value)
            if key.value in seen:
                yield ConfigProblem(
                    _dotted(where),
                    "is written twice; keep one",
                    key.start_mark.line + 1,
                )
            seen.add(key.value)
            yield from _repeated_keys(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _repeated_keys(value, (*path, index))


def _resolve_references(
    value: Any,
    path: tuple[str | int, ...],
    environment: Mapping[str, str],
    problems: list[ConfigProblem],
    lines: Mapping[tuple[str | int, ...], int],
) -> Any:
    if isinstance(value, dict):
        return {
            key: _resolve_references(item, (*path, key), environment, problems, lines)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _resolve_references(item, (*path, index), environment, problems, lines)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            problems.append(
                ConfigProblem(
                    _dotted(path),
                    f"refers to the environment variable {name}, which is not set",
                    lines.get(path),
                )
            )
            return ""
        return environment[name]

    return _REFERENCE.sub(replace, value)


def _resolve_paths(raw: dict[str, Any], base: Path) -> dict[str, Any]:
    """Make relative paths of sources and rates relative to the configuration file."""
    sources = raw.get("sources")
    if isinstance(sources, list):
        for source in sources:
            if not isinstance(source, dict):
                continue
            _absolute(source, "path", base)
            for table in source.get("tables") or []:
                if isinstance(table, dict):
                    _absolute(table, "path", base)
    metrics = raw.get("metrics")
    if isinstance(metrics, dict):
        _absolute(metrics, "fx_rates", base)
    return raw


def _absolute(section: dict[str, Any], key: str, base: Path) -> None:
    value = section.get(key)
    if isinstance(value, str) and value and not _URI.match(value):
        section[key] = str(base / Path(value).expanduser())


def _own_mistakes(error: ValidationError) -> Iterator[Mapping[str, Any]]:
    """Mistakes that the user made; a list whose entries are all wrong is not empty."""
    details = error.errors()
    for detail in details:
        where = detail["loc"]
        if detail["type"] != "too_short" or not any(
            other["loc"][: len(where)] == where for other in details if other != detail
        ):
            yield detail


_PATTERNS = {
    "^[A-Z]{3}$": "an ISO 4217 currency; write three capitals, such as EUR",
    "^[A-Z]{2}$": "an ISO 3166-1 country; write two capitals, such as DE",
}


def _problem(
    detail: Mapping[str, Any], lines: Mapping[tuple[str | int, ...], int]
) -> ConfigProblem:
    # Pydantic puts the discriminator's value into the path of a source: the user did
    # not write it there.
    path = tuple(part for part in detail["loc"] if part not in VENDOR_OF_TYPE)
    known = path
    while known and known not in lines:
        known = known[:-1]
    kind = detail["type"]
    pattern = detail.get("ctx", {}).get("pattern")
    if kind == "extra_forbidden":
        message = "is not a setting here; check the spelling or remove it"
    elif kind == "missing":
        message = "is required and missing"
    elif kind == "union_tag_invalid":
        tag = detail.get("ctx", {}).get("tag")
        message = f"`type` {tag!r} is unknown; it is one of {', '.join(VENDOR_OF_TYPE)}"
    elif kind == "union_tag_not_found":
        message = f"needs a `type`: one of {', '.join(VENDOR_OF_TYPE)}"
    elif kind == "string_pattern_mismatch" and pattern in _PATTERNS:
        message = f"{detail['input']!r} is not {_PATTERNS[pattern]}"
    else:
        message = str(detail["msg"]).removeprefix("Value error, ")
    return ConfigProblem(_dotted(path) or "file", message, lines.get(known))


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
