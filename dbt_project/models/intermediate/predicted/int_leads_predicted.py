"""Grain: one golden contact who is a lead without a deal, with the chance of one.

What belongs here: handing the leads of past days and of today to `hygiene.metrics`, and
its answer back. What does not: any model. See int_customers_predicted.
"""


def model(dbt, session):  # type: ignore[no-untyped-def]
    """Predict every lead as of the as-of date; the run and its calibration go to stages."""
    # In here, because dbt parses this file on every change of a variable.
    from datetime import date
    from pathlib import Path

    from hygiene.metrics import predict_leads

    stages = Path(dbt.config.meta_get("home")) / "stages"
    snapshots = stages / "lead_snapshots.parquet"
    dbt.ref("int_lead_snapshots").write_parquet(str(snapshots), compression="zstd")
    predict_leads(
        snapshots,
        stages / "lead_predictions.parquet",
        stages / "lead_model_runs.parquet",
        stages / "lead_model_calibration.parquet",
        as_of=date.fromisoformat(dbt.config.meta_get("as_of_date")),
    )
    return session.read_parquet(str(stages / "lead_predictions.parquet"))
