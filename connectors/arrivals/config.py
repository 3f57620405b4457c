"""What a user configures for exports that arrive.

Belongs here: the model and the rule which paths are remote. Nothing is opened.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

# Protocol to the extra that brings its driver.
EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}


class ArrivalConfig(BaseModel):
    """When a file counts as complete, and how to reach an object store.

    Example:
        >>> ArrivalConfig(done_marker=".done").settle_seconds
        30.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    settle_seconds: float = Field(
        default=30.0,
        ge=0.0,
        description="How long size and time of a local file must have stayed the same. "
        "Objects of a store appear only when they are complete.",
    )
    done_marker: str | None = Field(
        default=None,
        min_length=1,
        description="A file is complete when this one is there: .done means "
        "contacts.csv.done beside contacts.csv; a name such as _SUCCESS means a file of "
        "that name in the same folder.",
    )
    storage_options: dict[str, SecretStr | bool | int | dict[str, SecretStr]] = Field(
        default_factory=dict,
        description="Credentials and options of the store's driver: key, secret, "
        "endpoint_url for s3; token for gs; account_name, account_key for az.",
    )

    def driver_options(self) -> dict[str, Any]:
        """Give the options with their secrets in the open."""
        return {name: _open(value) for name, value in self.storage_options.items()}


def is_remote(path: str) -> bool:
    """Whether a path names an object store.

    Example:
        >>> is_remote("s3://exports/crm/*.zip"), is_remote("exports/crm")
        (True, False)
    """
    protocol, separator, _ = path.partition("://")
    return bool(separator) and protocol in EXTRAS


def _open(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {name: _open(each) for name, each in value.items()}
    return value
