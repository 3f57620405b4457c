"""Everything that one run needs to know: configuration, home folder, clock.

Built once per process and handed to whoever runs; nothing here touches the network or
changes a file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo

from hygiene.standardise import list_spellings
from orchestration.config import Config, load_config
from orchestration.config.sections import WeekDay
from orchestration.home import Home
from orchestration.settings import Settings
from orchestration.source_states import SourceStates

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGED_DBT_PROJECT = Path(__file__).resolve().parent / "_dbt_project"


@dataclass(frozen=True, slots=True)
class Workspace:
    """One configuration at work in one home folder."""

    config: Config
    config_file: Path
    home: Home
    dbt_project: Path
    clock: Callable[[], datetime]
    is_shared: bool = False
    """Whether Dagster keeps its runs in Postgres, for services on several machines."""
    has_json_logs: bool = False
    """Whether runs log one JSON object per line on standard error."""

    def as_of(self, instant: datetime) -> date:
        """Date up to which data count for a run that began at `instant`."""
        configured = self.config.metrics.as_of
        if isinstance(configured, date):
            return configured
        return instant.astimezone(ZoneInfo(self.config.metrics.timezone)).date()

    def dbt_vars(self, as_of: date) -> dict[str, object]:
        """Variables that both dbt passes receive."""
        metrics = self.config.metrics
        own = self.config.standardise.vocabularies
        answers = list_spellings("boolean", own)
        return {
            "tidycrm_home": str(self.home.root),
            "as_of_date": as_of.isoformat(),
            "reporting_currency": metrics.reporting_currency,
            "fiscal_year_start_month": metrics.fiscal_year_start_month,
            "week_start_day": list(WeekDay).index(metrics.week_start) + 1,
            "reporting_timezone": metrics.timezone,
            "churn_grace_days": metrics.churn_grace_days,
            "churn_inactive_days": metrics.churn_inactive_days,
            "default_term_months": metrics.default_term_months,
            "gross_margin_rate": metrics.gross_margin_rate,
            "exclude_test_records": metrics.exclude_test_records,
            "max_test_share": self.config.matching.max_test_share,
            "currency_words": list_spellings("currency", own),
            "true_words": [word for word, label in answers.items() if label == "true"],
            "false_words": [
                word for word, label in answers.items() if label == "false"
            ],
        }

    def code_fingerprint(self) -> str:
        """Hash of the code that decides published rows: packages and dbt project."""
        digest = hashlib.sha256()
        for folder in (REPOSITORY / "connectors", REPOSITORY / "hygiene"):
            _digest_folder(
                digest, folder, {".py", ".yml", ".yaml", ".csv", ".json", ".sql"}
            )
        _digest_folder(digest, self.dbt_project, {".sql", ".py", ".yml"})
        return digest.hexdigest()


def open_workspace(
    settings: Settings,
    *,
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Workspace:
    """Read the configuration that `settings` point to.

    Raises:
        ConfigError: The configuration cannot be used.
    """
    config_file = settings.config.resolve()
    return Workspace(
        config=load_config(
            config_file, os.environ if environment is None else environment
        ),
        config_file=config_file,
        home=Home(settings.home.resolve()),
        dbt_project=(settings.dbt_project or default_dbt_project()).resolve(),
        clock=clock or (lambda: datetime.now(UTC)),
        is_shared=settings.postgres_url is not None,
        has_json_logs=settings.log_format == "json",
    )


def default_dbt_project() -> Path:
    """The dbt project of a checkout, else the one inside the installed package."""
    checkout = REPOSITORY / "dbt_project"
    if (checkout / "dbt_project.yml").is_file():
        return checkout
    return PACKAGED_DBT_PROJECT


def tidycrm_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("tidycrm")
    except PackageNotFoundError:
        return "0+source"


def input_fingerprint(workspace: Workspace, as_of: date) -> str:
    """Hash of all that decides published rows.

    Two runs with the same fingerprint publish the same rows, so the second one has
    nothing to do: landed loads, configuration, exchange rates, rulings, code, as-of.
    """
    home = workspace.home
    facts: dict[str, object] = {
        "loads": sorted(
            str(path.parent.relative_to(home.landing))
            for path in home.landing.glob("*/*/source=*/load=*/manifest.json")
        ),
        "config": workspace.config.fingerprint(),
        "as_of": as_of.isoformat(),
        "code": workspace.code_fingerprint(),
        "version": tidycrm_version(),
        "rulings": _file_hashes(sorted(home.rulings.glob("*.csv"))),
        "overrides": _file_hashes([home.overrides]),
        "fixes": _file_hashes(sorted(home.fixes.glob("*.csv"))),
    }
    rates = workspace.config.metrics.fx_rates
    if rates:
        facts["fx_rates"] = _file_hashes([Path(rates)])
    # `publication` tells them: analysts learn of it when a source falls out or is back.
    failing = SourceStates(home).failing(each.name for each in workspace.config.sources)
    if failing:
        facts["failing"] = [[each.name, str(each.failing_since)] for each in failing]
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _file_hashes(paths: list[Path]) -> list[str]:
    return [
        hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "absent"
        for path in paths
    ]


def _digest_folder(digest: hashlib._Hash, folder: Path, suffixes: set[str]) -> None:
    skipped = {"target", "logs", "dbt_packages", "__pycache__"}
    for path in sorted(folder.rglob("*")):
        if path.suffix in suffixes and not skipped.intersection(path.parts):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
