-- Grain: one tenth of the hold-out customers of one model run, by rising probability.
-- depends_on: {{ ref('int_customers_predicted') }}
-- depends_on: {{ ref('int_leads_predicted') }}
with

calibration as (
    select * from read_parquet(['{{ stage_file("model_calibration") }}', '{{ stage_file("lead_model_calibration") }}'])
)

select
    model_run_id,
    decile,
    customers as customer_count,
    cast(predicted_probability as decimal(9, 6)) as predicted_probability,
    cast(actual_rate as decimal(9, 6)) as actual_rate
from calibration
