"""Land what changed in a Salesforce org, over its API.

Belongs here: the order of the steps and what becomes of each kind of fault. Every object
is committed with its own cursor entry as soon as it is complete, so that a stop at any
moment keeps what was done and the next run goes on with what waited longest.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from connectors.errors import (
    OUT_OF_REACH,
    ConnectorError,
    EmptySnapshotError,
    LimitReachedError,
    MissingScopeError,
    ProtocolError,
    RemoteObjectMissingError,
    TruncatedResponseError,
)
from connectors.landing import (
    Landing,
    LoadMode,
    LoadResult,
    Progress,
    SnapshotBatch,
    SourceReport,
)
from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.describe import (
    FieldShape,
    ObjectShape,
    picklist_drift,
    read_shape,
)
from connectors.salesforce.extraction import ensure_contracts
from connectors.salesforce.plan import Plan, Window, decide, remember
from connectors.salesforce.querying import QueryReader
from connectors.salesforce.reconciliation import compare_ids, id_fields
from connectors.salesforce.records import data_columns, identity_columns
from connectors.salesforce.reference import SOURCE_TYPE
from connectors.salesforce.service import (
    FieldMissingError,
    QueryFailedError,
    SalesforceService,
    connect,
)
from connectors.salesforce.spool import Spool

_LOGGER = logging.getLogger(__name__)
_SHAPE_ATTEMPTS = 2


def extract_api(
    config: SalesforceApiConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
    token_state: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    transport: httpx.BaseTransport | None = None,
) -> SourceReport:
    """Read what changed in an org since the last run and land it.

    Args:
        config: The org, the login and the objects.
        landing: Where to land.
        extracted_at: When this extraction takes place (UTC); names the loads only, the
            windows follow the org's own clock.
        progress: Called with an object's name, the number done and the total.
        token_state: File that keeps a rotated refresh token; needed for that login.
        sleep: Waits, for back-off and polling.
        now: Seconds since 1970 by this machine, for signed tokens.
        transport: Replaces the network, for tests.

    Returns:
        What was landed, what it cost, and what was skipped or put off, with reasons.

    Raises:
        CredentialsError: The org refuses the login.
        ClockSkewError: It does because this machine's clock is off.
        RetryableError: The org cannot be reached; what was landed stays.
        PermanentError: No object could be read.
    """
    with (
        landing.workspace() as work,
        connect(
            config, token_state=token_state, sleep=sleep, now=now, transport=transport
        ) as service,
    ):
        run = _Run(config, landing, service, work, extracted_at)
        run.read_all(progress)
        ensure_contracts(landing)
        return SourceReport(
            source_type=SOURCE_TYPE,
            source_name=config.name,
            loads=tuple(run.loads),
            is_unchanged=not any(load.is_written for load in run.loads),
            notes=tuple(run.notes),
            warnings=tuple(run.warnings),
            usage=service.client.usage,
            skipped=tuple(run.skipped),
            errors=tuple(run.errors),
        )


@dataclass(slots=True)
class _Run:
    config: SalesforceApiConfig
    landing: Landing
    service: SalesforceService
    work: Path
    extracted_at: datetime
    loads: list[LoadResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    errors: list[ConnectorError] = field(default_factory=list)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read_all(self, progress: Progress | None) -> None:
        """Read every object, those that waited longest first."""
        cursor = self.landing.cursor(SOURCE_TYPE, self.config.name)
        if cursor is not None:
            self.entries = {name: dict(entry) for name, entry in cursor.items()}
            self.notes += cursor.notes
        names = self._objects()
        names.sort(
            key=lambda name: self.entries.get(name.lower(), {}).get("through", "")
        )
        failed: list[ConnectorError] = []
        for number, name in enumerate(names):
            try:
                self.service.check_limit()
                self._read_object(name)
            except LimitReachedError as error:
                waiting = [item.lower() for item in names[number:]]
                self.warnings.append(str(error))
                self.skipped += [f"{item}: put off, daily limit" for item in waiting]
                self.errors.append(error)
                return
            except (
                EmptySnapshotError,
                MissingScopeError,
                ProtocolError,
                QueryFailedError,
                RemoteObjectMissingError,
                TruncatedResponseError,
            ) as error:
                # The fault is this object's own: the others go on.
                failed.append(error)
                if not isinstance(error, OUT_OF_REACH) or name.lower() in self.entries:
                    self.errors.append(error)
                self.skipped.append(f"{name.lower()}: {type(error).__name__}")
                self.warnings.append(f"{name.lower()} was not read: {error}")
            if progress is not None:
                progress(name.lower(), number + 1, len(names))
        if failed and len(failed) == len(names):
            raise failed[0]

    def _objects(self) -> list[str]:
        """Take the configured objects that the org shows."""
        listed = self.service.get("/sobjects/")
        try:
            known = {item["name"].lower(): item["name"] for item in listed["sobjects"]}
        except (KeyError, TypeError):
            raise ProtocolError(
                f"source {self.config.name!r}: the list of objects lacks `sobjects`; "
                "check the base URL and api_version"
            ) from None
        missing = [name for name in self.config.objects if name.lower() not in known]
        for name in missing:
            self.skipped.append(f"{name.lower()}: not in the org")
            if name.lower() in self.entries:
                error = RemoteObjectMissingError(
                    f"source {self.config.name!r}: listing the objects: {name} was read "
                    "before and is not in the org any more, or hidden from this user. "
                    "What was landed stays. Give the user read access (permission set), "
                    "or take it out of objects"
                )
                self.warnings.append(str(error))
                self.errors.append(error)
                continue
            self.notes.append(
                f"{name.lower()}: the org has no such object, or this user may not see "
                "it; left aside"
            )
        if len(missing) == len(self.config.objects):
            raise RemoteObjectMissingError(
                f"source {self.config.name!r}: the org shows none of the "
                f"{len(missing)} configured objects to this user. Give the user read "
                "access (permission set), or correct objects"
            )
        return [known[n.lower()] for n in self.config.objects if n.lower() in known]

    def _read_object(self, name: str) -> None:
        """Describe, read, land and remember one object."""
        for attempt in range(1, _SHAPE_ATTEMPTS + 1):
            # The run's start for this object: later changes belong to the next window.
            shape = read_shape(self.service.get(f"/sobjects/{name}/describe"))
            started = (self.service.now or self.extracted_at).astimezone(UTC)
            entry = self.entries.get(shape.landing_name)
            plan = decide(entry, shape, started, self.config)
            try:
                self._read_planned(shape, plan, entry, started)
            except FieldMissingError:
                # A field can go between description and query.
                if attempt == _SHAPE_ATTEMPTS:
                    raise
                _LOGGER.info("%s changed its shape, describing it again", name)
                continue
            return

    def _read_planned(
        self,
        shape: ObjectShape,
        plan: Plan,
        entry: dict[str, Any] | None,
        started: datetime,
    ) -> None:
        with _Folder(self.work / shape.landing_name) as folder:
            spool = self._query(shape, shape.fields, plan.window, folder, started)
            self._commit(shape, plan, entry, spool)
            if plan.reconciles:
                plan = self._reconcile(shape, plan, entry, spool, started)
        self.entries[shape.landing_name] = remember(entry, shape, started, plan)
        self.landing.write_cursor(SOURCE_TYPE, self.config.name, self.entries)

    def _reconcile(
        self,
        shape: ObjectShape,
        plan: Plan,
        entry: dict[str, Any] | None,
        spool: Spool,
        started: datetime,
    ) -> Plan:
        """Mark purged records; read in full what the windows missed."""
        with _Folder(self.work / f"{shape.landing_name}-ids") as folder:
            ids = self._query(shape, id_fields(shape), None, folder, started)
            if not ids.rows and not self.config.allow_empty:
                # As an empty full read does, this would mark every record as gone.
                plan = Plan(
                    mode=LoadMode.FULL,
                    window=None,
                    reason="the org shows no record any more",
                    reconciles=False,
                )
                spool.clear()
                self._commit(shape, plan, entry, spool)
                return plan
            found = compare_ids(
                self.landing, self.config.name, shape, ids.scan(), started
            )
        if found.missed:
            self.notes.append(
                f"{shape.landing_name}: {found.missed} records differ from the org and "
                "were in no window; the object was read in full"
            )
            plan = Plan(
                mode=LoadMode.FULL,
                window=None,
                reason=f"{found.missed} records were missed",
                reconciles=False,
            )
            spool.clear()
            spool = self._query(shape, shape.fields, None, spool.folder, started)
            self._commit(shape, plan, entry, spool)
        elif found.gone.height:
            self._commit(shape, plan, entry, spool, gone=found.gone)
        return plan

    def _query(
        self,
        shape: ObjectShape,
        fields: Sequence[FieldShape],
        window: Window | None,
        folder: Path,
        started: datetime,
    ) -> Spool:
        reader = QueryReader(self.service, self.config, started, self.notes)
        return reader.read(shape, fields, window, folder)

    def _commit(
        self,
        shape: ObjectShape,
        plan: Plan,
        entry: dict[str, Any] | None,
        spool: Spool,
        gone: pl.DataFrame | None = None,
    ) -> None:
        frame = spool.scan()
        columns = [item.column for item in spool.fields]
        notes = [f"{plan.reason}; {spool.how}; {len(columns)} fields"]
        if shape.left_out:
            notes.append(f"fields left out: {', '.join(shape.left_out)}")
        if spool.nul_pages:
            notes.append(f"NUL bytes were removed from {spool.nul_pages} pages")
        drift = []
        if shape.landing_name not in {load.object for load in self.loads}:
            before = (entry or {}).get("picklists", {})
            drift = picklist_drift(before, shape.picklists())
        result = self.landing.commit(
            SnapshotBatch(
                source_type=SOURCE_TYPE,
                object=shape.landing_name,
                source_name=self.config.name,
                frame=frame.select(
                    *data_columns(columns, has_short_ids=False),
                    *identity_columns(
                        columns, has_short_ids=False, are_masters_long=True
                    ),
                ),
                extracted_at=self.extracted_at,
                mode=plan.mode,
                header_names={item.column: item.api_name for item in spool.fields},
                order_by=[shape.stamp.lower()] if shape.stamp else [],
                notes=notes,
                allow_empty=self.config.allow_empty,
                gone=gone,
                type_hints={item.column: item.hint for item in spool.fields},
                declared_drift=drift,
            )
        )
        self.loads.append(result)


class _Folder:
    """A folder for the pages of one query, removed at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        self._path.mkdir(parents=True)
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
