"""What a user configures to bring a dlt source.

Belongs here: the model. Nothing of dlt is imported.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.landing import SOURCE_NAME_PATTERN


class DltConfig(BaseModel):
    """A dlt source or resource that can be imported.

    Example:
        >>> DltConfig(name="crm", resource="my_sources:people").arguments
        {}
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["dlt"] = "dlt"
    name: str = Field(pattern=SOURCE_NAME_PATTERN, description="Name of this source.")
    resource: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="module:name of a dlt source or resource. Its code runs with the "
        "rights of the sync: name only code that you trust.",
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="Arguments for it, other than secrets."
    )
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="Arguments that are secret."
    )
    allow_empty: bool = False
