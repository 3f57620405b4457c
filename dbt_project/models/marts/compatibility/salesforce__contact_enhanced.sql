-- Grain: one Salesforce contact that is not deleted.
with

contacts as (
    select * from {{ ref('int_contacts_unioned') }}
    where source_type = 'salesforce' and source_object = 'contact' and not is_deleted
),

accounts as (
    select * from {{ ref('int_accounts_unioned') }}
    where source_type = 'salesforce' and source_object = 'account'
),

account_details as (
    select * from {{ ref('stg_salesforce__accounts') }}
),

contact_details as (
    select * from {{ ref('stg_salesforce__contacts') }}
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

activities as (
    select
        contact_source_record_key,
        max({{ reporting_date('coalesce(started_at, completed_at, cast(due_date as timestamp), created_at)') }}) filter (
            where {{ reporting_date('coalesce(started_at, completed_at, cast(due_date as timestamp), created_at)') }} <= {{ as_of_date() }}
        ) as last_activity_date
    from {{ ref('int_activities_unioned') }}
    where not is_deleted and contact_source_record_key is not null
    group by 1
),

final as (
    select
        contacts.source_record_id as contact_id,
        coalesce(contacts.full_name, nullif(trim(concat_ws(' ', contacts.first_name, contacts.last_name)), '')) as contact_name,
        contacts.email,
        contacts.phone,
        contacts.mobile_phone,
        contact_details.department,
        contact_details.individual_id,
        contact_details.master_contact_id as master_record_id,
        contacts.street as mailing_street,
        contacts.city as mailing_city,
        contacts.state as mailing_state,
        contact_details.mailing_state_code,
        contacts.postal_code as mailing_postal_code,
        contacts.country as mailing_country,
        contact_details.mailing_country_code,
        contact_details.reports_to_contact_id as reports_to_id,
        contacts.lead_source,
        activities.last_activity_date,
        users.source_record_id as contact_owner_id,
        users.user_name as contact_owner_name,
        accounts.source_record_id as account_id,
        accounts.account_name,
        account_details.account_number,
        account_details.account_source,
        accounts.industry as account_industry,
        accounts.annual_revenue as account_annual_revenue,
        accounts.employee_count as account_number_of_employees,
        substr(accounts.parent_source_record_key, length(accounts.source_name) + length(':account:') + 1) as account_parent_id,
        account_details.rating as account_rating,
        accounts.account_type,
        account_owners.source_record_id as account_owner_id,
        accounts.is_deleted as account_is_deleted,
        contact_clusters.golden_contact_id,
        contacts.source_record_key,
        contacts.source_name as source_relation
    from contacts
    left join accounts
        on contacts.account_source_record_key = accounts.source_record_key
    left join account_details
        on contacts.account_source_record_key = account_details.source_record_key
    left join contact_details
        on contacts.source_record_key = contact_details.source_record_key
    left join users
        on {{ source_record_key('user', 'contacts.owner_source_id', 'contacts.source_name') }} = users.source_record_key
    left join users as account_owners
        on {{ source_record_key('user', 'accounts.owner_source_id', 'accounts.source_name') }} = account_owners.source_record_key
    left join contact_clusters
        on contacts.source_record_key = contact_clusters.source_record_key
    left join activities
        on contacts.source_record_key = activities.contact_source_record_key
)

select * from final
