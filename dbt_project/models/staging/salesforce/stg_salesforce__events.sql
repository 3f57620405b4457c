-- Grain: one Salesforce event record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__events'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('event') }},
        {{ salesforce_id_18('latest.whoid') }} as who_id,
        {{ salesforce_id_18('latest.whatid') }} as what_id,
        {{ salesforce_id_18('latest.accountid') }} as account_id,
        latest.subject,
        coalesce(latest.eventsubtype, latest.type) as event_type,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ cast_date('latest.activitydate') }} as activity_date,
        coalesce({{ cast_instant('latest.startdatetime') }}, {{ cast_instant('latest.activitydatetime') }}) as started_at,
        {{ cast_instant('latest.enddatetime') }} as ended_at,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('event', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('activitydate', cast_date('latest.activitydate')),
            ('startdatetime', cast_instant('latest.startdatetime')),
            ('activitydatetime', cast_instant('latest.activitydatetime')),
            ('enddatetime', cast_instant('latest.enddatetime')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
