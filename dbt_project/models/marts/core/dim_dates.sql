-- Grain: one calendar day, from 2000-01-01 to the end of the second year after the as-of date.
{%- set fiscal_start = var('fiscal_year_start_month') | int %}
with

days as (
    select cast(unnest(generate_series(
        timestamp '2000-01-01',
        cast(make_date(cast(year({{ as_of_date() }}) + 2 as integer), 12, 31) as timestamp),
        interval 1 day
    )) as date) as date_day
),

-- Shifted so that the fiscal year's first month becomes January; the year is named after its end.
shifted as (
    select
        date_day,
        cast(date_day + to_months({{ (13 - fiscal_start) % 12 }}) as date) as fiscal_shifted_date
    from days
),

final as (
    select
        date_day,
        cast(year(date_day) as integer) as calendar_year,
        cast(quarter(date_day) as integer) as calendar_quarter,
        cast(month(date_day) as integer) as calendar_month,
        strftime(date_day, '%B') as month_name,
        cast(day(date_day) as integer) as day_of_month,
        cast(isodow(date_day) as integer) as iso_day_of_week,
        strftime(date_day, '%A') as day_name,
        cast(isoyear(date_day) as integer) as iso_year,
        cast(week(date_day) as integer) as iso_week,
        cast(year(fiscal_shifted_date) as integer) as fiscal_year,
        cast(quarter(fiscal_shifted_date) as integer) as fiscal_quarter,
        cast(month(fiscal_shifted_date) as integer) as fiscal_month,
        isodow(date_day) >= 6 as is_weekend,
        date_day <= {{ as_of_date() }} as is_past,
        {{ week_start('date_day') }} as week_start_date,
        cast(date_trunc('month', date_day) as date) as month_start_date,
        cast(last_day(date_day) as date) as month_end_date,
        cast(date_trunc('quarter', date_day) as date) as quarter_start_date,
        cast(date_trunc('year', date_day) as date) as year_start_date
    from shifted
)

select * from final
