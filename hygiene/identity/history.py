"""Looking back in the ledger: which records an id had before it was merged or changed.

What belongs here: reading kept versions. What does not: changing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from hygiene.identity.ledger import Ledger


@dataclass(frozen=True, slots=True)
class PastId:
    """What the ledger knows about one golden id.

    Attributes:
        golden_id: The id.
        status: live, merged or retired.
        live_id: The live id that stands for it now; itself, or where it redirects to.
        records: Source records that it owned last, in order of their keys.
        is_complete: Whether that is known from a kept version of the ledger; otherwise
            only its founding record is.
        changed_at: Instant of its last change of status, as text.
    """

    golden_id: str
    status: str
    live_id: str | None
    records: Sequence[str]
    is_complete: bool
    changed_at: str


def find_id(
    ledger_dir: Path, golden_id: str, *, entity: Literal["contact", "account"]
) -> PastId | None:
    """Look an id up in the ledger, also one that is no longer in use.

    Args:
        ledger_dir: Folder of the identity ledger.
        golden_id: The id.
        entity: contact or account.

    Returns:
        What is known; nothing if the id never existed.

    Raises:
        InputError: If the ledger is damaged.
    """
    ledger = Ledger(ledger_dir / entity)
    version = ledger.version()
    if not version:
        return None
    with duckdb.connect() as connection:
        known = connection.execute(
            "SELECT status, merged_into, founding_source_record_key, "
            "changed_at::VARCHAR FROM read_parquet(?) WHERE golden_id = ?",
            [str(ledger.table(version, "ids")), golden_id],
        ).fetchone()
        if known is None:
            return None
        status, merged_into, founder, changed_at = known
        live = golden_id if status == "live" else merged_into
        for number in range(version, 0, -1):
            members = ledger.table(number, "members")
            if not members.is_file():
                break
            rows = connection.execute(
                "SELECT source_record_key FROM read_parquet(?) WHERE golden_id = ? "
                "AND is_present ORDER BY source_record_key",
                [str(members), golden_id],
            ).fetchall()
            if rows:
                records = tuple(str(row[0]) for row in rows)
                return PastId(
                    golden_id, status, live, records, is_complete=True,
                    changed_at=changed_at,
                )  # fmt: skip
    return PastId(
        golden_id, status, live, (founder,), is_complete=False, changed_at=changed_at
    )
