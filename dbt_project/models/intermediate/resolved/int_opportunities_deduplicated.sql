-- Grain: one deal record of one source, with the opportunity it is a record of.
with recursive

opportunities as (
    select * from {{ ref('int_opportunities_resolved') }}
),

matches as (
    select * from {{ ref('int_opportunity_matches') }}
),

-- Follow the chain (sheet repeats HubSpot repeats Salesforce) to its end. The bound only guards
-- against records that a source has merged into each other.
chains as (
    select
        source_record_key,
        source_record_key as reached_key,
        0 as steps
    from opportunities

    union all

    select
        chains.source_record_key,
        matches.matched_source_record_key as reached_key,
        chains.steps + 1 as steps
    from chains
    inner join matches
        on chains.reached_key = matches.source_record_key
    where chains.steps < 10
),

roots as (
    select
        source_record_key,
        arg_max(reached_key, steps) as root_source_record_key,
        max(steps) as steps
    from chains
    group by 1
),

-- A cycle of merges has no end: its smallest key stands for it.
rooted as (
    select
        roots.source_record_key,
        case
            when roots.steps < 10 then roots.root_source_record_key
            else (
                select min(chains.reached_key) from chains where chains.source_record_key = roots.source_record_key
            )
        end as root_source_record_key
    from roots
),

ranked as (
    select
        opportunities.*,
        {{ surrogate_key('op', 'rooted.root_source_record_key') }} as opportunity_id,
        matches.matched_source_record_key,
        -- The record that speaks for the deal: alive, with an amount, Salesforce before HubSpot before sheets.
        row_number() over (
            partition by rooted.root_source_record_key
            order by
                opportunities.is_deleted,
                opportunities.amount is null,
                case opportunities.source_type when 'salesforce' then 1 when 'hubspot' then 2 else 3 end,
                opportunities.source_record_key = rooted.root_source_record_key desc,
                opportunities.source_record_key
        ) = 1 as is_primary,
        count(*) over (partition by rooted.root_source_record_key) as source_record_count,
        coalesce(matches.match_method, 'original') as match_method
    from opportunities
    inner join rooted
        on opportunities.source_record_key = rooted.source_record_key
    left join matches
        on opportunities.source_record_key = matches.source_record_key
)

select * from ranked
