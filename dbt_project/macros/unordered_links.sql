{#-
    CTE `links` out of CTEs of (first_key, second_key, evidence, evidence_at): both records exist,
    each unordered pair once. Where several kinds of evidence name one pair, the merge is kept before
    the sync id before the conversion before what tells two records apart, and a suspicion comes last.
-#}
{% macro unordered_links(evidence_ctes, records_cte) -%}
evidence_unioned as (
    {%- for name in evidence_ctes %}
    select first_key, second_key, evidence, evidence_at from {{ name }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

pairs as (
    select
        least(evidence_unioned.first_key, evidence_unioned.second_key) as source_record_key_l,
        greatest(evidence_unioned.first_key, evidence_unioned.second_key) as source_record_key_r,
        evidence_unioned.evidence,
        evidence_unioned.evidence_at
    from evidence_unioned
    inner join {{ records_cte }} as first_records
        on evidence_unioned.first_key = first_records.source_record_key
    inner join {{ records_cte }} as second_records
        on evidence_unioned.second_key = second_records.source_record_key
    where evidence_unioned.first_key <> evidence_unioned.second_key
),

links as (
    select
        source_record_key_l,
        source_record_key_r,
        evidence,
        evidence_at
    from pairs
    qualify row_number() over (
        partition by source_record_key_l, source_record_key_r
        order by
            case evidence
                when 'crm_merge' then 1
                when 'sync_id' then 2
                when 'lead_conversion' then 3
                when 'other_user' then 4
                else 5
            end,
            evidence_at nulls last
    ) = 1
)
{%- endmacro %}
