"""What one identification reports: counts of ids, never contents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """What one call of `identify` did.

    Attributes:
        entity: contact or account.
        run_id: The run.
        records: Source records in the run.
        clusters: Golden ids that own at least one of them.
        singletons: Golden ids that own exactly one.
        largest_cluster: Records of the largest cluster.
        carried: Ids that were live before and still are.
        minted: New ids.
        merged: Ids that another id absorbed; they redirect to it.
        split: Moves of a part of an id's records to another id.
        retired: Ids that lost their last record.
        revived: Retired ids whose records came back.
        redirects: Redirects in force.
        churn_rate: Share of the records known before and present now whose id changed.
        is_changed: Whether the ledger got a new version.
    """

    entity: str
    run_id: str
    records: int
    clusters: int
    singletons: int
    largest_cluster: int
    carried: int
    minted: int
    merged: int
    split: int
    retired: int
    revived: int
    redirects: int
    churn_rate: float
    is_changed: bool
