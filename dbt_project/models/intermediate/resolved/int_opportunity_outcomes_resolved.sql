-- Grain: one counted opportunity, with its person in charge when it was created and when it closed.
with

versions as (
    select * from {{ ref('int_opportunity_versions_rebuilt') }}
    where is_counted
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

opportunities as (
    select * from {{ ref('int_opportunities_deduplicated') }}
    where is_primary
),

spans as (
    select
        opportunity_id,
        last(status order by version_number) as status,
        last(amount_reporting order by version_number) as amount_reporting,
        last(close_date order by version_number) as close_date,
        first(amount_reporting order by version_number) as created_amount_reporting,
        first(owner_source_record_key order by version_number) as created_owner_source_record_key,
        -- Whoever had the deal when it was decided; later owners of a closed deal did not close it.
        first(owner_source_record_key order by version_number) filter (where version_number = decided_version_number)
            as closed_owner_source_record_key,
        last(owner_source_record_key order by version_number) as owner_source_record_key,
        min(valid_from_date) as started_date,
        min(valid_from_date) filter (where version_number = decided_version_number) as decided_date
    from (
        select
            *,
            -- First version of the last unbroken span of closed versions.
            1 + coalesce(max(version_number) filter (where status = 'open') over (partition by opportunity_id), 0)
                as decided_version_number
        from versions
    ) as numbered
    group by opportunity_id
),

final as (
    select
        spans.opportunity_id,
        spans.status,
        spans.amount_reporting,
        spans.created_amount_reporting,
        opportunities.source_name,
        opportunities.source_type,
        opportunities.lead_source,
        opportunities.opportunity_type,
        created_owners.source_record_key as created_owner_source_record_key,
        closed_owners.source_record_key as closed_owner_source_record_key,
        opportunities.created_at is not null as has_created_at,
        case
            when spans.status <> 'open' and spans.close_date >= {{ reporting_date('opportunities.created_at') }}
                then date_diff('day', {{ reporting_date('opportunities.created_at') }}, spans.close_date)
        end as days_to_close,
        spans.started_date,
        spans.decided_date,
        spans.close_date
    from spans
    inner join opportunities
        on spans.opportunity_id = opportunities.opportunity_id
    left join users as created_owners
        on spans.created_owner_source_record_key = created_owners.source_record_key
    left join users as closed_owners
        on coalesce(spans.closed_owner_source_record_key, spans.owner_source_record_key) = closed_owners.source_record_key
)

select * from final
