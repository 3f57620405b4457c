-- Grain: one uninterrupted time in which one golden contact belonged to one golden account.
-- Nothing in a CRM says when somebody left. A later start at another organisation ends what was open before it.
with

spells as (
    select * from {{ ref('int_contact_account_spells') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

placed as (
    select
        spells.*,
        accounts.ultimate_parent_golden_account_id
    from spells
    inner join accounts
        on spells.golden_account_id = accounts.golden_account_id
),

-- Parent and subsidiary are one employer: there a person may belong to both at once.
successors as (
    select
        placed.golden_contact_id,
        placed.golden_account_id,
        placed.spell_number,
        min(later.first_date) as first_date
    from placed
    inner join placed as later
        on placed.golden_contact_id = later.golden_contact_id
        and placed.first_date < later.first_date
        and placed.ultimate_parent_golden_account_id <> later.ultimate_parent_golden_account_id
    where placed.ended_date is null and later.ended_date is null
    group by 1, 2, 3
),

final as (
    select
        {{ surrogate_key('pa', "placed.golden_contact_id || '|' || placed.golden_account_id || '|' || cast(placed.first_date as varchar)") }}
            as contact_account_id,
        placed.golden_contact_id,
        placed.golden_account_id,
        placed.start_evidence,
        coalesce(placed.end_evidence, case when successors.first_date is not null then 'newer_account' end) as end_evidence,
        placed.first_source_record_key,
        placed.spell_number,
        placed.source_record_count,
        coalesce(placed.ended_date, successors.first_date) is null as is_current,
        coalesce(placed.golden_account_id = contacts.golden_account_id, false) as is_primary,
        placed.first_date as valid_from_date,
        coalesce(placed.ended_date, successors.first_date) as valid_to_date,
        placed.last_seen_date
    from placed
    left join successors
        on placed.golden_contact_id = successors.golden_contact_id
        and placed.golden_account_id = successors.golden_account_id
        and placed.spell_number = successors.spell_number
    left join contacts
        on placed.golden_contact_id = contacts.golden_contact_id
)

select * from final
