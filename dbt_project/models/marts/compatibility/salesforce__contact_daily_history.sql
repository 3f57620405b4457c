-- Grain: one Salesforce contact that was not merged away, on one day of the last weeks on which it existed.
-- A view where it is published too: written down it would repeat a contact that seldom changes on every day.
with

stretches as (
    select * from {{ ref('salesforce__contact_history') }}
),

days as (
    select date_day from {{ ref('dim_dates') }}
    where date_day between {{ first_daily_day() }} and {{ as_of_date() }}
),

final as (
    select
        stretches.source_record_key || ':' || days.date_day as contact_day_id,
        days.date_day,
        stretches.contact_id,
        stretches.contact_name,
        stretches.first_name,
        stretches.last_name,
        stretches.account_id,
        stretches.owner_id,
        stretches.title,
        stretches.department,
        stretches.lead_source,
        stretches.email,
        stretches.phone,
        stretches.mobile_phone,
        stretches.mailing_street,
        stretches.mailing_city,
        stretches.mailing_state,
        stretches.mailing_postal_code,
        stretches.mailing_country,
        stretches.golden_contact_id,
        stretches.source_record_key,
        stretches.source_relation
    from stretches
    inner join days
        on stretches.valid_from_date <= days.date_day
        and coalesce(stretches.valid_to_date, date '9999-12-31') > days.date_day
)

select * from final
