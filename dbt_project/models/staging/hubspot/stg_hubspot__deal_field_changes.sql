-- Grain: one value that the amount, close date or owner of one HubSpot deal had (API sources only).
with

history as (
    select latest.*
    from ({{ latest_version(ref('base_hubspot__property_history')) }}) as latest
    where
        latest.object_type = 'deals'
        and latest.property_name in ('amount', 'closedate', 'hubspot_owner_id')
        and not coalesce(latest._is_deleted, false)
),

casted as (
    select
        {{ source_record_key('property_history', 'history._record_id', 'history._source_name') }} as source_record_key,
        history._source_name as source_name,
        history._record_id as source_record_id,
        history.object_id as deal_id,
        case history.property_name
            when 'amount' then 'amount'
            when 'closedate' then 'close_date'
            else 'owner'
        end as field_name,
        history.value as new_value,
        {{ cast_instant('history.changed_at') }} as changed_at,
        history._load_id,
        history._extracted_at
    from history
)

select * from casted
