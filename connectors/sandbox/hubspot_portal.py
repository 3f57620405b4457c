"""The state of one made-up HubSpot portal, and what each write does to it.

Belongs here: records, their history, archive, merge and restore, owners and pipelines.
No HTTP and no JSON: `hubspot_objects` and `hubspot_catalogue` translate. Times are
integers, milliseconds since 1970 in UTC, as the vendor counts them.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.sandbox.hubspot_associations import Associations
from connectors.sandbox.hubspot_marketing import Marketing
from connectors.sandbox.hubspot_schema import (
    STANDARD_TYPES,
    ObjectType,
    PropertyDefinition,
    system_properties,
)

Version = tuple[int, str | None, str]
"""One value a property had: since when, the value, and what set it."""


class PortalError(Exception):
    """A write that the portal refuses; the text is for the error body."""


@dataclass(slots=True)
class Record:
    """One record; `properties` holds what was set, system values are computed."""

    id: int
    properties: dict[str, str]
    created: int
    updated: int
    archived_at: int | None = None
    history: dict[str, list[Version]] | None = None

    @property
    def is_archived(self) -> bool:
        """Whether the record lies in the recycle bin."""
        return self.archived_at is not None


@dataclass(slots=True)
class ObjectStore:
    """All records of one type, with the two orders in which they are read."""

    type: ObjectType
    first_id: int
    properties: dict[str, PropertyDefinition] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    by_update: list[tuple[int, int]] = field(default_factory=list)
    last_id: int = 0

    def __post_init__(self) -> None:
        """Define the properties that the portal itself fills."""
        self.last_id = self.first_id
        for definition in system_properties(self.type):
            self.properties.setdefault(definition.name, definition)

    def find(self, record_id: int) -> Record | None:
        """Give a record by its id or by the id of one that was merged into it."""
        while record_id in self.aliases:
            record_id = self.aliases[record_id]
        return self.records.get(record_id)

    def living(self, record_id: int) -> bool:
        """Whether the id is that of a record outside the recycle bin."""
        record = self.records.get(record_id)
        return record is not None and not record.is_archived

    def value(self, record: Record, name: str) -> str | None:
        """Give a property as text, system properties included; null when undefined."""
        if name == "hs_object_id":
            return str(record.id)
        if name == self.type.modified:
            return iso(record.updated)
        # A trap that real portals set: contacts have this one too, and it stays behind.
        if name in (self.type.created, "hs_lastmodifieddate"):
            return iso(record.created)
        return record.properties.get(name) if name in self.properties else None

    def versions(self, record: Record, name: str) -> list[Version]:
        """Give the history of a property, newest first."""
        if record.history is not None and name in record.history:
            return record.history[name]
        value = self.value(record, name)
        return [] if value is None else [(record.created, value, "CRM_UI")]

    def new_id(self) -> int:
        """Give the next record id; no id is ever used twice."""
        self.last_id += 17
        return self.last_id

    def _put(self, record: Record) -> None:
        self.records[record.id] = record
        if not self.ids or record.id > self.ids[-1]:
            self.ids.append(record.id)
        else:
            bisect.insort(self.ids, record.id)
        bisect.insort(self.by_update, (record.updated, record.id))

    def _touch(self, record: Record, now: int) -> None:
        self._unlist(record)
        record.updated = now
        bisect.insort(self.by_update, (now, record.id))

    def _unlist(self, record: Record) -> None:
        place = bisect.bisect_left(self.by_update, (record.updated, record.id))
        if place < len(self.by_update) and self.by_update[place] == (
            record.updated,
            record.id,
        ):
            del self.by_update[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A user who can own records; archived ones still own theirs."""

    id: int
    email: str
    first_name: str
    last_name: str
    created: int
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a pipeline; `metadata` differs by object type."""

    id: str
    label: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Stages that records of one type move through."""

    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(slots=True)
class PortalSettings:
    """Knobs of the portal; each may change while it runs.

    Attributes:
        search_cap: Results that one search query shows; the page after is refused.
        search_lag_ms: How long a change stays invisible to search.
        association_page: Associations of one record per page.
        merges_list_ancestors: Whether a winner names everything that was ever merged
            into it, or only the pair of its own merge.
        max_search_body: Bytes of a search query above which it is refused.
        max_url: Bytes of path and query above which a request is refused.
        denied: Object types whose scope the token lacks.
    """

    search_cap: int = 10_000
    search_lag_ms: int = 0
    association_page: int = 100
    merges_list_ancestors: bool = True
    max_search_body: int = 3_000
    max_url: int = 16_000
    denied: set[str] = field(default_factory=set)


class Portal:
    """One portal.

    Args:
        now: Gives the portal's time in milliseconds.
        portal_id: Number of the account.
    """

    def __init__(self, now: Callable[[], int], *, portal_id: int = 62_515_535) -> None:
        self.now = now
        self.portal_id = portal_id
        self.settings = PortalSettings()
        self.stores: dict[str, ObjectStore] = {}
        self.owners: dict[int, Owner] = {}
        self.pipelines: dict[str, list[Pipeline]] = {}
        for number, object_type in enumerate(STANDARD_TYPES):
            self.add_type(object_type, first_id=1_000_001 + number * 1_000_000_000)
        self.marketing = Marketing(now, portal_id)
        self.associations = Associations(
            lambda name, record_id: self.stores[name].living(record_id)
        )

    def add_type(self, object_type: ObjectType, *, first_id: int) -> ObjectStore:
        """Define one kind of record."""
        store = ObjectStore(object_type, first_id)
        self.stores[object_type.name] = store
        if object_type.has_pipelines:
            self.pipelines.setdefault(object_type.name, [])
        return store

    def store(self, name: str) -> ObjectStore | None:
        """Find a type by its plural name, singular name or type id."""
        if name in self.stores:
            return self.stores[name]
        for store in self.stores.values():
            if name.lower() in (store.type.type_id, store.type.singular):
                return store
        return None

    def define(self, name: str, definition: PropertyDefinition) -> None:
        """Add or replace a property."""
        self.stores[name].properties[definition.name] = definition

    def undefine(self, name: str, property_name: str) -> None:
        """Remove a property, and with it every value."""
        store = self.stores[name]
        store.properties.pop(property_name, None)
        for record in store.records.values():
            record.properties.pop(property_name, None)

    def load(self, name: str, records: Iterable[Record]) -> int:
        """Put many records at once; quicker than one by one."""
        store = self.stores[name]
        for record in records:
            store.records[record.id] = record
        store.ids = sorted(store.records)
        store.last_id = max([store.last_id, *store.ids, *store.aliases])
        store.by_update = sorted(
            (record.updated, record.id)
            for record in store.records.values()
            if not record.is_archived
        )
        return len(store.records)

    def create(self, name: str, properties: Mapping[str, str]) -> Record:
        """Make a record."""
        store, now = self.stores[name], self.now()
        self._check(store, properties)
        record = Record(
            id=store.new_id(),
            properties={k: v for k, v in properties.items() if v not in (None, "")},
            created=now,
            updated=now,
        )
        store._put(record)
        return record

    def update(
        self, name: str, record_id: int, properties: Mapping[str, str | None]
    ) -> Record:
        """Change properties of a living record; the empty string clears one."""
        store, now = self.stores[name], self.now()
        self._check(store, properties)
        record = self._living(store, record_id)
        history = record.history if record.history is not None else {}
        for key, value in properties.items():
            text = None if value in (None, "") else str(value)
            if record.properties.get(key) == text:
                continue
            earlier = store.versions(record, key)
            history[key] = [(now, text, "INTEGRATION"), *earlier][:20]
            if text is None:
                record.properties.pop(key, None)
            else:
                record.properties[key] = text
        record.history = history or None
        store._touch(record, now)
        return record

    def archive(self, name: str, record_id: int) -> None:
        """Move a record to the recycle bin; an absent one is no error."""
        store = self.stores[name]
        record = store.find(record_id)
        if record is not None and not record.is_archived:
            store._unlist(record)
            record.archived_at = self.now()
            if name == "contacts":
                self.marketing.replace(record.id)

    def restore(self, name: str, record_id: int) -> Record:
        """Take a record out of the recycle bin."""
        store = self.stores[name]
        record = store.find(record_id)
        if record is None or not record.is_archived:
            raise PortalError(f"{record_id} is not in the recycle bin")
        record.archived_at = None
        store._touch(record, self.now())
        return record

    def purge(self, name: str, record_id: int) -> None:
        """Remove a record without a trace, as a privacy request does."""
        store = self.stores[name]
        record = store.find(record_id)
        if record is None:
            return
        if not record.is_archived:
            store._unlist(record)
        del store.records[record.id]
        del store.ids[bisect.bisect_left(store.ids, record.id)]
        self.associations.drop(name, record.id)
        if name == "contacts":
            self.marketing.replace(record.id)

    def merge(self, name: str, primary_id: int, other_id: int) -> Record:
        """Merge two living records; the primary's values win.

        Contacts and companies get a new record with a new id; other types keep the
        primary's id. Both old ids keep resolving to the survivor.
        """
        store, now = self.stores[name], self.now()
        primary = self._living(store, primary_id)
        other = self._living(store, other_id)
        if primary.id == other.id:
            raise PortalError("a record cannot be merged with itself")
        values = other.properties | primary.properties
        losers = [other]
        if store.type.merge_makes_new_id:
            losers = [primary, other]
            winner = Record(id=store.new_id(), properties={}, created=now, updated=now)
        else:
            winner = primary
        values["hs_merged_object_ids"] = self._merged_ids(primary, losers)
        if name == "contacts":
            moments = [f"{loser.id}:{now}" for loser in losers]
            values["hs_calculated_merged_vids"] = ";".join(moments)
        for loser in losers:
            store._unlist(loser)
            del store.records[loser.id]
            del store.ids[bisect.bisect_left(store.ids, loser.id)]
            store.aliases[loser.id] = winner.id
        winner.properties = {k: v for k, v in values.items() if v}
        if winner is primary:
            store._touch(winner, now)
        else:
            store._put(winner)
        for loser in losers:
            self.associations.move(name, loser.id, winner.id)
            if name == "contacts":
                self.marketing.replace(loser.id, by=winner.id)
        return winner

    def _merged_ids(self, primary: Record, losers: list[Record]) -> str:
        names: list[str] = []
        kept = [] if primary in losers else [primary]
        if self.settings.merges_list_ancestors or kept:
            for record in (
                [*kept, *losers] if self.settings.merges_list_ancestors else kept
            ):
                earlier = record.properties.get("hs_merged_object_ids", "")
                names += [item for item in earlier.split(";") if item]
        names += [str(loser.id) for loser in losers]
        return ";".join(dict.fromkeys(names))

    @staticmethod
    def _living(store: ObjectStore, record_id: int) -> Record:
        record = store.find(record_id)
        if record is None or record.is_archived:
            raise PortalError(f"{record_id} is no living record")
        return record

    @staticmethod
    def _check(store: ObjectStore, properties: Mapping[str, object]) -> None:
        unknown = sorted(set(properties) - set(store.properties))
        if unknown:
            raise PortalError(
                "Property values were not valid: "
                + ", ".join(f'Property "{name}" does not exist' for name in unknown)
            )


def iso(moment: int) -> str:
    """Write a moment as the vendor does, with milliseconds and Z."""
    seconds, milliseconds = divmod(moment, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds:03d}Z"


def parse_moment(text: str) -> int | None:
    """Read epoch milliseconds or ISO 8601; null for anything else."""
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
