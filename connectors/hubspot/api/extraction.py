"""Syncs a HubSpot portal: the order of the work, and what a fault costs.

Belongs here: `extract_api` and the cursor. An object that cannot be read is skipped with
a warning and the others go on; a used-up limit ends the sync cleanly; refused
credentials end it with an error. The cursor is written after every commit, so that a
kill at any instant makes the next sync read a little again, and nothing is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from connectors.errors import (
    OUT_OF_REACH,
    ConnectorError,
    CredentialsError,
    LandingBusyError,
    LimitReachedError,
    MissingScopeError,
    RemoteObjectMissingError,
    SourceConfigError,
    SpoolError,
)
from connectors.hubspot.api import catalogue
from connectors.hubspot.api.client import HubspotClient
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.links import LinkSync, Pair
from connectors.hubspot.api.lists import ListSync
from connectors.hubspot.api.mailings import CampaignSync, EventSync
from connectors.hubspot.api.marketing import MarketingSync
from connectors.hubspot.api.records import PROPERTIES, ObjectSync, RecordSync
from connectors.hubspot.api.schema import (
    ObjectSchema,
    definition_frame,
    read_schema,
)
from connectors.hubspot.extraction import ensure_contracts
from connectors.hubspot.reference import SOURCE_TYPE
from connectors.landing import (
    Landing,
    LoadMode,
    LoadResult,
    Progress,
    SnapshotBatch,
    SourceReport,
    slug_column,
)

_PORTAL = "_portal"
_MARKETING: Mapping[str, type[MarketingSync]] = {
    "contact_lists": ListSync,
    "email_campaigns": CampaignSync,
    "email_events": EventSync,
}
# These end the whole sync: the next object would meet the same.
_FATAL = (CredentialsError, LandingBusyError, SpoolError)


def extract_api(
    config: HubspotApiConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> SourceReport:
    """Read what changed in a portal and land it.

    Args:
        config: The portal and what to read of it.
        landing: Where to land.
        extracted_at: When this sync takes place (UTC).
        progress: Called with a label, the number done and the total.
        sleep: Waits; seconds.
        clock: Monotonic seconds.

    Returns:
        What was read, landed, skipped and warned about, and what it cost.

    Raises:
        CredentialsError: The token is refused; what was landed before stays.
        SourceConfigError: The token opens another portal than before.
        LandingBusyError: Another process writes the same source.
        SpoolError: The disk is full; what was landed before stays.
    """
    if extracted_at.tzinfo is None:
        extracted_at = extracted_at.replace(tzinfo=UTC)
    client = HubspotClient(config, sleep=sleep, clock=clock)
    with client, landing.workspace() as folder:
        sync = _Sync(config, landing, client, extracted_at, folder, progress)
        try:
            sync.run()
        except LimitReachedError as error:
            sync.warnings.append(f"stopped early: {error}")
            sync.skipped += [f"{name}: the limit was reached" for name in sync.left]
            sync.errors.append(error)
        report = sync.report()
    ensure_contracts(landing)
    return report


@dataclass(slots=True)
class _Sync:
    """One run: what is done, and what is left."""

    config: HubspotApiConfig
    landing: Landing
    client: HubspotClient
    now: datetime
    folder: Path
    progress: Progress | None
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    loads: list[LoadResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    errors: list[ConnectorError] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    schemas: list[ObjectSchema] = field(default_factory=list)
    folders: dict[str, str] = field(default_factory=dict)
    partners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    total: int = 0

    def run(self) -> None:
        """Read the catalogue, then every object, then the associations."""
        cursor = self.landing.cursor(SOURCE_TYPE, self.config.name)
        if cursor is not None:
            self.entries = {name: dict(entry) for name, entry in cursor.items()}
            self.warnings += cursor.notes
        self._check_portal()
        self.folders = {name: slug_column(name) for name in self.config.objects}
        self._find_custom_objects()
        pairs = self._pairs()
        self.left = [
            *catalogue_names(),
            *self.folders.values(),
            *(pair.object for pair in pairs),
            *self.config.marketing,
        ]
        self.total = len(self.left)
        self._attempt(catalogue.OWNERS, self._sync_owners)
        self._attempt(catalogue.PIPELINES, self._sync_pipelines)
        self.left.remove(catalogue.STAGES)
        for name, landed in self.folders.items():
            self._attempt(landed, lambda n=name: self._sync_object(n))  # type: ignore[misc]
        self._land_definitions()
        for pair in pairs:
            self._attempt(pair.object, lambda p=pair: self._sync_pair(p))  # type: ignore[misc]
        for kind in self.config.marketing:
            self._attempt(kind, lambda k=kind: self._sync_marketing(k))  # type: ignore[misc]

    def report(self) -> SourceReport:
        """Sum up."""
        return SourceReport(
            source_type=SOURCE_TYPE,
            source_name=self.config.name,
            loads=tuple(self.loads),
            notes=tuple(self.notes),
            warnings=tuple(self.warnings),
            usage=self.client.usage,
            skipped=tuple(self.skipped),
            errors=tuple(self.errors),
        )

    def _attempt(self, name: str, work: Callable[[], None]) -> None:
        """Do one part of the sync; its failure is a record, not the end."""
        if self.progress is not None:
            self.progress(name, self.total - len(self.left), self.total)
        try:
            work()
        except LimitReachedError:
            raise
        except _FATAL:
            raise
        except ConnectorError as error:
            self.skipped.append(f"{name}: {type(error).__name__}")
            self.warnings.append(f"{name} was skipped: {error}")
            if not isinstance(error, OUT_OF_REACH) or name in self.entries:
                self.errors.append(error)
        if name in self.left:
            self.left.remove(name)

    def _check_portal(self) -> None:
        """Refuse to mix two portals: the ids of one mean nothing in the other."""
        path = self.client.paths.account()
        try:
            portal = str(self.client.get(path).get("portalId"))
        except (MissingScopeError, RemoteObjectMissingError) as error:
            self.notes.append(f"the account cannot be named: {type(error).__name__}")
            return
        known = self.entries.get(_PORTAL, {}).get("portal_id")
        if known is not None and known != portal:
            raise SourceConfigError(
                f"syncing source {self.config.name!r}: the token opens HubSpot account "
                f"{portal}, the landed records are of account {known}. Use a token of "
                "that account, or give the other account a source name of its own"
            )
        self.entries[_PORTAL] = {"portal_id": portal}

    def _find_custom_objects(self) -> None:
        if not self.config.custom_objects:
            return
        try:
            found = catalogue.read_custom_objects(self.client)
        except (MissingScopeError, RemoteObjectMissingError):
            self.notes.append(
                "custom objects were not looked for: the token lacks "
                "crm.schemas.custom.read; grant it, or name them in `objects`"
            )
            return
        except LimitReachedError:
            raise
        except ConnectorError as error:
            self.warnings.append(f"custom objects were not looked for: {error}")
            self.errors.append(error)
            return
        for each in found:
            free = each.landing not in self.folders.values()
            landed = each.landing if free else f"{each.landing}_custom"
            self.folders.setdefault(each.name, landed)
            self.partners[each.name] = each.partners

    def _pairs(self) -> list[Pair]:
        names = {landed: name for name, landed in self.folders.items()} | {
            name: name for name in self.folders
        }
        wanted = [
            (names[left], names[right])
            for left, rights in self.config.associations.items()
            for right in rights
            if left in names and right in names
        ]
        for left, rights in self.partners.items():
            # One direction holds every link.
            wanted += [
                (left, r) for r in rights if r in names and (r, left) not in wanted
            ]
        return [
            Pair(
                left=left,
                right=right,
                left_landing=self.folders[left],
                right_landing=self.folders[right],
            )
            for left, right in dict.fromkeys(wanted)
        ]

    def _sync_owners(self) -> None:
        owners = catalogue.read_owners(self.client)
        known = self.landing.current(SOURCE_TYPE, catalogue.OWNERS, self.config.name)
        if not catalogue.is_landed(owners, known):
            batch = self._batch(catalogue.OWNERS, owners, mode=LoadMode.FULL)
            self._commit([batch], {})

    def _sync_pipelines(self) -> None:
        read: list[str] = []
        frames: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        for name in catalogue.WITH_PIPELINES:
            if name not in self.folders:
                continue
            try:
                frames.append(catalogue.read_pipelines(self.client, [name]))
                read.append(name)
            except (MissingScopeError, RemoteObjectMissingError) as error:
                self.warnings.append(f"pipelines of {name} were skipped: {error}")
        if frames:
            pipelines, stages = (pl.concat(each) for each in zip(*frames, strict=True))
            self._land_by_object(catalogue.PIPELINES, pipelines, read)
            self._land_by_object(catalogue.STAGES, stages, read)

    def _land_by_object(
        self, name: str, frame: pl.DataFrame, read: Sequence[str]
    ) -> None:
        """Land a list that was read for these objects; keep what others have in it."""
        known = self.landing.current(SOURCE_TYPE, name, self.config.name)
        gone = None
        if "object_type" in known.collect_schema():
            known = known.filter(pl.col("object_type").is_in(read))
            gone = known.select("_source_record_id")
        if read and not catalogue.is_landed(frame, known):
            self._commit([self._batch(name, frame, gone=gone)], {})

    def _sync_object(self, name: str) -> None:
        landed = self.folders[name]
        manifests = self.landing.manifests(SOURCE_TYPE, landed, self.config.name)
        landed_columns = manifests[-1].columns if manifests else ()
        known = {item.source_header: item.type_hint for item in landed_columns}
        wanted = self.config.history_properties
        schema = read_schema(
            self.client,
            name,
            landed,
            history=wanted.get(name, wanted.get(landed, ())),
            known=known,
        )
        if schema.warning is not None:
            self.warnings.append(schema.warning)
        sync = RecordSync(
            self.client,
            self.config,
            self.landing,
            schema,
            entry=self.entries.get(landed),
            extracted_at=self.now,
            folder=self.folder,
        )
        stopped_by = self._land_portions(landed, sync.run())
        self.schemas.append(schema)
        if stopped_by is not None:
            raise stopped_by

    def _land_portions(
        self, landed: str, portions: Iterable[ObjectSync]
    ) -> Exception | None:
        """Land one portion after the other; give what ended the reading early."""
        stopped_by = None
        for portion in portions:
            self._commit(portion.batches, {landed: portion.entry})
            self.notes += portion.notes
            stopped_by = portion.stopped_by
        return stopped_by

    def _sync_pair(self, pair: Pair) -> None:
        for landed in (pair.left_landing, pair.right_landing):
            if landed not in self.entries:
                self.notes.append(f"{pair.object}: waits until {landed} can be read")
                return
        sync = LinkSync(
            self.client,
            self.config,
            self.landing,
            pair,
            entry=self.entries.get(pair.object),
            extracted_at=self.now,
            folder=self.folder,
        )
        for portion in sync.run():
            batches = [portion.batch] if portion.batch is not None else []
            self._commit(batches, {pair.object: portion.entry})

    def _sync_marketing(self, name: str) -> None:
        sync = _MARKETING[name](
            self.client,
            self.config,
            self.landing,
            entry=self.entries.get(name),
            extracted_at=self.now,
        )
        stopped_by = self._land_portions(name, sync.run())
        if stopped_by is not None:
            raise stopped_by

    def _land_definitions(self) -> None:
        """Land the properties of what could be read; keep those of what could not."""
        read = sorted({each.landing for each in self.schemas if each.definitions})
        self._land_by_object(PROPERTIES, definition_frame(self.schemas), read)

    def _batch(
        self,
        name: str,
        frame: pl.DataFrame,
        *,
        mode: LoadMode = LoadMode.DELTA,
        gone: pl.LazyFrame | None = None,
    ) -> SnapshotBatch:
        return catalogue.batch_of(
            frame,
            name,
            self.config,
            self.now,
            mode=mode,
            gone=gone,
            allow_empty=self.config.allow_empty,
        )

    def _commit(
        self, batches: Sequence[SnapshotBatch], entries: dict[str, dict[str, Any]]
    ) -> None:
        if batches:
            self.loads += self.landing.commit_all(batches)
        elif all(self.entries.get(name) == entry for name, entry in entries.items()):
            return
        self.entries |= entries
        self.landing.write_cursor(SOURCE_TYPE, self.config.name, self.entries)


def catalogue_names() -> tuple[str, ...]:
    """Give the landed objects that are read at every sync."""
    return (catalogue.OWNERS, catalogue.PIPELINES, catalogue.STAGES)
