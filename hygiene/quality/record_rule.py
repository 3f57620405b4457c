"""Rules about records, as RevOps writes them: where, which field, what must hold.

The model of one rule and of what `tidycrm.yml` may change about the shipped ones. How a
rule is counted is the business of `record_checks`; which tables there are, of `subjects`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hygiene.quality.rule import LETTERS, Dimension, Severity

Measure = Literal["pipeline", "revenue"]

SHIPPED: Final = "DQ-"
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
# Accepted: ACME-1, SALES-OPS-12. Rejected: acme-1, ACME, DQ_C_1.
_OWN_ID: Final = r"^(DQ-[CVUKTA]-\d{3}|[A-Z][A-Z0-9]*(-[A-Z0-9]+)+)$"


def quote(name: str) -> str:
    """Quote a column or table name for DuckDB.

    Example:
        >>> print(quote("amount"))
        "amount"
    """
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def check_expression(expression: str) -> str:
    """Return an expression when it is exactly one SQL expression.

    Args:
        expression: What somebody wrote under `when` or `holds`.

    Returns:
        The expression without surrounding space.

    Raises:
        ValueError: It is empty, no SQL, or more than one expression.

    Example:
        >>> check_expression(" amount > 0 ")
        'amount > 0'
    """
    text = expression.strip()
    try:
        statements = duckdb.extract_statements(f"SELECT ({text}\n) AS holds")
    except duckdb.Error:
        statements = []
    if (
        not text
        or len(statements) != 1
        or statements[0].type != duckdb.StatementType.SELECT
    ):
        raise ValueError(
            "is not one SQL expression; write a condition such as "
            "`amount > 0` or `status = 'won'`"
        )
    return text


class Must(BaseModel):
    """What a record must fulfil: exactly one of the forms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    be: Literal["filled", "unique", "empty"] | None = Field(
        default=None, description="`filled`, `empty`, or `unique` within its source."
    )
    one_of: tuple[str | int | float | bool, ...] | None = Field(
        default=None, min_length=1, description="The allowed values; empty ones pass."
    )
    match: str | None = Field(
        default=None,
        description="Regular expression (RE2) found in the value; empty ones pass.",
    )
    between: tuple[float | None, float | None] | None = Field(
        default=None, description="Least and greatest number; empty ones pass."
    )
    hold: str | None = Field(
        default=None, description="SQL condition over the columns of the table."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Must:
        given = [
            name for name in type(self).model_fields if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise ValueError(
                "says nothing or two things; write exactly one of be, one_of, match, "
                "between, hold"
            )
        return self

    @field_validator("hold")
    @classmethod
    def _is_expression(cls, value: str | None) -> str | None:
        return None if value is None else check_expression(value)

    @field_validator("match")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                duckdb.execute("SELECT regexp_matches('', ?)", [value])
            except duckdb.Error as error:
                raise ValueError(
                    "is no regular expression that DuckDB (RE2) understands; look-ahead "
                    "and back-references are not available"
                ) from error
        return value

    @field_validator("between")
    @classmethod
    def _has_an_end(
        cls, value: tuple[float | None, float | None] | None
    ) -> tuple[float | None, float | None] | None:
        if value is not None and value == (None, None):
            raise ValueError("needs a least or a greatest number")
        return value

    def as_sql(self, field: str | None) -> str:
        """Return the condition that is true for a good record.

        Args:
            field: Column that the form speaks about; not used by `hold`.

        Returns:
            An SQL expression.

        Example:
            >>> print(Must(be="filled").as_sql("email"))
            nullif(trim("email"::varchar), '') IS NOT NULL
        """
        if self.hold is not None:
            return self.hold
        column = quote(field or "")
        filled = f"nullif(trim({column}::varchar), '') IS NOT NULL"
        if self.be == "filled":
            return filled
        if self.be == "empty":
            return f"NOT ({filled})"
        if self.be == "unique":
            return (
                f"{column} IS NULL OR count(*) OVER "
                f"(PARTITION BY source_name, {column}) = 1"
            )
        if self.one_of is not None:
            values = ", ".join(_text(_plain(value)) for value in self.one_of)
            return f"{column} IS NULL OR {column}::varchar IN ({values})"
        if self.match is not None:
            pattern = _text(self.match)
            return f"{column} IS NULL OR regexp_matches({column}::varchar, {pattern})"
        low, high = self.between or (None, None)
        number = f"try_cast({column} AS double)"
        ends = [f"{number} >= {low!r}"] if low is not None else []
        ends += [f"{number} <= {high!r}"] if high is not None else []
        return f"{column} IS NULL OR ({' AND '.join(ends)})"


def _plain(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


class RecordRule(BaseModel):
    """One statement about every record of a table, and who cares about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=_OWN_ID,
        description="Never given to another rule. Your own begin with your own letters, "
        "such as ACME-1; DQ-... are shipped.",
    )
    name: str = Field(min_length=1, description="The statement, for people.")
    table: str = Field(
        description="contacts, accounts, opportunities, customers, people, synced_fields "
        "or any published table."
    )
    field: str | None = Field(
        default=None, description="Field the rule is about; names the scorecard's line."
    )
    when: str | None = Field(
        default=None, description="SQL condition of the records that the rule is about."
    )
    must: Must = Field(description="What such a record must fulfil.")
    dimension: Dimension = Field(description="The rule's one quality dimension.")
    severity: Severity = Field(default=Severity.WARN)
    blocking: bool = Field(
        default=False, description="Whether a single failure stops the publish."
    )
    allowed: float = Field(
        default=0.0, ge=0, lt=1, description="Share of records that may break the rule."
    )
    owner: str = Field(min_length=1, description="Who repairs what the rule finds.")
    blocks: tuple[Measure, ...] = Field(
        default=(),
        description="Money a defect stands in the way of: pipeline, revenue.",
    )
    fix: str | None = Field(default=None, description="What to do about it, in a line.")

    @field_validator("must", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """`must: filled` is short for `must: {be: filled}`; other text is a condition."""
        if isinstance(value, str):
            short = value.strip()
            form = "be" if short in {"filled", "unique", "empty"} else "hold"
            return {form: short}
        return value

    @field_validator("when")
    @classmethod
    def _is_expression(cls, value: str | None) -> str | None:
        return None if value is None else check_expression(value)

    @field_validator("table", "field")
    @classmethod
    def _is_name(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.match(value):
            raise ValueError("is no column or table name; write it in lower case")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> RecordRule:
        if self.must.hold is None and self.field is None:
            raise ValueError("needs a `field` that `must` speaks about")
        if self.blocking and self.severity is not Severity.ERROR:
            raise ValueError(f"{self.id} blocks, so its severity must be error")
        if (
            self.id.startswith(SHIPPED)
            and LETTERS.get(self.id[3]) is not self.dimension
        ):
            raise ValueError(f"{self.id} does not carry the letter of {self.dimension}")
        return self

    @property
    def is_shipped(self) -> bool:
        """Whether the rule came with tidycrm."""
        return self.id.startswith(SHIPPED)

    @property
    def wants_records(self) -> bool:
        """Whether failing records are listed one by one; `info` rules only count."""
        return self.severity is not Severity.INFO

    def failed_sql(self) -> str:
        """Return an expression: true for a bad record, null where it does not apply."""
        good = f"coalesce(({self.must.as_sql(self.field)}), false)"
        if self.when is None:
            return f"NOT {good}"
        return f"CASE WHEN ({self.when}) THEN NOT {good} END"


class RuleChange(BaseModel):
    """What a user changes about a shipped rule; what is not given stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="False switches the rule off.")
    severity: Severity | None = None
    blocking: bool | None = None
    owner: str | None = Field(default=None, min_length=1)
    when: str | None = Field(
        default=None, description="Replaces the condition; record rules only."
    )
    must: str | None = Field(
        default=None, description="Replaces what must hold; record rules only."
    )
    allowed: float | None = Field(default=None, ge=0, lt=1)


def apply_changes(
    rules: Sequence[RecordRule], changes: dict[str, RuleChange]
) -> tuple[RecordRule, ...]:
    """Return the rules as the user wants them.

    Args:
        rules: Shipped rules.
        changes: By rule id; ids of other suites are ignored here.

    Returns:
        The rules that are switched on, changed where asked.

    Raises:
        ValueError: A change makes a rule contradict itself.
    """
    result = []
    for rule in rules:
        change = changes.get(rule.id)
        if change is None:
            result.append(rule)
        elif change.enabled:
            given = change.model_dump(exclude={"enabled"}, exclude_none=True)
            result.append(RecordRule.model_validate({**rule.model_dump(), **given}))
    return tuple(result)
