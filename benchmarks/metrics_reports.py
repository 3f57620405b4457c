"""One report per kind of table: what benchmarks.metrics prints.

What belongs here: calling hygiene.metrics on a loaded table and naming its figures. What
does not: reading files, models.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite

import duckdb
import numpy as np

from benchmarks.metrics_churn import report_churn
from benchmarks.metrics_tables import (
    MappingError,
    Table,
    find_column,
    load_orders,
    load_terms,
    load_text,
    parse_mapping,
)
from hygiene.metrics import (
    INDEPENDENCE_LIMIT,
    BuyerHoldout,
    MetricSettings,
    ParetoNbd,
    PurchaseModel,
    build_customer_months,
    fit_shifted_beta_geometric,
    hold_out_buyers,
    read_cohort_retention,
    read_movements,
)

__all__ = ["report_churn", "report_cohort", "report_orders", "report_subscriptions"]

UNIT_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}


class Stopwatch:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.began = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 3)

    def result(self) -> dict[str, float]:
        """All stages and their total."""
        return {**self.seconds, "total": round(time.perf_counter() - self.began, 3)}


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty DuckDB in UTC."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def parse_day(text: str, option: str) -> date:
    """A day out of an option.

    Raises:
        MappingError: If it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MappingError(f"{option} {text} is no day; expected YYYY-MM-DD.") from None


def report_orders(given: argparse.Namespace) -> dict[str, object]:
    """Fit up to a day, test after it."""
    watch = Stopwatch()
    mapping = parse_mapping(
        given.map,
        required=("customer_id", "order_date"),
        optional=("amount", "quantity", "kind", "currency"),
    )
    settings = MetricSettings(
        purchase_model=PurchaseModel(given.model),
        discount_rate_annual=given.discount_rate,
    )
    with connect() as connection:
        with watch.stage("read"):
            table = load_orders(connection, given.file, mapping, given.date_format)
        fitted, tested, future = _split(connection, given)
        with watch.stage("group_fit_predict"):
            result = hold_out_buyers(
                connection,
                "events",
                fitted_through=fitted,
                tested_through=tested,
                settings=settings,
            )
    if not result.counts.customers:
        raise MappingError(
            f"{given.file.name} has no purchase up to {fitted}; of "
            f"{result.counts.events} rows {result.counts.missing_date} have no readable "
            f"day, {result.counts.missing_amount} no readable amount and "
            f"{result.counts.missing_customer} no customer; check --map and "
            "--calibration-end."
        )
    fitted_model, tested_model = _fitted(result, given.time_unit), _tested(result)
    if "amount" not in mapping:
        # Counts of purchases are no money.
        fitted_model["gamma_gamma"] = tested_model["revenue"] = None
    return {
        **fitted_model,
        "holdout": tested_model,
        "clv": None
        if "amount" not in mapping
        else {
            "as_of": fitted,
            "discount_rate_annual": settings.discount_rate_annual,
            **{
                f"{months}_months_{name}": value
                for months, total in result.discounted_value.items()
                for name, value in (
                    ("total", total),
                    ("mean", total / result.counts.customers),
                )
            },
        },
        "input": {
            **asdict(result.counts),
            "future_dates": future,
            **_reading(table),
        },
        "seconds": watch.result(),
    }


def _split(
    connection: duckdb.DuckDBPyConnection, given: argparse.Namespace
) -> tuple[date, date, int]:
    """Last day of the fit, last day of the test, and rows dated in the future."""
    today = datetime.now(UTC).date()
    first, last, future = connection.execute(
        "SELECT min(event_date), max(event_date) FILTER (event_date <= $1), "
        "count(*) FILTER (event_date > $1) FROM events",
        [today],
    ).fetchall()[0]
    if first is None or last is None:
        raise MappingError(
            f"{given.file.name} has no readable day in the column mapped to order_date; "
            "check --map or say --date-format."
        )
    if given.holdout_end:
        last = parse_day(given.holdout_end, "--holdout-end")
    if given.calibration_end:
        fitted = parse_day(given.calibration_end, "--calibration-end")
    else:
        fitted = first + timedelta(days=(last - first).days // 2)
    if not first <= fitted < last:
        raise MappingError(
            f"--calibration-end {fitted} leaves nothing to fit or to test; orders run "
            f"from {first} to {last}."
        )
    return fitted, last, future


def _fitted(result: BuyerHoldout, unit: str) -> dict[str, object]:
    """Parameters and likelihoods in the unit of time that was asked for."""
    days = UNIT_DAYS[unit]
    model = result.model
    parameters: dict[str, float] = {}
    likelihood = None
    if model.purchases is not None and model.purchases_fit is not None:
        timed = (
            {"alpha", "beta"} if isinstance(model.purchases, ParetoNbd) else {"alpha"}
        )
        parameters = {
            name: value / days if name in timed else value
            for name, value in asdict(model.purchases).items()
        }
        # Densities per unit of time: x purchases carry the factor days^x.
        likelihood = (
            model.purchases_fit.log_likelihood
            + model.repeat_purchases * float(np.log(days))
        )
    return {
        "method": model.method,
        "time_unit": unit,
        "parameters": parameters,
        "log_likelihood": likelihood,
        "converged": model.purchases_fit is not None and model.purchases_fit.converged,
        "prior_used": model.purchases_fit is not None
        and model.purchases_fit.used_prior,
        "customers": model.customers,
        "groups": model.groups,
        "gamma_gamma": None
        if model.value is None or model.value_fit is None
        else {
            **asdict(model.value),
            "log_likelihood": model.value_fit.log_likelihood,
            "converged": model.value_fit.converged,
            "value_frequency_correlation": model.value_frequency_correlation,
            "independence_doubtful": abs(model.value_frequency_correlation or 0.0)
            > INDEPENDENCE_LIMIT,
        },
    }


def _tested(result: BuyerHoldout) -> dict[str, object]:
    """Figures of the test period."""
    return {
        "calibration_end": result.fitted_through,
        "holdout_end": result.tested_through,
        "days": result.days,
        **finite(asdict(result.purchases)),
        "buyer_auc": result.buyer_auc,
        "purchase_probability": None
        if result.purchase is None
        else finite(asdict(result.purchase)),
        "revenue": finite(asdict(result.revenue)),
        "calibration": [asdict(row) for row in result.calibration],
    }


def report_subscriptions(given: argparse.Namespace) -> dict[str, object]:
    """Movements per month, their totals, and the retention of yearly cohorts."""
    watch = Stopwatch()
    mapping = parse_mapping(
        given.map,
        required=("customer_id", "start", "amount"),
        optional=("end", "interval"),
    )
    with connect() as connection:
        with watch.stage("read"):
            table = load_terms(
                connection,
                given.file,
                mapping,
                interval=given.interval,
                ends_exclusive=given.end_exclusive,
                date_format=given.date_format,
            )
        as_of = _last_day(connection, given)
        with watch.stage("movements"):
            counts = build_customer_months(connection, "terms", through=as_of)
            if not counts.counted:
                raise MappingError(
                    f"{given.file.name} has no usable subscription up to {as_of}: "
                    f"{asdict(counts)}; check --map, --interval and --as-of."
                )
            months = read_movements(connection)
            cohorts = read_cohort_retention(connection)
    movements = ("new", "reactivation", "expansion", "contraction", "churn")
    totals: dict[str, object] = {
        f"mrr_{name}": sum((month[f"mrr_{name}"] for month in months), Decimal(0))
        for name in movements
    }
    for name in ("new", "reactivated", "churned"):
        totals[f"customers_{name}"] = sum(
            month[f"customers_{name}"] for month in months
        )
    totals["mrr_end"] = months[-1]["mrr_end"]
    totals["customers_end"] = months[-1]["customers_end"]
    gaps = [
        month["mrr_start"]
        + month["mrr_new"]
        + month["mrr_reactivation"]
        + month["mrr_expansion"]
        - month["mrr_contraction"]
        - month["mrr_churn"]
        - month["mrr_end"]
        for month in months
    ]
    return {
        "as_of": as_of,
        "totals": totals,
        "largest_gap": max(abs(gap) for gap in gaps),
        "retention_12_months": cohorts[-1] if cohorts else None,
        "months": months,
        "cohorts_12_months": cohorts,
        "input": {**asdict(counts), **_reading(table)},
        "seconds": watch.result(),
    }


def _last_day(connection: duckdb.DuckDBPyConnection, given: argparse.Namespace) -> date:
    """The day asked for, else the end of the last month in which anything happened."""
    if given.as_of:
        return parse_day(given.as_of, "--as-of")
    today = datetime.now(UTC).date()
    last = connection.execute(
        "SELECT last_day(max(day)) FROM (SELECT start_date AS day FROM terms "
        "UNION ALL SELECT end_date FROM terms) WHERE day <= $1",
        [today],
    ).fetchall()[0][0]
    if last is None:
        raise MappingError(
            f"{given.file.name} has no readable day in the column mapped to start; "
            "check --map or say --date-format."
        )
    return min(last, today)


def report_cohort(given: argparse.Namespace) -> dict[str, object]:
    """Fit sBG per cohort; test it on the renewals that the fit did not see."""
    watch = Stopwatch()
    mapping = parse_mapping(
        given.map, required=("age", "customers"), optional=("cohort",)
    )
    with connect() as connection:
        table = load_text(connection, given.file)
        columns = {r: find_column(table, r, name) for r, name in mapping.items()}
        cohort = columns.get("cohort", "'all'")
        rows = connection.execute(
            f"SELECT {cohort}, try_cast({columns['age']} AS INTEGER), "
            f"try_cast({columns['customers']} AS DOUBLE) FROM raw ORDER BY 1, 2"
        ).fetchall()
    sizes: dict[str, list[float]] = {}
    ages: dict[str, list[int]] = {}
    unreadable = 0
    for name, age, size in rows:
        if age is None or size is None or size < 0:
            unreadable += 1
            continue
        sizes.setdefault(str(name), []).append(size)
        ages.setdefault(str(name), []).append(age)
    if not sizes:
        raise MappingError(
            f"{given.file.name} has no readable cohort; expected whole ages and sizes."
        )
    return {
        "cohorts": {
            name: _cohort(np.array(values), ages[name], name, given)
            for name, values in sizes.items()
        },
        "input": {"rows": len(rows), "unreadable": unreadable, **_reading(table)},
        "seconds": watch.result(),
    }


def _cohort(
    sizes: np.ndarray, ages: list[int], name: str, given: argparse.Namespace
) -> dict[str, object]:
    if ages != list(range(ages[0], ages[0] + len(ages))) or sizes[0] <= 0:
        raise MappingError(
            f"Cohort {name} does not have one row for every age from its first on, or "
            "begins empty; expected a gap-free table."
        )
    # More customers than a period before cannot be retention of one cohort.
    risen = int((np.diff(sizes) > 0).sum())
    sizes = np.minimum.accumulate(sizes)
    seen = min(given.calibration_periods or len(sizes) - 1, len(sizes) - 1)
    if seen < 1:
        raise MappingError(f"Cohort {name} has one age only; expected at least two.")
    # Tables often hold percentages, so that sizes do not tell how many customers there
    # were: the prior helps only where the data alone lead nowhere.
    model, found = fit_shifted_beta_geometric(sizes[: seen + 1])
    if not found.converged:
        model, found = fit_shifted_beta_geometric(sizes[: seen + 1], prior_sd=1.5)
    later = np.arange(seen + 1, len(sizes), dtype=np.float64)
    predicted = model.survival(later) * sizes[0]
    actual = sizes[seen + 1 :]
    known = actual > 0
    errors = np.abs(predicted[known] / actual[known] - 1.0)
    return {
        "alpha": model.alpha,
        "beta": model.beta,
        "log_likelihood": found.log_likelihood,
        "converged": found.converged,
        "prior_used": found.used_prior,
        "risen_sizes": risen,
        "holdout_predicted": predicted.tolist(),
        "holdout_actual": actual.tolist(),
        "holdout_mape": float(errors.mean()) if len(errors) else None,
        "discounted_residual_lifetime": float(
            model.discounted_residual_lifetime(
                np.array([float(seen + 1)]), given.discount_rate
            )[0]
        ),
    }


def finite(figures: dict[str, object]) -> dict[str, object]:
    """Figures with what is not a number as nothing: JSON knows no NaN."""
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in figures.items()
    }


def _reading(table: Table) -> dict[str, object]:
    return {"rejected_lines": table.rejected_lines, **table.notes}
