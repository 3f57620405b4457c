"""Put fixes over the records of the union, unless the source has said otherwise since.

Set-based: the table is copied once with the fixed values in place, and only when there is
a fix to apply. The union itself, which is what the source said, stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from hygiene.errors import InputError
from hygiene.parquet_exchange import (
    open_connection,
    quote_identifier,
    register_parquet,
    write_parquet,
)
from hygiene.quarantine.fixes import Fix, FixStatus, status_row, write_statuses

_KEY: Final = "source_record_key"


def apply_fixes(
    unioned: Path, fixes: Sequence[Fix], out: Path, statuses_out: Path
) -> Path:
    """Return the union with fixes applied: a copy, or the input itself without any.

    Args:
        unioned: Parquet of `int_contacts_unioned` or `int_accounts_unioned`.
        fixes: Fixes of records that standardising set aside; others are ignored.
        out: Where the copy goes; removed when it is not needed.
        statuses_out: What became of each fix.

    Returns:
        `out` when at least one fix applies, else `unioned`.

    Raises:
        InputError: The union cannot be read.
    """
    wanted = [fix for fix in fixes if fix.stage == "standardise"]
    if not wanted:
        out.unlink(missing_ok=True)
        write_statuses([], statuses_out)
        return unioned
    current = _current(unioned, wanted)
    rows: list[dict[str, Any]] = []
    apply: dict[str, list[Fix]] = {}
    for fix in wanted:
        record = current.get(fix.source_record_key)
        if record is None or fix.field not in record:
            continue
        now = "" if record[fix.field] is None else str(record[fix.field])
        if now == fix.value_fixed:
            status = FixStatus.ADOPTED
        elif now == fix.value_before:
            status = FixStatus.APPLIED
            apply.setdefault(fix.field, []).append(fix)
        else:
            status = FixStatus.CONTRADICTED
        rows.append(status_row(fix, status, now or None))
    write_statuses(rows, statuses_out)
    if not apply:
        out.unlink(missing_ok=True)
        return unioned
    _copy(unioned, apply, out)
    return out


def _current(unioned: Path, fixes: Sequence[Fix]) -> dict[str, dict[str, Any]]:
    keys = sorted({fix.source_record_key for fix in fixes})
    try:
        scan = pl.scan_parquet(unioned)
        known = scan.collect_schema().names()
        fields = [
            name
            for name in dict.fromkeys(fix.field for fix in fixes)
            if name in known and name != _KEY
        ]
        frame = scan.filter(pl.col(_KEY).is_in(keys)).select(_KEY, *fields).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"replaying fixes: {unioned.name} could not be read ({type(error).__name__}); "
            "expected the table of the union; build it again"
        ) from error
    return {row[_KEY]: row for row in frame.iter_rows(named=True)}


def _copy(unioned: Path, apply: dict[str, list[Fix]], out: Path) -> None:
    rows = [
        {_KEY: fix.source_record_key, "field": field, "value": fix.value_fixed}
        for field, listed in sorted(apply.items())
        for fix in listed
    ]
    wide = pl.DataFrame(rows).pivot(on="field", index=_KEY, values="value")
    with open_connection(out.parent) as connection:
        columns = register_parquet(
            connection, "unioned", unioned, required=(_KEY,), task="replaying fixes"
        )
        connection.register("fixes", wide.to_arrow())
        chosen = ", ".join(
            f"coalesce(fixes.{quote_identifier(name)}, unioned.{quote_identifier(name)}) "
            f"AS {quote_identifier(name)}"
            if name in apply
            else f"unioned.{quote_identifier(name)}"
            for name in columns
        )
        write_parquet(
            connection,
            f"SELECT {chosen} FROM unioned LEFT JOIN fixes USING ({_KEY}) "
            f"ORDER BY unioned.{_KEY}",
            out,
        )
