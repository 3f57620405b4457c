"""Bulk API 2.0 query jobs of the make-believe Salesforce.

Belongs here: jobs and their result pages. A job's rows are fixed when it is created; a
page is written to disk as CSV by DuckDB and served from there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sandbox.salesforce_org import Org
from connectors.sandbox.salesforce_soql import Query, SoqlError, parse, quote

_REFUSED = frozenset({"CaseStatus", "TaskStatus", "RecentlyViewed", "ContractStatus"})
_LARGEST_PAGE = 250_000


@dataclass(slots=True, kw_only=True)
class Job:
    """One query job."""

    id: str
    operation: str
    query: Query
    table: str
    rows: int
    api_version: str
    created: str
    state: str = "UploadComplete"
    polls: int = 0
    error: str | None = None

    def document(self) -> dict[str, Any]:
        """Give the job's description as the service does."""
        document: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.query.schema.name,
            "createdById": "005SbxSandboxUserAA",
            "createdDate": self.created.replace("Z", "+0000"),
            "systemModstamp": self.created.replace("Z", "+0000"),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.api_version),
            "jobType": "V2Query",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if self.state == "JobComplete":
            document |= {"numberRecordsProcessed": self.rows, "retries": 0}
        if self.error:
            document["errorMessage"] = self.error
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """One page on disk."""

    path: Path
    rows: int
    locator: str


@dataclass(slots=True)
class BulkJobs:
    """Every job of one org.

    Attributes:
        org: The records.
        folder: Where pages are spooled.
        polls_until_done: How often a status call still says InProgress.
        fail_next: Error message with which the next job fails, once.
        refused: Objects that the Bulk API does not support.
        slow_above: Records above which a query is not done in time.
    """

    org: Org
    folder: Path
    polls_until_done: int = 1
    fail_next: str | None = None
    refused: set[str] = field(default_factory=lambda: set(_REFUSED))
    slow_above: int | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    _pages: int = 0

    def create(self, document: Mapping[str, Any], version: str) -> Job:
        """Create a job from its request body.

        Raises:
            SoqlError: The service refuses it.
        """
        operation = document.get("operation")
        if operation not in ("query", "queryAll"):
            raise SoqlError("INVALIDJOB", f"unknown operation {operation!r}")
        query = parse(str(document.get("query", "")), self.org.objects)
        name = query.schema.name
        if name in self.refused:
            raise SoqlError(
                "INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API."
            )
        if any(item.is_compound for item in query.fields):
            raise SoqlError(
                "FUNCTIONALITY_NOT_ENABLED",
                "Selecting compound data not supported in Bulk Query",
            )
        if query.is_count:
            raise SoqlError("FUNCTIONALITY_NOT_ENABLED", "COUNT() is not supported")
        number = len(self.jobs) + 1
        table = f"sandbox_job_{number}"
        columns = ", ".join(
            f"coalesce({quote(item.name)}, '') AS {quote(item.name)}"
            for item in query.fields
        )
        with self.org.connection() as con:
            con.execute(
                f"CREATE TABLE {table} AS SELECT {columns} FROM {quote(name)} "
                f"{where(query, operation == 'queryAll')}"
            )
            rows = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        job = Job(
            id=f"750Sbx{number:09d}AAA",
            operation=operation,
            query=query,
            table=table,
            rows=rows,
            api_version=version,
            created=self.org.clock.stamp(),
        )
        if self.fail_next is not None:
            job.error, self.fail_next = self.fail_next, None
        elif self.slow_above is not None and rows > self.slow_above:
            job.error = "InternalServerError : Retried more than fifteen times"
        self.jobs[job.id] = job
        return job

    def poll(self, job: Job) -> Job:
        """Move a job on, as time would."""
        if job.state in ("UploadComplete", "InProgress"):
            job.polls += 1
            job.state = "InProgress"
            if job.polls > self.polls_until_done:
                job.state = "Failed" if job.error else "JobComplete"
        return job

    def page(self, job: Job, locator: str | None, most: int | None) -> ResultPage:
        """Write one result page.

        Raises:
            SoqlError: The locator is not one of this job.
        """
        start = 0
        if locator:
            try:
                start = int(base64.urlsafe_b64decode(locator.encode()).decode())
            except ValueError:
                raise SoqlError("INVALID_LOCATOR", "invalid locator") from None
        size = min(most or _LARGEST_PAGE, _LARGEST_PAGE)
        self._pages += 1
        path = self.folder / f"page-{self._pages}.csv"
        with self.org.connection() as con:
            con.execute(
                f"COPY (SELECT * FROM {job.table} WHERE rowid >= {start} "
                f"AND rowid < {start + size}) TO '{path}' "
                "(FORMAT csv, HEADER, FORCE_QUOTE *)"
            )
        end = min(start + size, job.rows)
        following = "null"
        if end < job.rows:
            following = base64.urlsafe_b64encode(str(end).encode()).decode()
        return ResultPage(path=path, rows=end - start, locator=following)

    def delete(self, job: Job) -> None:
        """Forget a job and its rows."""
        with self.org.connection() as con:
            con.execute(f"DROP TABLE IF EXISTS {job.table}")
        # The number stays taken.
        job.state = "Deleted"


def where(query: Query, is_all: bool) -> str:
    """Write the WHERE clause; `query` hides deleted records, `queryAll` does not."""
    conditions = [query.where] if query.where else []
    if not is_all and "IsDeleted" in query.schema.fields:
        conditions.append("IsDeleted = 'false'")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""
