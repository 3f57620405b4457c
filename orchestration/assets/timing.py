"""How long an asset took, under the label that dbt's models carry: one plot for both."""

import functools
import time
from collections.abc import Callable
from typing import Any

import dagster as dg

SECONDS = "Execution Duration"
"""Label that dagster-dbt gives to the seconds of a model."""


def timed(asset: Callable[..., Any]) -> Callable[..., Any]:
    """Add the seconds that an asset's function took to what it reports.

    Args:
        asset: Returns a MaterializeResult.
    """

    # Dagster reads parameters and annotations of the function behind.
    @functools.wraps(asset)
    def run(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        result = asset(*arguments, **named)
        seconds = round(time.perf_counter() - started, 3)
        return dg.MaterializeResult(
            asset_key=result.asset_key,
            metadata={**(result.metadata or {}), SECONDS: seconds},
            check_results=result.check_results,
            data_version=result.data_version,
            tags=result.tags,
        )

    return run
