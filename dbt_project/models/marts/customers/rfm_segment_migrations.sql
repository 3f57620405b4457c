-- Grain: one RFM segment of 90 days ago and one of today.
with

rfm as (
    select * from {{ ref('customer_rfm') }}
),

final as (
    select
        -- Nobody can leave: who has bought once stays a customer with a purchase.
        coalesce(segment_90_days_ago, 'no_purchase_yet') as segment_90_days_ago,
        segment,
        count(*) as customer_count,
        cast(sum(revenue_in_window_reporting) as decimal(18, 2)) as revenue_in_window_reporting,
        any_value(as_of_date) as as_of_date
    from rfm
    group by 1, 2
)

select * from final
