-- Grain: one version of one golden contact over all runs. State: it cannot be computed again.
{{ config(post_hook="{{ keep_history('golden_contacts') }}") }}

{% set golden_with_account -%}
    (
        select
            golden_contacts.* exclude (email_opt_out, do_not_call),
            golden_contacts.email_opt_out as has_email_opt_out,
            golden_contacts.do_not_call as has_do_not_call,
            contact_accounts.golden_account_id
        from {{ ref('stg_hygiene__golden_contacts') }} as golden_contacts
        left join {{ ref('int_contact_accounts_resolved') }} as contact_accounts
            on golden_contacts.golden_contact_id = contact_accounts.golden_contact_id
    )
{%- endset %}
{{ golden_history(golden_with_account, 'golden_contact_id', contact_history_columns(), 'golden_contacts') }}
