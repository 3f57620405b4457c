"""Reads a described REST service and lands what is new.

Belongs here: pages, the incremental cursor, and what the fault of one object costs. The
cursor is written after the commit of the records that it covers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from connectors.errors import (
    ConnectorError,
    CredentialsError,
    LandingBusyError,
    ProtocolError,
    SpoolError,
)
from connectors.findings import Finding, Level
from connectors.http import HttpClient, Limiter, Rate, classify_status
from connectors.landing import (
    Landing,
    LoadMode,
    LoadResult,
    Progress,
    SnapshotBatch,
    SourceReport,
)
from connectors.mapped_tables import SOURCE_TYPE as MAPPED
from connectors.mapped_tables import ensure_contracts
from connectors.record_pages import Record, RecordPages, as_text, value_at
from connectors.rest.config import RestConfig, RestObject

SOURCE_TYPE = "rest"
_CALLS = "calls"
# These end the whole sync: the next object would meet the same.
_FATAL = (CredentialsError, LandingBusyError, SpoolError)


def extract(
    config: RestConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> SourceReport:
    """Read every object of a service; one that fails is skipped with a warning.

    Args:
        config: The service and its objects.
        landing: Where to land.
        extracted_at: When this sync takes place (UTC).
        progress: Called with a label, the number done and the total.
        sleep: Waits; seconds.
        clock: Monotonic seconds.

    Raises:
        CredentialsError: The token is refused; what was landed before stays.
    """
    loads: list[LoadResult] = []
    warnings: list[str] = []
    skipped: list[str] = []
    errors: list[ConnectorError] = []
    ensure_contracts(landing)
    with _open(config, sleep, clock) as client, landing.workspace() as folder:
        for number, item in enumerate(config.objects):
            if progress is not None:
                progress(item.name, number, len(config.objects))
            try:
                loads.append(
                    _sync(
                        config,
                        item,
                        client,
                        landing,
                        folder / item.name,
                        now=extracted_at,
                    )
                )
            except _FATAL:
                raise
            except ConnectorError as error:
                skipped.append(f"{item.name}: {type(error).__name__}")
                warnings.append(f"{item.name} was skipped: {error}")
                errors.append(error)
        for load in loads:
            if load.counts.rejected:
                warnings.append(
                    f"{load.object}: {load.counts.rejected} records without an id were "
                    "set aside, see the quarantine"
                )
        return SourceReport(
            source_type=SOURCE_TYPE,
            source_name=config.name,
            loads=tuple(loads),
            warnings=tuple(warnings),
            skipped=tuple(skipped),
            errors=tuple(errors),
            usage=client.usage,
        )


def check(
    config: RestConfig,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Finding]:
    """Read the first page of each object and say whether a sync would work."""
    findings = []
    with _open(config, sleep, clock) as client:
        for item in config.objects:
            what = f"source {config.name}: {item.name}"
            try:
                page = next(_pages(config, item, client, {}), [])
                ids = sum(value_at(each, item.id_field) is not None for each in page)
                level = Level.OK if ids == len(page) else Level.WARN
                findings.append(
                    Finding(
                        level=level,
                        what=f"{what}: {len(page)} records, {ids} with an id",
                        fix="" if level is Level.OK else "correct id_field",
                    )
                )
            except ConnectorError as error:
                findings.append(
                    Finding(
                        level=Level.FAIL,
                        what=f"{what}: {error}",
                        fix="check base_url, path, records and the token",
                    )
                )
    return findings


class _Token:
    """A fixed key in a header."""

    def __init__(self, config: RestConfig) -> None:
        self._config = config

    def headers(self) -> Mapping[str, str]:
        token = self._config.token
        if token is None:
            return {}
        value = f"{self._config.auth_prefix}{token.get_secret_value()}"
        return {self._config.auth_header: value}

    def refresh(self) -> None:
        raise CredentialsError(
            f"source {self._config.name!r}: the service refused the token (HTTP 401); a "
            "valid one was expected. Check token, auth_header and auth_prefix"
        )


def _open(
    config: RestConfig, sleep: Callable[[float], None], clock: Callable[[], float]
) -> HttpClient:
    rates = {_CALLS: Rate(config.calls_per_minute, 60.0)}
    return HttpClient(
        config.base_url,
        source=config.name,
        classify=classify_status,
        tokens=_Token(config),
        limiter=Limiter(rates, clock=clock, sleep=sleep),
        timeout=config.timeout_seconds,
        sleep=sleep,
        clock=clock,
    )


def _sync(
    config: RestConfig,
    item: RestObject,
    client: HttpClient,
    landing: Landing,
    folder: Path,
    *,
    now: datetime,
) -> LoadResult:
    source_type, name = SOURCE_TYPE, item.name
    if item.land_as is not None:
        source_type, name = MAPPED, item.land_as.value
    entries = {
        k: dict(v) for k, v in (landing.cursor(source_type, config.name) or {}).items()
    }
    state = entries.get(name, {})
    since = None if _is_full_due(item, state, now) else state.get("since")
    params = (
        {} if since is None or item.since_param is None else {item.since_param: since}
    )
    pages = RecordPages(
        folder,
        name,
        id_of=lambda r: as_text(value_at(r, item.id_field)),
        fields=item.fields or None,
    )
    newest = str(state.get("since") or "") if since else ""
    for page in _pages(config, item, client, params):
        pages.add(page)
        client.count_rows(len(page))
        if item.cursor_field is not None:
            times = [as_text(value_at(each, item.cursor_field)) or "" for each in page]
            newest = max([newest, *times])
    frame = pages.scan()
    if item.land_as is not None:
        frame = frame.with_columns(
            pl.lit("false").alias("amount_includes_tax"),
            pl.lit("ymd").alias("date_order"),
            pl.lit(".").alias("decimal_separator"),
            pl.lit(None, dtype=pl.String).alias("sheet_name"),
        )
    load = landing.commit(
        SnapshotBatch(
            source_type=source_type,
            object=name,
            source_name=config.name,
            frame=frame,
            extracted_at=now,
            rejected=pages.rejected(),
            mode=LoadMode.FULL if since is None else LoadMode.DELTA,
            header_names=pages.headers,
            allow_empty=item.allow_empty,
        )
    )
    if item.cursor_field is not None:
        full_at = now.isoformat() if since is None else state["full_at"]
        entries[name] = {
            "since": _less(newest, item.overlap_seconds),
            "full_at": full_at,
        }
        landing.write_cursor(source_type, config.name, entries)
    return load


def _is_full_due(item: RestObject, state: Mapping[str, Any], now: datetime) -> bool:
    if item.cursor_field is None or not state.get("since"):
        return True
    last = datetime.fromisoformat(state["full_at"])
    return now - last >= timedelta(days=item.full_every_days)


def _less(newest: str, seconds: int) -> str:
    """Look back a little: a change may show after a later one."""
    try:
        moment = datetime.fromisoformat(newest)
    except ValueError:
        return newest  # a number that counts up, such as a version
    text = (moment - timedelta(seconds=seconds)).isoformat()
    is_utc = moment.tzinfo is not None and moment.utcoffset() == timedelta(0)
    return text.replace("+00:00", "Z") if is_utc and newest.endswith("Z") else text


def _pages(
    config: RestConfig, item: RestObject, client: HttpClient, params: Mapping[str, str]
) -> Iterator[list[Record]]:
    """Follow a list to its end; one that does not move on is an error."""
    how = item.pagination
    where = f"source {config.name!r}: reading {item.name}"
    path, given = item.path, dict(item.params) | dict(params)
    if how.size_param is not None:
        given[how.size_param] = str(how.page_size)
    if how.kind == "page":
        given[how.page_param] = str(how.first_page)
    if how.kind == "offset":
        given[how.offset_param] = "0"
    before: list[Record] | None = None
    read = 0
    for number in range(config.max_pages):
        response = client.request("GET", path, params=given or None, policies=[_CALLS])
        document = response.json() if response.content else []
        records = _records(document, item, where)
        if records and records == before:
            raise ProtocolError(
                f"{where}: page {number + 1} is the same as the one before; expected the "
                "list to move on. Check the parameters of its pagination"
            )
        if records:
            yield records
        before, read = records, read + len(records)
        if how.kind == "none":
            return
        if how.kind == "link":
            path = response.links.get("next", {}).get("url", "")
            if not path:
                return
            path, given = str(httpx.URL(str(response.url)).join(path)), {}
        elif how.kind == "cursor":
            following = as_text(value_at(document, how.cursor_path))
            if not following or following == given.get(how.cursor_param):
                return
            given[how.cursor_param] = following
        elif not records:
            return
        elif how.kind == "page":
            given[how.page_param] = str(how.first_page + number + 1)
        else:
            given[how.offset_param] = str(read)
    raise ProtocolError(
        f"{where}: the list did not end within {config.max_pages} pages; check its "
        "pagination, or raise max_pages"
    )


def _records(document: Any, item: RestObject, where: str) -> list[Record]:
    found = value_at(document, item.records) if item.records else document
    if found is None and not item.records:
        found = []
    if not isinstance(found, list) or not all(isinstance(r, Mapping) for r in found):
        place = repr(item.records) if item.records else "the answer itself"
        raise ProtocolError(
            f"{where}: expected a list of records at {place}, found "
            f"{type(found).__name__}. Correct `records`"
        )
    return found
