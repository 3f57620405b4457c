"""Dagster's SQLite event log, with one engine per database instead of one per event.

Dagster makes a SQLAlchemy engine for each event that it stores, so every INSERT is
compiled anew: about 20 ms of CPU per event, on a run that stores thousands. An engine
that is kept compiles each statement once. Events that come together, such as the plan of
a run, are stored in one transaction. The connection to a database that this process
writes stays open: opening one costs more than an event, and when the last one closes,
SQLite folds its log into the file. What is stored, and where, stays as Dagster has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import local
from typing import Any

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool, QueuePool


class KeptEngineEventLogStorage(SqliteEventLogStorage):
    """The event log in SQLite, one database per run, engines kept for the process."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._kept_open: frozenset[str] = frozenset()
        self._tables: set[str] = set()
        self._batch = local()
        super().__init__(base_dir=base_dir, inst_data=inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: Any, config_value: Any
    ) -> KeptEngineEventLogStorage:
        """Build from the `event_log_storage` entry of dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event."""
        self._keep_open(INDEX_SHARD_NAME, event.run_id)
        super().store_event(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction: all of them or none."""
        shards = (INDEX_SHARD_NAME, *sorted({each.run_id for each in events}))
        self._keep_open(*shards)
        with self._db_lock, ExitStack() as stack:
            self._batch.connections = {
                shard: stack.enter_context(self._transaction(shard)) for shard in shards
            }
            try:
                for each in events:
                    super().store_event(each)
            finally:
                self._batch.connections = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        batch: Mapping[str, Connection] | None
        batch = getattr(self._batch, "connections", None)
        if batch is not None:
            yield batch[shard]
            return
        with self._db_lock, self._transaction(shard) as connection:
            yield connection

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        engine = self._engine(shard)
        with engine.connect() as connection, connection.begin():
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table; asked for every check, and tables stay."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _keep_open(self, *shards: str) -> None:
        """Keep the connection to the index and to the latest run, and to no other.

        A daemon writes of every run there is.
        """
        wanted = frozenset({INDEX_SHARD_NAME, *shards})
        if wanted == self._kept_open:
            return
        with self._db_lock:
            for shard in wanted ^ self._kept_open:
                if shard in self._engines:
                    self._engines.pop(shard).dispose()
            self._kept_open = wanted

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            engine = self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                # Transactions stay short, because other processes (webserver, daemon)
                # read and write the same files. `_db_lock` lets in one at a time.
                **(
                    {"poolclass": QueuePool, "pool_size": 1}
                    if shard in self._kept_open
                    else {"poolclass": NullPool}
                ),
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            event.listen(engine, "connect", _wait_for_the_disk_less)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine


def _wait_for_the_disk_less(connection: Any, _: Any) -> None:
    """With a write-ahead log, NORMAL survives a crash; a power cut loses the last events."""
    connection.execute("pragma synchronous = normal")
