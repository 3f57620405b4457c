"""Reads marketing e-mail: campaigns, and what happened to each mail that was sent.

Belongs here: the two older lists of HubSpot that hold it, which page by `offset`. The
entry of the events in the cursor:

    newest     time of the newest event that was read (milliseconds), where reading ended
    reading    a reading that did not come to its end: from `low` up to `high`, which is
               what it still has to read, and the `newest` that it will have reached

Events never change. The list gives the newest first, so that what is left of a reading
are the older ones. Where a recipient was (address on the network, place, program) is not
read: nothing in the warehouse needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

import polars as pl

from connectors.errors import (
    LimitReachedError,
    ProtocolError,
    RemoteObjectMissingError,
    RetryableError,
)
from connectors.hubspot.api.catalogue import batch_of
from connectors.hubspot.api.marketing import MarketingSync
from connectors.hubspot.api.records import ObjectSync
from connectors.hubspot.api.schema import as_text
from connectors.hubspot.reference import SOURCE_TYPE
from connectors.nul import without_nul

CAMPAIGNS, EVENTS = "email_campaigns", "email_events"
PAGE = 1_000
_CAMPAIGN_FIELDS: Mapping[str, str] = {
    "email_campaign_id": "id",
    "app_id": "appId",
    "app_name": "appName",
    "content_id": "contentId",
    "name": "name",
    "subject": "subject",
    "type": "type",
    "sub_type": "subType",
    "num_included": "numIncluded",
    "num_queued": "numQueued",
    "last_updated_at": "lastUpdatedTime",
}
CAMPAIGN_COLUMNS = tuple(_CAMPAIGN_FIELDS)
_EVENT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "event_id": ("id",),
    "created_at": ("created",),
    "event_type": ("type",),
    "recipient_email": ("recipient",),
    "email_campaign_id": ("emailCampaignId",),
    "email_campaign_group_id": ("emailCampaignGroupId",),
    "app_id": ("appId",),
    "sent_by_id": ("sentBy", "id"),
    "sent_by_created_at": ("sentBy", "created"),
    "caused_by_id": ("causedBy", "id"),
    "caused_by_created_at": ("causedBy", "created"),
    "obsoleted_by_id": ("obsoletedBy", "id"),
    "obsoleted_by_created_at": ("obsoletedBy", "created"),
    "is_filtered": ("filteredEvent",),
    "subject": ("subject",),
    "from_email": ("from",),
    "cc_emails": ("cc",),
    "bcc_emails": ("bcc",),
    "reply_to_emails": ("replyTo",),
    "smtp_id": ("smtpId",),
    "response": ("response",),
    "attempt": ("attempt",),
    "category": ("category",),
    "status": ("status",),
    "drop_reason": ("dropReason",),
    "drop_message": ("dropMessage",),
    "url": ("url",),
    "referer": ("referer",),
    "duration_ms": ("duration",),
    "browser": ("browser", "name"),
    "device_type": ("deviceType",),
    "change_source": ("source",),
    "requested_by_email": ("requestedBy",),
    "subscription_status": ("portalSubscriptionStatus",),
    "subscriptions": ("subscriptions",),
    "is_bounced": ("bounced",),
}
EVENT_COLUMNS = tuple(_EVENT_FIELDS)


class CampaignSync(MarketingSync):
    """Reads the campaigns that are new or were active since they were landed."""

    def run(self) -> Iterator[ObjectSync]:
        """Read them; a limit or an outage leaves the rest for the next sync."""
        landed = self._landed()
        rows: list[list[str | None]] = []
        stopped: Exception | None = None
        try:
            for key, item in sorted(self._listed().items()):
                updated = as_text(item.get("lastUpdatedTime"))
                if key not in landed or updated not in (None, landed[key]):
                    rows.append(self._read(key, item))
        except (LimitReachedError, RetryableError) as error:
            stopped = error
        self._client.count_rows(len(rows))
        batches = []
        if rows:
            frame = pl.DataFrame(
                rows, schema=dict.fromkeys(CAMPAIGN_COLUMNS, pl.String), orient="row"
            ).with_columns(pl.col("email_campaign_id").alias("_source_record_id"))
            batches.append(batch_of(frame, CAMPAIGNS, self._config, self._now))
        yield ObjectSync(batches, self._entry, stopped)

    def _landed(self) -> dict[str, str | None]:
        """Give when each landed campaign was last active."""
        known = self._landing.current(SOURCE_TYPE, CAMPAIGNS, self._config.name)
        if "last_updated_at" not in known.collect_schema():
            return {}
        columns = ("email_campaign_id", "last_updated_at")
        return dict(known.select(columns).collect().iter_rows())

    def _listed(self) -> dict[str, Mapping[str, Any]]:
        """Give all campaigns; only the list of the active ones tells since when."""
        paths = self._client.paths
        return {
            str(each["id"]): each
            for path in (paths.email_campaigns("by-id"), paths.email_campaigns())
            for page in self._client.offset_pages(path, "campaigns", PAGE)
            for each in page
        }

    def _read(self, key: str, item: Mapping[str, Any]) -> list[str | None]:
        app = {"appId": item["appId"]} if "appId" in item else None
        try:
            details = self._client.get(self._client.paths.email_campaigns(key), app)
        except RemoteObjectMissingError:
            # The details are gone: its number and the application stay known.
            details = {}
        told = {**item, **details}
        return [as_text(told.get(name)) for name in _CAMPAIGN_FIELDS.values()]


class EventSync(MarketingSync):
    """Reads the events since the last sync."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._frames: list[pl.DataFrame] = []
        self._rows = self._nul_pages = 0

    def run(self) -> Iterator[ObjectSync]:
        """Read in portions; each is to be landed before the next is asked for.

        A limit or an outage halfway ends the reading; the next sync goes on with the
        events older than those that were landed, and begins with those that came since.
        """
        stopped: Exception | None = None
        state = self._entry.pop("reading", None)
        for low, high, newest in self._spans(state):
            reading = {"low": low, "high": high, "newest": newest}
            is_ordered = True
            try:
                for page in self._pages(low, high):
                    times = _times(page)
                    self._add(page)
                    latest = max(times, default=0)
                    reading["newest"] = max(reading["newest"] or 0, latest)
                    # Out of order, the older ones may not be all that is left.
                    is_ordered &= latest <= (reading["high"] or latest)
                    reading["high"] = min(times) + 1 if is_ordered and times else high
                    if self._rows >= self._config.portion_records:
                        yield self._portion(self._entry | {"reading": dict(reading)})
            except (LimitReachedError, RetryableError) as error:
                stopped = error
                self._entry["reading"] = reading
                break
            if reading["newest"]:
                known = self._entry.get("newest") or 0
                self._entry["newest"] = max(known, reading["newest"])
        yield self._portion(dict(self._entry), stopped)

    def _spans(
        self, state: Mapping[str, Any] | None
    ) -> Iterator[tuple[int | None, int | None, int | None]]:
        """Give what is to be read: what an earlier reading left, then what came since."""
        if state is not None:
            yield state["low"], state["high"], state["newest"]
        newest = self._entry.get("newest")
        if newest is not None:
            overlap = round(self._config.overlap.total_seconds() * 1000)
            yield max(0, newest - overlap), None, newest
        elif state is None:
            yield self._first_day(), None, None

    def _first_day(self) -> int | None:
        since = self._config.email_events_since
        if since is None:
            return None
        return round(datetime.combine(since, time.min, UTC).timestamp() * 1000)

    def _pages(
        self, low: int | None, high: int | None
    ) -> Iterator[list[dict[str, Any]]]:
        params = {"startTimestamp": low, "endTimestamp": high}
        given = {name: value for name, value in params.items() if value is not None}
        path = self._client.paths.email_events()
        return self._client.offset_pages(path, "events", PAGE, given)

    def _add(self, events: Sequence[Mapping[str, Any]]) -> None:
        rows = [
            [_value(event, keys) for keys in _EVENT_FIELDS.values()] for event in events
        ]
        frame = pl.DataFrame(
            rows, schema=dict.fromkeys(EVENT_COLUMNS, pl.String), orient="row"
        )
        frame, has_nul = without_nul(frame)
        self._nul_pages += has_nul
        self._frames.append(
            frame.with_columns(
                pl.concat_str("event_id", "created_at", separator=":").alias(
                    "_source_record_id"
                )
            )
        )
        self._rows += frame.height
        self._client.count_rows(frame.height)

    def _portion(
        self, entry: dict[str, Any], stopped: Exception | None = None
    ) -> ObjectSync:
        frames, self._frames, self._rows = self._frames, [], 0
        batches = []
        if any(frame.height for frame in frames):
            # A page that was asked for twice, or two readings that overlap.
            frame = pl.concat(frames).unique(
                "_source_record_id", keep="first", maintain_order=True
            )
            batches.append(batch_of(frame, EVENTS, self._config, self._now))
        nul, self._nul_pages = self._nul_pages, 0
        notes = [f"NUL characters were removed from {nul} pages"] if nul else []
        return ObjectSync(batches, entry, stopped, notes)


def _times(events: Sequence[Mapping[str, Any]]) -> list[int]:
    try:
        return [int(each["created"]) for each in events]
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(
            "reading e-mail events: one has no time of creation in milliseconds, which "
            "HubSpot promises. Check the base URL, and whether a proxy answers in its "
            "place"
        ) from error


def _value(event: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    value: Any = event
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ";".join(value) or None
    return as_text(value)
