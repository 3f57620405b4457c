"""The lineage: where every surviving value came from, one row per field with a value.

What belongs here: laying out what survived as rows. What does not: which value survives.

The rows of one golden record follow each other by the name of the field. Ids, keys and
the few repeated words are written as dictionaries that are known already, one per group
of rows: looking for repetitions would take longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hygiene.standardise.atomic import plain_strings, words
from hygiene.survivorship.golden import gather
from hygiene.survivorship.parts import Part
from hygiene.survivorship.winners import OVERRIDE, Survivors

_GOLDEN_PER_TABLE = 6_000
"""About 100,000 rows, one row group of the file."""


def lineage_tables(
    entity: str,
    part: Part,
    survivors: dict[str, Survivors],
    values: dict[str, pl.Series],
    rules: Sequence[str],
) -> Iterator[pa.Table]:
    """Lay out what survived.

    Args:
        entity: contact or account.
        part: The golden records.
        survivors: What survived, by field.
        values: The surviving values, by field.
        rules: Names of the rules, in the order of `Survivors.rule`.

    Yields:
        Tables of some golden records each; one without rows if there are none.
    """
    fields = sorted(survivors)
    rivals = {
        name: gather(item.values, item.rival_value_at)
        for name, item in survivors.items()
    }
    sources = [*part.members["source_name"].unique().drop_nulls().sort(), OVERRIDE]
    source_codes = (
        part.members["source_name"]
        .cast(pl.Enum(sources))
        .to_physical()
        .cast(pl.Int64)
        .fill_null(-1)
        .to_numpy()
    )
    keys, ids = part.members["source_record_key"], part.members["golden_id"]
    ends = np.append(part.starts, len(part.owner))
    for first in range(0, max(part.size, 1), _GOLDEN_PER_TABLE):
        last = min(first + _GOLDEN_PER_TABLE, part.size)
        window = slice(first, last)

        def stack(name: str, window: slice = window) -> npt.NDArray[Any]:
            return np.stack(
                [getattr(survivors[field], name)[window] for field in fields], axis=1
            ).ravel()

        at = np.flatnonzero(stack("value_at") >= 0)
        golden, field = np.divmod(at, len(fields))
        column = field * (last - first) + golden
        began, ended = int(ends[first]), int(ends[last])
        source_at, rival_at = stack("source_at")[at], stack("rival_at")[at]
        rule = stack("rule")[at]
        source = np.where(
            rule == rules.index(OVERRIDE), len(sources) - 1, source_codes[source_at]
        )
        observed = stack("observed")[at]
        yield pa.table(
            {
                "entity_type": words(np.zeros(len(at), dtype=np.int32), [entity]),
                "golden_id": words(golden, ids.gather(part.starts[window])),
                "field_name": words(field, fields),
                "value": _texts([values[name][window] for name in fields], column),
                "source_record_key": words(source_at - began, keys[began:ended]),
                "source_name": words(source, sources),
                "rule": words(rule, rules),
                "observed_at": pa.array(
                    np.nan_to_num(observed).astype(np.int64),
                    mask=np.isnan(observed),
                    type=pa.timestamp("us"),
                ),
                "candidate_count": pa.array(stack("candidates")[at]),
                "runner_up_value": _texts(
                    [rivals[name][window] for name in fields], column
                ),
                "runner_up_source_record_key": plain_strings(gather(keys, rival_at)),
            }
        )


def _texts(columns: Sequence[pl.Series], at: npt.NDArray[np.int64]) -> pa.Array:
    return plain_strings(pl.concat(columns, rechunk=True).gather(at))
