-- Grain: one HubSpot owner, latest version. Those who left are kept and flagged: records still name them.
with

latest as (
    {{ latest_version(ref('base_hubspot__owners')) }}
),

with_teams as (
    select
        *,
        case when json_valid(teams) then from_json(teams, '[{"id": "VARCHAR", "name": "VARCHAR", "primary": "BOOLEAN"}]') end as team_list
    from latest
),

casted as (
    select
        {{ record_key_columns('owners') }},
        coalesce(nullif(trim(concat_ws(' ', trim(latest.firstname), trim(latest.lastname))), ''), latest.email) as owner_name,
        latest.email,
        list_filter(latest.team_list, lambda team : team."primary")[1].id as primary_team_id,
        list_filter(latest.team_list, lambda team : team."primary")[1].name as primary_team_name,
        nullif(array_to_string(list_transform(latest.team_list, lambda team : team.id), ';'), '') as team_ids,
        nullif(array_to_string(list_transform(latest.team_list, lambda team : team.name), ';'), '') as team_names,
        {{ load_metadata_columns('owners') }}
    from with_teams as latest
)

select * from casted
