-- Grain: one reason to think that one lead belongs to one golden account.
-- A lead is a Salesforce lead, or any other person record that its source ties to no account.
-- Free mail, throw-away addresses and addresses on shared hosts have no domain here: standardising took it away.
{% set most_accounts = var('lead_match_max_accounts') | int %}
with

contacts as (
    select * from {{ ref('stg_hygiene__standardised_contacts') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

-- Nobody belongs to an account that is gone or a test.
account_facts as (
    select distinct
        account_clusters.golden_account_id,
        nullif(accounts.account_name_match, '') as company_name,
        case when not coalesce(accounts.is_free_domain, false) then nullif(accounts.domain_std, '') end as domain,
        accounts.country_code
    from {{ ref('stg_hygiene__standardised_accounts') }} as accounts
    inner join account_clusters
        on accounts.source_record_key = account_clusters.source_record_key
    inner join {{ ref('stg_hygiene__golden_accounts') }} as golden_accounts
        on account_clusters.golden_account_id = golden_accounts.golden_account_id
    where
        not golden_accounts.is_deleted
        and not golden_accounts.is_test_record
),

-- What many accounts share tells none of them apart: it is left out here, before it meets as many leads.
account_domains as (
    select golden_account_id, domain
    from (select distinct golden_account_id, domain from account_facts where domain is not null) as distinct_domains
    qualify count(*) over (partition by domain) <= {{ most_accounts }}
),

account_names as (
    select distinct golden_account_id, company_name
    from account_facts
    where company_name is not null
),

account_countries as (
    select golden_account_id, list(distinct country_code) as country_codes
    from account_facts
    where country_code is not null
    group by 1
),

-- For whom a name speaks: leads of a country of the account; where the account tells none, leads of any
-- country ('-'); and leads without a country ('*').
account_name_places as (
    select *
    from (
        select
            account_names.golden_account_id,
            account_names.company_name,
            unnest(account_countries.country_codes) as place
        from account_names
        inner join account_countries
            on account_names.golden_account_id = account_countries.golden_account_id

        union all

        select
            account_names.golden_account_id,
            account_names.company_name,
            '-' as place
        from account_names
        anti join account_countries
            on account_names.golden_account_id = account_countries.golden_account_id

        union all

        select
            golden_account_id,
            company_name,
            '*' as place
        from account_names
    ) as places
    qualify count(*) over (partition by company_name, place) <= {{ most_accounts }}
),

leads as (
    select
        contacts.source_record_key,
        contact_clusters.golden_contact_id,
        contacts.account_source_record_key,
        case
            when not coalesce(contacts.is_free_email, false) and not coalesce(contacts.is_disposable_email, false)
                then nullif(contacts.email_domain, '')
        end as email_domain,
        nullif(contacts.domain_std, '') as website_domain,
        nullif(contacts.company_name_match, '') as company_name,
        contacts.country_code
    from contacts
    inner join contact_clusters
        on contacts.source_record_key = contact_clusters.source_record_key
    where contacts.source_object = 'lead' or contacts.account_source_record_key is null
),

-- The CRM's own word: what a lead was converted into.
conversions as (
    select
        leads.source_record_key,
        account_clusters.golden_account_id,
        'crm_conversion' as method,
        leads.account_source_record_key as matched_on
    from leads
    inner join account_clusters
        on leads.account_source_record_key = account_clusters.source_record_key
),

-- Another record of the same person names its account.
same_people as (
    select
        leads.source_record_key,
        account_facts.golden_account_id,
        'same_person' as method,
        min(contacts.source_record_key) as matched_on
    from leads
    inner join contact_clusters
        on leads.golden_contact_id = contact_clusters.golden_contact_id
        and leads.source_record_key <> contact_clusters.source_record_key
    inner join contacts
        on contact_clusters.source_record_key = contacts.source_record_key
    inner join account_clusters
        on contacts.account_source_record_key = account_clusters.source_record_key
    inner join (select distinct golden_account_id from account_facts) as account_facts
        on account_clusters.golden_account_id = account_facts.golden_account_id
    group by 1, 2
),

domains as (
    select
        leads.source_record_key,
        account_domains.golden_account_id,
        'email_domain' as method,
        account_domains.domain as matched_on
    from leads
    inner join account_domains
        on leads.email_domain = account_domains.domain

    union all

    -- A website that only repeats the address says nothing more.
    select
        leads.source_record_key,
        account_domains.golden_account_id,
        'website_domain' as method,
        account_domains.domain as matched_on
    from leads
    inner join account_domains
        on leads.website_domain = account_domains.domain
    where leads.website_domain is distinct from leads.email_domain
),

-- One name in two countries is two companies.
names as (
    select
        leads.source_record_key,
        account_name_places.golden_account_id,
        'company_name_country' as method,
        account_name_places.company_name as matched_on
    from leads
    inner join account_name_places
        on leads.company_name = account_name_places.company_name
        and leads.country_code = account_name_places.place

    union all

    select
        leads.source_record_key,
        account_name_places.golden_account_id,
        'company_name' as method,
        account_name_places.company_name as matched_on
    from leads
    inner join account_name_places
        on leads.company_name = account_name_places.company_name
        and case when leads.country_code is null then '*' else '-' end = account_name_places.place
),

found as (
    select * from conversions
    union all
    select * from same_people
    union all
    select * from domains
    union all
    select * from names
),

-- Where one reason fits several accounts they share its weight; the lead's country counts three times.
weighed as (
    select
        found.source_record_key,
        found.golden_account_id,
        found.method,
        found.matched_on,
        count(*) over (partition by found.source_record_key, found.method) as account_count,
        coalesce(list_contains(account_countries.country_codes, leads.country_code), false) as is_same_country,
        case when coalesce(list_contains(account_countries.country_codes, leads.country_code), false) then 3 else 1 end as share
    from found
    inner join leads
        on found.source_record_key = leads.source_record_key
    left join account_countries
        on found.golden_account_id = account_countries.golden_account_id
),

final as (
    select
        source_record_key,
        golden_account_id,
        method,
        matched_on,
        account_count,
        is_same_country,
        cast(
            case method
                {%- for method, confidence in var('lead_match_confidence').items() %}
                when '{{ method }}' then {{ confidence }}
                {%- endfor %}
            end * share / sum(share) over (partition by source_record_key, method) as decimal(9, 6)
        ) as confidence
    from weighed
    where account_count <= {{ most_accounts }}
)

select * from final
