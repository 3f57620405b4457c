"""What a user configures for spreadsheets.

Belongs here: the models and their validation. Nothing is read from disk.
"""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.arrivals import ArrivalConfig, is_remote
from connectors.landing import SOURCE_NAME_PATTERN, fingerprint_text
from connectors.mapped_tables import TableSettings, check_modes_agree
from connectors.tabular import ReadOptions


class TableConfig(TableSettings):
    """One kind of table: where it lies, what its rows are, how its columns are called.

    Example:
        >>> TableConfig(path="orders/*.csv", object="orders").mode.value
        'full'
    """

    path: str = Field(
        min_length=1,
        description="File, folder or glob (* ? [] **): CSV, TSV, XLSX, XLS, XLSB, ODS, or "
        "ZIPs of them. All files together are one snapshot. s3://, gs:// and az:// name "
        "object stores.",
    )
    arrivals: ArrivalConfig | None = Field(
        default=None,
        description="For files that arrive while syncs run: which are complete, and the "
        "credentials of an object store.",
    )
    encoding: str | None = Field(
        default=None, description="Encoding of text files, such as cp1252."
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Delimiter of text files."
    )
    optional: bool = Field(
        default=False, description="Whether the path may match no file."
    )

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError:
                raise ValueError(
                    f"unknown encoding {value!r}; use a name such as utf-8, cp1252 or "
                    "iso-8859-1, or leave it out"
                ) from None
        return value

    def read_options(self) -> ReadOptions:
        """Options for the table readers."""
        return replace(
            super().read_options(), encoding=self.encoding, delimiter=self.delimiter
        )


class SpreadsheetConfig(BaseModel):
    """A set of spreadsheets that together are one source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["spreadsheet"] = "spreadsheet"
    name: str = Field(
        pattern=SOURCE_NAME_PATTERN,
        description="Name of this source: lower-case letters, digits and underscores.",
    )
    tables: tuple[TableConfig, ...] = Field(
        min_length=1,
        description="The tables; those of the same object are merged into one snapshot.",
    )

    @model_validator(mode="after")
    def _modes_agree(self) -> Self:
        check_modes_agree(self.tables)
        return self

    def settings_fingerprint(self, reader_version: int) -> str:
        """Hash everything except names and places that decides what lands."""
        tables = [
            table.model_dump_json(exclude={"path", "optional", "arrivals"})
            for table in self.tables
        ]
        return fingerprint_text(f"{reader_version} {' '.join(tables)}")


def relative_to(config: SpreadsheetConfig, base: Path) -> SpreadsheetConfig:
    """Resolve relative paths against a folder, usually that of the configuration."""
    tables = tuple(
        table
        if is_remote(table.path)
        else table.model_copy(
            update={"path": str(base / Path(table.path).expanduser())}
        )
        for table in config.tables
    )
    return config.model_copy(update={"tables": tables})
