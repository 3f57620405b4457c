"""What a user configures for any table that people keep by hand.

Belongs here: the settings that do not depend on where a table lies. The place (a path, a
spreadsheet's id) is the connector's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.landing import LoadMode
from connectors.mapped_tables.reference import (
    SpreadsheetObject,
    object_reference,
    option_columns,
)
from connectors.tabular import ReadOptions


class TableSettings(BaseModel):
    """One kind of table: what its rows are, how its columns are called and read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: SpreadsheetObject = Field(
        description="What a row is: contacts, companies, deals, orders, invoices, "
        "subscriptions, tickets or surveys."
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
        description="full: the tables list every record, so an absent one was deleted. "
        "delta: they list changes only.",
    )
    allow_empty: bool = Field(
        default=False, description="Accept tables without any row."
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
        return ReadOptions(header_row=self.header_row, header_rows=self.header_rows)

    def option_values(self, sheet: str | None) -> Mapping[str, str | None]:
        """Values of the option columns for the rows of one sheet."""
        values = {
            "amount_includes_tax": "true" if self.amount_includes_tax else "false",
            "date_order": self.date_order,
            "decimal_separator": self.decimal_separator,
            "sheet_name": sheet,
        }
        return {name: values[name] for name in option_columns()}


def check_modes_agree(tables: Sequence[TableSettings]) -> None:
    """Refuse tables of one object that are full in part: they make one snapshot.

    Raises:
        ValueError: Some tables of an object are full and some delta.
    """
    modes: dict[SpreadsheetObject, set[LoadMode]] = {}
    for table in tables:
        modes.setdefault(table.object, set()).add(table.mode)
    mixed = sorted(item.value for item, found in modes.items() if len(found) > 1)
    if mixed:
        raise ValueError(
            f"{', '.join(mixed)}: some tables are full and some delta; tables of the "
            "same object make one snapshot, so give them one mode or put them in "
            "separate sources"
        )
