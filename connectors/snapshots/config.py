"""The settings that every file export connector shares.

Belongs here: what a user writes in `tidycrm.yml` for any vendor's export folder. Options
of one vendor are in that vendor's package.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connectors.arrivals import ArrivalConfig
from connectors.landing import SOURCE_NAME_PATTERN, LoadMode, fingerprint_text


class SnapshotFilesConfig(BaseModel):
    """A folder of exported files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=SOURCE_NAME_PATTERN,
        description="Name of this source: lower-case letters, digits and underscores.",
    )
    path: str = Field(
        min_length=1,
        description="Folder (searched at any depth), file, or glob with * ? [] **. Each "
        "folder that directly holds exports is one snapshot; several are read in natural "
        "order of their names. s3://, gs:// and az:// name object stores.",
    )
    arrivals: ArrivalConfig | None = Field(
        default=None,
        description="For files that arrive while syncs run: which are complete, and the "
        "credentials of an object store.",
    )
    mode: LoadMode = Field(
        default=LoadMode.FULL,
        description="full: an export lists every record, so a record that is absent was "
        "deleted. delta: an export lists changes only.",
    )
    optional: bool = Field(
        default=False, description="Whether the path may be absent or empty."
    )
    allow_empty: bool = Field(
        default=False,
        description="Accept a full export without rows although records are known; it "
        "marks all of them as deleted.",
    )

    def settings_fingerprint(self, reader_version: int) -> str:
        """Hash everything except name and place that decides what lands."""
        settings = self.model_dump_json(
            exclude={"name", "path", "optional", "arrivals"}
        )
        return fingerprint_text(f"{reader_version} {settings}")
