-- Grain: one period in which one golden account had one owner.
with

versions as (
    select * from {{ ref('dim_account_history') }}
),

-- A new version with the same owner continues the period, unless there is a gap between them.
followed as (
    select
        *,
        lag(valid_to_date) over (partition by golden_account_id order by valid_from_date) as previous_valid_to_date,
        lag(owner_name) over (partition by golden_account_id order by valid_from_date) as previous_owner_name
    from versions
),

marked as (
    select
        *,
        (
            previous_valid_to_date is distinct from valid_from_date
            or previous_owner_name is distinct from owner_name
        ) as is_start
    from followed
),

periods as (
    select
        *,
        count(*) filter (where is_start) over (
            partition by golden_account_id order by valid_from_date rows unbounded preceding
        ) as period_number
    from marked
),

final as (
    select
        {{ surrogate_key('ao', "golden_account_id || '|' || cast(min(valid_from_date) as varchar)") }} as account_owner_history_id,
        golden_account_id,
        any_value(owner_name) as owner_name,
        period_number,
        bool_or(is_current) as is_current,
        min(valid_from_date) as valid_from_date,
        case when not bool_or(valid_to_date is null) then max(valid_to_date) end as valid_to_date
    from periods
    group by golden_account_id, period_number
)

select * from final
