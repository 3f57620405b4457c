-- Grain: one HubSpot ticket record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__tickets')) }}
),

casted as (
    select
        {{ record_key_columns('tickets') }},
        latest.subject,
        latest.content,
        stages.pipeline_id,
        stages.stage_id,
        coalesce(stages.pipeline_name, latest.hs_pipeline) as pipeline_name,
        coalesce(stages.stage_name, latest.hs_pipeline_stage) as stage_name,
        latest.hs_ticket_priority as priority,
        latest.hs_ticket_category as ticket_category,
        {{ hubspot_owner_columns() }},
        coalesce({{ split_ids('latest.associated_company_ids') }}[1], linked_companies.primary_id) as primary_company_id,
        coalesce({{ split_ids('latest.associated_contact_ids') }}[1], linked_contacts.primary_id) as primary_contact_id,
        coalesce(latest.associated_deal_ids, linked_deals.linked_ids) as deal_ids,
        latest.hs_merged_object_ids as merged_ticket_ids,
        {{ cast_instant('latest.createdate') }} as created_at,
        {{ cast_instant('latest.closed_date') }} as closed_at,
        {{ cast_instant('latest.hs_lastmodifieddate') }} as modified_at,
        {{ load_metadata_columns('tickets') }},
        {{ cast_failures([
            ('createdate', cast_instant('latest.createdate')),
            ('closed_date', cast_instant('latest.closed_date')),
            ('hs_lastmodifieddate', cast_instant('latest.hs_lastmodifieddate'))
        ]) }} as _cast_failures
    from latest
    {{ join_hubspot_owner() }}
    {{ join_hubspot_links('tickets', 'companies', 'linked_companies') }}
    {{ join_hubspot_links('tickets', 'contacts', 'linked_contacts') }}
    {{ join_hubspot_links('tickets', 'deals', 'linked_deals') }}
    {{ join_hubspot_stage('tickets', 'latest.hs_pipeline', 'latest.hs_pipeline_stage') }}
)

select * from casted
