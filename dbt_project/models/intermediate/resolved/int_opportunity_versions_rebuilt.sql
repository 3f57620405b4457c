-- Grain: one span of time in which the tracked fields of one opportunity did not change.
-- The past comes from the history of the record that speaks for the deal. What history does not say is assumed and flagged:
-- a field without history always had its present value, and a closed deal without stage history was open until its close date.
with

opportunities as (
    select
        *,
        {{ reporting_date('created_at') }} as created_date,
        -- Marks that no stage name can equal: a closed deal without stage name, a stage nobody recorded.
        coalesce(stage_name, chr(1) || status) as stage_mark
    from {{ ref('int_opportunities_deduplicated') }}
    where is_primary
),

field_changes as (
    select * from {{ ref('int_opportunity_field_changes_unioned') }}
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

recorded as (
    select
        opportunities.opportunity_id,
        field_changes.field_name,
        field_changes.field_change_key,
        field_changes.changed_at,
        {'v': field_changes.new_value} as new_value,
        {'v': case when field_changes.has_previous_value then field_changes.previous_value else field_changes.new_value end}
            as first_value
    from field_changes
    inner join opportunities
        on field_changes.opportunity_source_record_key = opportunities.source_record_key
    where not field_changes.is_deleted and field_changes.changed_at is not null
    -- Salesforce's stage history is complete where it exists; then field history would only repeat it.
    qualify
        cast(field_changes.source_object = 'opportunityfieldhistory' as integer)
        = min(cast(field_changes.source_object = 'opportunityfieldhistory' as integer)) over (
            partition by opportunities.opportunity_id, field_changes.field_name
        )
),

recorded_fields as (
    select
        opportunity_id,
        field_name,
        first(first_value order by changed_at, field_change_key) as first_value,
        first(new_value order by changed_at desc, field_change_key desc) as last_value,
        min(changed_at) as first_changed_at,
        max(changed_at) as last_changed_at
    from recorded
    group by opportunity_id, field_name
),

starts as (
    select
        opportunities.opportunity_id,
        coalesce(
            least(opportunities.created_at, min(recorded_fields.first_changed_at)),
            cast(least(opportunities.close_date, {{ as_of_date() }}) as timestamp),
            cast({{ as_of_date() }} as timestamp)
        ) as started_at
    from opportunities
    left join recorded_fields
        on opportunities.opportunity_id = recorded_fields.opportunity_id
    group by opportunities.opportunity_id, opportunities.created_at, opportunities.close_date
),

present as (
    {%- for field, value in [
        ('stage_name', 'stage_mark'),
        ('amount', 'cast(amount as varchar)'),
        ('close_date', 'cast(close_date as varchar)'),
        ('probability', 'cast(cast(probability_pct as decimal(18, 4)) as varchar)'),
        ('owner', 'owner_source_record_key'),
    ] %}
    select opportunity_id, status, close_date, modified_at, '{{ field }}' as field_name, {'v': {{ value }}} as value from opportunities
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

present_and_recorded as (
    select
        present.*,
        recorded_fields.first_value,
        recorded_fields.last_value,
        recorded_fields.last_changed_at,
        starts.started_at,
        present.field_name = 'stage_name' and present.status <> 'open' as is_closing
    from present
    inner join starts
        on present.opportunity_id = starts.opportunity_id
    left join recorded_fields
        on present.opportunity_id = recorded_fields.opportunity_id
        and present.field_name = recorded_fields.field_name
),

events as (
    select
        opportunity_id,
        started_at as changed_at,
        0 as event_rank,
        '' as event_key,
        field_name,
        case
            when first_value is not null then first_value
            when is_closing then {'v': chr(1)}
            else value
        end as value,
        first_value is not null as is_recorded
    from present_and_recorded

    union all

    select
        opportunity_id,
        changed_at,
        1 as event_rank,
        field_change_key as event_key,
        field_name,
        new_value as value,
        true as is_recorded
    from recorded

    union all

    -- The present record says more than its history. Percentages follow the stage and are not corrected.
    select
        opportunity_id,
        greatest(
            case
                when is_closing and close_date <= {{ as_of_date() }} then cast(close_date as timestamp)
                else coalesce(modified_at, cast({{ as_of_date() }} as timestamp))
            end,
            last_changed_at,
            started_at
        ) as changed_at,
        2 as event_rank,
        '' as event_key,
        field_name,
        value,
        false as is_recorded
    from present_and_recorded
    where
        (last_value is null and is_closing)
        or (last_value.v is distinct from value.v and last_value is not null and field_name <> 'probability')
),

-- Everything known at one instant is one change.
instants as (
    select
        opportunity_id,
        changed_at,
        {%- for field in ['stage_name', 'amount', 'close_date', 'probability', 'owner'] %}
        last(value order by event_rank, event_key) filter (where field_name = '{{ field }}') as {{ field }},
        {%- endfor %}
        bool_and(is_recorded) filter (where field_name = 'stage_name') as is_stage_recorded,
        bool_or(is_recorded) filter (where field_name = 'probability') as is_probability_recorded
    from events
    where {{ reporting_date('changed_at') }} <= {{ as_of_date() }}
    group by opportunity_id, changed_at
),

states as (
    select
        opportunity_id,
        changed_at,
        {%- for field in ['stage_name', 'amount', 'close_date', 'probability', 'owner'] %}
        (last_value({{ field }} ignore nulls) over by_time).v as {{ field }},
        {%- endfor %}
        last_value(is_stage_recorded ignore nulls) over by_time as is_stage_recorded,
        last_value(is_probability_recorded ignore nulls) over by_time as is_probability_recorded
    from instants
    window by_time as (partition by opportunity_id order by changed_at rows between unbounded preceding and current row)
),

-- What a stage means: what the records that are in it now say of themselves.
stage_meanings as (
    select
        source_name,
        stage_name,
        status,
        median(probability_pct) as probability_pct,
        count(*) as record_count
    from opportunities
    where stage_name is not null
    group by source_name, stage_name, status
    qualify row_number() over (partition by source_name, stage_name order by record_count desc, status) = 1
),

rates as (
    select
        opportunities.opportunity_id,
        {{ fx_rate('opportunities.currency_code') }} as fx_rate
    from opportunities
    {{ fx_join('opportunities', 'currency_code', 'close_date') }}
),

typed as (
    select
        states.opportunity_id,
        states.changed_at,
        opportunities.golden_account_id,
        opportunities.source_name,
        opportunities.source_type,
        opportunities.currency_code,
        case when states.stage_name not like chr(1) || '%' then states.stage_name end as stage_name,
        case
            when states.stage_name = opportunities.stage_mark then opportunities.status
            when states.stage_name like chr(1) || '%' then 'open'
            else coalesce(
                stage_meanings.status,
                {{ opportunity_status('null', 'null', 'states.stage_name', 'states.recorded_probability') }}
            )
        end as status,
        states.owner as owner_source_record_key,
        cast(states.amount as decimal(18, 2)) as amount,
        cast(round(cast(states.amount as decimal(18, 2)) * rates.fx_rate, 2) as decimal(18, 2)) as amount_reporting,
        cast(case
            when states.stage_name = opportunities.stage_mark and opportunities.probability_pct is not null
                then opportunities.probability_pct
            else coalesce(states.recorded_probability, stage_meanings.probability_pct)
        end as decimal(18, 4)) as probability_pct,
        cast(states.close_date as date) as close_date,
        states.is_stage_recorded,
        not opportunities.is_deleted and not (opportunities.is_test_record and {{ var('exclude_test_records') }}) as is_counted
    from (
        select
            *,
            -- Today's percentage says nothing about an earlier stage.
            case when is_probability_recorded then cast(probability as decimal(18, 4)) end as recorded_probability
        from states
    ) as states
    inner join opportunities
        on states.opportunity_id = opportunities.opportunity_id
    inner join rates
        on states.opportunity_id = rates.opportunity_id
    left join stage_meanings
        on opportunities.source_name = stage_meanings.source_name
        and states.stage_name = stage_meanings.stage_name
),

-- History repeats unchanged values; a version begins where something differs.
changed as (
    select *
    from typed
    window by_time as (partition by opportunity_id order by changed_at)
    qualify
        row_number() over by_time = 1
        or {'s': stage_name, 't': status, 'a': amount, 'c': close_date, 'o': owner_source_record_key, 'p': probability_pct}
        is distinct from lag(
            {'s': stage_name, 't': status, 'a': amount, 'c': close_date, 'o': owner_source_record_key, 'p': probability_pct}
        ) over by_time
),

final as (
    select
        opportunity_id,
        row_number() over by_time as version_number,
        golden_account_id,
        source_name,
        source_type,
        currency_code,
        stage_name,
        status,
        owner_source_record_key,
        amount,
        amount_reporting,
        probability_pct,
        case when status = 'open' then {{ percentage_of('amount_reporting', 'probability_pct') }} end as weighted_amount_reporting,
        close_date,
        is_stage_recorded,
        is_counted,
        {{ reporting_date('changed_at') }} as valid_from_date,
        {{ reporting_date('lead(changed_at) over by_time') }} as valid_to_date,
        changed_at as valid_from,
        lead(changed_at) over by_time as valid_to
    from changed
    window by_time as (partition by opportunity_id order by changed_at)
)

select * from final
