-- Grain: one deal record of one source, with the opportunity it is a record of.
with

opportunities as (
    select * from {{ ref('int_opportunities_deduplicated') }}
),

final as (
    select
        source_record_key,
        opportunity_id,
        source_name,
        source_type,
        source_object,
        source_record_id,
        matched_source_record_key,
        match_method,
        status,
        currency_code,
        amount,
        cast(source_record_count as bigint) as source_record_count,
        is_primary,
        is_deleted,
        close_date
    from opportunities
)

select * from final
