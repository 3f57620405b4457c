-- Grain: one month and one fiscal quarter in which open deals were expected to close.
-- Every change of every deal is split into steps that add up to it: first the close date moves (out of one quarter, into
-- another), then the amount, then the status. So the movements of a month explain its pipeline to the cent.
{%- set steps = [
    'created', 'reopened', 'pulled_in', 'slipped_in', 'up', 'down', 'slipped_out', 'pulled_out', 'won', 'lost'
] %}
{%- set outflows = ['down', 'slipped_out', 'pulled_out', 'won', 'lost'] %}
with

versions as (
    select
        opportunity_id,
        version_number,
        valid_from_date,
        status = 'open' as is_open,
        status,
        {{ fiscal_quarter_start('close_date') }} as quarter_start_date,
        -- A deal without amount or rate is in the counts and adds nothing to the money.
        coalesce(amount_reporting, 0) as amount
    from {{ ref('int_opportunity_versions_rebuilt') }}
    where is_counted
),

changes as (
    select
        *,
        coalesce(lag(is_open) over by_version, false) as was_open,
        row_number() over by_version = 1 as is_first,
        coalesce(lag(amount) over by_version, 0) as previous_amount,
        lag(quarter_start_date) over by_version as previous_quarter_start_date,
        cast(date_trunc('month', valid_from_date) as date) as month_date
    from versions
    window by_version as (partition by opportunity_id order by version_number)
),

steps as (
    -- A deal without close date stands after all quarters: a date moves it in, its loss out.
    select
        month_date,
        previous_quarter_start_date as quarter_start_date,
        case
            when coalesce(quarter_start_date, date '9999-12-31') > coalesce(previous_quarter_start_date, date '9999-12-31')
                then 'slipped_out'
            else 'pulled_out'
        end as step,
        previous_amount as amount
    from changes
    where was_open and quarter_start_date is distinct from previous_quarter_start_date

    union all

    select
        month_date,
        quarter_start_date,
        case
            when coalesce(quarter_start_date, date '9999-12-31') > coalesce(previous_quarter_start_date, date '9999-12-31')
                then 'slipped_in'
            else 'pulled_in'
        end as step,
        previous_amount as amount
    from changes
    where was_open and quarter_start_date is distinct from previous_quarter_start_date

    union all

    select
        month_date,
        quarter_start_date,
        case when amount > previous_amount then 'up' else 'down' end as step,
        abs(amount - previous_amount) as amount
    from changes
    where was_open and amount <> previous_amount

    union all

    select
        month_date,
        quarter_start_date,
        status as step,
        amount
    from changes
    where was_open and not is_open

    union all

    select
        month_date,
        quarter_start_date,
        case when is_first then 'created' else 'reopened' end as step,
        amount
    from changes
    where is_open and not was_open
),

months as (
    select
        quarter_start_date,
        cast(unnest(generate_series(
            cast(min(month_date) as timestamp),
            cast(date_trunc('month', {{ as_of_date() }}) as timestamp),
            interval 1 month
        )) as date) as month_date
    from steps
    group by quarter_start_date
),

movements as (
    select
        quarter_start_date,
        month_date,
        {%- for step in steps %}
        coalesce(sum(amount) filter (where step = '{{ step }}'), 0) as {{ step }}_amount,
        count(*) filter (where step = '{{ step }}') as {{ step }}_count
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from steps
    group by quarter_start_date, month_date
),

chained as (
    select
        months.quarter_start_date,
        months.month_date,
        {%- for step in steps %}
        coalesce(movements.{{ step }}_amount, 0) as {{ step }}_amount,
        coalesce(movements.{{ step }}_count, 0) as {{ step }}_count,
        {%- endfor %}
        0
        {%- for step in steps %}
        {{ '-' if step in outflows else '+' }} coalesce(movements.{{ step }}_amount, 0)
        {%- endfor %} as net_amount,
        0
        {%- for step in steps if step not in ['up', 'down'] %}
        {{ '-' if step in outflows else '+' }} coalesce(movements.{{ step }}_count, 0)
        {%- endfor %} as net_count
    from months
    left join movements
        on months.quarter_start_date is not distinct from movements.quarter_start_date
        and months.month_date = movements.month_date
),

totals as (
    select
        *,
        sum(net_amount) over by_month as end_amount,
        sum(net_count) over by_month as end_count
    from chained
    window by_month as (
        partition by quarter_start_date order by month_date rows between unbounded preceding and current row
    )
),

final as (
    select
        coalesce({{ fiscal_quarter_name('quarter_start_date') }}, 'none') as close_quarter_name,
        cast(end_amount - net_amount as decimal(18, 2)) as start_amount_reporting,
        {%- for step in steps %}
        cast({{ step }}_amount as decimal(18, 2)) as {{ step }}_amount_reporting,
        {%- endfor %}
        cast(end_amount as decimal(18, 2)) as end_amount_reporting,
        cast(end_count - net_count as bigint) as start_count,
        {%- for step in steps %}
        cast({{ step }}_count as bigint) as {{ step }}_count,
        {%- endfor %}
        cast(end_count as bigint) as end_count,
        month_date < cast(date_trunc('month', {{ as_of_date() }} + 1) as date) as is_complete,
        month_date,
        quarter_start_date as close_quarter_start_date
    from totals
    -- Months in which a quarter has no open deal and nothing moves are left out.
    where end_count <> 0 or net_count <> 0
    {%- for step in steps %}
        or {{ step }}_count <> 0
    {%- endfor %}
)

select * from final
