"""Run a Python function once per distinct value and put its result beside each row.

The only way in which Python functions reach records here.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl


@contextmanager
def _paused_garbage_collector() -> Iterator[None]:
    """Keep the collector from searching a million growing result tuples for cycles.

    They hold none; looking costs a third of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def map_distinct(
    frame: pl.DataFrame,
    columns: Sequence[str],
    function: Callable[..., Sequence[Any]],
    outputs: Mapping[str, pl.DataType],
) -> pl.DataFrame:
    """Return a function's results for every row, computed once per distinct input.

    Args:
        frame: The rows.
        columns: Inputs of the function, in its order.
        function: Pure; takes one value per column, returns one value per output.
        outputs: Names and types of the results.

    Returns:
        The output columns, row for row beside `frame`.

    Example:
        >>> rows = pl.DataFrame({"a": ["x", None, "x"]})
        >>> map_distinct(rows, ["a"], lambda a: (bool(a),), {"b": pl.Boolean()})["b"].to_list()
        [True, False, True]
    """
    inputs = frame.select(columns)
    unique = inputs.unique(maintain_order=True)
    with _paused_garbage_collector():
        results = [function(*row) for row in unique.iter_rows()]
    series = [
        pl.Series(name, values, dtype=dtype)
        for (name, dtype), values in zip(
            outputs.items(),
            zip(*results, strict=True) if results else [()] * len(outputs),
            strict=True,
        )
    ]
    if unique.height == inputs.height:
        # Nothing repeats and the order was kept: no join needed.
        return pl.DataFrame(series)
    return inputs.join(
        unique.hstack(series),
        on=list(columns),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).select(list(outputs))
