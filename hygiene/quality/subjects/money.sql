-- Grain: one golden account with money at stake, in the reporting currency.
-- pipeline: open, counted deals. revenue: counted revenue of the 365 days up to as-of.
SELECT
    golden_account_id,
    sum(pipeline) AS pipeline,
    sum(revenue) AS revenue
FROM (
    SELECT golden_account_id, amount_reporting AS pipeline, 0 AS revenue
    FROM fct_opportunities
    WHERE status = 'open' AND is_counted

    UNION ALL

    SELECT golden_account_id, 0 AS pipeline, amount_reporting AS revenue
    FROM fct_revenue_events
    WHERE is_counted AND event_date > as_of_date() - 365 AND event_date <= as_of_date()
)
WHERE golden_account_id IS NOT NULL
GROUP BY golden_account_id
