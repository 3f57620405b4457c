{#- Seniority by job title: 2 executives, directors and owners, 1 managers and leads, else 0. -#}
{% macro seniority_rank(job_title) -%}
    case
        when regexp_matches(
            lower({{ job_title }}),
            '(\bc[efmtio]o\b|chief|\bvp\b|vice president|head of|director|founder|owner|partner|president|gesch.ftsf.hr|leiter|directeur|director[a]?)'
        ) then 2
        when regexp_matches(lower({{ job_title }}), '(manager|lead|senior|principal|responsable)') then 1
        else 0
    end
{%- endmacro %}
