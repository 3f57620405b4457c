-- Grain: one Salesforce account that was not merged away, on one day of the last weeks on which it existed.
-- A view where it is published too: written down it would repeat an account that seldom changes on every day.
with

stretches as (
    select * from {{ ref('salesforce__account_history') }}
),

days as (
    select date_day from {{ ref('dim_dates') }}
    where date_day between {{ first_daily_day() }} and {{ as_of_date() }}
),

final as (
    select
        stretches.source_record_key || ':' || days.date_day as account_day_id,
        days.date_day,
        stretches.account_id,
        stretches.account_name,
        stretches.account_type,
        stretches.account_number,
        stretches.account_source,
        stretches.industry,
        stretches.rating,
        stretches.owner_id,
        stretches.parent_id,
        stretches.phone,
        stretches.website,
        stretches.billing_street,
        stretches.billing_city,
        stretches.billing_state,
        stretches.billing_postal_code,
        stretches.billing_country,
        stretches.number_of_employees,
        stretches.annual_revenue,
        stretches.golden_account_id,
        stretches.source_record_key,
        stretches.source_relation
    from stretches
    inner join days
        on stretches.valid_from_date <= days.date_day
        and coalesce(stretches.valid_to_date, date '9999-12-31') > days.date_day
)

select * from final
