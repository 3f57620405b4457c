-- Grain: one customer: who has bought, with what is needed to reach and route them.
WITH reachable AS (
    SELECT
        golden_account_id,
        count(*) FILTER (
            WHERE email IS NOT NULL AND NOT coalesce(is_deleted, false)
                AND NOT coalesce(has_email_opt_out, false)
        ) AS reachable_contacts
    FROM dim_contacts
    WHERE golden_account_id IS NOT NULL
    GROUP BY golden_account_id
)

SELECT
    customers.*,
    customers.customer_id AS record_key,
    'all sources' AS source_name,
    'customers' AS source_object,
    accounts.owner_name,
    'no lead source' AS entry_point,
    CASE
        WHEN customers.golden_account_id IS NOT NULL
            THEN coalesce(reachable.reachable_contacts, 0)
        WHEN persons.email IS NOT NULL THEN 1
        ELSE 0
    END AS reachable_contacts,
    customers.customer_id AS money_key,
    coalesce(money.pipeline, 0) AS pipeline,
    coalesce(money.revenue, 0) AS revenue
FROM dim_customers AS customers
LEFT JOIN dim_accounts AS accounts
    ON customers.golden_account_id = accounts.golden_account_id
LEFT JOIN dim_contacts AS persons
    ON customers.golden_contact_id = persons.golden_contact_id
LEFT JOIN reachable ON customers.golden_account_id = reachable.golden_account_id
LEFT JOIN account_money AS money
    ON customers.golden_account_id = money.golden_account_id
WHERE customers.is_customer
