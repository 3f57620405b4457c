"""What a user configures for spreadsheets.

Belongs here: the models and their validation. Nothing is read from disk.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.landing import SOURCE_NAME_PATTERN, LoadMode, fingerprint_text
from connectors.spreadsheet.reference import (
    SpreadsheetObject,
    object_reference,
    option_columns,
)
from connectors.tabular import ReadOptions


class TableConfig(BaseModel):
    """One kind of table: where it lies, what its rows are, how its columns are called.

    Example:
        >>> TableConfig(path="orders/*.csv", object="orders").mode.value
        'full'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        min_length=1,
        description="File, folder or glob (* ? [] **): CSV, TSV, XLSX, XLS, XLSB, ODS, or "
        "ZIPs of them. All files together are one snapshot.",
    )
    object: SpreadsheetObject = Field(
        description="What a row is: contacts, companies, deals, orders, invoices or "
        "subscriptions."
    )
    sheet: str | None = Field(
        default=None,
        description="Sheet name or pattern such as 2024*; every visible sheet when absent.",
    )
    columns: dict[str, str | None] = Field(
        default_factory=dict,
        description="tidycrm's column name to your header. Usual headers are recognised "
        "without an entry; null keeps a column from being recognised.",
    )
    key: tuple[str, ...] = Field(
        default=(),
        description="Columns (names or headers) that together identify a row, when there "
        "is no id column.",
    )
    header_row: int | None = Field(
        default=None,
        ge=0,
        description="Row of the header, counted from 1; 0 when there is none; found out "
        "when absent.",
    )
    header_rows: int | None = Field(
        default=None, ge=1, le=10, description="Rows that the header takes."
    )
    encoding: str | None = Field(
        default=None, description="Encoding of text files, such as cp1252."
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Delimiter of text files."
    )
    date_order: Literal["dmy", "mdy", "ymd"] | None = Field(
        default=None,
        description="Order of day, month and year in dates written as text.",
    )
    decimal_separator: Literal[".", ","] | None = Field(
        default=None, description="Decimal separator of numbers written as text."
    )
    amount_includes_tax: bool = Field(
        default=False, description="Whether amounts include the tax of column `tax`."
    )
    currency: str | None = Field(
        default=None,
        pattern="^[A-Z]{3}$",
        description="ISO 4217 code for rows that name no currency.",
    )
    mode: LoadMode = Field(
        default=LoadMode.FULL,
        description="full: the files list every record, so an absent one was deleted. "
        "delta: they list changes only.",
    )
    optional: bool = Field(
        default=False, description="Whether the path may match no file."
    )
    allow_empty: bool = Field(
        default=False, description="Accept files without any row."
    )

    @field_validator("columns")
    @classmethod
    def _headers_are_given(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        blank = sorted(name for name, header in value.items() if header == "")
        if blank:
            raise ValueError(
                f"the headers of {', '.join(blank)} are blank; give the header as it "
                "stands in the file, or null to leave the column out"
            )
        return value

    @field_validator("key", mode="before")
    @classmethod
    def _one_key_may_be_text(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

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

    @model_validator(mode="after")
    def _columns_are_known(self) -> Self:
        known = object_reference(self.object).columns
        unknown = sorted(set(self.columns) - set(known))
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)}: no such column of {self.object.value}; the columns "
                f"are {', '.join(known)}. Other headers are kept under their own name "
                "without an entry"
            )
        return self

    def read_options(self) -> ReadOptions:
        """Options for the table readers."""
        return ReadOptions(
            encoding=self.encoding,
            delimiter=self.delimiter,
            header_row=self.header_row,
            header_rows=self.header_rows,
        )

    def option_values(self, sheet: str | None) -> Mapping[str, str | None]:
        """Values of the option columns for the rows of one sheet."""
        values = {
            "amount_includes_tax": "true" if self.amount_includes_tax else "false",
            "date_order": self.date_order,
            "decimal_separator": self.decimal_separator,
            "sheet_name": sheet,
        }
        return {name: values[name] for name in option_columns()}


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
        modes: dict[SpreadsheetObject, set[LoadMode]] = {}
        for table in self.tables:
            modes.setdefault(table.object, set()).add(table.mode)
        mixed = sorted(item.value for item, found in modes.items() if len(found) > 1)
        if mixed:
            raise ValueError(
                f"{', '.join(mixed)}: some tables are full and some delta; tables of the "
                "same object make one snapshot, so give them one mode or put them in "
                "separate sources"
            )
        return self

    def settings_fingerprint(self, reader_version: int) -> str:
        """Hash everything except names and places that decides what lands."""
        tables = [
            table.model_dump_json(exclude={"path", "optional"}) for table in self.tables
        ]
        return fingerprint_text(f"{reader_version} {' '.join(tables)}")


def relative_to(config: SpreadsheetConfig, base: Path) -> SpreadsheetConfig:
    """Resolve relative paths against a folder, usually that of the configuration."""
    tables = tuple(
        table.model_copy(update={"path": str(base / Path(table.path).expanduser())})
        for table in config.tables
    )
    return config.model_copy(update={"tables": tables})
