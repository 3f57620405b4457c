"""Money: how amounts are written, and the exchange rates of the made-up world.

Belongs here: cents to text, monthly rates. Amounts are integers of a hundredth of the
currency unit everywhere else.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from connectors.synthetic.rng import FloatArray, IntArray, Streams

# Euro per unit of currency, about right; monthly rates wander around these.
BASE_RATES = {
    "USD": 0.92,
    "GBP": 1.17,
    "SEK": 0.088,
    "CHF": 1.04,
    "PLN": 0.23,
    "BRL": 0.17,
    "JPY": 0.0061,
}
HOME_CURRENCY = "EUR"


def local_units(currency: pl.Series) -> IntArray:
    """Return a round factor that turns euro-sized prices into local ones."""
    factors = {code: max(1, round(1 / rate)) for code, rate in BASE_RATES.items()}
    known = currency.replace_strict(factors, default=1, return_dtype=pl.Int64)
    units: IntArray = known.to_numpy().astype(np.int64)
    return units


def rounded(amounts: FloatArray) -> IntArray:
    """Round to whole hundredths."""
    cents: IntArray = np.rint(amounts).astype(np.int64)
    return cents


def plain_amount(cents: IntArray) -> pl.Series:
    """Write an amount with two decimals and a point ('-12.50')."""
    size = np.abs(cents)
    sign = pl.Series(np.where(cents < 0, "-", ""))
    whole = pl.Series(size // 100).cast(pl.String)
    return sign + whole + "." + pl.Series(size % 100).cast(pl.String).str.zfill(2)


def exchange_rates(streams: Streams, first: date, last: date) -> pl.DataFrame:
    """Draw monthly rates into the home currency for the whole history.

    Returns:
        Columns currency, rate_date (first of the month), rate (text, 6 decimals).
    """
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if (first.year, first.month) <= (year, month) <= (last.year, last.month)
    ]
    rows: list[tuple[str, date, str]] = []
    for code, base in sorted(BASE_RATES.items()):
        rng = streams.get(f"fx-{code}")
        steps = np.cumsum(rng.normal(0, 0.008, len(months)))
        rows += [
            (code, month, f"{base * float(np.exp(step)):.6f}")
            for month, step in zip(months, steps, strict=True)
        ]
    return pl.DataFrame(rows, schema=["currency", "rate_date", "rate"], orient="row")


def in_home_currency(
    cents: IntArray, currency: pl.Series, seconds: IntArray, rates: pl.DataFrame
) -> IntArray:
    """Convert at the rate of the month, as HubSpot does."""
    months = pl.from_epoch(pl.lit(pl.Series(seconds)), time_unit="s")
    frame = pl.select(
        currency=pl.lit(currency), rate_date=months.dt.truncate("1mo").dt.date()
    ).join(rates, on=["currency", "rate_date"], how="left", maintain_order="left")
    last = rates.group_by("currency").agg(pl.col("rate").last().alias("late"))
    frame = frame.join(last, on="currency", how="left", maintain_order="left")
    rate = frame.select(
        pl.coalesce("rate", "late", pl.lit("1")).cast(pl.Float64)
    ).to_series()
    return rounded(cents * rate.to_numpy())
