"""Grain: one customer with a counted event or a recurring term, with predictions.

What belongs here: handing the money and the terms to `hygiene.metrics`, and its answer
back. What does not: any model; those know neither dbt nor the warehouse. It is a model
of the second pass and not a step between two, because every start of dbt costs seconds.
"""


def model(dbt, session):  # type: ignore[no-untyped-def]
    """Predict every customer as of the as-of date; runs and calibration go to stages."""
    # In here, because dbt parses this file on every change of a variable.
    import json
    from dataclasses import asdict
    from datetime import date
    from pathlib import Path

    from hygiene.metrics import MetricSettings, predict_customers

    stages = Path(dbt.config.meta_get("home")) / "stages"
    orders, terms = (
        stages / "customer_orders.parquet",
        stages / "customer_terms.parquet",
    )
    dbt.ref("int_revenue_events_judged").filter("is_counted").project(
        "customer_id as customer_key, event_date, amount_reporting, event_type as kind"
    ).write_parquet(str(orders), compression="zstd")
    dbt.ref("int_recurring_terms_selected").project(
        "customer_id as customer_key, start_date, end_date, mrr_reporting"
    ).write_parquet(str(terms), compression="zstd")
    report = predict_customers(
        orders,
        terms,
        stages / "customer_predictions.parquet",
        stages / "model_runs.parquet",
        stages / "model_calibration.parquet",
        as_of=date.fromisoformat(dbt.config.meta_get("as_of_date")),
        settings=MetricSettings(
            churn_grace_days=int(dbt.config.meta_get("churn_grace_days")),
            gross_margin_rate=float(dbt.config.meta_get("gross_margin_rate")),
        ),
    )
    (stages / "customer_predictions.json").write_text(
        json.dumps(asdict(report), default=str, sort_keys=True)
    )
    return session.read_parquet(str(stages / "customer_predictions.parquet"))
