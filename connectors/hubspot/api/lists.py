"""Reads lists of contacts (segments), and who is on them.

Belongs here: which lists changed. Being put on a list or taken off it changes neither the
list nor the contact; the list tells its size and when somebody was last added and last
removed, and only one in which any of that moved is read again. The entry in the cursor:

    members    what each list told when its members were read, by the list's id
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from connectors.errors import (
    LimitReachedError,
    ProtocolError,
    RemoteObjectMissingError,
    RetryableError,
)
from connectors.hubspot.api.catalogue import batch_of, is_landed, soft_deleted
from connectors.hubspot.api.marketing import MarketingSync
from connectors.hubspot.api.records import ObjectSync
from connectors.hubspot.api.schema import as_text
from connectors.hubspot.reference import SOURCE_TYPE
from connectors.landing import LoadMode, SnapshotBatch

LISTS, MEMBERS = "contact_lists", "contact_list_members"
LIST_PAGE, MEMBER_PAGE = 500, 250
# Object type id of contacts in the vendor's public reference.
_CONTACTS = "0-1"
_TELLING = ("hs_list_size", "hs_last_record_added_at", "hs_last_record_removed_at")
_FIELDS: Mapping[str, str] = {
    "list_id": "listId",
    "name": "name",
    "object_type_id": "objectTypeId",
    "processing_type": "processingType",
    "processing_status": "processingStatus",
    "list_version": "listVersion",
    "created_at": "createdAt",
    "created_by_id": "createdById",
    "updated_at": "updatedAt",
    "filters_updated_at": "filtersUpdatedAt",
    "deleted_at": "deletedAt",
}
LIST_COLUMNS = (*_FIELDS, "size")
MEMBER_COLUMNS = ("list_id", "contact_id", "added_at")
_ID = "_source_record_id"


class ListSync(MarketingSync):
    """Reads the lists of a portal and the members of those that changed."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._told: dict[str, list[str | None]] = dict(self._entry.get("members", {}))
        self._batches: list[SnapshotBatch] = []

    def run(self) -> Iterator[ObjectSync]:
        """Read lists, then members; each portion is to be landed before the next.

        A limit or an outage ends the reading; lists whose members were not read yet are
        read by the next sync.
        """
        documents = self._read_lists()
        self._batches = self._list_batches(_list_frame(documents))
        living = {
            str(each["listId"]): _told_by(each)
            for each in documents
            if not each.get("deletedAt")
        }
        self._told = {key: told for key, told in self._told.items() if key in living}
        frames, gone, rows, stopped = [], [self._of_lists_but(living)], 0, None
        try:
            for key, told in living.items():
                # One that does not even tell its size may have changed.
                if self._told.get(key) == told and told[0] is not None:
                    continue
                try:
                    frame = self._read_members(key)
                except RemoteObjectMissingError:
                    # Deleted since it was listed: the next list says so.
                    continue
                frames.append(frame)
                gone.append(self._of_list(key))
                rows += frame.height
                self._told[key] = told
                if rows >= self._config.portion_records:
                    yield self._portion(frames, gone)
                    frames, gone, rows = [], [], 0
        except (LimitReachedError, RetryableError) as error:
            stopped = error
        yield self._portion(frames, gone, stopped)

    def _read_lists(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            document = self._client.post(
                self._client.paths.lists(),
                {
                    "objectTypeId": _CONTACTS,
                    "additionalProperties": list(_TELLING),
                    "count": LIST_PAGE,
                    "offset": len(found),
                },
            )
            page = document.get("lists")
            if not isinstance(page, list) or any("listId" not in each for each in page):
                raise ProtocolError(
                    "listing the lists of contacts: the answer has no lists with ids, "
                    "which HubSpot promises. Check the base URL, and whether a proxy "
                    "answers in its place"
                )
            found += page
            if not page or not document.get("hasMore"):
                self._client.count_rows(len(found))
                return list({str(each["listId"]): each for each in found}.values())

    def _list_batches(self, lists: pl.DataFrame) -> list[SnapshotBatch]:
        known = self._landing.current(SOURCE_TYPE, LISTS, self._config.name)
        if is_landed(lists, known):
            return []
        # A portal may well have no list any more.
        mode = LoadMode.FULL
        return [
            batch_of(lists, LISTS, self._config, self._now, mode=mode, allow_empty=True)
        ]

    def _read_members(self, key: str) -> pl.DataFrame:
        path = self._client.paths.list_members(key)
        frames = [_member_frame(key, [])]
        for page, _ in self._client.pages(path, {"limit": MEMBER_PAGE}):
            frames.append(_member_frame(key, page))
            self._client.count_rows(len(page))
        return pl.concat(frames).unique(_ID, keep="first", maintain_order=True)

    def _portion(
        self,
        frames: list[pl.DataFrame],
        gone: list[pl.LazyFrame],
        stopped: Exception | None = None,
    ) -> ObjectSync:
        absent = pl.concat(gone).collect() if gone else pl.DataFrame()
        batches, self._batches = self._batches, []
        if frames or absent.height:
            batches.append(
                # Those that were read again are in the batch, which wins; and a list
                # was asked for by its id: nobody on it is an answer.
                batch_of(
                    pl.concat([_member_frame("", []), *frames]),
                    MEMBERS,
                    self._config,
                    self._now,
                    gone=absent.lazy() if gone else None,
                    allow_empty=True,
                )
            )
        return ObjectSync(batches, {"members": dict(self._told)}, stopped)

    def _of_list(self, key: str) -> pl.LazyFrame:
        return self._members(pl.col("list_id") == key)

    def _of_lists_but(self, living: Mapping[str, Any]) -> pl.LazyFrame:
        return self._members(~pl.col("list_id").is_in(list(living)))

    def _members(self, which: pl.Expr) -> pl.LazyFrame:
        known = self._landing.current(SOURCE_TYPE, MEMBERS, self._config.name)
        if "list_id" not in known.collect_schema():
            return pl.LazyFrame(schema={_ID: pl.String})
        return known.filter(which & ~pl.col("_is_deleted")).select(_ID)


def _told_by(document: Mapping[str, Any]) -> list[str | None]:
    more = document.get("additionalProperties") or {}
    return [as_text(more.get(name)) for name in _TELLING]


def _list_frame(documents: list[dict[str, Any]]) -> pl.DataFrame:
    rows = [
        [*(as_text(each.get(name)) for name in _FIELDS.values()), _told_by(each)[0]]
        for each in documents
    ]
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(LIST_COLUMNS, pl.String), orient="row"
    )
    return frame.with_columns(
        pl.col("list_id").alias(_ID), *soft_deleted(pl.col("deleted_at").is_not_null())
    )


def _member_frame(key: str, page: list[dict[str, Any]]) -> pl.DataFrame:
    rows = [
        (key, str(each["recordId"]), as_text(each.get("membershipTimestamp")))
        for each in page
    ]
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String), orient="row"
    )
    return frame.with_columns(
        pl.concat_str("list_id", "contact_id", separator=":").alias(_ID)
    )
