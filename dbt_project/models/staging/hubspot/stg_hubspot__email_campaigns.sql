-- Grain: one campaign of marketing e-mail in HubSpot, latest version.
with

latest as (
    {{ latest_version(ref('base_hubspot__email_campaigns')) }}
),

casted as (
    select
        {{ record_key_columns('email_campaigns') }},
        latest.email_campaign_id,
        latest.app_id,
        latest.app_name,
        latest.content_id,
        latest.name as campaign_name,
        latest.subject,
        latest.type as campaign_type,
        latest.sub_type as campaign_sub_type,
        {{ cast_integer('latest.num_included') }} as included_count,
        {{ cast_integer('latest.num_queued') }} as queued_count,
        {{ cast_instant('latest.last_updated_at') }} as modified_at,
        {{ load_metadata_columns('email_campaigns') }},
        {{ cast_failures([
            ('num_included', cast_integer('latest.num_included')),
            ('num_queued', cast_integer('latest.num_queued')),
            ('last_updated_at', cast_instant('latest.last_updated_at'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
