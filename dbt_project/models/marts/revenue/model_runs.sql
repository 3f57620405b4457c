-- Grain: one model that predicted customers as of the as-of date.
-- depends_on: {{ ref('int_customers_predicted') }}
-- depends_on: {{ ref('int_leads_predicted') }}
with

runs as (
    -- Written by the models above together with their predictions.
    select * from read_parquet(['{{ stage_file("model_runs") }}', '{{ stage_file("lead_model_runs") }}'])
)

select
    model_run_id,
    setting,
    method,
    parameters,
    settings,
    time_unit,
    outcome,
    cast(round(log_likelihood, 4) as decimal(24, 4)) as log_likelihood,
    cast(round(value_frequency_correlation, 6) as decimal(9, 6)) as value_frequency_correlation,
    customers as customer_count,
    observations as observation_count,
    events as event_count,
    excluded_rows as excluded_row_count,
    rejected_method,
    cast(round(rejected_brier, 6) as decimal(9, 6)) as rejected_brier,
    holdout_customers as holdout_customer_count,
    cast(round(holdout_auc, 6) as decimal(9, 6)) as holdout_auc,
    cast(round(holdout_brier, 6) as decimal(9, 6)) as holdout_brier,
    cast(round(holdout_brier_base, 6) as decimal(9, 6)) as holdout_brier_base,
    cast(round(holdout_ece, 6) as decimal(9, 6)) as holdout_ece,
    cast(round(holdout_lift_top_decile, 4) as decimal(9, 4)) as holdout_lift_top_decile,
    cast(round(holdout_predicted_purchases, 2) as decimal(18, 2)) as holdout_predicted_purchases,
    cast(round(holdout_actual_purchases, 2) as decimal(18, 2)) as holdout_actual_purchases,
    cast(round(holdout_purchases_bias, 4) as decimal(18, 4)) as holdout_purchases_bias_rate,
    cast(round(holdout_purchases_mae, 4) as decimal(18, 4)) as holdout_purchases_mae,
    cast(round(holdout_purchases_correlation, 4) as decimal(9, 4)) as holdout_purchases_correlation,
    cast(round(holdout_predicted_revenue, 2) as decimal(18, 2)) as holdout_predicted_revenue_reporting,
    cast(round(holdout_actual_revenue, 2) as decimal(18, 2)) as holdout_actual_revenue_reporting,
    cast(round(holdout_revenue_bias, 4) as decimal(18, 4)) as holdout_revenue_bias_rate,
    cast(round(holdout_revenue_mae, 2) as decimal(18, 2)) as holdout_revenue_mae_reporting,
    is_converged,
    used_prior as is_prior_used,
    is_independence_doubtful,
    is_leak_suspected,
    holdout_from_date,
    holdout_to_date,
    as_of_date
from runs
