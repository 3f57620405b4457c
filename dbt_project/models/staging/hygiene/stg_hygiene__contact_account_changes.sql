-- Grain: one known change of the account that a contact record names.
with

changes as (
    select * from {{ source('hygiene', 'contact_account_changes') }}
),

typed as (
    select
        {{ surrogate_key('cx', "concat_ws('|', source_record_key, cast(changed_at as varchar), evidence, account_source_record_key)") }}
            as contact_account_change_key,
        cast(source_record_key as varchar) as source_record_key,
        cast(previous_account_source_record_key as varchar) as previous_account_source_record_key,
        cast(account_source_record_key as varchar) as account_source_record_key,
        cast(evidence as varchar) as evidence,
        cast(changed_at as timestamp) as changed_at
    from changes
)

select * from typed
