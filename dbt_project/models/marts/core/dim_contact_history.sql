-- Grain: one version of one golden contact, valid from a day to the day before another.
{{ history_as_of(ref('int_contact_versions'), 'golden_contact_id', contact_history_columns(), 'cv') }}
