-- Grain: one golden contact whom one source knows as a recipient of marketing mail.
-- A merged record's mails are its survivor's, as in the system itself: only living records count.
with

mailed_contacts as (
    select * from {{ ref('int_mailed_contacts_unioned') }}
    where not is_deleted
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
    where not is_test_record
),

recipients as (
    select
        contact_clusters.golden_contact_id,
        mailed_contacts.source_name,
        -- Whoever unsubscribed under one address is not written to under another.
        coalesce(bool_or(mailed_contacts.has_email_opt_out), false) as has_email_opt_out,
        sum(mailed_contacts.delivered_email_count) as delivered,
        sum(mailed_contacts.opened_email_count) as opened,
        sum(mailed_contacts.clicked_email_count) as clicked,
        sum(mailed_contacts.replied_email_count) as replied,
        sum(mailed_contacts.bounced_email_count) as bounced,
        {%- for moment in ['first_emailed', 'last_emailed', 'last_opened', 'last_clicked', 'last_replied'] %}
        {{ 'min' if moment == 'first_emailed' else 'max' }}({{ reporting_date('mailed_contacts.' ~ moment ~ '_at') }}) as {{ moment }}_date
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from mailed_contacts
    inner join contact_clusters
        on mailed_contacts.source_record_key = contact_clusters.source_record_key
    group by 1, 2
),

dated as (
    select
        *,
        greatest(last_opened_date, last_clicked_date, last_replied_date) as last_engaged_date
    from recipients
),

final as (
    select
        dated.golden_contact_id,
        contacts.golden_account_id,
        dated.source_name,
        case
            when dated.has_email_opt_out then 'opted_out'
            when dated.delivered = 0 and dated.bounced > 0 then 'bounced'
            when dated.delivered = 0 then 'never_emailed'
            when dated.last_engaged_date is null then 'never_engaged'
            when date_diff('day', dated.last_engaged_date, {{ as_of_date() }}) < 90 then 'engaged'
            else 'lapsed'
        end as engagement_status,
        cast(dated.delivered as bigint) as delivered_email_count,
        cast(dated.opened as bigint) as opened_email_count,
        cast(dated.clicked as bigint) as clicked_email_count,
        cast(dated.replied as bigint) as replied_email_count,
        cast(dated.bounced as bigint) as bounced_email_count,
        {{ rate('dated.opened', 'dated.delivered') }} as open_rate,
        {{ rate('dated.clicked', 'dated.delivered') }} as click_rate,
        {{ rate('dated.bounced', '(dated.delivered + dated.bounced)') }} as bounce_rate,
        dated.has_email_opt_out,
        dated.first_emailed_date,
        dated.last_emailed_date,
        dated.last_opened_date,
        dated.last_clicked_date,
        dated.last_replied_date,
        dated.last_engaged_date
    from dated
    inner join contacts
        on dated.golden_contact_id = contacts.golden_contact_id
)

select * from final
