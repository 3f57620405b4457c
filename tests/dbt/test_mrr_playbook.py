"""The subscriptions of dbt-labs' MRR playbook give the playbook's published movements."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.conftest import Warehouse

pytestmark = pytest.mark.dbt

MONTHS = (
    "(select * from marts.fct_customer_month_mrr where month_date <= '2019-12-01' and customer_id in "
    "(select golden_account_id from marts.bridge_account_source_records "
    "where source_name = 'playbook'))"
)


def test_movements_until_the_end_of_2019(
    warehouse: Warehouse, shared_data: Path
) -> None:
    movements = warehouse.query(
        f"select movement_type, count(*), sum(mrr_new + mrr_reactivation + mrr_expansion "
        f"+ mrr_contraction + mrr_churn) from {MONTHS} where movement_type <> 'none' group by 1"
    )
    amounts = {kind: (count, amount) for kind, count, amount in movements.iter_rows()}
    assert amounts["new"] == (51, Decimal("2120.00"))
    assert amounts["reactivation"] == (3, Decimal("150.00"))
    assert amounts["expansion"][1] == Decimal("660.00")
    assert amounts["contraction"][1] == Decimal("555.00")
    assert amounts["churn"] == (26, Decimal("1120.00"))


def test_closing_mrr_of_2019(warehouse: Warehouse, shared_data: Path) -> None:
    closing = warehouse.value(
        f"select sum(mrr_end) from {MONTHS} where month_date = '2019-12-01'"
    )
    assert closing == Decimal("1255.00")


def test_retention_of_2019_follows_the_cohort(
    warehouse: Warehouse, shared_data: Path
) -> None:
    rates = warehouse.query(
        "select nrr_12_months_rate, grr_12_months_rate, logo_retention_12_months_rate "
        "from marts.churn_monthly where month_date = '2019-12-01' and setting = 'contractual'"
    )
    assert rates.row(0) == (Decimal("0.7009"), Decimal("0.5812"), Decimal("0.5833"))
