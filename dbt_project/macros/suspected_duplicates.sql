{#-
    CTE `suspected_duplicates`: pairs of live records that a duplicate rule of the org put into one set. A set
    of up to 20 records gives all its pairs; a larger one ties each record to the next, because a rule that finds
    hundreds alike says little about any two of them.
-#}
{% macro suspected_duplicates(records_cte) -%}
records_in_sets as (
    select
        duplicate_items.source_name,
        duplicate_items.duplicate_record_set_id,
        {{ records_cte }}.source_record_key,
        max(duplicate_items.modified_at) as modified_at
    from {{ ref('stg_salesforce__duplicate_record_items') }} as duplicate_items
    inner join {{ records_cte }}
        on duplicate_items.source_name = {{ records_cte }}.source_name
        and duplicate_items.record_id = {{ records_cte }}.source_record_id
    where
        not duplicate_items.is_deleted
        and not {{ records_cte }}.is_deleted
        and {{ records_cte }}.source_type = 'salesforce'
    group by 1, 2, 3
),

sets_in_order as (
    select
        source_name,
        duplicate_record_set_id,
        source_record_key,
        modified_at,
        row_number() over (
            partition by source_name, duplicate_record_set_id order by source_record_key
        ) as place,
        count(*) over (partition by source_name, duplicate_record_set_id) as members
    from records_in_sets
),

suspected_duplicates as (
    select
        one.source_record_key as first_key,
        other.source_record_key as second_key,
        'crm_duplicate' as evidence,
        greatest(one.modified_at, other.modified_at) as evidence_at
    from sets_in_order as one
    inner join sets_in_order as other
        on one.source_name = other.source_name
        and one.duplicate_record_set_id = other.duplicate_record_set_id
        and one.place < other.place
    where one.members <= 20 or other.place = one.place + 1
)
{%- endmacro %}
