"""Dagster's SQLite event log, with one engine per database instead of one per event.

Dagster makes a SQLAlchemy engine for each event that it stores, so every INSERT is
compiled anew: about 20 ms of CPU per event, on a run that stores thousands. An engine
that is kept compiles each statement once. What is stored, where, and when a connection
is opened and closed stay as Dagster has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool


class KeptEngineEventLogStorage(SqliteEventLogStorage):
    """The event log in SQLite, one database per run, engines kept for the process."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir=base_dir, inst_data=inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: Any, config_value: Any
    ) -> KeptEngineEventLogStorage:
        """Build from the `event_log_storage` entry of dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = self._engines[shard] = create_engine(
                    self.conn_string_for_shard(shard),
                    # A connection lives as long as its transaction: other processes
                    # (webserver, daemon) read and write the same files.
                    poolclass=NullPool,
                    connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
                )
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection
