"""What a quality rule is, and what checking one tells: counts, never contents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Dimension(StrEnum):
    """The one quality dimension to which a rule belongs."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    ACCURACY = "accuracy"


class Severity(StrEnum):
    """How bad a failure is."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"


class Layer(StrEnum):
    """Where in the flow a rule is checked."""

    LANDING = "landing"
    STANDARDISE = "standardise"
    RECORDS = "records"
    WAREHOUSE = "warehouse"
    PUBLISHED = "published"


LETTERS: Final = {
    "C": Dimension.COMPLETENESS,
    "V": Dimension.VALIDITY,
    "U": Dimension.UNIQUENESS,
    "K": Dimension.CONSISTENCY,
    "T": Dimension.TIMELINESS,
    "A": Dimension.ACCURACY,
}


class _Check(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NotNull(_Check):
    """Every row has a value."""

    kind: Literal["not_null"]
    column: str = Field(description="Column that must be filled.")


class Unique(_Check):
    """No two rows agree on the columns."""

    kind: Literal["unique"]
    columns: tuple[str, ...] = Field(min_length=1, description="Columns of the grain.")


class Matches(_Check):
    """Every value matches a pattern; empty ones pass."""

    kind: Literal["matches"]
    column: str = Field(description="Column of text.")
    pattern: str = Field(description="Regular expression, searched in the value.")

    @field_validator("pattern")
    @classmethod
    def _compile(cls, value: str) -> str:
        try:
            duckdb.execute("SELECT regexp_matches('', ?)", [value])
        except duckdb.Error as error:
            raise ValueError(
                "is no regular expression that DuckDB (RE2) understands"
            ) from error
        return value


class InSet(_Check):
    """Every value is one of a list; empty ones pass."""

    kind: Literal["in_set"]
    column: str = Field(description="Column of a closed list.")
    values: tuple[str, ...] = Field(min_length=1, description="The closed list.")


class Between(_Check):
    """Every number lies in a range, ends included; empty ones pass."""

    kind: Literal["between"]
    column: str = Field(description="Column of numbers.")
    min: float | None = Field(default=None, description="Least allowed number.")
    max: float | None = Field(default=None, description="Greatest allowed number.")

    @model_validator(mode="after")
    def _has_end(self) -> Between:
        if self.min is None and self.max is None:
            raise ValueError("needs min or max")
        return self


class ColumnExists(_Check):
    """The table has the column."""

    kind: Literal["column_exists"]
    column: str = Field(description="Column that must be there.")


class RowCount(_Check):
    """The table's number of rows lies in a range."""

    kind: Literal["row_count"]
    min: int | None = Field(default=None, ge=0, description="Fewest rows.")
    max: int | None = Field(default=None, ge=0, description="Most rows.")


class Resolves(_Check):
    """Every value exists as a key of another table; empty ones pass."""

    kind: Literal["resolves"]
    column: str = Field(description="Column of foreign keys.")
    table: str = Field(description="Table to which they point.")
    key: str = Field(description="Key column of that table.")


Check = Annotated[
    NotNull | Unique | Matches | InSet | Between | ColumnExists | RowCount | Resolves,
    Field(discriminator="kind"),
]


class Rule(BaseModel):
    """One statement about a table that is either kept or broken by counted rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=r"^DQ-[CVUKTA]-\d{3}$",
        description="DQ-<dimension letter>-<number>; never given to another rule.",
    )
    name: str = Field(min_length=1, description="The statement, for people.")
    dimension: Dimension = Field(description="The rule's one quality dimension.")
    severity: Severity = Field(description="How bad a failure is.")
    blocking: bool = Field(description="Whether a failure stops the publish.")
    owner: str = Field(min_length=1, description="Who repairs what the rule finds.")
    check: Check = Field(description="What is checked.")
    mostly: float = Field(
        default=1.0, gt=0, le=1, description="Share of rows that must keep the rule."
    )

    @model_validator(mode="after")
    def _letter_fits(self) -> Rule:
        if LETTERS[self.id[3]] is not self.dimension:
            raise ValueError(f"{self.id} does not carry the letter of {self.dimension}")
        if self.blocking and self.severity is not Severity.ERROR:
            raise ValueError(f"{self.id} blocks, so its severity must be error")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule needs."""
        if isinstance(self.check, RowCount):
            return ()
        if isinstance(self.check, Unique):
            return self.check.columns
        return (self.check.column,)


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one landed object or one published table."""

    layer: Layer
    object: str
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The suite's name in reports, e.g. `landing.salesforce.contact`."""
        return f"{self.layer}.{self.object.replace('/', '.')}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read, in order; nothing else needs to leave the table."""
        return tuple(
            dict.fromkeys(column for rule in self.rules for column in rule.columns)
        )

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The (table, key) pairs whose values foreign keys are looked up in."""
        return tuple(
            dict.fromkeys(
                (rule.check.table, rule.check.key)
                for rule in self.rules
                if isinstance(rule.check, Resolves)
            )
        )


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What checking one rule on one table told: the columns of data_quality_results."""

    layer: str
    object: str
    rule_id: str
    rule_name: str
    dimension: str
    severity: str
    is_blocking: bool
    rows_checked: int
    rows_failed: int
    success: bool
    engine: str
