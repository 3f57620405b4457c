-- Grain: one version of one golden account over all runs. State: it cannot be computed again.
{{ config(post_hook="{{ keep_history('golden_accounts') }}") }}

{{ golden_history(ref('stg_hygiene__golden_accounts'), 'golden_account_id', account_history_columns(), 'golden_accounts') }}
