"""What to read of one object this time, from its cursor and its shape.

Belongs here: the decision and the cursor entry, without any call. A window follows
`SystemModstamp`, or `CreatedDate` where records never change (field histories). It ends
at the start of the run by the service's clock, never by ours, and reaches back by the
overlap.

Three things move no stamp and are met by reading the object in full from time to time: a
field that became readable, a formula whose inputs changed, and an object without any
stamp. A full read also finds what was purged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.landing import LoadMode
from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.describe import ObjectShape

_LITERAL = "%Y-%m-%dT%H:%M:%SZ"


# Salesforce was founded then; no record is older.
_OLDEST = datetime(1999, 1, 1, tzinfo=UTC)
_NARROWEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Records whose stamp lies between two moments; an end that is None is open.

    Example:
        >>> Window(field="SystemModstamp", upper=datetime(2026, 1, 1, tzinfo=UTC)).where
        'SystemModstamp < 2026-01-01T00:00:00Z'
    """

    field: str
    lower: datetime | None = None
    upper: datetime | None = None

    @property
    def where(self) -> str:
        """Condition of a query."""
        parts = []
        if self.lower is not None:
            parts.append(f"{self.field} >= {_literal(self.lower)}")
        if self.upper is not None:
            parts.append(f"{self.field} < {_literal(self.upper)}")
        return " AND ".join(parts)

    def halves(self, now: datetime) -> tuple[Window, Window] | None:
        """Cut the window in two, earlier half first; None when it is too narrow.

        An open end stays open, so that a record that changes meanwhile and leaves the
        earlier half is met in the later one.
        """
        lower, upper = self.lower or _OLDEST, self.upper or now
        middle = (lower + (upper - lower) / 2).replace(microsecond=0)
        if middle - lower < _NARROWEST:
            return None
        return (
            Window(field=self.field, lower=self.lower, upper=middle),
            Window(field=self.field, lower=middle, upper=self.upper),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one object is read.

    Attributes:
        mode: FULL reads everything and marks what is gone.
        window: Which records; None for all.
        reason: Why, for people.
        reconciles: Whether ids are compared afterwards.
    """

    mode: LoadMode
    window: Window | None
    reason: str
    reconciles: bool


def decide(
    entry: Mapping[str, Any] | None,
    shape: ObjectShape,
    started: datetime,
    config: SalesforceApiConfig,
) -> Plan:
    """Choose between everything and a window.

    Args:
        entry: State that `remember` wrote last time, if any.
        shape: The object as it is now.
        started: Start of the run by the service's clock.
        config: The source.
    """
    if entry is None:
        return _full("first read")
    if shape.stamp is None or entry.get("stamp") != shape.stamp:
        return _full("no field tells what changed")
    added = sorted(set(shape.columns) - set(entry["columns"]))
    if added:
        # Values that were there before the field became readable moved no stamp.
        return _full(f"{len(added)} new fields: {', '.join(added)[:200]}")
    refresh = timedelta(days=config.formula_refresh_every_days)
    if shape.has_formulas and started - _moment(entry["full_at"]) >= refresh:
        return _full("formula fields are refreshed")
    last = min(_moment(entry["through"]), started)
    lower = last - timedelta(seconds=config.overlap_seconds)
    period = timedelta(days=config.reconcile_every_days)
    return Plan(
        mode=LoadMode.DELTA,
        window=Window(field=shape.stamp, lower=lower, upper=started),
        reason=f"{shape.stamp} from {_literal(lower)} to {_literal(started)}",
        reconciles=started - _moment(entry["ids_at"]) >= period,
    )


def remember(
    entry: Mapping[str, Any] | None, shape: ObjectShape, started: datetime, plan: Plan
) -> dict[str, Any]:
    """Write the cursor entry after a read has landed."""
    now = started.isoformat()
    known = entry or {}
    is_full = plan.mode is LoadMode.FULL
    return {
        "stamp": shape.stamp,
        "columns": sorted(shape.columns),
        "picklists": shape.picklists(),
        "through": now,
        "full_at": now if is_full else known["full_at"],
        "ids_at": now if is_full or plan.reconciles else known["ids_at"],
    }


def _full(reason: str) -> Plan:
    return Plan(mode=LoadMode.FULL, window=None, reason=reason, reconciles=False)


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_LITERAL)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
