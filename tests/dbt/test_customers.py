"""Value, risk and history of customers on the scenario, each beside the rule it proves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.dbt.conftest import Warehouse

pytestmark = pytest.mark.dbt

DELTA = "customer_id = 'ga_delta'"


def test_few_buyers_get_the_mean_of_their_cohort_and_no_probability(
    warehouse: Warehouse,
) -> None:
    rows = warehouse.query(
        "select prediction_method, predicted_revenue_12_months_reporting > 0, "
        "no_purchase_180_days_probability from marts.customer_ltv "
        "where customer_id in ('ga_acme', 'ga_beta', 'gc_carl')"
    )
    assert set(rows.rows()) == {("cohort_mean", True, None)}


def test_a_running_contract_is_worth_its_expected_payments(
    warehouse: Warehouse,
) -> None:
    method, year, three_years, mrr = warehouse.query(
        "select customer_ltv.prediction_method, predicted_revenue_12_months_reporting, "
        "predicted_revenue_36_months_reporting, mrr_reporting from marts.customer_ltv "
        "inner join marts.customer_churn using (customer_id) where " + DELTA
    ).row(0)
    assert method in {"discrete_hazard", "pooled_churn_rate"}
    assert mrr == Decimal("200.00")
    assert 0 < year < 12 * mrr
    assert year < three_years < 36 * mrr


def test_every_prediction_names_a_run_that_is_published(warehouse: Warehouse) -> None:
    assert (
        warehouse.value(
            "select count(*) from marts.customer_ltv where model_run_id is not null "
            "and model_run_id not in (select model_run_id from marts.model_runs)"
        )
        == 0
    )
    assert warehouse.value("select count(*) from marts.model_runs") == 2


def test_who_is_not_predicted_is_said_to_be(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select customer_id, prediction_method, predicted_revenue_36_months_reporting, "
        "evidence_count from marts.customer_ltv "
        "where customer_id in ('ga_test', 'unknown') order by 1"
    )
    assert rows.rows() == [
        ("ga_test", "not_predicted", None, 0),
        ("unknown", "not_predicted", None, 0),
    ]


def test_only_who_is_not_lost_is_on_the_worklist(warehouse: Warehouse) -> None:
    assert (
        warehouse.value(
            "select count(*) from marts.customer_at_risk inner join marts.customer_churn "
            "using (customer_id) where is_churned or not customer_churn.is_at_risk"
        )
        == 0
    )
    assert warehouse.query(
        "select churn_status, risk_reasons like 'contract ended % days ago%', "
        "suggested_action from marts.customer_at_risk where customer_id = 'ga_gamma'"
    ).row(0) == ("in_grace", True, "Win the renewal: it is late.")


def test_one_wide_row_agrees_with_the_tables_it_is_made_of(
    warehouse: Warehouse,
) -> None:
    row = warehouse.query(
        "select customer_stage, order_count, open_opportunity_count, open_pipeline_reporting, "
        "open_pipeline_weighted_reporting, contact_count from marts.customer_360 "
        "where customer_id = 'ga_beta'"
    ).row(0)
    assert row == ("active", 3, 1, Decimal("6400.00"), Decimal("2560.00"), 0)


def test_every_address_of_a_person_is_known(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select email, is_primary, is_deleted, source_system_count "
        "from marts.contact_emails where golden_contact_id = 'gc_jane' order by 1"
    )
    assert rows.rows() == [
        ("jane@acme.example", True, False, 3),
        ("jdoe@acme.example", False, True, 1),
    ]


def test_the_first_run_records_a_version_of_everybody(warehouse: Warehouse) -> None:
    assert warehouse.value(
        "select count(*) from marts.dim_account_history where is_current"
    ) == warehouse.value("select count(*) from marts.dim_accounts")
    assert warehouse.query(
        "select golden_account_id, period_number from marts.account_owner_history "
        "where golden_account_id = 'ga_beta'"
    ).rows() == [("ga_beta", 1)]


def test_each_difference_to_the_crm_has_a_reason_and_rows(
    warehouse: Warehouse,
) -> None:
    row = warehouse.query(
        "select difference_deduplicated, difference_test_record, difference_unexplained "
        "from marts.reconciliation where metric = 'won_amount' and source_name = 'hubspot'"
    ).row(0)
    # 10,000 and 4,980 are recorded in Salesforce, too
    assert row == (Decimal("-14980.00"), Decimal("0.00"), Decimal("0.00"))
    reasons = warehouse.query(
        "select source_record_key, reason, difference from marts.reconciliation_details "
        "where metric = 'won_amount' and source_name = 'salesforce'"
    )
    assert {key.split(":")[2]: (why, by) for key, why, by in reasons.iter_rows()} == {
        "006B": ("currency", Decimal("-1000.00")),
        "006D": ("test_record", Decimal("-99999.00")),
        "006G": ("missing_fx_rate", Decimal("-1000.00")),
        "006H": ("currency", Decimal("-10.00")),
        "006I": ("currency", Decimal("-400.00")),
    }


def test_hygiene_never_invents_money(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select metric, difference from marts.money_impact_of_hygiene where metric in "
        "('contacts', 'accounts', 'revenue', 'open_pipeline_amount', 'won_amount')"
    )
    assert all(difference <= 0 for _, difference in rows.iter_rows())


def test_questionable_input_is_counted_beside_its_policy(warehouse: Warehouse) -> None:
    counts = dict(
        warehouse.query(
            "select issue, row_count from marts.bad_input_counts"
        ).iter_rows()
    )
    assert counts["refund_without_order"] == 1  # the credit note names no invoice
    assert counts["future_date"] == 1
    assert counts["unknown_currency"] == 1
    assert counts["missing_date"] == 1
    assert counts["unknown_customer"] == 1
    assert counts["duplicate_deal"] == 2
    assert counts["closed_before_created"] == 1
    assert (
        warehouse.value(
            "select count(*) from marts.bad_input_counts where trim(policy) = ''"
        )
        == 0
    )
