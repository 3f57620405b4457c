"""Facts about the Dagster run that an asset is part of."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

WAREHOUSE_POOL = "warehouse"
"""Everything that opens warehouse.duckdb runs in this pool, whose size is one."""

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def run_instant(context: Context) -> datetime:
    """When the run was created, UTC; the same in every step and after a resumption.

    Steps never ask the clock themselves, so one run has one as-of date even when it
    crosses midnight.
    """
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        return datetime.now(UTC)
    created: datetime = record.create_timestamp
    return created.astimezone(UTC)
