-- Grain: one golden contact without an account whose surname and address are known.
-- People of a company share its address without being a family, so only who stands for himself has a household.
with

people as (
    select
        golden_contact_id,
        first_created_at,
        lower(strip_accents(family_name)) as surname,
        nullif(trim(regexp_replace(lower(strip_accents(street)), '[^\pL\pN]+', ' ', 'g')), '') as street_words,
        coalesce(nullif(lower(replace(postal_code, ' ', '')), ''), lower(strip_accents(city))) as place,
        coalesce(country_code, '') as country_code
    from {{ ref('dim_contacts') }}
    where
        golden_account_id is null
        and not is_deleted
        and not is_test_record
),

-- Named after the member known longest, so that it stays when others come and go.
households as (
    select
        surname,
        street_words,
        place,
        country_code,
        arg_min(
            golden_contact_id,
            {'first_created_at': coalesce(first_created_at, timestamp '9999-12-31'), 'golden_contact_id': golden_contact_id}
        ) as head_golden_contact_id,
        count(*) as household_size
    from people
    where surname is not null and street_words is not null and place is not null
    group by 1, 2, 3, 4
),

final as (
    select
        people.golden_contact_id,
        {{ surrogate_key('hh', 'households.head_golden_contact_id') }} as household_id,
        households.household_size
    from people
    inner join households
        on
            people.surname = households.surname
            and people.street_words = households.street_words
            and people.place = households.place
            and people.country_code = households.country_code
)

select * from final
