-- Grain: one golden account (organisation), with its parent.
with recursive

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

-- A parent that was merged into its own subsidiary is no parent.
parents as (
    select
        golden_accounts.golden_account_id,
        nullif(account_clusters.golden_account_id, golden_accounts.golden_account_id) as parent_golden_account_id
    from golden_accounts
    left join account_clusters
        on golden_accounts.parent_source_record_key = account_clusters.source_record_key
),

ancestors as (
    select
        golden_account_id,
        golden_account_id as ancestor_golden_account_id,
        0 as level_count
    from parents

    union all

    select
        ancestors.golden_account_id,
        parents.parent_golden_account_id as ancestor_golden_account_id,
        ancestors.level_count + 1 as level_count
    from ancestors
    inner join parents
        on ancestors.ancestor_golden_account_id = parents.golden_account_id
    -- Deeper than any real group: only a circle of parents gets this far.
    where parents.parent_golden_account_id is not null and ancestors.level_count < 20
),

-- In a circle nobody is on top: the smallest id stands for the group.
ultimate_parents as (
    select
        golden_account_id,
        case
            when max(level_count) < 20 then arg_max(ancestor_golden_account_id, level_count)
            else min(ancestor_golden_account_id)
        end as ultimate_parent_golden_account_id,
        max(level_count) as hierarchy_level
    from ancestors
    group by 1
),

final as (
    select
        golden_accounts.golden_account_id,
        parents.parent_golden_account_id,
        ultimate_parents.ultimate_parent_golden_account_id,
        golden_accounts.account_name,
        golden_accounts.legal_form,
        golden_accounts.domain,
        golden_accounts.website,
        golden_accounts.phone,
        golden_accounts.street,
        golden_accounts.city,
        golden_accounts.state,
        golden_accounts.postal_code,
        golden_accounts.country_code,
        golden_accounts.industry,
        golden_accounts.account_type,
        golden_accounts.owner_name,
        golden_accounts.employee_count,
        golden_accounts.annual_revenue,
        cast(ultimate_parents.hierarchy_level as bigint) as hierarchy_level,
        golden_accounts.source_record_count,
        golden_accounts.source_system_count,
        golden_accounts.is_deleted,
        golden_accounts.is_test_record,
        golden_accounts.first_created_at,
        golden_accounts.last_modified_at
    from golden_accounts
    left join parents
        on golden_accounts.golden_account_id = parents.golden_account_id
    left join ultimate_parents
        on golden_accounts.golden_account_id = ultimate_parents.golden_account_id
)

select * from final
