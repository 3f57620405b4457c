-- Grain: one lifecycle stage that one HubSpot contact entered, first time (API sources only).
with

history as (
    select latest.*
    from ({{ latest_version(ref('base_hubspot__property_history')) }}) as latest
    where
        latest.object_type = 'contacts'
        and latest.property_name = 'lifecyclestage'
        and not coalesce(latest._is_deleted, false)
),

entered as (
    select
        {{ source_record_key('contacts', 'object_id', '_source_name') }} as contact_source_record_key,
        _source_name as source_name,
        object_id as contact_id,
        lower(regexp_replace(value, '[^A-Za-z]', '', 'g')) as lifecycle_stage,
        min({{ cast_instant('changed_at') }}) as entered_at
    from history
    where nullif(trim(value), '') is not null
    group by 1, 2, 3, 4
)

select * from entered
where entered_at is not null
