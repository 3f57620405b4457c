"""Speed of the purchase model: a made-up order book, grouped, fitted and predicted.

    python -m benchmarks.metrics_speed --customers 1000000

What belongs here: generating the orders (Pareto/NBD customers, first orders spread over
two years) and timing the stages. What does not: accuracy.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from datetime import date

import duckdb
import numpy as np

from benchmarks.metrics_reports import Stopwatch
from hygiene.metrics import (
    MetricSettings,
    fit_buyers,
    predict_buyers,
    read_histories,
    summarise_purchases,
)

DAYS = 1095
LAST_DAY = date(2025, 12, 30)


def generate(connection: duckdb.DuckDBPyConnection, customers: int, seed: int) -> None:
    """The table `events`: Poisson purchases of customers who leave at some time."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 730, customers)
    leaves = rng.exponential(1.0, customers) / rng.gamma(0.6, 1 / 80.0, customers)
    watched = np.minimum(DAYS - 1 - first, leaves)
    purchases = rng.poisson(rng.gamma(0.55, 1 / 75.0, customers) * watched)
    who = np.repeat(np.arange(customers), purchases)
    day = first[who] + rng.uniform(0, 1, len(who)) * watched[who]
    base = rng.gamma(4.0, 10.0, customers)
    frame = {
        "who": np.concatenate([np.arange(customers), who]),
        "day": np.concatenate([first, day]).astype(np.int32),
        "amount": np.round(
            np.concatenate([base, base[who] * rng.gamma(5.0, 0.2, len(who))]), 2
        ),
    }
    connection.register("generated", frame)
    connection.execute(
        "CREATE TABLE events AS SELECT 'c' || lpad(who::VARCHAR, 8, '0') AS customer_key, "
        "DATE '2023-01-01' + day AS event_date, amount::DECIMAL(18, 2) AS amount, "
        "'order' AS kind FROM generated"
    )
    connection.unregister("generated")


def main() -> None:
    """Generate, time, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics_speed")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = MetricSettings()
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        generate(connection, given.customers, given.seed)
        watch, busy = Stopwatch(), time.process_time()
        with watch.stage("group"):
            counts = summarise_purchases(connection, "events", through=LAST_DAY)
        with watch.stage("fit"):
            model = fit_buyers(connection, counts, settings)
        with watch.stage("predict"):
            predicted = predict_buyers(
                model,
                read_histories(connection),
                silence_days=(90, 180, 365),
                purchase_days=(365,),
                months=(12, 36),
                settings=settings,
            )
        seconds = watch.result()
        busy = time.process_time() - busy
    print(
        json.dumps(
            {
                "customers": counts.customers,
                "orders": counts.events,
                "groups": model.groups,
                "parameters": str(model.purchases),
                "converged": model.purchases_fit is not None
                and model.purchases_fit.converged,
                "mean_probability_no_purchase_365": float(
                    predicted.no_purchase[365].mean()
                ),
                "seconds": seconds,
                "cpu_seconds": round(busy, 2),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
