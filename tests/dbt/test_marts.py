"""The numbers of the marts on the scenario, each beside the rule it proves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.dbt.conftest import Warehouse

pytestmark = pytest.mark.dbt

SCENARIO = "source_name <> 'playbook'"


def test_revenue_of_each_customer_is_the_money_that_counts(
    warehouse: Warehouse,
) -> None:
    revenue = warehouse.query(
        "select customer_id, historic_revenue_reporting from marts.customer_ltv "
        "where customer_id not like '%playbook%' and customer_id not in "
        "(select golden_account_id from marts.bridge_account_source_records "
        "where source_name = 'playbook') order by 1"
    )
    assert dict(revenue.iter_rows()) == {
        "ga_acme": Decimal("1134.50"),  # order less refund; its won deal is a booking
        "ga_beta": Decimal("7200.00"),  # 5,000 and twice 2,000 dollars at 0.8
        "ga_delta": Decimal("2000.00"),  # eight months of 100 and one year of 1,200
        "ga_epsilon": Decimal("80.00"),  # 119 less 19 tax less a credit note of 20
        "ga_gamma": Decimal("1200.00"),  # won deal, nothing billed
        "ga_test": Decimal("0.00"),  # a test record buys nothing
        "gc_carl": Decimal("50.00"),  # a person without a company
        "unknown": Decimal("20.00"),  # nobody is named on the order
    }


def test_every_excluded_event_says_why(warehouse: Warehouse) -> None:
    excluded = warehouse.query(
        "select source_record_key, exclusion_reason from marts.fct_revenue_events "
        f"where not is_counted and {SCENARIO}"
    )
    assert dict(excluded.iter_rows()) == {
        "hubspot:deals:101": "duplicate_deal",
        "hubspot:deals:102": "duplicate_deal",
        "salesforce:opportunity:006A": "superseded_by_billing",
        "salesforce:opportunity:006D": "test_record",
        "salesforce:opportunity:006E": "deleted",
        "salesforce:opportunity:006G": "missing_fx_rate",
        "salesforce:opportunity:006H": "after_as_of_date",
        "shop:orders:o4": "void",
        "shop:orders:o6": "missing_date",
    }


def test_money_in_is_money_out_to_the_cent(warehouse: Warehouse) -> None:
    totals = warehouse.query(
        "select sum(abs(amount_difference)), sum(abs(events_difference)), "
        f"sum(amount_in) filter (where currency_code = 'EUR' and {SCENARIO}) "
        "from marts.reconciliation_revenue"
    ).row(0)
    # 10,000 + 99,999 + 10,000 + 1,200 deals, 2,214.50 orders, 80 invoices, 2,000 subscriptions
    assert totals == (Decimal("0.00"), 0, Decimal("125493.50"))


def test_a_missing_exchange_rate_is_visible_and_never_one(warehouse: Warehouse) -> None:
    assert warehouse.query(
        "select amount_reporting, fx_rate from marts.fct_opportunities "
        "where opportunity_name = 'Beta Tokyo'"
    ).row(0) == (None, None)
    assert "WARN 2 is_empty_int_missing_fx_rates" in warehouse.second_pass


def test_a_deal_known_to_both_systems_is_one_opportunity(warehouse: Warehouse) -> None:
    deals = warehouse.query(
        "select source_record_key, match_method, is_primary "
        "from marts.bridge_opportunity_source_records where opportunity_id in "
        "(select opportunity_id from marts.bridge_opportunity_source_records where not is_primary) "
        "order by 1"
    )
    assert deals.rows() == [
        ("hubspot:deals:101", "sync_id", False),
        ("hubspot:deals:102", "similar_deal", False),
        ("salesforce:opportunity:006A", "original", True),
        ("salesforce:opportunity:006B", "original", True),
    ]
    assert warehouse.value("select count(*) from marts.fct_opportunities") == 11


def test_days_to_close_count_forward_from_creation(warehouse: Warehouse) -> None:
    days = warehouse.query(
        "select opportunity_name, days_to_close from marts.fct_opportunities "
        "where opportunity_name in ('Acme Licence 2025', 'Beta Expansion', 'Beta lost')"
    )
    assert dict(days.iter_rows()) == {
        "Acme Licence 2025": 59,
        "Beta Expansion": None,  # open
        "Beta lost": None,  # recorded after it closed
    }


def test_open_pipeline_is_weighted_by_percent_in_one_currency(
    warehouse: Warehouse,
) -> None:
    assert warehouse.query(
        "select sum(amount_reporting), sum(weighted_amount_reporting) "
        "from marts.fct_opportunities where status = 'open' and is_counted"
    ).row(0) == (Decimal("6400.00"), Decimal("2560.00"))


def test_churn_waits_for_grace_with_a_contract_and_for_silence_without(
    warehouse: Warehouse,
) -> None:
    churn = warehouse.query(
        "select customer_id, setting, churn_status, churn_date::varchar "
        "from marts.customer_churn where customer_id in ('ga_gamma', 'ga_delta', 'gc_carl')"
        " order by 1"
    )
    assert churn.rows() == [
        ("ga_delta", "contractual", "active", None),
        ("ga_gamma", "contractual", "in_grace", None),
        ("gc_carl", "non_contractual", "churned", "2025-01-10"),
    ]


def test_concurrent_and_open_ended_subscriptions_add_up(warehouse: Warehouse) -> None:
    months = warehouse.query(
        "select strftime(month_date, '%Y-%m'), movement_type, mrr_end "
        "from marts.fct_customer_month_mrr where customer_id = 'ga_delta' and movement_type <> 'none'"
        " order by 1"
    )
    assert months.rows() == [
        ("2025-06", "new", Decimal("100.00")),
        ("2025-09", "expansion", Decimal("200.00")),
    ]


def test_the_month_that_is_not_over_has_no_rates(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select distinct is_complete, logo_churn_rate, nrr_rate, nrr_12_months_rate "
        "from marts.churn_monthly where month_date = '2026-01-01'"
    )
    assert rows.rows() == [(False, None, None, None)]


def test_a_customer_is_an_account_or_a_person_who_buys_without_one(
    warehouse: Warehouse,
) -> None:
    kinds = warehouse.query(
        "select customer_id, customer_kind, is_customer from marts.dim_customers where "
        "customer_id in ('ga_acme', 'gc_carl', 'ga_test', 'unknown') order by 1"
    )
    assert kinds.rows() == [
        ("ga_acme", "account", True),
        ("ga_test", "account", False),
        ("gc_carl", "person", True),
        ("unknown", "unknown", False),
    ]


def test_a_parent_that_was_merged_away_is_still_the_parent(
    warehouse: Warehouse,
) -> None:
    assert warehouse.query(
        "select parent_golden_account_id, ultimate_parent_golden_account_id, hierarchy_level "
        "from marts.dim_accounts where golden_account_id = 'ga_sub'"
    ).row(0) == ("ga_acme", "ga_acme", 1)


def test_activities_find_person_account_and_deal_through_any_id(
    warehouse: Warehouse,
) -> None:
    activities = warehouse.query(
        "select split_part(source_record_key, ':', 3), activity_type, golden_contact_id, "
        "golden_account_id, opportunity_id is not null, is_completed "
        "from marts.fct_activities order by 1"
    )
    assert activities.rows() == [
        ("00T1", "call", "gc_jane", "ga_acme", True, True),  # lead and opportunity
        ("00T2", "task", None, "ga_acme", False, False),  # account that was merged away
        (
            "00U1",
            "meeting",
            "gc_jane",
            "ga_acme",
            False,
            False,
        ),  # has not taken place yet
        ("901", "email", "gc_jane", "ga_beta", True, True),
        ("902", "meeting", "gc_jane", "ga_beta", True, True),  # is over, says no more
        ("903", "note", "gc_jane", "ga_beta", True, True),
        ("904", "task", "gc_jane", "ga_beta", True, False),
        ("905", "message", "gc_jane", "ga_beta", True, True),
    ]


def test_everybody_at_a_meeting_took_part(warehouse: Warehouse) -> None:
    assert warehouse.query(
        "select split_part(source_record_key, ':', 3), bridge.golden_contact_id, "
        "customer_id, is_primary, participant_count "
        "from marts.bridge_activity_contacts as bridge "
        "inner join marts.fct_activities using (activity_id) "
        "where source_type = 'hubspot' order by all"
    ).rows() == [
        ("901", "gc_jane", "ga_beta", True, 1),  # the other link was removed
        ("902", "gc_carl", "gc_carl", False, 2),  # buys without a company
        ("902", "gc_jane", "ga_acme", True, 2),  # two of her records are linked
        ("903", "gc_jane", "ga_beta", True, 1),
        ("904", "gc_jane", "ga_beta", True, 1),
        ("905", "gc_jane", "ga_beta", True, 1),
    ]
    # The deal is Beta's, the people are Acme's and one who buys for himself.
    assert warehouse.query(
        "select customer_id, last_meeting_date::varchar, contacts_engaged_365_days_count "
        "from marts.customer_engagement where last_meeting_date is not null order by 1"
    ).rows() == [
        ("ga_acme", "2025-05-02", 1),
        ("ga_beta", "2025-05-02", 1),
        ("gc_carl", "2025-05-02", 1),
    ]


def test_an_incoming_mail_is_a_touch_of_theirs(warehouse: Warehouse) -> None:
    assert warehouse.value(
        "select last_inbound_date::varchar from marts.customer_engagement "
        "where customer_id = 'ga_beta'"
    ) == ("2025-05-02")


def test_hubspot_records_count_their_engagements(warehouse: Warehouse) -> None:
    assert warehouse.query(
        "select count_engagement_notes, count_engagement_tasks, count_engagement_calls, "
        "count_engagement_meetings, count_engagement_emails, "
        "count_engagement_incoming_emails from marts.hubspot__contacts "
        "where contact_id = '11'"
    ).row(0) == (1, 1, 0, 1, 0, 1)
    assert warehouse.query(
        "select engagement_id, engagement_type, contact_ids, deal_ids "
        "from marts.hubspot__engagements order by 1"
    ).rows() == [
        ("901", "EMAIL", ["11"], ["102"]),
        ("902", "MEETING", ["11", "12", "14"], ["102"]),
        ("903", "NOTE", ["11"], ["102"]),
        ("904", "TASK", ["11"], ["102"]),
        ("905", "COMMUNICATION", ["11"], ["102"]),
    ]


def test_marketing_mail_reaches_the_person_under_any_address(
    warehouse: Warehouse,
) -> None:
    """The address is that of a contact who was merged into number 11."""
    assert warehouse.query(
        "select contact_id, golden_contact_id, opens, was_opened, was_clicked, "
        "email_send_timestamp::varchar from marts.hubspot__email_sends"
    ).rows() == [("11", "gc_jane", 2, True, False, "2025-05-02 08:00:00")]
    # What a program opened is there to be seen, and is not counted.
    assert warehouse.query(
        "select count(*), count(*) filter (where is_filtered_event), "
        "max(duration_open) from marts.hubspot__email_event_opens"
    ).row(0) == (3, 1, 1500)
    totals = "total_opens, total_unique_opens, total_drops, total_bounces"
    for table in ("email_campaigns", "contact_lists"):
        rows = warehouse.query(f"select {totals} from marts.hubspot__{table}").rows()
        assert rows == [(2, 1, 1, 0)], table
    assert warehouse.query(
        f"select contact_id, {totals}, total_deliveries, total_unique_clicks "
        "from marts.hubspot__contacts order by 1"
    ).rows() == [
        # What HubSpot counts on the contact goes back further than the events.
        ("11", 2, 9, 1, 0, 10, 0),
        # Never written to, and the portal's events are known.
        ("14", 0, 0, 0, 0, 0, 0),
    ]
    assert warehouse.query(
        "select contact_list_id, contact_id, golden_contact_id "
        "from marts.hubspot__contact_list_members"
    ).rows() == [("1", "11", "gc_jane")]


def test_tickets_measure_minutes_to_close(warehouse: Warehouse) -> None:
    assert warehouse.query(
        "select golden_contact_id, golden_account_id, minutes_to_close from marts.fct_tickets "
        "where source_object = 'case'"
    ).row(0) == ("gc_jane", "ga_acme", 90)


def test_sheets_of_tickets_and_surveys_reach_the_person(warehouse: Warehouse) -> None:
    assert warehouse.query(
        "select golden_contact_id, golden_account_id, owner_name, is_closed, csat_score, "
        "minutes_to_first_reply, minutes_to_close from marts.fct_tickets "
        "where source_name = 'shop'"
    ).rows() == [("gc_jane", "ga_acme", "Ann Owner", True, Decimal("5.00"), 30, 60)]
    assert warehouse.query(
        "select golden_contact_id, survey_type, score, answer_group "
        "from marts.fct_survey_answers order by source_record_key"
    ).rows() == [
        ("gc_jane", "csat", Decimal("5.00"), "satisfied"),
        ("gc_jane", "nps", Decimal("10.00"), "promoter"),
        (None, "nps", None, None),
    ]
    assert warehouse.query(
        "select survey_type, asked_count, person_count, response_rate, nps, csat_rate "
        "from marts.service_satisfaction where segment_type = 'all' order by 1"
    ).rows() == [
        ("csat", 1, 1, None, None, Decimal("1.0000")),
        ("nps", 2, 1, Decimal("0.5000"), Decimal("100.0"), None),
    ]


def test_records_are_conserved_at_every_arrow(warehouse: Warehouse) -> None:
    contacts = warehouse.query(
        "select landed_records, staged_records, unioned_records, standardised_records, "
        "quarantined_records, clustered_records from marts.reconciliation_records "
        "where source_type = 'salesforce' and source_object = 'contact'"
    )
    assert contacts.row(0) == (2, 2, 2, 1, 1, 1)


def test_comments_reach_the_tables_that_analysts_open(warehouse: Warehouse) -> None:
    uncommented = warehouse.query(
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'marts' and coalesce(comment, '') = ''"
    )
    assert uncommented.is_empty()
    assert (
        warehouse.value(
            "select count(*) from (select comment from duckdb_tables() where schema_name = 'marts' "
            "union all select comment from duckdb_views() where schema_name = 'marts') "
            "where coalesce(comment, '') = ''"
        )
        == 0
    )
