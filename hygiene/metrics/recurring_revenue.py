"""Monthly recurring revenue: a gap-free spine of customer and month, and its movements.

What belongs here: the rule by which terms become movements, in SQL. It is the rule of the
mart fct_customer_month_mrr for customers with a contract; a test runs the mart's own SQL on
the same terms and compares row by row. What does not: files, prediction.

Policy for bad terms:

| input | treatment |
|---|---|
| no customer, no start, an end that is no day | left out, counted |
| end before start | left out, counted |
| amount missing, 0 or below 0 | left out, counted |
| start after the last day | left out, counted |
| no end | active on every later day, counted |
| several terms of a customer at once | their amounts add up, counted |
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import duckdb

# `terms` has customer_key VARCHAR, start_date DATE, end_date DATE, mrr DECIMAL(18, 2) and
# is_end_unreadable BOOLEAN.
_JUDGED = """
CREATE OR REPLACE TEMP TABLE judged_terms AS
SELECT
    customer_key,
    start_date,
    coalesce(end_date, DATE '9999-12-31') AS end_date,
    mrr,
    CASE
        WHEN customer_key IS NULL OR trim(customer_key) = '' THEN 'missing_customer'
        WHEN start_date IS NULL THEN 'missing_start'
        WHEN is_end_unreadable THEN 'unreadable_end'
        WHEN end_date < start_date THEN 'end_before_start'
        WHEN mrr IS NULL THEN 'missing_amount'
        WHEN mrr <= 0 THEN 'amount_not_positive'
        WHEN start_date > $through THEN 'after_end'
        ELSE 'counted'
    END AS verdict
FROM {terms}
"""

_COUNTS = """
SELECT
    count(*),
    count(*) FILTER (verdict = 'counted'),
    count(DISTINCT customer_key) FILTER (verdict = 'counted'),
    count(*) FILTER (verdict = 'counted' AND end_date = DATE '9999-12-31'),
    (
        SELECT count(*) FROM (
            SELECT
                start_date,
                max(end_date) OVER (
                    PARTITION BY customer_key ORDER BY start_date, end_date
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS covered_to
            FROM judged_terms WHERE verdict = 'counted'
        ) AS ordered WHERE start_date < covered_to
    ),
    count(*) FILTER (verdict = 'missing_customer'),
    count(*) FILTER (verdict = 'missing_start'),
    count(*) FILTER (verdict = 'unreadable_end'),
    count(*) FILTER (verdict = 'end_before_start'),
    count(*) FILTER (verdict = 'missing_amount'),
    count(*) FILTER (verdict = 'amount_not_positive'),
    count(*) FILTER (verdict = 'after_end')
FROM judged_terms
"""

_CUSTOMER_MONTHS = """
CREATE OR REPLACE TEMP TABLE customer_months AS
WITH terms AS (
    SELECT * FROM judged_terms WHERE verdict = 'counted'
), months AS (
    SELECT
        month_start::DATE AS month_date,
        least(last_day(month_start)::DATE, $through) AS measured_date,
        last_day(month_start)::DATE <= $through AS is_complete
    FROM (
        SELECT unnest(generate_series(
            (SELECT date_trunc('month', min(start_date)) FROM terms)::TIMESTAMP,
            date_trunc('month', $through::DATE)::TIMESTAMP,
            INTERVAL 1 MONTH
        )) AS month_start
    )
), first_months AS (
    SELECT customer_key, date_trunc('month', min(start_date))::DATE AS first_month
    FROM terms GROUP BY 1
), spine AS (
    SELECT first_months.customer_key, months.*
    FROM first_months INNER JOIN months ON first_months.first_month <= months.month_date
), term_months AS (
    SELECT
        terms.customer_key,
        months.month_date,
        sum(terms.mrr)::DECIMAL(18, 2) AS mrr,
        min(terms.start_date) AS covered_from,
        max(terms.end_date) AS covered_to
    FROM terms
    INNER JOIN months
        ON terms.start_date <= months.measured_date
        AND terms.end_date >= months.measured_date
    GROUP BY 1, 2
), states AS (
    SELECT
        spine.*,
        coalesce(term_months.mrr, 0)::DECIMAL(18, 2) AS mrr_end,
        coalesce(term_months.mrr, 0) > 0 AS is_active,
        term_months.covered_from,
        term_months.covered_to
    FROM spine LEFT JOIN term_months USING (customer_key, month_date)
), remembered AS (
    SELECT
        *,
        lag(mrr_end, 1, 0) OVER by_month::DECIMAL(18, 2) AS mrr_start,
        lag(is_active, 1, false) OVER by_month AS was_active,
        coalesce(bool_or(is_active) OVER earlier, false) AS was_ever_active,
        max(covered_to) OVER earlier AS covered_before
    FROM states
    WINDOW
        by_month AS (PARTITION BY customer_key ORDER BY month_date),
        earlier AS (
            PARTITION BY customer_key ORDER BY month_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
), classified AS (
    SELECT
        *,
        CASE
            WHEN is_active AND NOT was_active AND NOT was_ever_active THEN 'new'
            WHEN is_active AND NOT was_active THEN 'reactivation'
            WHEN was_active AND NOT is_active THEN 'churn'
            WHEN mrr_end > mrr_start THEN 'expansion'
            WHEN mrr_end < mrr_start THEN 'contraction'
            ELSE 'none'
        END AS movement
    FROM remembered
)
SELECT
    customer_key,
    month_date,
    movement,
    mrr_start,
    mrr_end,
    abs(mrr_end - mrr_start)::DECIMAL(18, 2) AS amount,
    was_active,
    is_active,
    coalesce(
        movement = 'reactivation'
        AND date_diff('day', covered_before, covered_from) <= $grace + 1,
        false
    ) AS is_late_renewal,
    is_complete
FROM classified
"""

_MOVEMENTS = """
SELECT
    month_date,
    bool_and(is_complete) AS is_complete,
    sum(mrr_start) AS mrr_start,
    sum(CASE WHEN movement = 'new' THEN amount ELSE 0 END) AS mrr_new,
    sum(CASE WHEN movement = 'reactivation' THEN amount ELSE 0 END) AS mrr_reactivation,
    sum(CASE WHEN movement = 'expansion' THEN amount ELSE 0 END) AS mrr_expansion,
    sum(CASE WHEN movement = 'contraction' THEN amount ELSE 0 END) AS mrr_contraction,
    sum(CASE WHEN movement = 'churn' THEN amount ELSE 0 END) AS mrr_churn,
    sum(mrr_end) AS mrr_end,
    count(*) FILTER (was_active) AS customers_start,
    count(*) FILTER (movement = 'new') AS customers_new,
    count(*) FILTER (movement = 'reactivation') AS customers_reactivated,
    count(*) FILTER (movement = 'churn') AS customers_churned,
    count(*) FILTER (is_active) AS customers_end,
    count(*) FILTER (is_late_renewal) AS late_renewals
FROM customer_months GROUP BY 1 ORDER BY 1
"""

_COHORTS = """
SELECT
    now.month_date,
    sum(now.mrr_end)::DOUBLE / sum(before.mrr_end)::DOUBLE AS nrr,
    sum(least(now.mrr_end, before.mrr_end))::DOUBLE / sum(before.mrr_end)::DOUBLE AS grr,
    count(*) FILTER (now.is_active)::DOUBLE / count(*) AS logo_retention,
    count(*) AS customers
FROM customer_months AS now
INNER JOIN customer_months AS before
    ON now.customer_key = before.customer_key
    AND now.month_date = (before.month_date + to_months(12))::DATE
WHERE before.is_active AND now.is_complete
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class TermCounts:
    """What came in and what became of it.

    Attributes:
        terms: Rows read.
        counted: Rows that count.
        customers: Customers with a counted row.
        open_ended: Counted rows without an end.
        overlapping: Counted rows that begin before an earlier one of the customer ends.
        missing_customer: Rows that name no customer.
        missing_start: Rows without a readable start.
        unreadable_end: Rows with an end that is no day.
        end_before_start: Rows that end before they begin.
        missing_amount: Rows without a readable amount.
        amount_not_positive: Rows of 0 or less.
        after_end: Rows that begin after the last day.
    """

    terms: int
    counted: int
    customers: int
    open_ended: int
    overlapping: int
    missing_customer: int
    missing_start: int
    unreadable_end: int
    end_before_start: int
    missing_amount: int
    amount_not_positive: int
    after_end: int


def build_customer_months(
    connection: duckdb.DuckDBPyConnection,
    terms: str,
    *,
    through: date,
    grace_days: int = 90,
) -> TermCounts:
    """Create the temporary table `customer_months`: no gaps, one movement per row.

    A month is measured at its last day, the last one at `through`; a term counts on its
    last day too.

    Args:
        connection: An open connection that knows `terms`.
        terms: Table with customer_key, start_date, end_date, mrr and is_end_unreadable.
        through: The last day that is looked at.
        grace_days: A return within this many days after the end is a late renewal.

    Returns:
        How many terms there were of each kind.
    """
    connection.execute(_JUDGED.format(terms=terms), {"through": through})
    row = connection.execute(_COUNTS).fetchone()
    assert row is not None  # noqa: S101  an aggregate always returns one row
    connection.execute(_CUSTOMER_MONTHS, {"through": through, "grace": grace_days})
    names = [field.name for field in fields(TermCounts)]
    return TermCounts(**dict(zip(names, (int(value) for value in row), strict=True)))


def read_movements(connection: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    """Movements per month: start + new + reactivation + expansion - contraction - churn = end.

    Args:
        connection: The connection on which customer months were built.

    Returns:
        One mapping per month, in order; amounts are exact decimals.
    """
    return _mappings(connection, _MOVEMENTS)


def read_cohort_retention(
    connection: duckdb.DuckDBPyConnection,
) -> list[dict[str, object]]:
    """NRR, GRR and logo retention of the customers of twelve months before, per month.

    Args:
        connection: The connection on which customer months were built.

    Returns:
        One mapping per complete month that had customers a year before.
    """
    return _mappings(connection, _COHORTS)


def _mappings(
    connection: duckdb.DuckDBPyConnection, query: str
) -> list[dict[str, object]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
