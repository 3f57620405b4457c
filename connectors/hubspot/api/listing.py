"""How far a list of every record has come, so that it can be gone on with.

Belongs here: the progress as it stands in the cursor, and the bookkeeping that finds
records which a list in several portions did not show. No call.

The ids are cut into ranges, one per portion. A known record of a range that the portion
did not show is kept as unseen, and asked for by its id at the end. That holds in
whatever order the list comes; the order by id only keeps the unseen ones few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

_ID = "_source_record_id"
# Beyond this, going on costs more than beginning again.
_MOST_UNSEEN = 20_000


@dataclass(slots=True)
class Listing:
    """The state of one list.

    Attributes:
        after: Token of the page to go on with; None at the beginning.
        top: Ids up to this one are accounted for.
        unseen: Known records up to `top` that no portion showed.
        high: Newest change before a first load began; None for a refresh.
        seen_to: Highest id of the portion that is being read.
    """

    after: str | None = None
    top: int = 0
    unseen: list[str] = field(default_factory=list)
    high: int | None = None
    seen_to: int = 0

    @classmethod
    def resume(cls, state: Mapping[str, Any] | None) -> Listing:
        """Take up what `advance` wrote."""
        if not state:
            return cls()
        return cls(
            after=state["after"],
            top=state["top"],
            unseen=list(state["unseen"]),
            high=state["high"],
            seen_to=state["top"],
        )

    @property
    def has_portions(self) -> bool:
        """Whether a part of this list was landed before."""
        return self.top > 0

    def restart(self) -> None:
        """Begin again; what was landed stays."""
        self.after, self.top, self.unseen, self.seen_to = None, 0, [], 0

    def see(self, records: Sequence[Mapping[str, Any]], following: str | None) -> None:
        """Take note of a page."""
        ids = [int(record["id"]) for record in records]
        self.seen_to = max([self.seen_to, *ids])
        self.after = following

    def advance(self, unlisted: Sequence[str]) -> dict[str, Any] | None:
        """End a portion; give the state for the cursor, None to begin again."""
        self.top = self.seen_to
        self.unseen += unlisted
        if len(self.unseen) > _MOST_UNSEEN:
            return None
        return {
            "after": self.after,
            "top": self.top,
            "unseen": sorted(self.unseen),
            "high": self.high,
        }

    def still_missing(self, living: pl.LazyFrame) -> list[str]:
        """Give the unseen records that no later portion explained."""
        if not self.unseen:
            return []
        ids = pl.LazyFrame({_ID: self.unseen}, schema={_ID: pl.String})
        known = ids.join(living.select(_ID), on=_ID, how="semi")
        return known.sort(_ID).collect().to_series().to_list()


def living_between(living: pl.LazyFrame, above: int, up_to: int | None) -> pl.LazyFrame:
    """Give the ids of a range; the last range takes those that are no number too."""
    number = pl.col(_ID).cast(pl.Int64, strict=False)
    wanted = number > above
    wanted = (
        wanted & (number <= up_to) if up_to is not None else (wanted | number.is_null())
    )
    return living.filter(wanted).select(_ID)
