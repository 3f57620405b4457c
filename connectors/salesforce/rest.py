"""Reading a query over REST: pages behind links.

Belongs here: the paging, and the checks that every record came, once. Suited to some
thousand records, and to the objects that the Bulk API refuses.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from connectors.errors import ProtocolError, TruncatedResponseError
from connectors.salesforce.service import QueryFailedError, SalesforceService
from connectors.salesforce.spool import Spool

_LOGGER = logging.getLogger(__name__)
_ATTEMPTS = 3
# Salesforce refuses longer addresses; encoding makes a query about a tenth longer.
LONGEST_QUERY = 12_000


class TooManyRecordsError(Exception):
    """More records than REST should carry; `total` says how many."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.total = total


def read_rest(
    service: SalesforceService,
    soql: str,
    spool: Spool,
    *,
    page_size: int,
    most: int | None,
) -> None:
    """Read all records of a query, deleted ones included, into the spool.

    Args:
        service: The org.
        soql: The query.
        spool: Takes the pages.
        page_size: Records per page.
        most: Give up before the second page when the query has more records.

    Raises:
        TooManyRecordsError: More than `most`.
        QueryFailedError: The query is too long for an address.
        TruncatedResponseError: Records were missing or repeated, in every attempt.
    """
    if len(soql) > LONGEST_QUERY:
        raise QueryFailedError(
            f"querying over REST: the query has {len(soql):,} characters, at most "
            f"{LONGEST_QUERY:,} fit into an address"
        )
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _read_once(service, soql, spool, page_size, most)
        except TruncatedResponseError as error:
            spool.clear()
            if attempt == _ATTEMPTS:
                raise
            _LOGGER.info("starting a REST query again: %s", error)
            continue
        spool.how = f"REST queryAll, {spool.rows:,} records"
        return


def _read_once(
    service: SalesforceService,
    soql: str,
    spool: Spool,
    page_size: int,
    most: int | None,
) -> None:
    headers = {"Sforce-Query-Options": f"batchSize={page_size}"}
    page = _get(service, "/queryAll", params={"q": soql}, headers=headers)
    total = page["totalSize"]
    if most is not None and total > most:
        raise TooManyRecordsError(total)
    seen: set[str] = set()
    links: set[str] = set()
    rows = 0
    while True:
        spool.add_json(page["records"])
        service.client.count_rows(len(page["records"]))
        rows += len(page["records"])
        seen.update(record["Id"] for record in page["records"])
        if page["done"]:
            break
        link = page.get("nextRecordsUrl")
        if not isinstance(link, str) or link in links:
            raise ProtocolError(
                "reading a REST query: an unfinished page names no new page "
                "(nextRecordsUrl missing or repeated); report this, and read the object "
                "with bulk_threshold 0 meanwhile"
            )
        links.add(link)
        service.check_limit()
        page = _get(service, link, headers=headers)
    if rows != total or len(seen) != rows:
        raise TruncatedResponseError(
            f"reading a REST query: {total:,} records were announced, {rows:,} came, of "
            f"which {len(seen):,} are different ones. Pages were lost or served twice; "
            "run again"
        )


def _get(service: SalesforceService, path: str, **options: Any) -> dict[str, Any]:
    place = path if path.startswith("/services/") else f"{service.root}{path}"
    response = service.client.request("GET", place, **options)
    # Numbers stay as they are written: 0.10 is not 0.1 in a file either.
    page = json.loads(response.content, parse_float=str, parse_int=str)
    try:
        page["totalSize"] = int(page["totalSize"])
        has_all = isinstance(page["done"], bool) and isinstance(page["records"], list)
    except (KeyError, TypeError, ValueError):
        has_all = False
    if not has_all:
        raise ProtocolError(
            f"GET {place}: totalSize, done or records are missing in the answer; check "
            "the base URL and api_version, and that no proxy changes answers"
        )
    result: dict[str, Any] = page
    return result
