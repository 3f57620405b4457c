{#-
    One status logic for both CRMs and for sheets: open, won or lost. A flag of the source outranks
    the stage name, the name outranks the probability (100 is won and 0 is lost by definition in
    HubSpot and by Salesforce's default stages, but only a closed stage carries either).
-#}
{% macro opportunity_status(is_won, is_closed, stage_name, probability_pct='null') -%}
    case
        when {{ is_won }} then 'won'
        when {{ is_closed }} then 'lost'
        when {{ is_closed }} is not null then 'open'
        when {{ is_won }} is null and regexp_matches(lower({{ stage_name }}), '{{ var("won_stage_pattern") }}')
            then 'won'
        when regexp_matches(lower({{ stage_name }}), '{{ var("lost_stage_pattern") }}') then 'lost'
        when {{ is_won }} is null and {{ probability_pct }} = 100 then 'won'
        when {{ probability_pct }} = 0 then 'lost'
        else 'open'
    end
{%- endmacro %}

{#-
    ISO code of a currency by the vocabulary's words ('€', 'euro', 'Kč'); what it does not list stays as
    it is, finds no exchange rate and is reported. A record without one is in the reporting currency.
-#}
{% macro currency_code(column) -%}
    case when {{ column }} in ('EUR', 'USD', 'GBP') then {{ column }} else coalesce(
        map { {%- for word, code in var('currency_words').items() -%}
            '{{ word | replace("'", "''") }}': '{{ code | replace("'", "''") }}'{{ ', ' if not loop.last }}
        {%- endfor -%} }[lower(trim({{ column }}))],
        nullif(upper(trim({{ column }})), ''),
        '{{ var("reporting_currency") }}'
    ) end
{%- endmacro %}

{#- Key of an owner who is known by id (API) or only by name (file exports, sheets). -#}
{% macro owner_key(source_name, owner_id, owner_name) -%}
    coalesce(
        {{ source_record_key('owners', owner_id, source_name) }},
        {{ source_record_key('owners', "md5(lower(trim(" ~ owner_name ~ ")))", source_name) }}
    )
{%- endmacro %}

{#-
    Amount times a percentage, to the cent. In decimals throughout: dividing a decimal by a number makes a
    double in DuckDB, and half a cent would then be rounded up in one table and down in another.
-#}
{% macro percentage_of(amount, percentage) -%}
    cast(round(cast({{ amount }} as decimal(18, 2)) * cast({{ percentage }} as decimal(14, 4)) * 0.01, 2) as decimal(18, 2))
{%- endmacro %}
