-- Grain: one Salesforce opportunity that is not deleted.
-- Columns as in Fivetran's package of this name; what tidycrm does otherwise stands in docs/compatibility.md.
-- A table, unlike its neighbours: four of them read it.
{{ config(materialized='table') }}

with

opportunities as (
    select * from {{ ref('int_opportunities_deduplicated') }}
    where source_type = 'salesforce' and not is_deleted
),

accounts as (
    select * from {{ ref('int_accounts_unioned') }}
    where source_type = 'salesforce' and source_object = 'account'
),

account_details as (
    select * from {{ ref('stg_salesforce__accounts') }}
),

opportunity_details as (
    select * from {{ ref('stg_salesforce__opportunities') }}
),

users as (
    select
        people.*,
        details.city,
        details.state,
        details.role_id,
        roles.role_name,
        roles.developer_name,
        roles.parent_role_id,
        roles.rollup_description
    from {{ ref('int_users_unioned') }} as people
    left join {{ ref('stg_salesforce__users') }} as details
        on people.source_record_key = details.source_record_key
    left join {{ ref('stg_salesforce__user_roles') }} as roles
        on {{ source_record_key('userrole', 'details.role_id', 'details.source_name') }} = roles.source_record_key
),

line_items as (
    select distinct opportunity_source_record_key from {{ ref('int_opportunity_line_items_unioned') }}
    where not is_deleted
),

activities as (
    select
        opportunity_source_record_key,
        max({{ reporting_date('coalesce(started_at, completed_at, cast(due_date as timestamp), created_at)') }}) filter (
            where {{ reporting_date('coalesce(started_at, completed_at, cast(due_date as timestamp), created_at)') }} <= {{ as_of_date() }}
        ) as last_activity_date,
        bool_or(source_object = 'task' and not is_completed) as has_open_activity,
        bool_or(source_object = 'task' and not is_completed and due_date < {{ as_of_date() }}) as has_overdue_task
    from {{ ref('int_activities_unioned') }}
    where not is_deleted and opportunity_source_record_key is not null
    group by 1
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

converted as (
    select
        opportunities.*,
        {{ reporting_date('opportunities.created_at') }} as created_date,
        {{ in_reporting_currency('opportunities.amount', 'opportunities.currency_code') }} as amount_reporting
    from opportunities
    {{ fx_join('opportunities', 'currency_code', 'close_date') }}
),

final as (
    select
        converted.source_record_id as opportunity_id,
        accounts.source_record_id as account_id,
        account_details.account_number,
        accounts.account_name,
        accounts.account_type,
        account_details.account_source,
        accounts.industry,
        accounts.employee_count as number_of_employees,
        converted.amount,
        {{ percentage_of('converted.amount', 'converted.probability_pct') }} as expected_revenue,
        converted.probability_pct as probability,
        converted.opportunity_name,
        converted.stage_name,
        converted.forecast_category_name as forecast_category,
        converted.forecast_category_name,
        case converted.status when 'won' then 'Won' when 'lost' then 'Lost' else 'Pipeline' end as status,
        converted.opportunity_type as type,
        converted.lead_source,
        converted.campaign_source_id as campaign_id,
        converted.close_date,
        converted.created_date,
        {{ fiscal_quarter_name(fiscal_quarter_start('converted.close_date')) }} as fiscal,
        cast(right({{ fiscal_quarter_name(fiscal_quarter_start('converted.close_date')) }}, 1) as integer) as fiscal_quarter,
        cast(left({{ fiscal_quarter_name(fiscal_quarter_start('converted.close_date')) }}, 4) as integer) as fiscal_year,
        converted.status <> 'open' as is_closed,
        converted.status = 'won' as is_won,
        converted.is_deleted,
        coalesce(activities.has_open_activity, false) as has_open_activity,
        coalesce(activities.has_overdue_task, false) as has_overdue_task,
        line_items.opportunity_source_record_key is not null as has_opportunity_line_item,
        activities.last_activity_date,
        cast(null as timestamp) as last_referenced_date,
        cast(null as timestamp) as last_viewed_date,
        converted.next_step,
        opportunity_details.record_type_id,
        opportunity_details.synced_quote_id,
        owners.source_record_id as opportunity_owner_id,
        owners.user_name as opportunity_owner_name,
        owners.role_name as opportunity_owner_position,
        {%- for name in ['city', 'state', 'role_id', 'developer_name', 'parent_role_id', 'rollup_description'] %}
        owners.{{ name }} as opportunity_owner_{{ name }},
        {%- endfor %}
        managers.source_record_id as opportunity_manager_id,
        managers.user_name as opportunity_manager_name,
        managers.city as opportunity_manager_city,
        managers.state as opportunity_manager_state,
        {%- for period in ['month', 'quarter'] %}
        {%- set start = "cast(date_trunc('month', " ~ as_of_date() ~ ") as date)" if period == 'month' else fiscal_quarter_start(as_of_date()) %}
        {%- set created = "coalesce(converted.created_date between " ~ start ~ " and " ~ as_of_date() ~ ", false)" %}
        {%- set closed = "coalesce(converted.status <> 'open' and converted.close_date between " ~ start ~ " and " ~ as_of_date() ~ ", false)" %}
        {{ created }} as is_created_this_{{ period }},
        {{ closed }} as is_closed_this_{{ period }},
        cast(case when {{ created }} then coalesce(converted.amount_reporting, 0) else 0 end as decimal(18, 2))
            as created_amount_this_{{ period }},
        cast(case when {{ created }} then 1 else 0 end as bigint) as created_count_this_{{ period }},
        cast(case when {{ closed }} then coalesce(converted.amount_reporting, 0) else 0 end as decimal(18, 2))
            as closed_amount_this_{{ period }},
        cast(case when {{ closed }} then 1 else 0 end as bigint) as closed_count_this_{{ period }},
        {%- endfor %}
        cast(date_diff('day', converted.created_date, {{ as_of_date() }}) as bigint) as days_since_created,
        cast(case
            when converted.status <> 'open' and converted.close_date >= converted.created_date
                then date_diff('day', converted.created_date, converted.close_date)
        end as bigint) as days_to_close,
        converted.currency_code,
        converted.amount_reporting,
        {{ percentage_of('converted.amount_reporting', 'converted.probability_pct') }} as forecast_amount,
        converted.opportunity_id as tidycrm_opportunity_id,
        converted.golden_account_id,
        converted.source_record_key,
        converted.source_name as source_relation
    from converted
    left join accounts
        on converted.account_source_record_key = accounts.source_record_key
    left join account_details
        on converted.account_source_record_key = account_details.source_record_key
    left join opportunity_details
        on converted.source_record_key = opportunity_details.source_record_key
    left join users as owners
        on converted.owner_source_record_key = owners.source_record_key
    left join users as managers
        on owners.manager_source_record_key = managers.source_record_key
    left join line_items
        on converted.source_record_key = line_items.opportunity_source_record_key
    left join activities
        on converted.source_record_key = activities.opportunity_source_record_key
)

select * from final
