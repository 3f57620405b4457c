"""The contract with analysts: what a published column was, it stays.

New tables and columns are welcome at any time. One that is removed or has another type
breaks queries, so it needs a version that somebody raised on purpose.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.errors import PublishError
from orchestration.publishing.versions import read_contract_version

_SHOWN = 20


def read_shape(file: Path) -> dict[str, dict[str, str]]:
    """Type of every column of every table and view of a database file."""
    shape: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(file), read_only=True) as reader:
        for table, column, kind in reader.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where schema_name = 'main' and not internal "
            "order by table_name, column_index"
        ).fetchall():
            shape.setdefault(table, {})[column] = kind
    return shape


def breaking_changes(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> list[str]:
    """What queries written for one shape miss in another.

    Example:
        >>> breaking_changes({"t": {"a": "INTEGER"}}, {"t": {"a": "VARCHAR", "b": "DATE"}})
        ['t.a was INTEGER and is VARCHAR']
    """
    broken = []
    for table, columns in before.items():
        if table not in after:
            broken.append(f"table {table} is gone")
            continue
        for column, kind in columns.items():
            found = after[table].get(column)
            if found is None:
                broken.append(f"{table}.{column} is gone")
            elif found != kind:
                broken.append(f"{table}.{column} was {kind} and is {found}")
    return broken


def check_contract(current: Path, building: Path, *, declared: int) -> None:
    """Compare a new file with the one that analysts use now.

    Args:
        current: The published file; absent at the first publication.
        building: The new one, finished.
        declared: `publish.contract_version` of the configuration.

    Raises:
        PublishError: Something is missing and the version was not raised, or the version
            went back.
    """
    if not current.exists():
        return
    known = read_contract_version(current)
    if declared < known:
        raise PublishError(
            f"Publishing: publish.contract_version is {declared} in tidycrm.yml, and the "
            f"published file has {known}. A version only grows; set it to {known} or "
            "more. The old file stays in place."
        )
    broken = breaking_changes(read_shape(current), read_shape(building))
    if not broken or declared > known:
        return
    lines = "".join(f"\n  - {each}" for each in broken[:_SHOWN])
    more = f"\n  - and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    raise PublishError(
        f"Publishing: {len(broken)} changes would break queries of analysts; the old "
        f"file stays in place.{lines}{more}\nIf they are wanted, announce them and set "
        f"publish.contract_version to {known + 1} in tidycrm.yml."
    )
