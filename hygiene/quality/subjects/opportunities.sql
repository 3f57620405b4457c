-- Grain: one deal of one CRM or sheet that its source has not deleted.
SELECT
    records.*,
    records.source_record_key AS record_key,
    owners.user_name AS owner_name,
    coalesce(nullif(trim(records.lead_source), ''), 'no lead source') AS entry_point,
    deals.opportunity_id,
    deals.amount_reporting,
    deals.golden_account_id,
    golden.country_code AS account_country_code,
    accounts.source_record_key IS NOT NULL AS is_account_known,
    coalesce(accounts.is_deleted, false)
        AND accounts.merged_into_key IS NULL AS is_account_deleted,
    CASE WHEN records.status = 'open' THEN as_of_date() - records.close_date END
        AS days_past_close_date,
    CASE
        WHEN records.status = 'open'
            THEN as_of_date() - coalesce(records.modified_at, records.created_at)::date
    END AS days_since_change,
    coalesce(deals.opportunity_id, records.source_record_key) AS money_key,
    CASE WHEN records.status = 'open' THEN coalesce(deals.amount_reporting, 0) ELSE 0 END
        AS pipeline,
    CASE WHEN records.status = 'won' THEN coalesce(deals.amount_reporting, 0) ELSE 0 END
        AS revenue
FROM opportunities_unioned AS records
LEFT JOIN bridge_opportunity_source_records AS bridge
    ON records.source_record_key = bridge.source_record_key
LEFT JOIN fct_opportunities AS deals ON bridge.opportunity_id = deals.opportunity_id
LEFT JOIN users_unioned AS owners
    ON records.owner_source_record_key = owners.source_record_key
LEFT JOIN standardised_accounts AS accounts
    ON records.account_source_record_key = accounts.source_record_key
LEFT JOIN dim_accounts AS golden ON deals.golden_account_id = golden.golden_account_id
WHERE NOT coalesce(records.is_deleted, false)
