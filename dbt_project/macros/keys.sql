{#- Text key of a source record: '<source_name>:<object>:<id>'; null when the id is null. -#}
{% macro source_record_key(object, id, source_name='_source_name') -%}
    ({{ source_name }} || ':{{ object }}:' || {{ id }})
{%- endmacro %}

{#- Surrogate key: a short prefix and 20 hexadecimal digits of the natural key's SHA-256. -#}
{% macro surrogate_key(prefix, expression) -%}
    ('{{ prefix }}_' || substr(sha256({{ expression }}), 1, 20))
{%- endmacro %}

{#-
    18-character form of a Salesforce id. Reports export the 15-character form, which is
    case-sensitive; the three characters appended encode which letters are upper case.
-#}
{% macro salesforce_id_18(id) -%}
    case
        when regexp_full_match({{ id }}, '[a-zA-Z0-9]{15}')
            then {{ id }}
                {%- for start in [1, 6, 11] %}
                || substr(
                    'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
                    1
                    {%- for position in range(5) %}
                    + case when substr({{ id }}, {{ start + position }}, 1) between 'A' and 'Z' then {{ 2 ** position }} else 0 end
                    {%- endfor %},
                    1
                )
                {%- endfor %}
        else {{ id }}
    end
{%- endmacro %}

{#- Source id of a person or organisation that only exists as a name on an order or invoice. -#}
{% macro buyer_id(email, full_name, company) -%}
    case
        when nullif(trim({{ email }}), '') is not null then md5(lower(trim({{ email }})))
        when nullif(trim({{ full_name }}), '') is not null
            then md5(lower(trim({{ full_name }})) || '|' || lower(trim(coalesce({{ company }}, ''))))
    end
{%- endmacro %}

{% macro buyer_company_id(company, domain) -%}
    case
        when nullif(trim({{ company }}), '') is not null
            then md5(lower(trim({{ company }})) || '|' || lower(trim(coalesce({{ domain }}, ''))))
    end
{%- endmacro %}

{#- Items of a ';'-separated list of ids, trimmed, without blanks. -#}
{% macro split_ids(column) -%}
    list_filter(
        list_transform(string_split({{ column }}, ';'), lambda item : trim(item)),
        lambda item : item <> ''
    )
{%- endmacro %}
