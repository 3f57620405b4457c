{#- 1 + floor(5 x percent_rank), 5 at most: equal values share a score, whatever the order of rows. -#}
{% macro rank_score(value, partition) -%}
    cast(least(5, 1 + floor(5 * percent_rank() over (partition by {{ partition }} order by {{ value }}))) as bigint)
{%- endmacro %}

{#-
    Named segment of a recency score and the mean of frequency and monetary score: first match wins. The
    same bounds as hygiene.metrics.rfm, which a test compares over every combination.
-#}
{% macro rfm_segment(recency, worth) -%}
    case
        when {{ recency }} >= 4 and {{ worth }} >= 4 then 'champions'
        when {{ recency }} >= 3 and {{ worth }} >= 3 then 'loyal'
        when {{ recency }} = 5 and {{ worth }} <= 2 then 'new'
        when {{ recency }} = 4 and {{ worth }} <= 2 then 'promising'
        when {{ recency }} >= 4 then 'potential_loyalists'
        when {{ recency }} = 3 and {{ worth }} >= 2 then 'needs_attention'
        when {{ recency }} = 3 then 'about_to_sleep'
        when {{ recency }} = 1 and {{ worth }} >= 4 then 'cannot_lose'
        when {{ worth }} >= 3 then 'at_risk'
        when {{ recency }} = 1 and {{ worth }} < 2 then 'lost'
        else 'hibernating'
    end
{%- endmacro %}
