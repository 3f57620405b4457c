r"""Customer metrics on foreign tables: fitted models, hold-outs, MRR movements, churn scores.

    python -m benchmarks.metrics orders FILE --map customer_id=id order_date=day \
        amount=value --calibration-end 1997-09-30 --time-unit week
    python -m benchmarks.metrics subscriptions FILE --map customer_id=id start=from \
        end=to amount=monthly [--interval month] [--as-of 2019-12-31]
    python -m benchmarks.metrics churn FILE --target Churn [--positive Yes] [--id id]
    python -m benchmarks.metrics sbg FILE --map age=year customers=active \
        [--calibration-periods 7]

Each prints one JSON document. A file or mapping that cannot be used is one line on
standard error and exit code 2. The models are those of hygiene.metrics.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from decimal import Decimal

from benchmarks.metrics_reports import (
    report_churn,
    report_cohort,
    report_orders,
    report_subscriptions,
)
from benchmarks.metrics_tables import MappingError, add_file_arguments


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m benchmarks.metrics")
    commands = top.add_subparsers(dest="command", required=True)

    orders = commands.add_parser(
        "orders", help="purchase and value model with hold-out"
    )
    add_file_arguments(
        orders, "customer_id, order_date; optional amount, quantity, kind, currency"
    )
    orders.add_argument("--calibration-end", help="last day of the fit")
    orders.add_argument("--holdout-end", help="last day of the test")
    orders.add_argument("--time-unit", choices=["day", "week", "month"], default="week")
    orders.add_argument(
        "--model", choices=["pareto_nbd", "bg_nbd"], default="pareto_nbd"
    )
    orders.add_argument("--discount-rate", type=float, default=0.10, help="per year")
    orders.set_defaults(report=report_orders)

    terms = commands.add_parser("subscriptions", help="MRR movements and retention")
    add_file_arguments(terms, "customer_id, start, amount; optional end, interval")
    terms.add_argument(
        "--interval",
        choices=["day", "week", "month", "quarter", "year", "term"],
        default="month",
        help="what an amount is for, where no column says it; term: the whole term",
    )
    terms.add_argument("--as-of", help="last day that is looked at")
    terms.add_argument(
        "--end-exclusive",
        action="store_true",
        help="the end is the first day that is not covered any more",
    )
    terms.set_defaults(report=report_subscriptions)

    churn = commands.add_parser("churn", help="cross-validated churn classifier")
    add_file_arguments(churn, "none needed")
    churn.add_argument("--target", required=True, help="column of the outcome")
    churn.add_argument("--positive", help="value that means churn")
    churn.add_argument("--id", help="column that names the customer")
    churn.add_argument("--exclude", nargs="+", default=[], help="columns to leave out")
    churn.add_argument("--folds", type=int, default=5)
    churn.add_argument("--seed", type=int, default=20260101)
    churn.add_argument("--leak-auc", type=float, default=0.87, help="alarm above this")
    churn.set_defaults(report=report_churn)

    cohort = commands.add_parser("sbg", help="retention of a cohort with contracts")
    add_file_arguments(cohort, "age, customers; optional cohort")
    cohort.add_argument(
        "--calibration-periods",
        type=int,
        help="renewals the fit may see; all if omitted",
    )
    cohort.add_argument("--discount-rate", type=float, default=0.10, help="per period")
    cohort.set_defaults(report=report_cohort)
    return top


def plain(value: object) -> object:
    """What JSON has no word for: cents as numbers, days as text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one report; 0, or 2 if the file or mapping cannot be used."""
    given = parser().parse_args(arguments)
    try:
        report = given.report(given)
    except MappingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2, default=plain, allow_nan=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
