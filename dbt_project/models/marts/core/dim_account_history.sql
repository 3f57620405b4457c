-- Grain: one version of one golden account, valid from a day to the day before another.
{{ history_as_of(ref('int_account_versions'), 'golden_account_id', account_history_columns(), 'av') }}
