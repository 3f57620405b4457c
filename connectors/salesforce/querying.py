"""Reading a query by the cheapest way that works: REST, Bulk, or Bulk in parts.

Belongs here: the choice between the ways and what follows when one is refused. The ways
themselves are in `rest` and `bulk`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connectors.errors import MissingScopeError, RemoteObjectMissingError
from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.bulk import BulkReader
from connectors.salesforce.describe import FieldShape, ObjectShape
from connectors.salesforce.plan import Window
from connectors.salesforce.rest import TooManyRecordsError, read_rest
from connectors.salesforce.service import (
    BulkRefusedError,
    QueryFailedError,
    QueryTooLargeError,
    SalesforceService,
)
from connectors.salesforce.spool import Spool

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueryReader:
    """Reads queries of one org.

    Attributes:
        service: The org.
        config: The source.
        now: Start of the run by the org's clock.
        notes: Takes remarks on how an object was read.
    """

    service: SalesforceService
    config: SalesforceApiConfig
    now: datetime
    notes: list[str] = field(default_factory=list)

    def read(
        self,
        shape: ObjectShape,
        fields: Sequence[FieldShape],
        window: Window | None,
        folder: Path,
    ) -> Spool:
        """Read all records of a window, deleted ones included.

        Args:
            shape: The object.
            fields: What to read of it.
            window: Which records; None for all.
            folder: Takes the pages.

        Raises:
            QueryFailedError: No way was able to carry it out.
            TruncatedResponseError: Pages stayed incomplete in every attempt.
        """
        if window is not None or not self._is_large(shape.api_name):
            try:
                return self._rest(
                    shape, fields, window, folder, self.config.bulk_threshold
                )
            except (TooManyRecordsError, QueryFailedError) as reason:
                _LOGGER.info("%s: Bulk instead of REST (%s)", shape.api_name, reason)
        try:
            return self._bulk(shape, fields, window, folder)
        except QueryTooLargeError as error:
            if shape.stamp is None:
                raise
            _LOGGER.info("%s: in parts (%s)", shape.api_name, error)
            return self._parts(
                shape, fields, window or Window(field=shape.stamp), folder
            )
        except BulkRefusedError as error:
            self.notes.append(
                f"{shape.landing_name}: the Bulk API refuses it, read over REST"
            )
            _LOGGER.info("%s: REST instead of Bulk (%s)", shape.api_name, error)
            return self._rest(shape, fields, window, folder, None)

    def _rest(
        self,
        shape: ObjectShape,
        fields: Sequence[FieldShape],
        window: Window | None,
        folder: Path,
        most: int | None,
    ) -> Spool:
        spool = Spool(folder, fields)
        size = self.config.rest_page_size
        soql = _soql(shape, fields, window)
        read_rest(self.service, soql, spool, page_size=size, most=most)
        return spool

    def _bulk(
        self,
        shape: ObjectShape,
        fields: Sequence[FieldShape],
        window: Window | None,
        folder: Path,
    ) -> Spool:
        spool = Spool(folder, fields)
        timeout = self.config.bulk_timeout_minutes * 60.0
        reader = BulkReader(self.service, self.config.bulk_page_size, timeout)
        reader.read(shape.api_name, _soql(shape, fields, window), spool)
        return spool

    def _parts(
        self,
        shape: ObjectShape,
        fields: Sequence[FieldShape],
        window: Window,
        folder: Path,
    ) -> Spool:
        """Read a window in parts, from the oldest stamp on, halved until they work.

        A record that changes meanwhile moves to a later part: it may be read twice, of
        which the newer reading counts, but never not at all.
        """
        whole = Spool(folder, fields)
        read = 0
        todo = _halves(shape, window, self.now)
        while todo:
            part = todo.pop(0)
            place = folder / f"part-{read + 1:04d}"
            place.mkdir(exist_ok=True)
            try:
                spool = self._bulk(shape, fields, part, place)
            except QueryTooLargeError:
                todo = [*_halves(shape, part, self.now), *todo]
                continue
            read += 1
            whole.absorb(spool)
        whole.how = f"Bulk API 2.0 queryAll in {read} parts, {whole.rows:,} records"
        self.notes.append(
            f"{shape.landing_name}: the org gave up on reading it at once, read in "
            f"{read} parts"
        )
        return whole

    def _is_large(self, name: str) -> bool:
        """Ask roughly how many records an object has; no when the org does not say."""
        try:
            found = self.service.get("/limits/recordCount", params={"sObjects": name})
        except (MissingScopeError, RemoteObjectMissingError):
            return False
        counts = [item.get("count", 0) for item in found.get("sObjects", ())]
        return bool(counts) and int(counts[0]) > self.config.bulk_threshold


def _halves(shape: ObjectShape, window: Window, now: datetime) -> list[Window]:
    halves = window.halves(now)
    if halves is None:
        raise QueryFailedError(
            f"reading {shape.api_name} in parts: the org gives up even on the records of "
            f"one minute ({window.where}). Read fewer fields (field permissions of the "
            "user), or ask Salesforce for an index; the next run tries again"
        )
    return list(halves)


def _soql(
    shape: ObjectShape, fields: Sequence[FieldShape], window: Window | None
) -> str:
    names = [item.api_name for item in fields]
    return shape.soql(window.where if window is not None else "", names)
