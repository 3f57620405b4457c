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
),

-- A person counts by first letter and family name, so that a nickname is no second one;
-- colleagues have the number of their switchboard, and count as one there.
named AS (
    SELECT
        source_record_key,
        CASE WHEN NOT coalesce(is_role_email, false) THEN email_match END AS mailbox,
        phone_e164,
        mobile_phone_e164,
        substr(given_name_group, 1, 1) || family_name_match AS person,
        coalesce(domain_std, company_name_match, person) AS colleagues
    FROM standardised_contacts
    WHERE NOT coalesce(is_deleted, false) AND NOT coalesce(is_test_record, false)
),

identifiers AS (
    SELECT
        source_record_key,
        mailbox AS identifier,
        person
    FROM named
    UNION ALL
    SELECT
        source_record_key,
        unnest([phone_e164, mobile_phone_e164]) AS identifier,
        colleagues AS person
    FROM named
),

shared AS (
    SELECT
        identifier,
        count(DISTINCT person) AS people
    FROM identifiers
    WHERE identifier IS NOT NULL
    GROUP BY identifier
    HAVING count(DISTINCT person) > 1
),

crowded AS (
    SELECT
        identifiers.source_record_key,
        max(shared.people) AS people
    FROM identifiers
    INNER JOIN shared ON identifiers.identifier = shared.identifier
    GROUP BY identifiers.source_record_key
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
    coalesce(crowded.people, 1) AS people_per_identifier,
    golden.golden_account_id,
    accounts.domain_std AS account_domain,
    coalesce(accounts.is_deleted, false) AS is_account_deleted,
    coalesce(golden.golden_account_id, people.golden_contact_id) AS money_key,
    coalesce(money.pipeline, 0) AS pipeline,
    coalesce(money.revenue, 0) AS revenue
FROM standardised_contacts AS records
INNER JOIN people ON records.source_record_key = people.source_record_key
LEFT JOIN crowded ON records.source_record_key = crowded.source_record_key
LEFT JOIN dim_contacts AS golden ON people.golden_contact_id = golden.golden_contact_id
LEFT JOIN standardised_accounts AS accounts
    ON records.account_source_record_key = accounts.source_record_key
LEFT JOIN account_money AS money ON golden.golden_account_id = money.golden_account_id
WHERE NOT coalesce(records.is_deleted, false)
