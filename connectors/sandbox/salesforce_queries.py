"""REST queries of the make-believe Salesforce: pages of JSON behind locators.

Belongs here: running a query and writing its rows as the REST API does, where numbers
and booleans are bare, date-times end in +0000 and every record says its type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.sandbox.salesforce_bulk import where
from connectors.sandbox.salesforce_org import Org
from connectors.sandbox.salesforce_schema import NUMERIC, Field
from connectors.sandbox.salesforce_soql import Query, SoqlError, parse, quote

# Accepted: "batchSize=500". Rejected: "size=500".
_BATCH = re.compile(r"batchSize=(\d+)")


@dataclass(frozen=True, slots=True)
class _OpenQuery:
    query: Query
    records: list[str]
    size: int


class Queries:
    """Open queries of one org; pages are cut from the rows of the first call."""

    def __init__(self, org: Org, *, page_size: int = 2000) -> None:
        self.page_size = page_size
        self.slow_above: int | None = None
        self._org = org
        self._open: dict[str, _OpenQuery] = {}

    def counts(self, names: Sequence[str]) -> dict[str, int]:
        """Count the living records of objects; unknown ones are left out."""
        found = {}
        for name in names:
            if name in self._org.objects:
                query = parse(f"SELECT COUNT() FROM {name}", self._org.objects)
                found[name] = self._count(query, is_all=False)
        return found

    def first(self, soql: str, *, is_all: bool, version: str, options: str) -> str:
        """Run a query and give its first page.

        Raises:
            SoqlError: The service refuses it.
        """
        query = parse(soql, self._org.objects)
        if query.is_count:
            total = self._count(query, is_all=is_all)
            return json.dumps({"totalSize": total, "done": True, "records": []})
        stored = [item for item in query.fields if not item.is_compound]
        columns = ", ".join(quote(name) for name in ("Id", *(f.name for f in stored)))
        order = f" ORDER BY {query.order}" if query.order else ""
        limit = f" LIMIT {query.limit}" if query.limit is not None else ""
        with self._org.connection() as con:
            rows = con.execute(
                f"SELECT {columns} FROM {quote(query.schema.name)} "
                f"{where(query, is_all)}{order}{limit}"
            ).fetchall()
        if self.slow_above is not None and len(rows) > self.slow_above:
            raise SoqlError(
                "QUERY_TIMEOUT", "Your query request was running for too long."
            )
        place = f"/services/data/v{version}/sobjects/{query.schema.name}"
        records = [
            f'{{"attributes": {{"type": "{query.schema.name}", "url": "{place}/{row[0]}"}}'
            + "".join(
                f", {json.dumps(item.name)}: {_write(item, value)}"
                for item, value in zip(stored, row[1:], strict=True)
            )
            + "}"
            for row in rows
        ]
        wanted = _BATCH.search(options)
        size = min(int(wanted[1]), 2000) if wanted else self.page_size
        locator = f"01gSbx{len(self._open):09d}AAA"
        self._open[locator] = _OpenQuery(query, records, min(size, self.page_size))
        return self._page(locator, 0, version, shown=0)

    def more(self, locator: str, *, version: str, is_duplicate: bool) -> str:
        """Give a further page; `is_duplicate` serves the rows of the page before.

        Raises:
            SoqlError: The locator is not known.
        """
        name, _, offset = locator.partition("-")
        if name not in self._open or not offset.isdigit():
            raise SoqlError("INVALID_QUERY_LOCATOR", "invalid query locator")
        start = int(offset)
        shown = max(0, start - self._open[name].size) if is_duplicate else start
        return self._page(name, start, version, shown=shown)

    def _page(self, locator: str, start: int, version: str, *, shown: int) -> str:
        held = self._open[locator]
        total, end = len(held.records), start + held.size
        is_done = end >= total
        head = {"totalSize": total, "done": is_done}
        if not is_done:
            # Also after queryAll the link says /query/, as the real service's does.
            path = f"/services/data/v{version}/query/{locator}-{end}"
            head["nextRecordsUrl"] = path  # type: ignore[assignment]
        records = ", ".join(held.records[shown : shown + held.size])
        return f'{json.dumps(head)[:-1]}, "records": [{records}]}}'

    def _count(self, query: Query, *, is_all: bool) -> int:
        with self._org.connection() as con:
            total: int = con.execute(
                f"SELECT count(*) FROM {quote(query.schema.name)} {where(query, is_all)}"
            ).fetchall()[0][0]
        return total


def _write(item: Field, value: str | None) -> str:
    if value is None:
        return "null"
    if item.type == "boolean" or item.type in NUMERIC:
        return value
    if item.type == "datetime":
        return json.dumps(value.replace("Z", "+0000"))
    return json.dumps(value)
