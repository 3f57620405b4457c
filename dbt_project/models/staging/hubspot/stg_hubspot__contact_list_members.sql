-- Grain: one contact on one list of HubSpot, latest version. Those who left are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__contact_list_members')) }}
),

casted as (
    select
        {{ record_key_columns('contact_list_members') }},
        latest.list_id,
        latest.contact_id,
        {{ cast_instant('latest.added_at') }} as added_at,
        {{ load_metadata_columns('contact_list_members') }},
        {{ cast_failures([
            ('added_at', cast_instant('latest.added_at'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
