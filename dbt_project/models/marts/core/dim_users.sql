-- Grain: one user or named owner of one source.
with

users as (
    select * from {{ ref('int_users_unioned') }}
),

final as (
    select
        {{ surrogate_key('us', 'users.source_record_key') }} as user_id,
        case when managers.source_record_key is not null then {{ surrogate_key('us', 'managers.source_record_key') }} end
            as manager_user_id,
        {{ surrogate_key('us', 'users.person_source_record_key') }} as person_id,
        users.source_record_key,
        users.source_name,
        users.source_type,
        users.user_name,
        users.email,
        users.job_title,
        users.department,
        users.person_match_method,
        users.is_active,
        users.created_at
    from users
    left join users as managers
        on users.manager_source_record_key = managers.source_record_key
)

select * from final
