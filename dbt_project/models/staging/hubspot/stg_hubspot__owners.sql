-- Grain: one HubSpot owner, latest version. Those who left are kept and flagged: records still name them.
with

latest as (
    {{ latest_version(ref('base_hubspot__owners')) }}
),

casted as (
    select
        {{ record_key_columns('owners') }},
        coalesce(nullif(trim(concat_ws(' ', trim(latest.firstname), trim(latest.lastname))), ''), latest.email) as owner_name,
        latest.email,
        {{ load_metadata_columns('owners') }}
    from latest
)

select * from casted
