-- Grain: one Salesforce account that was not merged away, and one stretch of days at whose ends nothing had changed.
{{ config(materialized='table') }}

{%- set fields = [
    ('account_name', 'text', ['name']),
    ('account_type', 'text', ['type']),
    ('account_number', 'text', ['accountnumber']),
    ('account_source', 'text', ['accountsource']),
    ('industry', 'text', ['industry']),
    ('rating', 'text', ['rating']),
    ('owner_id', '005', ['owner', 'ownerid']),
    ('parent_id', '001', ['parent', 'parentid']),
    ('phone', 'text', ['phone']),
    ('website', 'text', ['website']),
    ('billing_street', 'text', ['billingstreet']),
    ('billing_city', 'text', ['billingcity']),
    ('billing_state', 'text', ['billingstate']),
    ('billing_postal_code', 'text', ['billingpostalcode']),
    ('billing_country', 'text', ['billingcountry']),
    ('number_of_employees', 'integer', ['numberofemployees']),
    ('annual_revenue', 'amount', ['annualrevenue']),
] %}

with

accounts as (
    select
        source_record_key,
        source_record_id as account_id,
        source_name,
        account_name,
        account_type,
        account_number,
        account_source,
        industry,
        rating,
        owner_user_id as owner_id,
        parent_account_id as parent_id,
        phone,
        website,
        billing_street,
        billing_city,
        billing_state,
        billing_postal_code,
        billing_country,
        employee_count as number_of_employees,
        annual_revenue,
        {{ reporting_date('created_at') }} as created_day,
        {{ salesforce_deleted_day() }} as deleted_day
    from {{ ref('stg_salesforce__accounts') }}
    where merged_into_key is null and delete_kind is distinct from 'merged'
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

changes as (
{{ salesforce_changes(ref('stg_salesforce__account_field_changes'), 'account', fields) }}
),

{{ salesforce_stretches('accounts', 'changes', fields) }},

final as (
    select
        stretches.account_id,
        stretches.account_name,
        stretches.account_type,
        stretches.account_number,
        stretches.account_source,
        stretches.industry,
        stretches.rating,
        stretches.owner_id,
        stretches.parent_id,
        stretches.phone,
        stretches.website,
        stretches.billing_street,
        stretches.billing_city,
        stretches.billing_state,
        stretches.billing_postal_code,
        stretches.billing_country,
        stretches.number_of_employees,
        stretches.annual_revenue,
        stretches.valid_from_date,
        stretches.valid_to_date,
        account_clusters.golden_account_id,
        stretches.source_record_key,
        stretches.source_name as source_relation
    from stretches
    left join account_clusters
        on stretches.source_record_key = account_clusters.source_record_key
)

select * from final
