-- Grain: one exchange rate of one currency on one day. Rates after the as-of date are not known yet.
with

fx_rates as (
    select * from {{ source('reference', 'fx_rates') }}
),

typed as (
    select
        upper(trim(cast(currency as varchar))) as currency_code,
        cast(rate_to_reporting as decimal(18, 8)) as rate_to_reporting,
        cast(rate_date as date) as rate_date
    from fx_rates
    where cast(rate_date as date) <= {{ as_of_date() }}
)

select * from typed
