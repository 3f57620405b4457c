"""Syncs the records of one object: first load, changes, recycle bin, merges.

Belongs here: what is read in which order, and how far the cursor moves. The entry of an
object in the cursor:

    listing               a list of every record that is not at its end (`listing`)
    modified, observed_at, is_settled
                          the newest change seen, when we first saw it, and whether the
                          overlap after it has gone by, so that search shows all of it
    full_at               when every record was last listed

Times of change are the vendor's, only compared with each other; of our own clock only
differences count. A clock that is off therefore loses nothing.

A list of every record, at first or as a refresh, is landed in portions. Whatever ends it,
a limit, an outage or a kill, the next sync goes on after the last portion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from connectors.errors import LimitReachedError, ProtocolError, RetryableError
from connectors.hubspot.api.client import HubspotClient
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.listing import Listing, living_between
from connectors.hubspot.api.reading import Reader, Records
from connectors.hubspot.api.schema import ObjectSchema, picklist_drift
from connectors.hubspot.api.spool import Spool
from connectors.hubspot.merges import mark_merged, merge_pairs, resolve_merges
from connectors.hubspot.reference import SOURCE_TYPE
from connectors.landing import Landing, LoadMode, SnapshotBatch, TypeHint

HISTORY = "property_history"
PROPERTIES = "properties"
# The service refuses to list the recycle bin of these.
NO_ARCHIVED_LIST = frozenset(
    {"meetings", "communications", "deal_splits", "quote_templates"}
)
_NUL_NOTE = "NUL characters were removed from {} pages"
_HISTORY_HINTS = {"value": TypeHint.TEXT, "changed_at": TypeHint.DATETIME}


@dataclass(slots=True)
class ObjectSync:
    """What one sync of one object brought, or one portion of it.

    Attributes:
        batches: To be landed together.
        entry: Where the next sync goes on, valid once the batches are landed.
        stopped_by: What ended the reading early; what came before it is in the batches.
        notes: Remarks.
    """

    batches: list[SnapshotBatch]
    entry: dict[str, Any]
    stopped_by: Exception | None = None
    notes: list[str] = field(default_factory=list)


class RecordSync:
    """Syncs one object.

    Args:
        client: The portal.
        config: The source.
        landing: What is known already.
        schema: What to ask for.
        entry: The object's entry in the cursor; None at first.
        extracted_at: When this sync takes place (UTC).
        folder: For spool files.
    """

    def __init__(
        self,
        client: HubspotClient,
        config: HubspotApiConfig,
        landing: Landing,
        schema: ObjectSchema,
        *,
        entry: Mapping[str, Any] | None,
        extracted_at: datetime,
        folder: Path,
    ) -> None:
        self._config, self._landing, self._schema = config, landing, schema
        self._entry, self._now = dict(entry or {}), extracted_at
        self._reader = Reader(client, schema, config.max_url_chars)
        self._spool = Spool(folder / schema.landing, schema)
        self._aliases: set[tuple[str, str]] = set()
        self._stopped: Exception | None = None
        self._is_whole = False
        self._gone: list[str] = []
        self._has_told_drift = False

    def run(self) -> Iterator[ObjectSync]:
        """Read what is new; each portion is to be landed before the next is asked for.

        A limit or an outage halfway ends the reading; what came before it counts, and
        the entry goes no further than that.
        """
        # The recycle bin first: a record that is restored meanwhile is seen alive later,
        # and the later row wins.
        if self._config.archived and self._schema.name not in NO_ARCHIVED_LIST:
            self._read_archived()
        if "modified" in self._entry:
            self._read_changes()
        if self._stopped is None and self._is_full_due():
            yield from self._list()
        yield self._portion()

    def _portion(self) -> ObjectSync:
        """Hand over what was read since the last portion."""
        frame = self._with_merges()
        return ObjectSync(
            batches=[*self._batch(frame), *self._history_batch()],
            entry=dict(self._entry),
            stopped_by=self._stopped,
        )

    def _read_archived(self) -> None:
        gone = self._current().filter(pl.col("_is_deleted"))
        known = set(gone.select("_source_record_id").collect().to_series())
        for ids in self._reader.archived_ids():
            new = [each for each in ids if each not in known]
            self._spool.add(self._reader.by_ids(new, archived=True), archived=True)

    def _list(self) -> Iterator[ObjectSync]:
        """List every record, and account for every known one that is missing from it."""
        listing = Listing.resume(self._entry.get("listing"))
        if listing.high is None and "modified" not in self._entry:
            listing.high = self._reader.newest_change()
        try:
            for records, following in self._pages(listing):
                self._spool.add(records)
                listing.see(records, following)
                is_last = following is None
                if not is_last and self._spool.rows >= self._config.portion_records:
                    self._advance(listing)
                    yield self._portion()
                    self._spool.clear()
        except (LimitReachedError, RetryableError) as error:
            self._stopped = error
            self._advance(listing)
            return
        missing = listing.still_missing(self._living())
        missing += self._unlisted(listing.top, None)
        gone = self._confirm(missing)
        # In one piece, the landing zone can tell by itself what is absent.
        self._is_whole = not listing.has_portions
        self._gone = gone if listing.has_portions else []
        if listing.high is not None:
            self._entry = self._at(listing.high)
        self._entry.pop("listing", None)
        self._entry["full_at"] = self._now.isoformat()

    def _pages(self, listing: Listing) -> Iterator[tuple[Records, str | None]]:
        """Go on with a list; when the portal does not know the place, begin again."""
        after = listing.after
        try:
            for page in self._reader.all_records(after=after):
                yield page
                after = None
        except ProtocolError:
            if after is None:
                raise
            listing.restart()
            yield from self._reader.all_records()

    def _advance(self, listing: Listing) -> None:
        """Note in the entry how far the list has come."""
        unlisted = self._unlisted(listing.top, listing.seen_to)
        self._entry["listing"] = listing.advance(unlisted)

    def _unlisted(self, above: int, up_to: int | None) -> list[str]:
        """Give the known living records of a range of ids that were not read now."""
        read = self._spool.scan().select("_source_record_id")
        living = living_between(self._living(), above, up_to)
        ids = living.join(read, on="_source_record_id", how="anti")
        return ids.sort("_source_record_id").collect().to_series().to_list()

    def _confirm(self, missing: list[str]) -> list[str]:
        """Ask once more for known records that the list did not show; give the gone.

        A page that was lost or repeated on the way must not delete records; and the id
        of a merged record resolves to where it went.
        """
        told = {lost for lost, _ in merge_pairs(self._spool.scan())}
        missing = [each for each in missing if each not in told]
        gone: list[str] = []
        for start in range(0, len(missing), 100):
            asked = missing[start : start + 100]
            records = self._reader.by_ids(asked)
            self._spool.add(records)
            found = {str(record["id"]) for record in records}
            absent = [each for each in asked if each not in found]
            if found - set(asked):
                for each in absent:
                    survivor = self._reader.survivor_of(each)
                    if survivor is not None:
                        self._aliases.add((each, survivor))
            binned = self._reader.by_ids(absent, archived=True) if absent else []
            self._spool.add(binned, archived=True)
            kept = {str(record["id"]) for record in binned}
            kept |= {lost for lost, _ in self._aliases}
            gone += [each for each in absent if each not in kept]
        return gone

    def _read_changes(self) -> None:
        seen_until = int(self._entry["modified"])
        overlap = round(self._config.overlap.total_seconds() * 1000)
        low = seen_until + 1 if self._entry["is_settled"] else seen_until - overlap
        newest, previous = seen_until, set[tuple[str, int]]()
        try:
            for page in self._reader.changes_since(max(0, low)):
                fresh = [each for each in page if each not in previous]
                previous = set(page)
                self._spool.add(self._reader.by_ids([each for each, _ in fresh]))
                newest = max([newest, *(moment for _, moment in page)])
        except (LimitReachedError, RetryableError) as error:
            self._stopped = error
        if newest > seen_until:
            self._entry |= self._at(newest)
        elif self._stopped is None:
            observed = datetime.fromisoformat(self._entry["observed_at"])
            self._entry["is_settled"] = self._now - observed >= self._config.overlap

    def _at(self, moment: int) -> dict[str, Any]:
        return {
            "modified": moment,
            "observed_at": self._now.isoformat(),
            "is_settled": False,
        }

    def _is_full_due(self) -> bool:
        last = self._entry.get("full_at")
        if last is None or "listing" in self._entry:
            return True
        every = timedelta(days=self._config.full_refresh_every_days)
        return self._now - datetime.fromisoformat(last) >= every

    def _with_merges(self) -> pl.LazyFrame:
        """Add the records that were merged away, and mark where each ended."""
        pairs = merge_pairs(self._spool.scan()) | self._aliases
        if not pairs:
            return self._spool.scan()
        merged = self._current().filter(pl.col("_merged_into").is_not_null())
        known = merged.select("_source_record_id", "_merged_into").collect()
        merges = resolve_merges(pairs | set(known.iter_rows()))
        winner_of = pl.LazyFrame(
            {
                "_source_record_id": list(merges.winner_of),
                "winner": list(merges.winner_of.values()),
            },
            schema={"_source_record_id": pl.String, "winner": pl.String},
        )
        current = self._current()
        held = set(current.collect_schema().names())
        losers = (
            current.join(winner_of, on="_source_record_id")
            .filter(pl.col("_merged_into").ne_missing(pl.col("winner")))
            .select(
                *(name for name in self._schema.columns.values() if name in held),
                "_source_record_id",
                "_is_deleted",
                "_delete_kind",
            )
            .collect()
        )
        self._spool.add_frame(losers)
        return mark_merged(self._spool.scan(), merges)

    def _batch(self, frame: pl.LazyFrame) -> list[SnapshotBatch]:
        landed = self._landing.current(SOURCE_TYPE, PROPERTIES, self._config.name)
        drift = () if self._has_told_drift else picklist_drift(self._schema, landed)
        is_quiet = not (self._is_whole or self._spool.rows or self._gone or drift)
        if is_quiet and self._has_same_shape():
            return []
        self._has_told_drift, nul = True, self._spool.nul_pages
        return [
            SnapshotBatch(
                source_type=SOURCE_TYPE,
                object=self._schema.landing,
                source_name=self._config.name,
                frame=frame,
                extracted_at=self._now,
                mode=LoadMode.FULL if self._is_whole else LoadMode.DELTA,
                gone=pl.DataFrame(
                    {"_source_record_id": self._gone},
                    schema={"_source_record_id": pl.String},
                ),
                header_names={c: name for name, c in self._schema.columns.items()},
                type_hints=self._schema.hints,
                declared_drift=drift,
                allow_empty=self._config.allow_empty,
                notes=[_NUL_NOTE.format(nul)] if nul else [],
            )
        ]

    def _has_same_shape(self) -> bool:
        """Whether columns and types are those of the newest load."""
        place = (SOURCE_TYPE, self._schema.landing, self._config.name)
        manifests = self._landing.manifests(*place)
        if not manifests:
            return False
        landed = {item.name: item.type_hint for item in manifests[-1].columns}
        hints = self._schema.hints
        return landed.keys() == set(self._schema.columns.values()) and all(
            hints.get(name, hint) is hint for name, hint in landed.items()
        )

    def _history_batch(self) -> list[SnapshotBatch]:
        history = self._spool.scan_history()
        if history is None:
            return []
        return [
            SnapshotBatch(
                source_type=SOURCE_TYPE,
                object=HISTORY,
                source_name=self._config.name,
                frame=history,
                extracted_at=self._now,
                mode=LoadMode.DELTA,
                type_hints=dict.fromkeys(
                    history.collect_schema().names(), TypeHint.TEXT
                )
                | _HISTORY_HINTS,
            )
        ]

    def _living(self) -> pl.LazyFrame:
        return self._current().filter(~pl.col("_is_deleted"))

    def _current(self) -> pl.LazyFrame:
        return self._landing.current(
            SOURCE_TYPE, self._schema.landing, self._config.name
        )
