"""Where tidycrm runs: the few facts that come from the environment.

Everything else is in tidycrm.yml. No other module of this package reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Values of the `TIDYCRM_*` environment variables."""

    model_config = SettingsConfigDict(env_prefix="TIDYCRM_", frozen=True)

    home: Path = Field(
        default=Path("data"),
        description="Folder that holds landing, warehouse, published file and state.",
    )
    config: Path = Field(
        default=Path("tidycrm.yml"), description="The configuration file."
    )
    dbt_project: Path | None = Field(
        default=None,
        description="Folder of the dbt project; default: the one shipped with tidycrm.",
    )
    postgres_url: SecretStr | None = Field(
        default=None,
        description="postgresql://user:password@host/name: where Dagster keeps runs and "
        "events of a shared deployment. Default: SQLite in the home folder.",
    )
    reports_url: str | None = Field(
        default=None,
        description="Where the reports folder is served, for links in the Dagster UI; "
        "`tidycrm ui` sets it.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How runs log on the console: text for people, json for machines.",
    )
