-- Grain: one month and one stage of one source: what deals in the stage turned into, as known when the month began.
-- Only deals decided before the month count, so that a past forecast can be made with the knowledge of its day.
with

versions as (
    select * from {{ ref('int_opportunity_versions_rebuilt') }}
    where is_counted
),

outcomes as (
    select
        opportunity_id,
        status,
        valid_from_date as decided_date
    from versions
    where valid_to is null and status <> 'open'
),

-- A deal that came back to a stage was in it once. Stages that nobody recorded teach nothing.
visited as (
    select distinct
        source_name,
        stage_name,
        opportunity_id
    from versions
    where status = 'open' and stage_name is not null and is_stage_recorded
),

decided as (
    select
        visited.source_name,
        visited.stage_name,
        cast(date_trunc('month', outcomes.decided_date) as date) as month_date,
        count(*) filter (where outcomes.status = 'won') as won_count,
        count(*) as decided_count
    from visited
    inner join outcomes
        on visited.opportunity_id = outcomes.opportunity_id
    group by 1, 2, 3
),

months as (
    select cast(unnest(generate_series(
        cast(date_trunc('month', {{ as_of_date() }} - to_months({{ var('pipeline_history_months') }})) as timestamp),
        cast(date_trunc('month', {{ as_of_date() }} + to_months(1)) as timestamp),
        interval 1 month
    )) as date) as month_date
),

-- Deals whose stage nobody recorded go by the overall rate.
stages as (
    select distinct
        source_name,
        coalesce(stage_name, '(unknown)') as stage_name
    from versions
    where status = 'open'
),

overall as (
    select
        months.month_date,
        coalesce(sum(closed.won_count), 0) as won_count,
        coalesce(sum(closed.decided_count), 0) as decided_count
    from months
    left join (
        select
            cast(date_trunc('month', decided_date) as date) as month_date,
            count(*) filter (where status = 'won') as won_count,
            count(*) as decided_count
        from outcomes
        group by 1
    ) as closed
        on months.month_date > closed.month_date
    group by 1
),

-- Stages times months, and each with its own past only: small, whatever the number of deals.
known as (
    select
        months.month_date,
        stages.source_name,
        stages.stage_name,
        coalesce(sum(decided.won_count), 0) as won_count,
        coalesce(sum(decided.decided_count), 0) as decided_count
    from months
    cross join stages
    left join decided
        on stages.source_name = decided.source_name
        and stages.stage_name = decided.stage_name
        and months.month_date > decided.month_date
    group by 1, 2, 3
),

final as (
    select
        known.source_name,
        known.stage_name,
        cast(known.won_count as bigint) as won_count,
        cast(known.decided_count as bigint) as decided_count,
        -- Few decided deals say little: the overall rate counts as so many deals more.
        cast(round(
            (known.won_count + {{ var('stage_win_rate_prior_deals') }} * overall.won_count / nullif(overall.decided_count, 0))
            / (known.decided_count + {{ var('stage_win_rate_prior_deals') }}), 6
        ) as decimal(9, 6)) as win_rate,
        known.month_date
    from known
    inner join overall
        on known.month_date = overall.month_date
)

select * from final
