-- Grain: one opportunity: a deal counted once, however many systems record it.
with

opportunities as (
    select
        *,
        {{ reporting_date('created_at') }} as created_date
    from {{ ref('int_opportunities_deduplicated') }}
    where is_primary
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

with_rate as (
    select
        opportunities.*,
        users.user_name as owner_name,
        users.source_record_key as known_owner_source_record_key,
        {{ fx_rate('opportunities.currency_code') }} as fx_rate,
        case
            when opportunities.currency_code = '{{ var("reporting_currency") }}' then opportunities.close_date
            else fx_rates.rate_date
        end as fx_date,
        {{ in_reporting_currency('opportunities.amount', 'opportunities.currency_code') }} as amount_reporting
    from opportunities
    {{ fx_join('opportunities', 'currency_code', 'close_date') }}
    left join users
        on opportunities.owner_source_record_key = users.source_record_key
),

final as (
    select
        opportunity_id,
        golden_account_id,
        golden_contact_id,
        case when known_owner_source_record_key is not null then {{ surrogate_key('us', 'known_owner_source_record_key') }} end
            as owner_user_id,
        source_record_key,
        source_name,
        source_type,
        source_record_id,
        opportunity_name,
        status,
        stage_name,
        pipeline_name,
        opportunity_type,
        lead_source,
        forecast_category_name,
        next_step,
        owner_name,
        campaign_source_id,
        currency_code,
        amount,
        fx_rate,
        amount_reporting,
        probability_pct,
        -- Probability is a percentage. A closed deal is certain, whatever the field still says.
        {{ percentage_of('amount_reporting', "case status when 'won' then 100 when 'lost' then 0 else probability_pct end") }}
            as weighted_amount_reporting,
        contract_term_months,
        cast(case
            when status <> 'open' and close_date >= created_date then date_diff('day', created_date, close_date)
        end as bigint) as days_to_close,
        cast(case
            when status = 'open' and created_date <= {{ as_of_date() }} then date_diff('day', created_date, {{ as_of_date() }})
        end as bigint) as days_open,
        cast(source_record_count as bigint) as source_record_count,
        status = 'won' as is_won,
        status <> 'open' as is_closed,
        coalesce(status = 'open' and close_date < {{ as_of_date() }}, false) as is_overdue,
        coalesce(status <> 'open' and close_date < created_date, false) as is_closed_before_created,
        coalesce(date_diff('day', fx_date, least(close_date, {{ as_of_date() }})) > {{ var('fx_max_age_days') }}, false)
            as is_fx_rate_old,
        is_currency_assumed,
        is_deleted,
        is_test_record,
        not is_deleted and not (is_test_record and {{ var('exclude_test_records') }}) as is_counted,
        created_date,
        close_date,
        contract_start_date,
        contract_end_date,
        fx_date,
        created_at,
        modified_at
    from with_rate
)

select * from final
