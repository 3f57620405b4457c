"""The id and the counts of one load.

Belongs here: small pure functions of the store. No I/O.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from connectors.landing.capture import Verdict
from connectors.landing.incoming import Incoming
from connectors.landing.model import LoadCounts, Manifest, SnapshotBatch

_LOAD_TIME = "%Y%m%dT%H%M%S%fZ"


def as_utc(moment: datetime) -> datetime:
    """Take a naive moment as UTC; convert an aware one."""
    return (
        moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    )


def next_load_id(
    batch: SnapshotBatch,
    verdict: Verdict,
    rejected: pl.DataFrame,
    earlier: Sequence[Manifest],
) -> str:
    """Make an id that sorts after every earlier load, even if the clock went back."""
    moment = as_utc(batch.extracted_at)
    if earlier:
        last = max(manifest.load_id for manifest in earlier).split("-")[0]
        after = datetime.strptime(last, _LOAD_TIME).replace(tzinfo=UTC)
        moment = max(moment, after + timedelta(microseconds=1))
    content = "|".join(
        (
            batch.source_type,
            batch.object,
            batch.source_name,
            str(verdict.fingerprint),
            *(rejected["raw_text"].fill_null("").to_list()),
        )
    )
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return f"{moment.strftime(_LOAD_TIME)}-{digest}"


def count_rows(
    batch: SnapshotBatch,
    incoming: Incoming,
    verdict: Verdict,
    new_rejects: pl.DataFrame,
) -> LoadCounts:
    """Say where every row of a batch went."""
    return LoadCounts(
        rows_read=verdict.incoming + incoming.rejected.height + incoming.suppressed,
        new=verdict.new,
        changed=verdict.changed,
        unchanged=verdict.unchanged,
        tombstoned=verdict.tombstoned,
        repeated=verdict.repeated,
        superseded=verdict.superseded,
        rejected=incoming.rejected.height,
        rejected_new=new_rejects.height,
        blank=batch.blank_rows,
        suppressed=incoming.suppressed,
    )
