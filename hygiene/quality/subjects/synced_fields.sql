-- Grain: one field of one pair of records that an integration keeps in step, where both
-- sides hold a value. Compared in canonical form, so that layout is no difference.
WITH contact_pairs AS (
    SELECT
        first.source_record_key AS record_key,
        first.source_name || ' / ' || second.source_name AS source_name,
        'contacts' AS source_object,
        first.owner_name,
        unnest([
            {'f': 'email', 'a': first.email_std, 'b': second.email_std},
            {'f': 'name', 'a': lower(first.full_name_std), 'b': lower(second.full_name_std)},
            {'f': 'phone', 'a': first.phone_e164, 'b': second.phone_e164},
            {'f': 'country', 'a': first.country_code, 'b': second.country_code},
            {'f': 'owner', 'a': lower(trim(first.owner_name)), 'b': lower(trim(second.owner_name))}
        ]) AS pair,
        clusters.golden_contact_id AS golden_contact_id
    FROM contact_links AS links
    INNER JOIN standardised_contacts AS first
        ON links.source_record_key_l = first.source_record_key
    INNER JOIN standardised_contacts AS second
        ON links.source_record_key_r = second.source_record_key
    LEFT JOIN contact_clusters AS clusters
        ON first.source_record_key = clusters.source_record_key
    WHERE links.evidence = 'sync_id'
        AND NOT coalesce(first.is_deleted, false)
        AND NOT coalesce(second.is_deleted, false)
),

account_pairs AS (
    SELECT
        first.source_record_key AS record_key,
        first.source_name || ' / ' || second.source_name AS source_name,
        'accounts' AS source_object,
        first.owner_name,
        unnest([
            {'f': 'name', 'a': first.account_name_match, 'b': second.account_name_match},
            {'f': 'domain', 'a': first.domain_std, 'b': second.domain_std},
            {'f': 'country', 'a': first.country_code, 'b': second.country_code},
            {'f': 'owner', 'a': lower(trim(first.owner_name)), 'b': lower(trim(second.owner_name))}
        ]) AS pair,
        clusters.golden_account_id
    FROM account_links AS links
    INNER JOIN standardised_accounts AS first
        ON links.source_record_key_l = first.source_record_key
    INNER JOIN standardised_accounts AS second
        ON links.source_record_key_r = second.source_record_key
    LEFT JOIN account_clusters AS clusters
        ON first.source_record_key = clusters.source_record_key
    WHERE links.evidence = 'sync_id'
        AND NOT coalesce(first.is_deleted, false)
        AND NOT coalesce(second.is_deleted, false)
),

deal_pairs AS (
    SELECT
        deals.source_record_key AS record_key,
        deals.source_name || ' / ' || opportunities.source_name AS source_name,
        'opportunities' AS source_object,
        owners.user_name AS owner_name,
        unnest([
            {'f': 'amount', 'a': deals.amount::varchar, 'b': opportunities.amount::varchar},
            {'f': 'status', 'a': deals.status, 'b': opportunities.status},
            {'f': 'close_date', 'a': deals.close_date::varchar, 'b': opportunities.close_date::varchar},
            {'f': 'currency', 'a': deals.currency_code, 'b': opportunities.currency_code}
        ]) AS pair,
        bridge.opportunity_id
    FROM opportunities_unioned AS deals
    INNER JOIN opportunities_unioned AS opportunities
        ON deals.synced_salesforce_opportunity_id = opportunities.source_record_id
        AND opportunities.source_type = 'salesforce'
    LEFT JOIN bridge_opportunity_source_records AS bridge
        ON deals.source_record_key = bridge.source_record_key
    LEFT JOIN users_unioned AS owners
        ON deals.owner_source_record_key = owners.source_record_key
    WHERE NOT coalesce(deals.is_deleted, false)
        AND NOT coalesce(opportunities.is_deleted, false)
)

SELECT
    pairs.record_key,
    pairs.source_name,
    pairs.source_object,
    pairs.owner_name,
    'integration' AS entry_point,
    pairs.pair.f AS field_name,
    pairs.pair.a = pairs.pair.b AS is_same,
    pairs.money_key,
    coalesce(money.pipeline, deals.pipeline, 0) AS pipeline,
    coalesce(money.revenue, 0) AS revenue
FROM (
    SELECT
        contact_pairs.* EXCLUDE (golden_contact_id),
        coalesce(golden.golden_account_id, contact_pairs.golden_contact_id) AS money_key
    FROM contact_pairs
    LEFT JOIN dim_contacts AS golden
        ON contact_pairs.golden_contact_id = golden.golden_contact_id
    UNION ALL BY NAME
    SELECT * EXCLUDE (golden_account_id), golden_account_id AS money_key FROM account_pairs
    UNION ALL BY NAME
    SELECT * EXCLUDE (opportunity_id), opportunity_id AS money_key FROM deal_pairs
) AS pairs
LEFT JOIN account_money AS money ON pairs.money_key = money.golden_account_id
LEFT JOIN (
    SELECT
        opportunity_id,
        CASE WHEN status = 'open' THEN coalesce(amount_reporting, 0) ELSE 0 END AS pipeline
    FROM fct_opportunities
) AS deals ON pairs.money_key = deals.opportunity_id
WHERE pairs.pair.a IS NOT NULL AND pairs.pair.b IS NOT NULL
