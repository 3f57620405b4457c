"""What is read from the lines of dbt's log: outcomes of tests, and nothing of rows."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.dbt_build import test_result as read_result

TEST = "test.tidycrm.not_null_orders_id"
NODES: dict[str, Any] = {
    TEST: {
        "resource_type": "test",
        "name": "not_null_orders_id",
        "test_metadata": {"name": "not_null"},
        "attached_node": "model.tidycrm.orders",
        "config": {"severity": "ERROR", "meta": {"rule_id": "DQ-1"}},
    },
    "unit_test.tidycrm.sums": {"resource_type": "unit_test", "name": "sums"},
}


def line(
    status: str, *, name: str = "LogTestResult", node: str = TEST
) -> dict[str, Any]:
    return {
        "info": {"name": name},
        "data": {
            "status": status,
            "num_failures": 0 if status == "pass" else 3,
            "node_info": {"unique_id": node},
        },
    }


@pytest.mark.parametrize(
    ("status", "success", "failed"),
    [("pass", True, 0), ("fail", False, 3), ("warn", False, 3), ("error", False, 3)],
)
def test_an_outcome_has_its_count_rule_and_dimension(
    status: str, success: bool, failed: int
) -> None:
    result = read_result(line(status), NODES)
    assert result is not None
    assert (result.success, result.rows_failed) == (success, failed)
    assert (result.rule_id, result.model) == ("DQ-1", "orders")
    assert (result.dimension, result.severity) == ("completeness", "error")


@pytest.mark.parametrize(
    "other",
    [
        line("skipped"),
        line("pass", name="LogModelResult"),
        line("pass", node="unit_test.tidycrm.sums"),
        line("pass", node="test.tidycrm.of_another_project"),
    ],
)
def test_lines_about_anything_else_are_no_outcome(other: dict[str, Any]) -> None:
    assert read_result(other, NODES) is None
