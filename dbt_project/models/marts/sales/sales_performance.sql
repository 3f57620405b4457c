-- Grain: one period and one company, team, manager or owner.
with

outcomes as (
    select * from {{ ref('int_opportunity_outcomes_resolved') }}
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

-- A colleague known to several systems is one person; department and manager are today's.
people as (
    select
        users.source_record_key,
        {{ surrogate_key('us', 'users.person_source_record_key') }} as person_id,
        persons.user_name as person_name,
        persons.department,
        {{ surrogate_key('us', 'managers.person_source_record_key') }} as manager_person_id,
        managers.user_name as manager_name
    from users
    inner join users as persons
        on users.person_source_record_key = persons.source_record_key
    left join users as managers
        on persons.manager_source_record_key = managers.source_record_key
),

people_levels as (
    select
        source_record_key,
        unnest([
            {'level': 'company', 'id': 'company', 'name': 'company'},
            {'level': 'team', 'id': coalesce(department, '(unknown)'), 'name': coalesce(department, '(unknown)')},
            {'level': 'manager', 'id': coalesce(manager_person_id, '(none)'), 'name': coalesce(manager_name, '(none)')},
            {'level': 'owner', 'id': person_id, 'name': person_name}
        ]) as part
    from people

    union all

    select
        '(nobody)' as source_record_key,
        unnest([
            {'level': 'company', 'id': 'company', 'name': 'company'},
            {'level': 'team', 'id': '(unknown)', 'name': '(unknown)'},
            {'level': 'manager', 'id': '(none)', 'name': '(none)'},
            {'level': 'owner', 'id': '(unknown)', 'name': '(unknown)'}
        ]) as part
),

closed_periods as (
    select
        *,
        unnest(list_filter([
            {'type': 'month', 'day': cast(date_trunc('month', close_date) as date)},
            {'type': 'quarter', 'day': {{ fiscal_quarter_start('close_date') }}},
            {'type': 'trailing_year', 'day': case when close_date > {{ as_of_date() }} - 365 then {{ as_of_date() }} - 364 end}
        ], lambda period : period.day is not null)) as period
    from outcomes
    where status <> 'open' and close_date <= {{ as_of_date() }}
),

closed as (
    select
        closed_periods.period,
        people_levels.part,
        count(*) filter (where closed_periods.status = 'won') as won_count,
        count(*) filter (where closed_periods.status = 'lost') as lost_count,
        coalesce(sum(closed_periods.amount_reporting) filter (where closed_periods.status = 'won'), 0) as won_amount,
        coalesce(sum(closed_periods.amount_reporting) filter (where closed_periods.status = 'lost'), 0) as lost_amount,
        -- A negative amount is no deal to win; it stays in the totals and out of the rates.
        coalesce(
            sum(closed_periods.amount_reporting) filter (where closed_periods.status = 'won' and closed_periods.amount_reporting > 0), 0
        ) as won_positive_amount,
        coalesce(sum(closed_periods.amount_reporting) filter (where closed_periods.amount_reporting > 0), 0) as decided_positive_amount,
        max(closed_periods.amount_reporting) filter (where closed_periods.status = 'won') as largest_won_amount,
        median(closed_periods.days_to_close) filter (where closed_periods.status = 'won') as days_median,
        quantile_cont(closed_periods.days_to_close, 0.75) filter (where closed_periods.status = 'won') as days_p75
    from closed_periods
    inner join people_levels
        on coalesce(closed_periods.closed_owner_source_record_key, '(nobody)') = people_levels.source_record_key
    group by 1, 2
),

created_periods as (
    select
        *,
        unnest(list_filter([
            {'type': 'month', 'day': cast(date_trunc('month', started_date) as date)},
            {'type': 'quarter', 'day': {{ fiscal_quarter_start('started_date') }}},
            {'type': 'trailing_year', 'day': case when started_date > {{ as_of_date() }} - 365 then {{ as_of_date() }} - 364 end}
        ], lambda period : period.day is not null)) as period
    from outcomes
    where has_created_at
),

created as (
    select
        created_periods.period,
        people_levels.part,
        count(*) as created_count,
        coalesce(sum(created_periods.created_amount_reporting), 0) as created_amount
    from created_periods
    inner join people_levels
        on coalesce(created_periods.created_owner_source_record_key, '(nobody)') = people_levels.source_record_key
    group by 1, 2
),

-- Open deals at the end of each period, with the owner of that day.
snapshots as (
    select
        *,
        unnest(list_filter([
            {'type': 'month', 'day': cast(date_trunc('month', snapshot_date) as date)},
            {
                'type': 'quarter',
                'day': case
                    when snapshot_date = {{ as_of_date() }} or month(snapshot_date + 1) % 3 = {{ var('fiscal_year_start_month') | int % 3 }}
                        then {{ fiscal_quarter_start('snapshot_date') }}
                end
            },
            {'type': 'trailing_year', 'day': case when snapshot_date = {{ as_of_date() }} then {{ as_of_date() }} - 364 end}
        ], lambda period : period.day is not null)) as period
    from {{ ref('pipeline_daily') }}
    where is_month_end or snapshot_date = {{ as_of_date() }}
),

levels_by_user as (
    select
        case when source_record_key <> '(nobody)' then {{ surrogate_key('us', 'source_record_key') }} else '(nobody)' end as user_id,
        part
    from people_levels
),

pipeline as (
    select
        snapshots.period,
        levels_by_user.part,
        count(*) as open_count,
        coalesce(sum(snapshots.amount_reporting), 0) as open_amount,
        coalesce(sum(snapshots.weighted_amount_reporting), 0) as weighted_amount
    from snapshots
    inner join levels_by_user
        on coalesce(snapshots.owner_user_id, '(nobody)') = levels_by_user.user_id
    group by 1, 2
),

keys as (
    select period, part from closed
    union
    select period, part from created
    union
    select period, part from pipeline
),

measured as (
    select
        keys.period.type as period_type,
        keys.part.level as level_type,
        keys.part.id as performer_id,
        keys.part.name as performer_name,
        keys.period.day as period_start_date,
        case keys.period.type
            when 'month' then last_day(keys.period.day)
            when 'quarter' then cast(keys.period.day + to_months(3) as date) - 1
            else {{ as_of_date() }}
        end as period_end_date,
        coalesce(created.created_count, 0) as created_count,
        coalesce(created.created_amount, 0) as created_amount,
        coalesce(closed.won_count, 0) as won_count,
        coalesce(closed.lost_count, 0) as lost_count,
        coalesce(closed.won_amount, 0) as won_amount,
        coalesce(closed.lost_amount, 0) as lost_amount,
        closed.won_positive_amount,
        closed.decided_positive_amount,
        closed.largest_won_amount,
        closed.days_median,
        closed.days_p75,
        pipeline.open_count,
        pipeline.open_amount,
        pipeline.weighted_amount
    from keys
    left join closed
        on keys.period = closed.period and keys.part = closed.part
    left join created
        on keys.period = created.period and keys.part = created.part
    left join pipeline
        on keys.period = pipeline.period and keys.part = pipeline.part
),

final as (
    select
        {{ surrogate_key('sp', "period_type || '|' || period_start_date || '|' || level_type || '|' || performer_id") }}
            as sales_performance_id,
        period_type,
        level_type,
        performer_id,
        performer_name,
        cast(created_count as bigint) as created_count,
        cast(won_count as bigint) as won_count,
        cast(lost_count as bigint) as lost_count,
        -- No snapshot of the period's end: unknown where it lies before the window of pipeline_daily, else nothing was open.
        case when is_in_window then coalesce(open_count, 0) end as open_count,
        cast(created_amount as decimal(18, 2)) as created_amount_reporting,
        cast(won_amount as decimal(18, 2)) as won_amount_reporting,
        cast(lost_amount as decimal(18, 2)) as lost_amount_reporting,
        cast(case when is_in_window then coalesce(open_amount, 0) end as decimal(18, 2)) as open_amount_reporting,
        cast(case when is_in_window then coalesce(weighted_amount, 0) end as decimal(18, 2)) as open_weighted_amount_reporting,
        cast(round(won_amount / nullif(won_count, 0), 2) as decimal(18, 2)) as average_won_amount_reporting,
        cast(largest_won_amount as decimal(18, 2)) as largest_won_amount_reporting,
        -- Money per day: open deals x average won amount x win rate / median days.
        cast(round(
            case when is_in_window then coalesce(open_count, 0) end
            * (won_positive_amount / nullif(won_count, 0)) * (won_count / nullif(won_count + lost_count, 0)) / nullif(days_median, 0), 2
        ) as decimal(18, 2)) as velocity_amount_reporting,
        {{ rate('won_count', '(won_count + lost_count)') }} as win_rate_count,
        {{ rate('won_positive_amount', 'decided_positive_amount') }} as win_rate_amount,
        cast(days_median as decimal(18, 1)) as days_to_close_median,
        cast(days_p75 as decimal(18, 1)) as days_to_close_p75,
        period_end_date <= {{ as_of_date() }} as is_complete,
        period_start_date,
        period_end_date
    from (
        select
            *,
            period_end_date >= date_trunc('month', {{ as_of_date() }} - to_months({{ var('pipeline_history_months') }})) as is_in_window
        from measured
    ) as windowed
)

select * from final
