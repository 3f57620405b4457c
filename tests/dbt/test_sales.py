"""Pipeline, performance and compatibility tables on the scenario."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.conftest import Warehouse
from tests.dbt.home import Home
from tests.dbt.runner import dbt

pytestmark = pytest.mark.dbt

LICENCE = (
    "opportunity_id = (select opportunity_id from marts.fct_opportunities "
    "where opportunity_name = 'Acme Licence 2025')"
)
EARLIER = "2025-02-28"


def test_a_deal_is_followed_through_its_stages(warehouse: Warehouse) -> None:
    visits = warehouse.query(
        "select stage_name, direction_type, entered_date::varchar, days_in_stage, "
        "amount_reporting, is_current, is_recorded "
        f"from marts.fct_opportunity_stage_history where {LICENCE} order by visit_number"
    )
    # No record says how probable Prospecting is, so the step from it has no direction.
    assert [row[:3] for row in visits.iter_rows()] == [
        ("Prospecting", "first", "2025-01-10"),
        ("Negotiation", "sideways", "2025-02-01"),
        ("Closed Won", "won", "2025-03-10"),
    ]
    assert visits["days_in_stage"].to_list()[:2] == [Decimal("22.04"), Decimal("37.00")]
    assert visits["amount_reporting"].to_list() == [
        Decimal("8000.00"),
        Decimal("8000.00"),
        Decimal("10000.00"),
    ]
    assert visits["is_recorded"].all()


def test_the_past_pipeline_holds_the_amount_of_its_day(warehouse: Warehouse) -> None:
    amounts = warehouse.query(
        "select snapshot_date::varchar, amount_reporting from marts.pipeline_daily "
        f"where {LICENCE} and is_month_end order by 1"
    )
    assert amounts.rows() == [
        ("2025-01-31", Decimal("8000.00")),
        ("2025-02-28", Decimal("10000.00")),
    ]


def test_the_waterfall_tells_what_happened_to_the_deal(warehouse: Warehouse) -> None:
    moved = warehouse.query(
        "select month_date::varchar, created_amount_reporting, up_amount_reporting, "
        "won_amount_reporting, end_amount_reporting from marts.pipeline_waterfall "
        "where close_quarter_name = '2025-Q1' and month_date between '2025-01-01' "
        "and '2025-03-01' order by 1"
    )
    zero = Decimal("0.00")
    assert moved.rows() == [
        ("2025-01-01", Decimal("8000.00"), zero, zero, Decimal("8000.00")),
        ("2025-02-01", zero, Decimal("2000.00"), zero, Decimal("10000.00")),
        ("2025-03-01", zero, zero, Decimal("10000.00"), zero),
    ]


def test_a_colleague_in_two_systems_is_one_performer(warehouse: Warehouse) -> None:
    assert (
        warehouse.value(
            "select count(distinct person_id) from marts.dim_users "
            "where user_name = 'Ann Owner'"
        )
        == 1
    )
    performers = warehouse.query(
        "select won_count, won_amount_reporting from marts.sales_performance "
        "where period_type = 'quarter' and level_type = 'owner' "
        "and performer_name = 'Ann Owner' and period_start_date = '2025-01-01'"
    )
    assert performers.rows() == [(1, Decimal("10000.00"))]


def test_familiar_tables_lack_the_known_defects(warehouse: Warehouse) -> None:
    deals = warehouse.query(
        "select opportunity_id, status, days_to_close, expected_revenue, amount_reporting "
        "from marts.salesforce__opportunity_enhanced "
        "where opportunity_id in ('006A', '006C', '006E', '006G') order by 1"
    )
    assert deals.rows() == [
        ("006A", "Won", 59, Decimal("10000.00"), Decimal("10000.00")),
        # Open in the category MostLikely; 40 % of 8,000; dollars at 0.8.
        ("006C", "Pipeline", None, Decimal("3200.00"), Decimal("6400.00")),
        # 006E is deleted; no rate for yen is no amount, and never the amount itself.
        ("006G", "Won", None, None, None),
    ]
    assert warehouse.query(
        "select total_pipeline_amount, total_pipeline_forecast_amount "
        "from marts.salesforce__sales_snapshot"
    ).row(0) == (Decimal("6400.00"), Decimal("2560.00"))


def test_familiar_tables_hold_each_record_once(warehouse: Warehouse) -> None:
    for table, records in {
        "salesforce__opportunity_enhanced": "int_opportunities_unioned "
        "where source_type = 'salesforce' and not is_deleted",
        "hubspot__deals": "int_opportunities_unioned where source_type = 'hubspot'",
        # One of the three was merged into another.
        "hubspot__contacts": "int_contacts_unioned "
        "where source_type = 'hubspot' and not is_deleted",
        "hubspot__companies": "int_accounts_unioned where source_type = 'hubspot'",
        "salesforce__contact_enhanced": "int_contacts_unioned "
        "where source_object = 'contact'",
    }.items():
        assert warehouse.value(f"select count(*) from marts.{table}") == (
            warehouse.value(f"select count(*) from intermediate.{records}")
        ), table


def test_a_day_of_a_record_holds_what_was_true_at_its_end(warehouse: Warehouse) -> None:
    emails = warehouse.query(
        "select email, min(date_day)::varchar, max(date_day)::varchar, count(*) "
        "from marts.salesforce__contact_daily_history where contact_id = '003JANE' "
        "group by 1 order by 2"
    )
    # The org tells no day of creation: it is there in the whole window.
    assert emails.rows() == [
        ("jane@beta.example", "2025-10-16", "2026-01-07", 84),
        ("jane@acme.example", "2026-01-08", "2026-01-15", 8),
    ]
    industries = warehouse.query(
        "select industry, count(*) from marts.salesforce__account_daily_history "
        "where account_id = '001BETA' group by 1 order by 1"
    )
    assert industries.rows() == [("Food", 86), (None, 6)]
    # The merged account has no days, and nobody is on one day twice.
    for entity, records in (("account", 4), ("contact", 2)):
        assert warehouse.query(
            f"select count(*), count(distinct {entity}_day_id), "
            f"count(distinct {entity}_id) from marts.salesforce__{entity}_daily_history"
        ).rows() == [(records * 92, records * 92, records)]


def test_owners_of_familiar_tables_add_up_to_the_company(warehouse: Warehouse) -> None:
    for table in ("salesforce__owner_performance", "salesforce__manager_performance"):
        assert warehouse.query(
            "select sum(total_bookings_amount), sum(total_number_lost) "
            f"from marts.{table}"
        ).rows() == (
            warehouse.query(
                "select total_bookings_amount, total_number_lost "
                "from marts.salesforce__sales_snapshot"
            ).rows()
        )


@pytest.mark.slow  # another date: dbt parses everything anew
def test_a_run_for_a_past_day_knows_what_was_known_then(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """The pipeline of a day is the same, whether built on that day or a year later."""
    days = (
        "select * exclude (snapshot_grain) from marts.pipeline_daily "
        f"where snapshot_date <= '{EARLIER}' and is_month_end "
        "and snapshot_date >= '2023-02-01' order by all"
    )
    later = warehouse.query(days)
    home = tmp_path / "then"
    shutil.copytree(warehouse.home.path, home)
    dbt(
        home,
        EARLIER,
        "run",
        "--no-write-json",
        "--select",
        "int_opportunity_versions_rebuilt",
        "pipeline_daily",
    )
    then = Warehouse(Home(home), "", "").query(days)
    assert later.height > 0
    assert then.equals(later)
