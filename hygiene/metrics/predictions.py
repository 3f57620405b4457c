"""What the warehouse publishes about customers' future: one call, three Parquet files.

What belongs here: who is predicted by which model, the columns of the results, the ids of
model runs. What does not: the models, and the tables they are joined to.

Everything is as of a day: rows after it change nothing, not even an id. The same rows in
any order give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from hygiene.metrics.buyers import (
    DAYS_PER_MONTH,
    BuyerModel,
    Method,
    fit_buyers,
    predict_buyers,
)
from hygiene.metrics.contracts import (
    ContractHoldout,
    ContractModel,
    contract_value,
    fit_contracts,
    hold_out_contracts,
    predict_contracts,
)
from hygiene.metrics.holdout import BuyerHoldout, hold_out_buyers
from hygiene.metrics.prediction_tables import (
    CALIBRATION_SCHEMA,
    RUN_SCHEMA,
    VALUE_SCHEMA,
    calibration_rows,
    contract_run,
    purchase_run,
    rejection,
    rounded,
    shaped,
    value_columns,
)
from hygiene.metrics.purchases import (
    PurchaseCounts,
    read_histories,
    summarise_purchases,
)
from hygiene.metrics.recurring_revenue import TermCounts, build_customer_months
from hygiene.metrics.settings import MetricSettings
from hygiene.parquet_exchange import open_connection, register_parquet, write_parquet

_TASK = "Predicting customers"
UNKNOWN_CUSTOMER = "unknown"
SILENCE_DAYS = (90, 180, 365)
VALUE_MONTHS = (12, 36)
_ORDER_COLUMNS = ("customer_key", "event_date", "amount_reporting", "kind")
_TERM_COLUMNS = ("customer_key", "start_date", "end_date", "mrr_reporting")
_SHORTEST_HOLDOUT_DAYS = 28


@dataclass(frozen=True, slots=True)
class PredictionReport:
    """What was predicted.

    Attributes:
        customers: Rows written.
        contractual: Of these, customers with a contract at any time.
        without_prediction: Of these, customers without any purchase.
        purchase_method: How customers without a contract were predicted; none if nobody.
        contract_method: How customers with a contract were predicted; none if nobody.
        model_run_ids: The runs written.
        leak_alarms: Runs whose hold-out is better than the future allows.
        purchases: What became of the orders.
        terms: What became of the terms; none without subscriptions.
    """

    customers: int
    contractual: int
    without_prediction: int
    purchase_method: Method | None
    contract_method: Method | None
    model_run_ids: tuple[str, ...]
    leak_alarms: tuple[str, ...]
    purchases: PurchaseCounts
    terms: TermCounts | None


def predict_customers(
    orders: Path,
    subscriptions: Path | None,
    out_value: Path,
    out_runs: Path,
    out_calibration: Path,
    *,
    as_of: date,
    settings: MetricSettings,
) -> PredictionReport:
    """Predict value and silence of every customer, and test the models that do.

    Customers with a countable term are predicted by the contract model, all others by
    the purchase model, or the mean of their cohort where buyers are few.

    Args:
        orders: Parquet of money events: customer_key, event_date, amount_reporting, kind
            (refund and credit lower value; anything else is an order).
        subscriptions: Parquet of terms: customer_key, start_date, end_date (none: open),
            mrr_reporting; or none.
        out_value: Parquet to write, one row per customer.
        out_runs: Parquet to write, one row per model.
        out_calibration: Parquet to write, one row per model and tenth.
        as_of: Last day that is looked at.
        settings: Models, thresholds, rates.

    Raises:
        InputError: If a file is missing, unreadable or lacks a column.
    """
    with open_connection(out_value.parent) as connection:
        register_parquet(
            connection, "order_file", orders, required=_ORDER_COLUMNS, task=_TASK
        )
        if subscriptions is None:
            connection.execute(
                "CREATE VIEW term_file AS SELECT NULL::VARCHAR AS customer_key, "
                "NULL::DATE AS start_date, NULL::DATE AS end_date, "
                "NULL::DECIMAL(18, 2) AS mrr_reporting WHERE false"
            )
        else:
            register_parquet(
                connection,
                "term_file",
                subscriptions,
                required=_TERM_COLUMNS,
                task=_TASK,
            )
        terms = _load(connection, as_of, settings)
        frames, runs, calibration = [], [], []
        contract = None
        if terms.customers:
            contract, frame, run, rows = _contracts(connection, as_of, settings, terms)
            frames.append(frame)
            runs.append(run)
            calibration.extend(rows)
        purchases = summarise_purchases(
            connection,
            "events",
            through=as_of,
            count_free_orders=settings.count_free_orders,
        )
        buyers = None
        if purchases.customers:
            buyers, frame, run, rows = _buyers(connection, as_of, settings, purchases)
            frames.append(frame)
            runs.append(run)
            calibration.extend(rows)
        frames.append(_without_purchase(connection, as_of))
        values = pl.concat([shaped(frame) for frame in frames])
        _write(connection, values, out_value, "customer_key")
        run_frame = pl.DataFrame(runs, schema=RUN_SCHEMA)
        _write(connection, run_frame, out_runs, "model_run_id")
        _write(
            connection,
            pl.DataFrame(calibration, schema=CALIBRATION_SCHEMA),
            out_calibration,
            "model_run_id, decile",
        )
    return PredictionReport(
        customers=values.height,
        contractual=terms.customers,
        without_prediction=purchases.customers_without_purchase,
        purchase_method=buyers.method if buyers else None,
        contract_method=contract.method if contract else None,
        model_run_ids=tuple(str(run["model_run_id"]) for run in runs),
        leak_alarms=tuple(
            str(run["model_run_id"]) for run in runs if run["is_leak_suspected"]
        ),
        purchases=purchases,
        terms=terms if subscriptions is not None else None,
    )


def _load(
    connection: duckdb.DuckDBPyConnection, as_of: date, settings: MetricSettings
) -> TermCounts:
    """Tables `terms` and `events`; events of customers with a contract are not purchases."""
    connection.execute(
        f"CREATE TEMP TABLE terms AS SELECT nullif(customer_key, '{UNKNOWN_CUSTOMER}') AS "
        "customer_key, start_date::DATE AS start_date, end_date::DATE AS end_date, "
        "mrr_reporting::DECIMAL(18, 2) AS mrr, false AS is_end_unreadable FROM term_file"
    )
    counts = build_customer_months(
        connection, "terms", through=as_of, grace_days=settings.churn_grace_days
    )
    connection.execute(
        f"CREATE TEMP TABLE events AS SELECT nullif(customer_key, '{UNKNOWN_CUSTOMER}') AS "
        "customer_key, event_date::DATE AS event_date, "
        "amount_reporting::DECIMAL(18, 2) AS amount, lower(kind::VARCHAR) AS kind "
        "FROM order_file WHERE customer_key IS NULL OR customer_key NOT IN "
        "(SELECT customer_key FROM judged_terms WHERE verdict = 'counted')"
    )
    return counts


def _buyers(
    connection: duckdb.DuckDBPyConnection,
    as_of: date,
    settings: MetricSettings,
    counts: PurchaseCounts,
) -> tuple[BuyerModel, pl.DataFrame, dict[str, object], list[dict[str, object]]]:
    model = fit_buyers(connection, counts, settings)
    histories = read_histories(connection)
    predicted = predict_buyers(
        model,
        histories,
        silence_days=SILENCE_DAYS,
        purchase_days=(365,),
        months=VALUE_MONTHS,
        settings=settings,
    )
    span = int(histories.age.max())
    days = min(settings.holdout_days, span // 3)
    test: BuyerHoldout | None = None
    if model.purchases is not None and days >= _SHORTEST_HOLDOUT_DAYS:
        test = hold_out_buyers(
            connection,
            "events",
            fitted_through=as_of - timedelta(days=days),
            tested_through=as_of,
            settings=settings,
        )
    run_id = _run_id(
        model.method,
        as_of,
        settings,
        _fingerprint(
            connection,
            "SELECT concat_ws('|', customer_key, event_date, amount, verdict) AS line "
            "FROM judged_events WHERE verdict IN ('purchase', 'refund')",
        ),
    )
    keys = connection.execute(
        "SELECT customer_key, evidence_count FROM purchase_summary "
        "WHERE x IS NOT NULL ORDER BY customer_key"
    ).pl()
    revenue = {
        months: predicted.discounted_purchases[months] * predicted.next_value
        for months in VALUE_MONTHS
    }
    frame = keys.with_columns(
        pl.lit("non_contractual").alias("setting"),
        *value_columns(revenue, settings),
        rounded("expected_purchases_12m", predicted.purchases[365]),
        rounded("expected_purchase_value", predicted.next_value),
        rounded("probability_alive", predicted.alive),
        *(
            rounded(f"probability_no_purchase_{days}", predicted.no_purchase[days])
            for days in SILENCE_DAYS
        ),
        pl.lit(model.method.value).alias("method"),
        pl.lit(run_id).alias("model_run_id"),
        pl.lit(as_of).alias("as_of_date"),
    )
    run = purchase_run(run_id, as_of, settings, model=model, counts=counts, test=test)
    return model, frame, run, calibration_rows(run_id, test.calibration if test else [])


def _contracts(
    connection: duckdb.DuckDBPyConnection,
    as_of: date,
    settings: MetricSettings,
    counts: TermCounts,
) -> tuple[ContractModel, pl.DataFrame, dict[str, object], list[dict[str, object]]]:
    first, last = connection.execute(
        "SELECT min(month_date), max(month_date) FROM customer_months"
    ).fetchall()[0]
    span = (last.year - first.year) * 12 + last.month - first.month
    test: ContractHoldout | None = None
    if span >= 9:
        test = hold_out_contracts(connection, settings, months=min(12, span // 3))
    rejected: ContractHoldout | None = None
    if (
        test
        and test.method is not Method.POOLED_RATE
        and test.leaving.loses_against_base
    ):
        # What told customers apart no better than a constant is not used to do so.
        rejected = test
        test = hold_out_contracts(
            connection, settings, months=test.months, is_pooled=True
        )
    model = fit_contracts(connection, settings, through=as_of)
    if rejected:
        model = model.pooled()
    predicted = predict_contracts(
        connection, model, settings, through=as_of, months=max(VALUE_MONTHS)
    )
    run_id = _run_id(
        model.method,
        as_of,
        settings,
        _fingerprint(
            connection,
            "SELECT concat_ws('|', customer_key, start_date, CASE WHEN end_date <= "
            f"DATE '{as_of}' THEN end_date END, mrr) AS line FROM judged_terms "
            "WHERE verdict = 'counted'",
        ),
    )
    revenue = {
        months: contract_value(predicted, months, settings.discount_rate_annual)
        for months in VALUE_MONTHS
    }
    months_of = {days: round(days / DAYS_PER_MONTH) for days in SILENCE_DAYS}
    frame = pl.DataFrame(
        {
            "customer_key": pl.Series(predicted.customer_keys, dtype=pl.String),
            "evidence_count": predicted.evidence,
            "present": predicted.present,
        }
    ).with_columns(
        pl.lit("contractual").alias("setting"),
        *value_columns(revenue, settings),
        rounded("probability_alive", predicted.present),
        *(
            rounded(
                f"probability_no_purchase_{days}",
                1.0 - predicted.present * predicted.survival[:, months - 1],
            )
            for days, months in months_of.items()
        ),
        pl.when(pl.col("present") > 0)
        .then(pl.lit(model.method.value))
        .otherwise(pl.lit(Method.CONTRACT_ENDED.value))
        .alias("method"),
        pl.lit(run_id).alias("model_run_id"),
        pl.lit(as_of).alias("as_of_date"),
    )
    run = contract_run(run_id, as_of, settings, model=model, counts=counts, test=test)
    if rejected:
        run |= rejection(rejected.method, rejected.leaving)
    return model, frame, run, calibration_rows(run_id, test.calibration if test else [])


def _without_purchase(
    connection: duckdb.DuckDBPyConnection, as_of: date
) -> pl.DataFrame:
    """Customers with refunds only: listed, so that none is lost, and not predicted."""
    return (
        connection.execute(
            "SELECT customer_key, evidence_count FROM purchase_summary WHERE x IS NULL "
            "ORDER BY customer_key"
        )
        .pl()
        .with_columns(
            pl.lit("non_contractual").alias("setting"),
            pl.lit(Method.NO_PURCHASE.value).alias("method"),
            pl.lit(as_of).alias("as_of_date"),
            *(
                pl.lit(None).alias(name)
                for name in VALUE_SCHEMA
                if name.startswith(
                    ("predicted", "expected", "probability", "model_run")
                )
            ),
        )
    )


def _fingerprint(connection: duckdb.DuckDBPyConnection, lines: str) -> str:
    """The set of lines as a number: their hashes added up, so that order is nothing."""
    row = connection.execute(
        f"SELECT count(*), sum(md5_number_lower(line)::HUGEINT) FROM ({lines})"
    ).fetchone()
    return "" if row is None else f"{row[0]}:{row[1]}"


def _run_id(method: Method, as_of: date, settings: MetricSettings, data: str) -> str:
    rules = settings.model_dump(mode="json", exclude={"threads"})
    text = json.dumps([method, as_of.isoformat(), rules, data], sort_keys=True)
    return "mr_" + hashlib.sha256(text.encode()).hexdigest()[:24]


def _write(
    connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame, out: Path, order: str
) -> None:
    connection.register("outgoing", frame)
    write_parquet(connection, f"SELECT * FROM outgoing ORDER BY {order}", out)
    connection.unregister("outgoing")
