-- Grain: one company record that its source has not deleted.
WITH companies AS (
    SELECT
        records.source_record_key,
        clusters.golden_account_id,
        count(*) OVER (
            PARTITION BY clusters.golden_account_id, records.source_name, records.source_object
        ) AS same_company_in_source,
        min(records.source_record_key) OVER (
            PARTITION BY clusters.golden_account_id, records.source_name, records.source_object
        ) = records.source_record_key AS is_first_of_company_in_source
    FROM standardised_accounts AS records
    INNER JOIN account_clusters AS clusters
        ON records.source_record_key = clusters.source_record_key
    WHERE NOT coalesce(records.is_deleted, false)
)

SELECT
    records.*,
    records.source_record_key AS record_key,
    CASE
        WHEN records.source_type = 'spreadsheet' THEN records._source_file
        ELSE 'no lead source'
    END AS entry_point,
    companies.golden_account_id,
    companies.same_company_in_source,
    companies.is_first_of_company_in_source,
    companies.golden_account_id AS money_key,
    coalesce(money.pipeline, 0) AS pipeline,
    coalesce(money.revenue, 0) AS revenue
FROM standardised_accounts AS records
INNER JOIN companies ON records.source_record_key = companies.source_record_key
LEFT JOIN account_money AS money ON companies.golden_account_id = money.golden_account_id
WHERE NOT coalesce(records.is_deleted, false)
