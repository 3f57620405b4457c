-- Grain: one contact, lead or buyer record that its source has not deleted.
WITH people AS (
    SELECT
        records.source_record_key,
        clusters.golden_contact_id,
        count(*) OVER (
            PARTITION BY clusters.golden_contact_id, records.source_name, records.source_object
        ) AS same_person_in_source,
        min(records.source_record_key) OVER (
            PARTITION BY clusters.golden_contact_id, records.source_name, records.source_object
        ) = records.source_record_key AS is_first_of_person_in_source
    FROM standardised_contacts AS records
    INNER JOIN contact_clusters AS clusters
        ON records.source_record_key = clusters.source_record_key
    WHERE NOT coalesce(records.is_deleted, false)
)

SELECT
    records.*,
    records.source_record_key AS record_key,
    coalesce(
        nullif(trim(records.lead_source), ''),
        CASE
            WHEN records.source_type = 'spreadsheet' THEN records._source_file
            ELSE 'no lead source'
        END
    ) AS entry_point,
    people.golden_contact_id,
    people.same_person_in_source,
    people.is_first_of_person_in_source,
    golden.golden_account_id,
    accounts.domain_std AS account_domain,
    coalesce(accounts.is_deleted, false) AS is_account_deleted,
    coalesce(golden.golden_account_id, people.golden_contact_id) AS money_key,
    coalesce(money.pipeline, 0) AS pipeline,
    coalesce(money.revenue, 0) AS revenue
FROM standardised_contacts AS records
INNER JOIN people ON records.source_record_key = people.source_record_key
LEFT JOIN dim_contacts AS golden ON people.golden_contact_id = golden.golden_contact_id
LEFT JOIN standardised_accounts AS accounts
    ON records.account_source_record_key = accounts.source_record_key
LEFT JOIN account_money AS money ON golden.golden_account_id = money.golden_account_id
WHERE NOT coalesce(records.is_deleted, false)
