-- Grain: one person (golden contact) with the owners that the records name.
WITH owners AS (
    SELECT
        clusters.golden_contact_id,
        count(DISTINCT lower(trim(records.owner_name))) FILTER (
            WHERE nullif(trim(records.owner_name), '') IS NOT NULL
        ) AS owner_count,
        min(nullif(trim(records.owner_name), '')) AS owner_name,
        count(*) AS record_count
    FROM standardised_contacts AS records
    INNER JOIN contact_clusters AS clusters
        ON records.source_record_key = clusters.source_record_key
    WHERE NOT coalesce(records.is_deleted, false)
    GROUP BY clusters.golden_contact_id
)

SELECT
    golden.*  EXCLUDE (owner_name),
    golden.golden_contact_id AS record_key,
    'all sources' AS source_name,
    'people' AS source_object,
    coalesce(golden.owner_name, owners.owner_name) AS owner_name,
    coalesce(nullif(trim(golden.lead_source), ''), 'no lead source') AS entry_point,
    owners.owner_count,
    owners.record_count,
    coalesce(golden.golden_account_id, golden.golden_contact_id) AS money_key,
    coalesce(money.pipeline, 0) AS pipeline,
    coalesce(money.revenue, 0) AS revenue
FROM dim_contacts AS golden
INNER JOIN owners ON golden.golden_contact_id = owners.golden_contact_id
LEFT JOIN account_money AS money ON golden.golden_account_id = money.golden_account_id
WHERE NOT coalesce(golden.is_deleted, false)
