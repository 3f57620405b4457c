"""The step `identify`: decided edges in, clusters with golden ids and history out.

What belongs here: reading the inputs, connecting `auto_match` edges, and the order of
commit and outputs. What does not: the rule of ids (`assignment.py`) or their storage
(`ledger.py`).

The ledger is committed first and the outputs are written from it afterwards. A run that
dies in between leaves a ledger that already knows its clusters; the next run finds
nothing to change, appends nothing and writes the same outputs.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hygiene.errors import InputError
from hygiene.identity.assignment import assign_ids
from hygiene.identity.ledger import ERASED_KEY, Ledger, publish
from hygiene.identity.report import IdentityReport
from hygiene.parquet_exchange import (
    open_connection,
    quote_literal,
    register_parquet,
    write_parquet,
)

logger = logging.getLogger(__name__)

_PREFIX = {"contact": "gc_", "account": "ga_"}
_REDIRECTS = """
    SELECT merged.golden_id AS old_id, merged.merged_into AS new_id,
        merged.changed_at AS valid_from, 'merged' AS reason
    FROM {ids} AS merged
    INNER JOIN {ids} AS target ON merged.merged_into = target.golden_id
    WHERE merged.status = 'merged' AND target.status = 'live'
    ORDER BY old_id
"""


class IdentitySettings(BaseModel):
    """Settings of identification.

    Example:
        >>> IdentitySettings().arrival_column
        '_first_load_id'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    arrival_column: Annotated[
        str,
        Field(
            description="Column with the load in which a record first arrived; if the "
            "records have it, it orders founders before their creation time."
        ),
    ] = "_first_load_id"


def identify(  # noqa: PLR0917  one path per file of the exchange
    standardised: Path,
    edges: Path,
    ledger_dir: Path,
    out_clusters: Path,
    events_out: Path,
    redirects_out: Path,
    *,
    entity: Literal["contact", "account"],
    run_id: str,
    occurred_at: datetime,
    settings: IdentitySettings | None = None,
    runs_out: Path | None = None,
    ended_out: Path | None = None,
) -> IdentityReport:
    """Give every source record its golden id and write down what changed.

    Args:
        standardised: Parquet of standardised records, one row per source record.
        edges: Parquet of decided edges; `auto_match` edges connect.
        ledger_dir: Folder of the identity ledger.
        out_clusters: Parquet to replace: one row per source record with its golden id
            and since when it has it.
        events_out: Parquet to replace: all events of this entity so far.
        redirects_out: Parquet to replace: redirects in force, each to a live id.
        entity: contact or account.
        run_id: Name of the run.
        occurred_at: Instant of the run.
        settings: Rarely needed.
        runs_out: Parquet to replace with one row per run that changed something.
        ended_out: Parquet to replace with every assignment of a record to an id that
            ended: when it began, and when the record moved to another id or went;
            without erased records.

    Returns:
        Counts and the churn of ids.

    Raises:
        InputError: If a file is missing or malformed, or edges and records disagree.
        StorageBusyError: If another process holds the ledger.
    """
    settings = settings or IdentitySettings()
    instant = (
        occurred_at.astimezone(UTC).replace(tzinfo=None)
        if occurred_at.tzinfo is not None
        else occurred_at
    )
    ledger = Ledger(ledger_dir / entity)
    with open_connection(out_clusters.parent) as connection, ledger.locked():
        _load_current(connection, standardised, edges, entity, settings)
        version = ledger.load(connection)
        assign_ids(connection, prefix=_PREFIX[entity], occurred_at=instant)
        report = _summarise(connection, entity, run_id)
        connection.execute(
            "CREATE OR REPLACE TABLE new_events AS SELECT * FROM old_events "
            "UNION ALL SELECT ?, ?::TIMESTAMP, * FROM fresh_events",
            [run_id, instant],
        )
        connection.execute("CREATE OR REPLACE TABLE new_runs AS SELECT * FROM old_runs")
        if report.is_changed:
            connection.execute(
                "INSERT INTO new_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    run_id,
                    instant,
                    report.carried,
                    report.minted,
                    report.merged,
                    report.split,
                    report.retired,
                    report.revived,
                    report.records,
                    report.clusters,
                    report.churn_rate,
                ],
            )
            ledger.commit(connection, version)
        write_parquet(
            connection,
            f"""
            SELECT source_record_key, golden_id AS golden_{entity}_id,
                count(*) OVER (PARTITION BY golden_id) AS cluster_size,
                count(*) OVER (PARTITION BY golden_id) = 1 AS is_singleton,
                assigned_at
            FROM new_members WHERE is_present ORDER BY source_record_key
            """,
            out_clusters,
        )
        publish(
            connection,
            "SELECT * FROM new_events "
            "ORDER BY occurred_at, run_id, golden_id, event, related_golden_id",
            entity,
            events_out,
        )
        publish(connection, _REDIRECTS.format(ids="new_ids"), entity, redirects_out)
        if ended_out is not None:
            publish(
                connection,
                "SELECT * FROM new_ended WHERE NOT starts_with(source_record_key, "
                f"{quote_literal(ERASED_KEY)}) ORDER BY source_record_key, valid_from",
                entity,
                ended_out,
            )
        if runs_out is not None:
            publish(
                connection,
                "SELECT * FROM new_runs ORDER BY occurred_at, run_id",
                entity,
                runs_out,
            )
    logger.info(
        "identified entity=%s records=%d clusters=%d minted=%d merged=%d split=%d "
        "retired=%d churn=%.4f",
        entity,
        report.records,
        report.clusters,
        report.minted,
        report.merged,
        report.split,
        report.retired,
        report.churn_rate,
    )
    return report


def _load_current(
    connection: duckdb.DuckDBPyConnection,
    standardised: Path,
    edges: Path,
    entity: str,
    settings: IdentitySettings,
) -> None:
    """Create `current`: each record with its cluster and what orders founders."""
    task = f"Identifying {entity}s"
    columns = register_parquet(
        connection,
        "records_file",
        standardised,
        required=["source_record_key"],
        task=task,
    )
    register_parquet(
        connection,
        "edges_file",
        edges,
        required=["source_record_key_l", "source_record_key_r", "decision"],
        task=task,
    )
    created = "created_at::TIMESTAMP" if "created_at" in columns else "NULL::TIMESTAMP"
    arrival = (
        f'"{settings.arrival_column}"::VARCHAR'
        if settings.arrival_column in columns
        else "NULL::VARCHAR"
    )
    connection.execute(
        "CREATE TABLE records AS SELECT "
        f"source_record_key, {arrival} AS arrival, {created} AS created_at "
        "FROM records_file"
    )
    counts = connection.execute(
        "SELECT count(*), count(DISTINCT source_record_key) FROM records"
    ).fetchone()
    total, distinct = counts if counts else (0, 0)
    if total != distinct:
        raise InputError(
            f"{task}: {standardised.name} has {total - distinct} rows without a key of "
            "their own; expected one row per source record; run the standardiser again."
        )
    connected = connection.sql(
        "SELECT l.rowid AS l, r.rowid AS r FROM edges_file "
        "LEFT JOIN records AS l ON edges_file.source_record_key_l = l.source_record_key "
        "LEFT JOIN records AS r ON edges_file.source_record_key_r = r.source_record_key "
        "WHERE decision = 'auto_match'"
    ).pl()
    unknown = connected.filter(pl.col("l").is_null() | pl.col("r").is_null()).height
    if unknown:
        raise InputError(
            f"{task}: {unknown} edges of {edges.name} name records that "
            f"{standardised.name} lacks; expected both from one run; run matching again."
        )
    graph = coo_array(
        (
            np.ones(connected.height, dtype=np.int8),
            (connected["l"].to_numpy(), connected["r"].to_numpy()),
        ),
        shape=(total, total),
    )
    labels = (
        connected_components(graph, directed=False)[1]
        if total
        else np.zeros(0, dtype=np.int64)
    )
    connection.register(
        "labels",
        pl.DataFrame(
            {
                "number": np.arange(total, dtype=np.int64),
                "cluster": labels.astype(np.int64),
            }
        ),
    )
    connection.execute(
        "CREATE TABLE current AS SELECT source_record_key, cluster, arrival, created_at "
        "FROM records INNER JOIN labels ON records.rowid = labels.number"
    )


def _summarise(
    connection: duckdb.DuckDBPyConnection, entity: str, run_id: str
) -> IdentityReport:
    events = {
        str(event): int(count)
        for event, count in connection.execute(
            "SELECT event, count(*) FROM fresh_events GROUP BY event"
        ).fetchall()
    }
    row = connection.execute(
        """
        WITH sizes AS (SELECT records AS n FROM founders), kept AS (
            SELECT old_members.golden_id <> new_members.golden_id AS is_moved
            FROM old_members INNER JOIN new_members USING (source_record_key)
            WHERE old_members.is_present AND new_members.is_present
        )
        SELECT
            (SELECT coalesce(sum(n), 0)::BIGINT FROM sizes),
            (SELECT count(*) FROM sizes),
            (SELECT count(*) FROM sizes WHERE n = 1),
            (SELECT coalesce(max(n), 0) FROM sizes),
            (SELECT count(*) FROM assigned INNER JOIN old_ids USING (golden_id)
                WHERE old_ids.status = 'live'),
            (SELECT coalesce(avg(is_moved::INTEGER), 0.0) FROM kept)
        """
    ).fetchone()
    redirects = connection.execute(
        f"SELECT count(*) FROM ({_REDIRECTS.format(ids='new_ids')})"
    ).fetchone()
    values = row if row else (0, 0, 0, 0, 0, 0.0)
    return IdentityReport(
        entity=entity,
        run_id=run_id,
        records=int(values[0]),
        clusters=int(values[1]),
        singletons=int(values[2]),
        largest_cluster=int(values[3]),
        carried=int(values[4]),
        minted=events.get("minted", 0),
        merged=events.get("merged", 0),
        split=events.get("split", 0),
        retired=events.get("retired", 0),
        revived=events.get("revived", 0),
        redirects=int(redirects[0]) if redirects else 0,
        churn_rate=float(values[5]),
        is_changed=bool(events) or _has_moved(connection),
    )


def _has_moved(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether records came, went or moved, although no id has an event."""
    row = connection.execute(
        """
        SELECT count(*) FROM (
            (SELECT * FROM new_members EXCEPT SELECT * FROM old_members)
            UNION ALL (SELECT * FROM old_members EXCEPT SELECT * FROM new_members)
        )
        """
    ).fetchone()
    return bool(row and row[0])
