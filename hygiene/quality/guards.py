"""Volume and freshness: what the history of a source says about its latest load.

A source that suddenly holds a third fewer records is more likely broken than shrunk, so
nothing is published until somebody says that it is meant. What is usual is learned from
earlier publications. Pure functions over counts; the history is handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

from hygiene.quality.rule import Dimension, Layer, RuleResult, Severity
from hygiene.quality.settings import FreshnessGuard, VolumeGuard

ENGINE: Final = "tidycrm"
VOLUME_RULE: Final = "DQ-C-401"
UNUSUAL_RULE: Final = "DQ-C-402"
FRESHNESS_RULE: Final = "DQ-T-401"
_ENOUGH: Final = 5
"""Changes of a count, or gaps between loads, before anything counts as learned."""
# 1.4826 turns the median absolute deviation into a standard deviation (normal errors);
# 4 of them, and never less than 10 %, so that a calm history does not cry wolf.
_SPREADS: Final = 4 * 1.4826
_LEAST: Final = 0.10
_PATIENCE: Final = 3.0
_LEAST_PATIENCE: Final = timedelta(hours=24)


class Verdict(StrEnum):
    """What a guard says."""

    USUAL = "usual"
    LEARNING = "learning"
    ACCEPTED = "accepted"
    UNUSUAL = "unusual"
    DROPPED = "dropped"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Volume:
    """Records that one object of one source holds, deleted ones left out."""

    source_name: str
    source_type: str
    object: str
    records: int

    @property
    def name(self) -> str:
        """The object as a person names it: `<source>/<object>`."""
        return f"{self.source_name}/{self.object}"


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """What a guard says about one object of one source."""

    rule_id: str
    source_name: str
    source_type: str
    object: str
    verdict: Verdict
    blocks: bool
    before: int
    now: int
    text: str

    @property
    def holds(self) -> bool:
        """Whether there is nothing to look at."""
        return self.verdict in {Verdict.USUAL, Verdict.LEARNING, Verdict.ACCEPTED}


def judge_volumes(
    current: Sequence[Volume],
    history: dict[str, list[int]],
    settings: VolumeGuard,
    *,
    accepted: Collection[str] = (),
    accept_all: bool = False,
) -> list[GuardFinding]:
    """Say of every object whether its number of records fits its history.

    Args:
        current: Records now.
        history: Records at each earlier publication by `<source>/<object>`, oldest first.
        settings: How large a drop is tolerated.
        accepted: Objects whose drop is meant.
        accept_all: Every drop is meant.

    Returns:
        One finding per object; a drop beyond the limit blocks.

    Example:
        >>> volumes = [Volume("crm", "salesforce", "contact", 500)]
        >>> judge_volumes(volumes, {"crm/contact": [1000]}, VolumeGuard())[0].blocks
        True
    """
    if not settings.enabled:
        return []
    meant = {*accepted, *settings.accept}
    return [
        _judge_volume(
            volume,
            history.get(volume.name, []),
            settings,
            is_accepted=accept_all or volume.name in meant,
        )
        for volume in current
    ]


def _judge_volume(
    volume: Volume, past: Sequence[int], settings: VolumeGuard, *, is_accepted: bool
) -> GuardFinding:
    before = past[-1] if past else 0

    def find(
        verdict: Verdict, text: str, rule: str = VOLUME_RULE, *, blocks: bool = False
    ) -> GuardFinding:
        return GuardFinding(
            rule, volume.source_name, volume.source_type, volume.object,
            verdict, blocks, before, volume.records, text,
        )  # fmt: skip

    if not past:
        return find(Verdict.LEARNING, "First publication: nothing to compare with.")
    change = (volume.records - before) / before if before else 0.0
    counted = f"{before:,} records at the last publication, {volume.records:,} now"
    if before >= settings.min_records and -change > settings.allowed_drop:
        if is_accepted:
            return find(Verdict.ACCEPTED, f"{counted}: a drop that was accepted.")
        return find(
            Verdict.DROPPED,
            f"{counted}: {-change:.0%} vanished, {settings.allowed_drop:.0%} are "
            "tolerated. Look at the source; if it is meant, run `tidycrm sync "
            f"--accept-volume-drop {volume.name}` or list {volume.name} under "
            "quality.volume.accept.",
            blocks=True,
        )
    low, high = usual_change(past)
    if low is None or high is None:
        known = len(past) - 1
        return find(
            Verdict.LEARNING, f"{counted}; {known} of {_ENOUGH} changes known so far."
        )
    if before >= settings.min_records and not low <= change <= high:
        return find(
            Verdict.UNUSUAL,
            f"{counted}: {change:+.0%}, while {low:+.0%} to {high:+.0%} is usual.",
            UNUSUAL_RULE,
        )
    return find(Verdict.USUAL, f"{counted}: within {low:+.0%} to {high:+.0%}.")


def usual_change(past: Sequence[int]) -> tuple[float | None, float | None]:
    """Return the range of relative changes that a history makes look usual.

    Median and median absolute deviation, which one past accident does not move.

    Args:
        past: Records at each publication, oldest first.

    Returns:
        Least and greatest usual change; none while the history is too short.

    Example:
        >>> usual_change([100, 101])
        (None, None)
        >>> low, high = usual_change([100, 102, 104, 106, 108, 110])
        >>> low < 0.02 < high
        True
    """
    changes = [(after - before) / before for before, after in pairwise(past) if before]
    if len(changes) < _ENOUGH:
        return None, None
    middle = median(changes)
    spread = max(median(abs(each - middle) for each in changes) * _SPREADS, _LEAST)
    return middle - spread, middle + spread


def judge_freshness(
    loads: Mapping[tuple[str, str], Sequence[datetime]],
    settings: FreshnessGuard,
    *,
    now: datetime,
) -> list[GuardFinding]:
    """Say of every source whether it brings news as often as it used to.

    Args:
        loads: When each load was extracted, by (source name, source type).
        settings: A fixed limit, if the user gave one.
        now: The run's instant; as aware or naive as the loads.

    Returns:
        One finding per source.
    """
    if not settings.enabled:
        return []
    return [
        _judge_freshness(*key, sorted(set(loads[key])), settings, now)
        for key in sorted(loads)
    ]


def _judge_freshness(
    source: str,
    vendor: str,
    moments: Sequence[datetime],
    settings: FreshnessGuard,
    now: datetime,
) -> GuardFinding:
    def find(verdict: Verdict, text: str, *, blocks: bool = False) -> GuardFinding:
        return GuardFinding(
            FRESHNESS_RULE, source, vendor, "*", verdict, blocks, 0, len(moments), text
        )

    if not moments:
        return find(Verdict.LEARNING, "Nothing landed yet.")
    age = now - moments[-1]
    if settings.max_hours is not None:
        limit: timedelta | None = timedelta(hours=settings.max_hours)
    else:
        limit = usual_wait(moments)
    told = f"Newest change {_hours(age)} ago"
    if limit is None:
        return find(
            Verdict.LEARNING,
            f"{told}; {max(len(moments) - 1, 0)} of {_ENOUGH} gaps known so far.",
        )
    if age > limit:
        return find(
            Verdict.STALE,
            f"{told}, {_hours(limit)} is the limit: the export or the connection may "
            "have stopped. `tidycrm doctor` checks it.",
            blocks=settings.blocking,
        )
    return find(Verdict.USUAL, f"{told}, {_hours(limit)} is the limit.")


def usual_wait(moments: Sequence[datetime]) -> timedelta | None:
    """Return how long one may wait for news of a source, as its loads have it.

    Args:
        moments: Instants of its loads, sorted.

    Returns:
        Three times the median gap and at least a day; none while too few gaps are known.
    """
    gaps = [after - before for before, after in pairwise(moments)]
    if len(gaps) < _ENOUGH:
        return None
    middle = timedelta(seconds=median(gap.total_seconds() for gap in gaps))
    return max(middle * _PATIENCE, _LEAST_PATIENCE)


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:,.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"


def guard_results(findings: Sequence[GuardFinding]) -> list[RuleResult]:
    """Return findings as quality results.

    Args:
        findings: What the guards said.

    Returns:
        One result per finding: records before, and records that vanished.
    """
    names = {
        VOLUME_RULE: "no object lost more records than is tolerated",
        UNUSUAL_RULE: "the number of records changed as usual",
        FRESHNESS_RULE: "the source brings news as often as it used to",
    }
    return [
        RuleResult(
            layer=str(Layer.LANDING),
            object=f"{each.source_name}/{each.object}",
            rule_id=each.rule_id,
            rule_name=names[each.rule_id],
            dimension=str(
                Dimension.TIMELINESS
                if each.rule_id == FRESHNESS_RULE
                else Dimension.COMPLETENESS
            ),
            severity=str(Severity.ERROR if each.blocks else Severity.WARN),
            is_blocking=each.blocks,
            rows_checked=max(each.before, each.now),
            rows_failed=0 if each.holds else max(each.before - each.now, 0),
            success=each.holds,
            engine=ENGINE,
        )
        for each in findings
    ]
