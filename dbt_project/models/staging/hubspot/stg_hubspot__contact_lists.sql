-- Grain: one list of contacts in HubSpot, latest version. Deleted ones are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__contact_lists')) }}
),

casted as (
    select
        {{ record_key_columns('contact_lists') }},
        latest.list_id,
        latest.name as list_name,
        latest.object_type_id,
        latest.processing_type,
        latest.processing_status,
        {{ cast_integer('latest.list_version') }} as list_version,
        latest.created_by_id,
        {{ cast_instant('latest.created_at') }} as created_at,
        {{ cast_instant('latest.updated_at') }} as modified_at,
        {{ cast_instant('latest.filters_updated_at') }} as filters_updated_at,
        {{ cast_integer('latest.size') }} as member_count,
        {{ load_metadata_columns('contact_lists') }},
        {{ cast_failures([
            ('list_version', cast_integer('latest.list_version')),
            ('created_at', cast_instant('latest.created_at')),
            ('updated_at', cast_instant('latest.updated_at')),
            ('filters_updated_at', cast_instant('latest.filters_updated_at')),
            ('size', cast_integer('latest.size'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
