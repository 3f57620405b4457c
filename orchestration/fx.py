"""Exchange rates of the user, checked and written for dbt.

A rate is what one unit of a currency is worth in the reporting currency on a day. None
is ever invented: an amount without a rate stays without a reported value and is counted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestration.errors import ConfigError, ConfigProblem

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "currency": pl.String,
    "rate_date": pl.Date,
    "rate_to_reporting": pl.Decimal(18, 8),
}


@dataclass(frozen=True, slots=True)
class FxReport:
    """What was written: rows and distinct currencies."""

    rows: int
    currencies: int


def write_fx_rates(source: Path | None, out: Path, *, config_file: str) -> FxReport:
    """Check the user's rates and write them as a Parquet table.

    Args:
        source: CSV with columns currency, rate_date (YYYY-MM-DD) and rate; None when
            only the reporting currency occurs.
        out: Parquet file with currency, rate_date, rate_to_reporting.
        config_file: Named in the error message.

    Raises:
        ConfigError: The file is missing or has unusable rows; lists the first lines.
    """
    frame = (
        pl.DataFrame(schema=SCHEMA) if source is None else _read(source, config_file)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    frame.write_parquet(temporary)
    temporary.replace(out)
    return FxReport(frame.height, frame["currency"].n_unique())


def _read(source: Path, config_file: str) -> pl.DataFrame:
    def fail(message: str) -> ConfigError:
        problem = ConfigProblem("metrics.fx_rates", f"{source.name} {message}")
        return ConfigError(config_file, [problem])

    try:
        raw = pl.read_csv(source, infer_schema=False)
    except FileNotFoundError:
        raise fail("does not exist; check the path") from None
    except pl.exceptions.PolarsError as error:
        raise fail(f"cannot be read as CSV ({type(error).__name__})") from None
    missing = [name for name in ("currency", "rate_date", "rate") if name not in raw]
    if missing:
        raise fail(
            f"lacks the column {', '.join(missing)}; expected are currency, rate_date, "
            f"rate; found {', '.join(raw.columns)}"
        )
    parsed = raw.select(
        pl.col("currency").str.strip_chars().str.to_uppercase(),
        pl.col("rate_date").str.strip_chars().str.to_date("%Y-%m-%d", strict=False),
        pl.col("rate")
        .str.strip_chars()
        .cast(pl.Decimal(18, 8), strict=False)
        .alias("rate_to_reporting"),
    ).with_row_index("line", offset=2)
    unusable = parsed.filter(
        ~pl.col("currency").fill_null("").str.contains("^[A-Z]{3}$")
        | pl.col("rate_date").is_null()
        | (pl.col("rate_to_reporting").cast(pl.Float64).fill_null(0) <= 0)
    )
    if unusable.height:
        lines = ", ".join(str(line) for line in unusable["line"].head(5))
        raise fail(
            f"has {unusable.height} unusable rows (lines {lines}); expected are a "
            "three-letter currency, a date as YYYY-MM-DD and a rate above zero"
        )
    repeated = parsed.filter(pl.struct("currency", "rate_date").is_duplicated())
    if repeated.height:
        lines = ", ".join(str(line) for line in repeated["line"].head(5))
        raise fail(f"has two rates for one currency and day (lines {lines}); keep one")
    return parsed.drop("line").sort("currency", "rate_date")
