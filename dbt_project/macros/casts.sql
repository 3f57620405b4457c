{#-
    Casts that never fail: text that cannot be read becomes null and is reported by
    `cast_failures`. Arguments are names or expressions of text columns.
-#}

{#- Instant in UTC: ISO 8601 with any offset, 'YYYY-MM-DD HH:MM[:SS]', or epoch milliseconds. -#}
{% macro cast_instant(column) -%}
    coalesce(
        cast(try_cast({{ column }} as timestamptz) at time zone 'UTC' as timestamp),
        case
            when regexp_full_match(trim({{ column }}), '[0-9]{12,14}')
                then make_timestamp_ms(cast(trim({{ column }}) as bigint))
        end
    )
{%- endmacro %}

{#- Calendar day of an ISO date, an ISO instant (its UTC day) or epoch milliseconds. -#}
{% macro cast_date(column) -%}
    cast({{ cast_instant(column) }} as date)
{%- endmacro %}

{#- Yes and no in the words of the vocabulary `boolean`; anything else is null. -#}
{% macro cast_boolean(column) -%}
    case
        {#- Nearly all take the short way. #}
        when {{ column }} = 'true' then true
        when {{ column }} = 'false' then false
        when lower(trim({{ column }})) in ({{ quoted_words('true_words') }}) then true
        when lower(trim({{ column }})) in ({{ quoted_words('false_words') }}) then false
    end
{%- endmacro %}

{#- Words of a variable as a list of SQL literals. -#}
{% macro quoted_words(name) -%}
    {%- for word in var(name) -%}
        '{{ word | string | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro cast_integer(column, decimal_separator='null') -%}
    cast({{ cast_amount(column, decimal_separator) }} as bigint)
{%- endmacro %}

{#-
    Decimal number out of '1234.5', '1,234.50', '1.234,50', "1'234.50", 'EUR 1 234,50', '$5',
    '(12.00)', '12-' or '1.5E3'. `decimal_separator` is an expression ('.' or ','); null means
    unknown, and then '1,234' is a thousand and '1.234' is not. Groups must have three digits, and
    letters must be a currency ('5k' and '1,5 Mio' are not 5 and 1.5): what fits no reading is null.
    Plain numbers, nearly all of them, take the short way: the patterns cost twenty times as much.
-#}
{% macro cast_amount(column, decimal_separator='null', scale=2) -%}
    {%- set bare -%}
    regexp_replace({{ column }}, '[^0-9.,()-]', '', 'g')
    {%- endset -%}
    {%- set signed -%}
    regexp_replace(regexp_replace({{ bare }}, '^\(([0-9.,]+)\)$', '-\1'), '^([0-9.,]+)-$', '-\1')
    {%- endset -%}
    coalesce(
        {%- if decimal_separator == 'null' %}
        try_cast({{ column }} as decimal(18, {{ scale }})),
        {%- else %}
        case when {{ decimal_separator }} is distinct from ',' then try_cast({{ column }} as decimal(18, {{ scale }})) end,
        {%- endif %}
        cast(try_cast(
        case
            when regexp_full_match(trim({{ column }}), '-?[0-9]+([.][0-9]+)?[eE][+-]?[0-9]+')
                then cast(try_cast({{ column }} as decimal(38, 6)) as varchar)
            when not regexp_full_match(
                {{ column }},
                '[^0-9A-Za-z]*([A-Z]{2,3}|[Kk]r|S?Fr)?[^0-9A-Za-z]*[0-9]([^A-Za-z]*[0-9])?[^0-9A-Za-z]*([A-Z]{3}|[Kk]r|S?Fr)?[^0-9A-Za-z]*'
            ) or regexp_matches({{ column }}, '(MIO|MLN|MRD|TSD)')
                then null
            when regexp_full_match({{ signed }}, '-?[0-9]+')
                then {{ signed }}
            when {{ decimal_separator }} = ','
                and regexp_full_match({{ signed }}, '-?([0-9]{1,3}([.][0-9]{3})+|[0-9]+)(,[0-9]+)?')
                then replace(replace({{ signed }}, '.', ''), ',', '.')
            when {{ decimal_separator }} = ',' and regexp_full_match({{ signed }}, '-?[0-9]+[.][0-9]+')
                then {{ signed }}
            when coalesce({{ decimal_separator }}, '.') <> ','
                and regexp_full_match({{ signed }}, '-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]+)?')
                then replace({{ signed }}, ',', '')
            when {{ decimal_separator }} is null
                and regexp_full_match({{ signed }}, '-?([0-9]{1,3}([.][0-9]{3})+|[0-9]+),[0-9]+')
                then replace(replace({{ signed }}, '.', ''), ',', '.')
        end as decimal(38, 6)
        ) as decimal(18, {{ scale }}))
    )
{%- endmacro %}

{#-
    Day out of a spreadsheet cell: ISO (typed cells land so), Excel serial (20000 to 79999), or text
    in the declared order ('dmy', 'mdy', 'ymd'). Without a declared order a day is read only where
    both orders agree or one of them is impossible.
-#}
{% macro cast_sheet_date(column, date_order='null') -%}
    {%- set head -%}
    regexp_replace(trim({{ column }}), '[ T]+[0-9]{1,2}:[0-9]{2}.*$', '')
    {%- endset -%}
    {%- set dmy -%}
    {{ strptime_day(head, '%d', '%m') }}
    {%- endset -%}
    {%- set mdy -%}
    {{ strptime_day(head, '%m', '%d') }}
    {%- endset -%}
    case
        when regexp_full_match(trim({{ column }}), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T].*)?')
            then cast(try_cast({{ column }} as timestamp) as date)
        when regexp_full_match(trim({{ column }}), '[2-7][0-9]{4}([.]0+)?')
            then date '1899-12-30' + cast(cast(trim({{ column }}) as double) as integer)
        when regexp_full_match({{ head }}, '[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}')
            then cast(try_strptime(replace(replace({{ head }}, '/', '-'), '.', '-'), '%Y-%m-%d') as date)
        when regexp_matches({{ head }}, '[A-Za-z]')
            then cast(
                try_strptime({{ head }}, ['%d %b %Y', '%d-%b-%Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y', '%d-%b-%y'])
                as date
            )
        when {{ date_order }} = 'dmy' then {{ dmy }}
        when {{ date_order }} = 'mdy' then {{ mdy }}
        when {{ date_order }} is null and ({{ dmy }} = {{ mdy }} or {{ mdy }} is null) then {{ dmy }}
        when {{ date_order }} is null and {{ dmy }} is null then {{ mdy }}
    end
{%- endmacro %}

{#- Numeric day with '.', '/' or '-' between its parts, year last, four digits or two. -#}
{% macro strptime_day(text, first, second) -%}
    {%- set dashed -%}
    replace(replace({{ text }}, '/', '-'), '.', '-')
    {%- endset -%}
    cast(case
        when regexp_full_match({{ dashed }}, '[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}')
            then try_strptime({{ dashed }}, '{{ first }}-{{ second }}-%Y')
        when regexp_full_match({{ dashed }}, '[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}')
            then try_strptime({{ dashed }}, '{{ first }}-{{ second }}-%y')
    end as date)
{%- endmacro %}

{#-
    List of the source columns whose text could not be read. `casts` pairs the name of a column of
    the CTE `latest` with the expression that casts it. Names only, never values.
-#}
{% macro cast_failures(casts) -%}
    list_filter([
        {%- for name, expression in casts %}
        case when latest.{{ name }} is not null and {{ expression }} is null then '{{ name }}' end
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    ], lambda failed : failed is not null)
{%- endmacro %}

{#- Instant out of a spreadsheet cell; a plain day becomes its midnight. -#}
{% macro cast_sheet_instant(column, date_order='null') -%}
    case
        when regexp_full_match(trim({{ column }}), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T].*')
            then cast(try_cast({{ column }} as timestamptz) at time zone 'UTC' as timestamp)
        else cast({{ cast_sheet_date(column, date_order) }} as timestamp)
    end
{%- endmacro %}

{#-
    Probability in percent out of a share (0.2), a percentage (20) or text ('20%'). Values up to 1
    are shares: no stage of a sales pipeline is one percent likely.
-#}
{% macro cast_probability_pct(column) -%}
    case
        when {{ cast_amount(column, scale=4) }} <= 1 and not contains({{ column }}, '%')
            then cast(100 * {{ cast_amount(column, scale=4) }} as decimal(18, 4))
        else {{ cast_amount(column, scale=4) }}
    end
{%- endmacro %}
