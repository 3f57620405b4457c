"""Purchase histories: from money events to (x, t_x, T) and value per customer, in DuckDB.

What belongs here: which events are purchases, the sufficient statistics of the purchase
models, their grouping, and counts of what was left out and why. What does not: the
models, and reading of files in foreign layouts.

Policy for every kind of bad input:

| input | treatment |
|---|---|
| no customer, no date | left out, counted |
| no amount | left out, counted |
| after the end of observation | left out, counted |
| amount above 0 | a purchase; several on one day are one purchase |
| amount 0 | a purchase of no value, counted; none if settings say so |
| amount below 0, or kind refund or credit | a refund: lowers value, never frequency |
| refunds without any purchase | the customer is listed without a prediction |
| refunds above purchases | value 0, never negative |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np

from hygiene.metrics.fitting import Floats

# `events` has customer_key VARCHAR, event_date DATE, amount DECIMAL(18, 2), kind VARCHAR.
_JUDGED = """
CREATE OR REPLACE TEMP TABLE judged_events AS
SELECT
    customer_key,
    event_date,
    CASE WHEN kind IN ('refund', 'credit', 'credit_note') THEN -abs(amount) ELSE amount END AS amount,
    CASE
        WHEN customer_key IS NULL OR trim(customer_key) = '' THEN 'missing_customer'
        WHEN event_date IS NULL THEN 'missing_date'
        WHEN amount IS NULL THEN 'missing_amount'
        WHEN event_date > $through THEN 'after_end'
        WHEN amount = 0 AND NOT $free THEN 'free_order'
        WHEN amount < 0 OR kind IN ('refund', 'credit', 'credit_note') THEN 'refund'
        ELSE 'purchase'
    END AS verdict
FROM {events}
"""

_VERDICTS = "SELECT verdict, count(*) FROM judged_events GROUP BY 1 ORDER BY 1"

_FREE_ORDERS = """
SELECT count(*) FROM judged_events
WHERE amount = 0 AND verdict IN ('purchase', 'free_order')
"""

_SUMMARY = """
CREATE OR REPLACE TEMP TABLE {summary} AS
WITH days AS (
    SELECT customer_key, event_date, sum(amount) AS amount, count(*) AS events
    FROM judged_events WHERE verdict = 'purchase'
    GROUP BY 1, 2
), buyers AS (
    SELECT
        customer_key,
        count(*) - 1 AS x,
        min(event_date) AS first_date,
        max(event_date) AS last_date,
        sum(amount) AS gross,
        sum(amount) - arg_min(amount, event_date) AS repeat_gross,
        sum(events) AS events
    FROM days GROUP BY 1
), refunds AS (
    SELECT customer_key, -sum(amount) AS refunded, count(*) AS events
    FROM judged_events WHERE verdict = 'refund' GROUP BY 1
), everybody AS (
    SELECT customer_key FROM buyers UNION SELECT customer_key FROM refunds
)
SELECT
    everybody.customer_key,
    buyers.x,
    date_diff('day', buyers.first_date, buyers.last_date) AS t_x,
    date_diff('day', buyers.first_date, $through) AS age,
    coalesce(buyers.gross, 0) - coalesce(refunds.refunded, 0) AS net,
    (coalesce(buyers.events, 0) + coalesce(refunds.events, 0))::BIGINT AS evidence_count,
    CASE WHEN buyers.x > 0 THEN
        buyers.repeat_gross::DOUBLE / buyers.x
        * greatest(0, 1 - coalesce(refunds.refunded::DOUBLE / nullif(buyers.gross, 0)::DOUBLE, 0))
    END AS mean_value,
    CASE WHEN buyers.gross IS NOT NULL THEN
        buyers.gross::DOUBLE / (buyers.x + 1)
        * greatest(0, 1 - coalesce(refunds.refunded::DOUBLE / nullif(buyers.gross, 0)::DOUBLE, 0))
    END AS mean_value_all,
    coalesce(refunds.refunded >= buyers.gross, false) AS is_fully_refunded
FROM everybody
LEFT JOIN buyers USING (customer_key)
LEFT JOIN refunds USING (customer_key)
"""

_GROUPS = """
SELECT
    x::DOUBLE AS x,
    sum(t_x)::DOUBLE / count(*) AS t_x,
    sum(age)::DOUBLE / count(*) AS age,
    count(*)::DOUBLE AS weight
FROM {summary} WHERE x IS NOT NULL
GROUP BY {summary}.x, {summary}.t_x // {step}, {summary}.age // {step}
ORDER BY {summary}.x, min({summary}.t_x), min({summary}.age), count(*)
"""

_GROUP_COUNT = """
SELECT count(*) FROM (
    SELECT DISTINCT x, t_x // {step}, age // {step} FROM {summary} WHERE x IS NOT NULL
)
"""

# Exact sums: floating ones would depend on how threads share the rows.
_TOTALS = """
SELECT
    coalesce(sum(x), 0)::DOUBLE,
    coalesce(sum(age), 0)::DOUBLE,
    coalesce(sum(round(mean_value_all * (x + 1), 4)::DECIMAL(28, 4)) / sum(x + 1), 0)::DOUBLE
FROM {summary} WHERE x IS NOT NULL
"""

_VALUE_GROUPS = """
SELECT x::DOUBLE AS x, {value} AS mean_value, count(*)::DOUBLE AS weight
FROM {summary} WHERE x > 0 AND mean_value > 0
GROUP BY ALL ORDER BY ALL
"""

_OUTCOMES = """
WITH judged AS (
    SELECT
        customer_key,
        event_date,
        CASE WHEN kind IN ('refund', 'credit', 'credit_note') THEN -abs(amount) ELSE amount END AS amount
    FROM {events}
    WHERE
        event_date > $after AND event_date <= $through AND (amount <> 0 OR $free)
), outcomes AS (
    SELECT
        customer_key,
        count(DISTINCT event_date) FILTER (amount >= 0) AS purchases,
        sum(amount) AS net
    FROM judged GROUP BY 1
)
SELECT
    coalesce(outcomes.purchases, 0)::DOUBLE AS purchases,
    coalesce(outcomes.net, 0)::DOUBLE AS net
FROM {summary} AS summary LEFT JOIN outcomes USING (customer_key)
WHERE summary.x IS NOT NULL
ORDER BY summary.customer_key
"""

_VALUE_BIN = "exp(round(ln(mean_value) * {per_unit}) / {per_unit})"


@dataclass(frozen=True, slots=True)
class PurchaseCounts:
    """What came in and what became of it.

    Attributes:
        events: Rows read.
        purchases: Rows that are purchases.
        refunds: Rows that are refunds.
        zero_amounts: Rows of amount 0, whether they count as purchases or not.
        missing_customer: Rows that name no customer.
        missing_date: Rows without a readable day.
        missing_amount: Rows without a readable amount.
        after_end: Rows later than the end of observation.
        customers: Customers with a purchase.
        repeat_customers: Those with purchases on at least two days.
        customers_without_purchase: Customers with refunds only.
        fully_refunded_customers: Customers with purchases, all of their value refunded.
    """

    events: int
    purchases: int
    refunds: int
    zero_amounts: int
    missing_customer: int
    missing_date: int
    missing_amount: int
    after_end: int
    customers: int
    repeat_customers: int
    customers_without_purchase: int
    fully_refunded_customers: int


@dataclass(frozen=True, slots=True)
class PurchaseHistories:
    """One entry per customer with a purchase, by customer key; times in days.

    Attributes:
        x: Repeat purchases.
        t_x: Days from the first to the last purchase.
        age: Days from the first purchase to the end of observation.
        mean_value: Mean value of the repeat purchases net of refunds; 0 where x is 0.
        mean_value_all: The same over all purchases.
    """

    x: Floats
    t_x: Floats
    age: Floats
    mean_value: Floats
    mean_value_all: Floats


def summarise_purchases(
    connection: duckdb.DuckDBPyConnection,
    events: str,
    *,
    through: date,
    count_free_orders: bool = True,
    summary: str = "purchase_summary",
) -> PurchaseCounts:
    """Create the temporary table `summary`: one row per customer up to a day.

    Args:
        connection: An open connection that knows `events`.
        events: Table with customer_key, event_date, amount and kind.
        through: Last day of observation; later events are not looked at.
        count_free_orders: Whether an order of amount 0 is a purchase.
        summary: Name of the table to create.

    Returns:
        How many rows there were of each kind.
    """
    connection.execute(
        _JUDGED.format(events=events), {"through": through, "free": count_free_orders}
    )
    verdicts = dict(connection.execute(_VERDICTS).fetchall())
    free = connection.execute(_FREE_ORDERS).fetchone()
    connection.execute(_SUMMARY.format(summary=summary), {"through": through})
    row = connection.execute(
        f"SELECT count(x), count(*) FILTER (x > 0), count(*) FILTER (x IS NULL), "
        f"count(*) FILTER (is_fully_refunded) FROM {summary}"
    ).fetchone()
    assert row is not None  # noqa: S101  an aggregate always returns one row
    return PurchaseCounts(
        events=sum(verdicts.values()),
        purchases=verdicts.get("purchase", 0),
        refunds=verdicts.get("refund", 0),
        zero_amounts=int(free[0]) if free else 0,
        missing_customer=verdicts.get("missing_customer", 0),
        missing_date=verdicts.get("missing_date", 0),
        missing_amount=verdicts.get("missing_amount", 0),
        after_end=verdicts.get("after_end", 0),
        customers=int(row[0]),
        repeat_customers=int(row[1]),
        customers_without_purchase=int(row[2]),
        fully_refunded_customers=int(row[3]),
    )


def read_histories(
    connection: duckdb.DuckDBPyConnection, summary: str = "purchase_summary"
) -> PurchaseHistories:
    """The histories of all buyers, ordered by customer key.

    Args:
        connection: The connection that holds the summary.
        summary: Name of the summary.
    """
    arrays = connection.execute(
        "SELECT x::DOUBLE AS x, t_x::DOUBLE AS t_x, age::DOUBLE AS age, "
        "coalesce(mean_value, 0) AS mean_value, mean_value_all "
        f"FROM {summary} WHERE x IS NOT NULL ORDER BY customer_key"
    ).fetchnumpy()
    return PurchaseHistories(
        **{
            name: np.asarray(values, dtype=np.float64)
            for name, values in arrays.items()
        }
    )


def read_totals(
    connection: duckdb.DuckDBPyConnection, summary: str = "purchase_summary"
) -> tuple[float, float, float]:
    """Repeat purchases, customer days of observation, and the mean value of a purchase.

    Args:
        connection: The connection that holds the summary.
        summary: Name of the summary.
    """
    row = connection.execute(_TOTALS.format(summary=summary)).fetchone()
    assert row is not None  # noqa: S101  an aggregate always returns one row
    return float(row[0]), float(row[1]), float(row[2])


def read_groups(
    connection: duckdb.DuckDBPyConnection,
    *,
    most: int,
    summary: str = "purchase_summary",
) -> tuple[Floats, Floats, Floats, Floats]:
    """Distinct (x, t_x, T) in days with their number of customers.

    The likelihood needs nothing else. Where there are more than `most`, neighbouring days
    are pooled and represented by their means, over as few days as it takes, 128 at most.

    Args:
        connection: The connection that holds the summary.
        most: Groups that the fit may see.
        summary: Name of the summary.

    Returns:
        Arrays x, t_x, T and weight.
    """
    step = 1
    while step < 128:
        row = connection.execute(
            _GROUP_COUNT.format(summary=summary, step=step)
        ).fetchone()
        if row is None or row[0] <= most:
            break
        step *= 2
    arrays = connection.execute(_GROUPS.format(summary=summary, step=step)).fetchnumpy()
    x, t_x, age, weight = (
        np.asarray(arrays[name], dtype=np.float64)
        for name in ("x", "t_x", "age", "weight")
    )
    return x, t_x, age, weight


def read_value_groups(
    connection: duckdb.DuckDBPyConnection,
    *,
    most: int,
    summary: str = "purchase_summary",
) -> tuple[Floats, Floats, Floats]:
    """Distinct (x, mean value) of customers with repeat purchases of positive value.

    Where there are more than `most`, values are rounded to half a percent or, if need be,
    coarser.

    Args:
        connection: The connection that holds the summary.
        most: Groups that the fit may see.
        summary: Name of the summary.

    Returns:
        Arrays x, mean value and weight.
    """
    for per_unit in (None, 200, 50, 20):
        value = (
            "mean_value" if per_unit is None else _VALUE_BIN.format(per_unit=per_unit)
        )
        arrays = connection.execute(
            _VALUE_GROUPS.format(summary=summary, value=value)
        ).fetchnumpy()
        if len(arrays["x"]) <= most:
            break
    return (
        np.asarray(arrays["x"], dtype=np.float64),
        np.asarray(arrays["mean_value"], dtype=np.float64),
        np.asarray(arrays["weight"], dtype=np.float64),
    )


def read_outcomes(
    connection: duckdb.DuckDBPyConnection,
    events: str,
    *,
    after: date,
    through: date,
    count_free_orders: bool = True,
    summary: str = "purchase_summary",
) -> tuple[Floats, Floats]:
    """What the buyers of a summary did later: purchases and net value.

    Args:
        connection: The connection that holds events and summary.
        events: Table with customer_key, event_date, amount and kind.
        after: End of observation of the summary; the period begins the day after.
        through: Last day of the period.
        count_free_orders: Whether an order of amount 0 is a purchase.
        summary: Name of the summary.

    Returns:
        Days with a purchase, and value net of refunds, in the order of the histories.
    """
    arrays = connection.execute(
        _OUTCOMES.format(events=events, summary=summary),
        {"after": after, "through": through, "free": count_free_orders},
    ).fetchnumpy()
    return (
        np.asarray(arrays["purchases"], dtype=np.float64),
        np.asarray(arrays["net"], dtype=np.float64),
    )
