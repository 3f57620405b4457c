"""Reads records page by page: lists, changes by search, and records by id.

Belongs here: the paging that loses nothing. Nothing here knows the landing zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from connectors.errors import ProtocolError
from connectors.hubspot.api.client import HubspotClient, next_page, results_of
from connectors.hubspot.api.schema import ObjectSchema
from connectors.hubspot.api.times import to_milliseconds
from connectors.hubspot.reference import RECORD_ID

PAGE, HISTORY_PAGE, SEARCH_PAGE = 100, 50, 200
_ASK_AGAIN = 3
Records = list[dict[str, Any]]


class Reader:
    """Reads the records of one object.

    Args:
        client: The portal.
        schema: What to ask for.
        max_url: Length up to which properties are named in the address.
    """

    def __init__(
        self, client: HubspotClient, schema: ObjectSchema, max_url: int
    ) -> None:
        self._client, self._schema = client, schema
        self._size = HISTORY_PAGE if schema.history else PAGE
        self._records = client.paths.records(schema.name)
        names = {"properties": ",".join(schema.columns)}
        if schema.history:
            names["propertiesWithHistory"] = ",".join(schema.history)
        fits = len(self._records) + len(urlencode(names)) <= max_url
        self._names = names if fits else None

    def newest_change(self) -> int:
        """Give the time of the newest change that search shows; 0 without records.

        It is the vendor's clock that counts: ours may be off.
        """
        found = self._search([], self._schema.modified, "DESCENDING", limit=1)
        records = results_of(found, "search")
        return max((self._changed_at(record) for record in records), default=0)

    def all_records(
        self, *, after: str | None = None
    ) -> Iterator[tuple[Records, str | None]]:
        """List every living record, oldest id first, and where each page ends.

        The token is that of a record, not of a place in the list, so that records
        coming and going meanwhile move nothing out of sight.
        """
        if self._names is not None:
            params: dict[str, Any] = {"limit": self._size, **self._names}
            for records, following in self._client.pages(
                self._records, params, after=after
            ):
                self._client.count_rows(len(records))
                yield records, following
            return
        params = {"limit": PAGE, "properties": RECORD_ID}
        for records, following in self._client.pages(
            self._records, params, after=after
        ):
            yield self.by_ids([str(r["id"]) for r in records]), following

    def archived_ids(self) -> Iterator[list[str]]:
        """List the ids in the recycle bin."""
        params = {"limit": PAGE, "properties": RECORD_ID, "archived": "true"}
        for records, _ in self._client.pages(self._records, params):
            yield [str(record["id"]) for record in records]

    def by_ids(self, ids: Sequence[str], *, archived: bool = False) -> Records:
        """Read records; ids of nothing are left out.

        The id of a merged record gives the one it ended in, under that one's id.
        """
        found: Records = []
        body: dict[str, Any] = {"properties": list(self._schema.columns)}
        if self._schema.history:
            body["propertiesWithHistory"] = list(self._schema.history)
        path = self._client.paths.batch_read(self._schema.name)
        for start in range(0, len(ids), self._size):
            body["inputs"] = [{"id": each} for each in ids[start : start + self._size]]
            params = {"archived": "true"} if archived else None
            document = self._client.post(path, body, params=params)
            found += results_of(document, f"POST {path}")
        self._client.count_rows(len(found))
        return found

    def survivor_of(self, record_id: str) -> str | None:
        """Give the id that a vanished id resolves to now, if it does."""
        records = self.by_ids([record_id])
        return str(records[0]["id"]) if records else None

    def changes_since(self, low: int) -> Iterator[list[tuple[str, int]]]:
        """Find what changed at or after a time: pages of (id, time of change).

        Every page is a query of its own that starts at the last time seen, so that the
        cap on the results of one query is never met, and a record that changes while
        we read moves to the end instead of pushing another one out of sight. Where one
        time fills a whole page, its records are read in order of their ids.
        """
        modified = self._schema.modified
        while True:
            page, has_more = self._page(
                [_filter(modified, "GTE", low)],
                modified,
                lambda _, moment: moment >= low,  # noqa: B023 - used at once
            )
            yield page
            if not has_more:
                return
            last = max(moment for _, moment in page)
            if last > low:
                low = last
            else:
                yield from self._changes_at(low)
                low += 1

    def _changes_at(self, moment: int) -> Iterator[list[tuple[str, int]]]:
        modified, last = self._schema.modified, 0
        while True:
            page, has_more = self._page(
                [
                    _filter(modified, "GTE", moment),
                    _filter(modified, "LT", moment + 1),
                    _filter(RECORD_ID, "GT", last),
                ],
                RECORD_ID,
                lambda record_id, _: int(record_id) > last,  # noqa: B023 - as above
            )
            yield page
            if not has_more:
                return
            last = max(int(record_id) for record_id, _ in page)

    def _page(
        self,
        filters: Sequence[dict[str, str]],
        sort: str,
        fits: Callable[[str, int], bool],
    ) -> tuple[list[tuple[str, int]], bool]:
        """Ask for one page; one that does not fit the question is asked for again.

        A page that was served twice would otherwise hide the one in its place.
        """
        for _ in range(_ASK_AGAIN):
            found = self._search(filters, sort, "ASCENDING")
            page = self._ids(found)
            if all(fits(*each) for each in page):
                return page, bool(page) and next_page(found) is not None
        raise ProtocolError(
            f"searching {self._schema.name} by {sort}: {_ASK_AGAIN} times the results "
            "were not those that were asked for. Check that the base URL is HubSpot's "
            "and that no proxy caches its answers; nothing was skipped"
        )

    def _search(
        self,
        filters: Sequence[dict[str, str]],
        sort: str,
        direction: str,
        limit: int = SEARCH_PAGE,
    ) -> dict[str, Any]:
        # Only the time is asked for: a query may have 3,000 characters, and the values
        # that search knows can be older than those of the record.
        return self._client.post(
            self._client.paths.search(self._schema.name),
            {
                "filterGroups": [{"filters": list(filters)}] if filters else [],
                "sorts": [{"propertyName": sort, "direction": direction}],
                "properties": [self._schema.modified],
                # No `after`: every query starts at its first page.
                "limit": limit,
            },
        )

    def _ids(self, document: dict[str, Any]) -> list[tuple[str, int]]:
        records = results_of(document, f"searching {self._schema.name}")
        return [(str(record["id"]), self._changed_at(record)) for record in records]

    def _changed_at(self, record: dict[str, Any]) -> int:
        value = (record.get("properties") or {}).get(self._schema.modified)
        moment = to_milliseconds(value or record.get("updatedAt"))
        if moment is None:
            raise ProtocolError(
                f"searching {self._schema.name}: a record has no readable "
                f"{self._schema.modified}, which every record has. Check that the base "
                "URL is HubSpot's"
            )
        return moment


def _filter(name: str, operator: str, value: int | str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": str(value)}
