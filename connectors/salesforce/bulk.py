"""Reading a query with a Bulk API 2.0 job: create, poll, fetch pages, tidy up.

Belongs here: the job's life and its checks. Each page must hold as many rows as its
header announces, no page may come twice, and all pages together must hold what the job
processed. A page that fails a check is fetched again at its locator; what was spooled
before stays.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import (
    ConnectorError,
    ProtocolError,
    RetryableError,
    TruncatedResponseError,
)
from connectors.http import Download
from connectors.salesforce.service import (
    QueryFailedError,
    QueryTooLargeError,
    SalesforceService,
    require_text,
)
from connectors.salesforce.spool import Spool

_LOGGER = logging.getLogger(__name__)
_FIRST_POLL, _LONGEST_POLL, _POLL_GROWTH = 1.0, 30.0, 1.6
_PAGE_ATTEMPTS = 5
_JOB_ATTEMPTS = 2
_CREATED_SLACK = timedelta(seconds=2)


# What a job says that did not get done in time, in all the attempts of the server.
_TOO_SLOW = ("TIMEOUT", "RETRIED MORE THAN FIFTEEN TIMES")


class _JobFailedError(Exception):
    """A job ended without a result."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(state)
        self.is_too_slow = any(words in message.upper() for words in _TOO_SLOW)


@dataclass(frozen=True, slots=True)
class BulkReader:
    """Reads queries of one org.

    Attributes:
        service: The org.
        page_size: Records per result page.
        timeout_seconds: How long to wait for one job.
    """

    service: SalesforceService
    page_size: int
    timeout_seconds: float

    def read(self, object_name: str, soql: str, spool: Spool) -> None:
        """Read all records of a query, deleted ones included, into the spool.

        Raises:
            BulkRefusedError: The Bulk API does not read this object.
            QueryTooLargeError: The server gave up on the query; ask for less at once.
            QueryFailedError: The job failed twice or did not end in time.
            TruncatedResponseError: Pages stayed incomplete in every attempt.
        """
        for attempt in range(1, _JOB_ATTEMPTS + 1):
            job_id = self._create(object_name, soql)
            try:
                processed = self._wait(job_id)
            except _JobFailedError as failure:
                if failure.is_too_slow:
                    self._tidy(job_id)
                    raise QueryTooLargeError(
                        f"reading {object_name} with a Bulk job: the server gave up on "
                        "it for lack of time; it has to be read in smaller parts"
                    ) from None
                if attempt == _JOB_ATTEMPTS:
                    raise QueryFailedError(
                        f"reading {object_name} with a Bulk job: the job ended as "
                        f"{failure} twice, JobComplete was expected. See Setup > Bulk "
                        "Data Load Jobs for its message; the next run tries again"
                    ) from None
                _LOGGER.info(
                    "bulk job for %s: %s, creating another", object_name, failure
                )
                continue
            break
        try:
            pages = self._fetch(object_name, job_id, processed, spool)
        finally:
            self._tidy(job_id)
        spool.how = (
            f"Bulk API 2.0 queryAll, {spool.rows:,} records on {pages} result pages"
        )

    def _create(self, object_name: str, soql: str) -> str:
        """Create the job; when the answer is lost, find the job that came of it."""
        before = self.service.now
        document = {
            "operation": "queryAll",
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            created = self.service.post("/jobs/query", document)
        except RetryableError as error:
            _LOGGER.info("the answer to a job creation was lost: %s", error)
            adopted = self._find_lost(object_name, before)
            if adopted is not None:
                _LOGGER.info("adopting job %s", adopted)
                return adopted
            created = self.service.post("/jobs/query", document)
        return require_text(created.get("id"), "the id of a new Bulk job")

    def _find_lost(self, object_name: str, since: datetime | None) -> str | None:
        """Find the one job for this object that appeared since; None when unsure."""
        if since is None:
            return None
        listed = self.service.get("/jobs/query", params={"jobType": "V2Query"})
        found = [
            job
            for job in listed.get("records", ())
            if job.get("object") == object_name
            and job.get("operation") == "queryAll"
            and job.get("state") in ("UploadComplete", "InProgress", "JobComplete")
            and _moment(job) >= since - _CREATED_SLACK
        ]
        return found[0]["id"] if len(found) == 1 else None

    def _wait(self, job_id: str) -> int:
        """Poll until the job is done; return how many records it processed."""
        pause, waited = _FIRST_POLL, 0.0
        while True:
            job = self.service.get(f"/jobs/query/{job_id}")
            state = job.get("state")
            if state == "JobComplete":
                return int(job.get("numberRecordsProcessed", 0))
            if state in ("Failed", "Aborted"):
                raise _JobFailedError(state, str(job.get("errorMessage", "")))
            if waited >= self.timeout_seconds:
                self._tidy(job_id, is_running=True)
                raise QueryFailedError(
                    f"waiting for Bulk job {job_id}: still {state} after {waited:.0f} s, "
                    "JobComplete was expected. Raise bulk_timeout_minutes, or look at "
                    "Setup > Bulk Data Load Jobs"
                )
            self.service.client.wait(pause)
            waited += pause
            pause = min(_LONGEST_POLL, pause * _POLL_GROWTH)

    def _fetch(
        self, object_name: str, job_id: str, processed: int, spool: Spool
    ) -> int:
        locator: str | None = None
        digests: set[str] = set()
        locators: set[str] = set()
        number = 0
        while True:
            number += 1
            where = f"result page {number} of Bulk job {job_id} ({object_name})"
            locator = self._fetch_page(job_id, locator, digests, spool, where)
            if locator is None:
                break
            if locator in locators:
                raise ProtocolError(
                    f"{where}: it leads back to a page that was read already; the job's "
                    "result is not usable, run again"
                )
            locators.add(locator)
            self.service.check_limit()
        if spool.rows != processed:
            raise TruncatedResponseError(
                f"Bulk job {job_id} ({object_name}): {spool.rows:,} records on "
                f"{number} pages, while the job processed {processed:,}. Nothing of it "
                "is used; run again"
            )
        if number > 1 and spool.count_ids() != spool.rows:
            raise TruncatedResponseError(
                f"Bulk job {job_id} ({object_name}): some records came twice and others "
                "not at all. Nothing of it is used; run again"
            )
        return number

    def _fetch_page(
        self,
        job_id: str,
        locator: str | None,
        digests: set[str],
        spool: Spool,
        where: str,
    ) -> str | None:
        """Fetch one page until it is whole; return the locator of the next one."""
        params: dict[str, Any] = {"maxRecords": self.page_size}
        if locator is not None:
            params["locator"] = locator
        target = spool.folder / "page.csv"
        for attempt in range(1, _PAGE_ATTEMPTS + 1):
            done = self.service.download(
                f"/jobs/query/{job_id}/results", target, params
            )
            try:
                _keep(done, digests, spool, where)
            except TruncatedResponseError as error:
                if attempt == _PAGE_ATTEMPTS:
                    raise
                _LOGGER.info("fetching again: %s", error)
                self.service.client.wait(min(30.0, 0.5 * 2**attempt))
                continue
            finally:
                target.unlink(missing_ok=True)
            self.service.client.count_rows(_announced(done.headers) or 0)
            following = done.headers.get("sforce-locator")
            # The last page says the word null.
            return following if following not in (None, "", "null") else None
        raise AssertionError("unreachable")  # pragma: no cover

    def _tidy(self, job_id: str, *, is_running: bool = False) -> None:
        """Remove the job; one that stays is removed by Salesforce after 7 days."""
        path = f"/jobs/query/{job_id}"
        try:
            if is_running:
                place = f"{self.service.root}{path}"
                self.service.client.request("PATCH", place, json={"state": "Aborted"})
            self.service.delete(path)
        except ConnectorError as error:
            _LOGGER.info("job %s was left behind: %s", job_id, type(error).__name__)


def _keep(done: Download, digests: set[str], spool: Spool, where: str) -> None:
    """Spool one page, unless it is a page that came before."""
    expected = _announced(done.headers)
    if done.sha256 in digests and expected:
        raise TruncatedResponseError(
            f"{where}: the same page came twice; another was expected"
        )
    spool.add_csv(done.path, expected, where)
    digests.add(done.sha256)


def _announced(headers: Mapping[str, str]) -> int | None:
    text = headers.get("sforce-numberofrecords")
    return int(text) if text is not None and text.isdigit() else None


def _moment(job: Mapping[str, Any]) -> datetime:
    text = str(job.get("createdDate", ""))
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
