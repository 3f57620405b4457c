"""Mistakes in deals: what a rule about deals is there to find.

Belongs here: which deal cells are spoilt and how. Nothing here changes what a deal is
worth or who has it: amounts go missing only where the other CRM holds the same deal, and
dates move only in lost deals, so that every figure of the truth stays what it is. Each
CRM draws from a stream of its own.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.columns import choose
from connectors.synthetic.deals import LOST, WON
from connectors.synthetic.dirt import Column, Kind
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.world import DAY, Chunk, timestamps

_DATE = "%Y-%m-%d"
# Left over from the stage before the deal was closed.
_LEFT_OVER = ["20", "60", "80"]


def spoil_opportunities(
    chunk: Chunk,
    stage: IntArray,
    times: tuple[IntArray, IntArray],
    probability: IntArray,
    *,
    only_here: BoolArray,
) -> tuple[Column, Column]:
    """Return close dates and probabilities as Salesforce holds them.

    Args:
        chunk: The part of the world in hand.
        stage: Position in `STAGES` per opportunity.
        times: When each was created and when it closes, in epoch seconds.
        probability: Per cent that belong to the stage.
        only_here: Whether no other CRM knows the deal.

    Returns:
        Close dates and probabilities, before and after.
    """
    rng, dirt = chunk.rng("deal-dirt-salesforce"), chunk.world.dirt
    size = len(stage)
    created, closes = times
    early = created - rng.integers(2, 60, size) * DAY
    close_date = Column.of(timestamps(closes, _DATE))
    close_date.swap_in(
        (stage == LOST) & only_here & chance(rng, size, dirt.deal_closed_too_early),
        Kind.CLOSED_BEFORE_CREATED,
        timestamps(early, _DATE),
    )
    percent = Column.of(pl.Series(probability).cast(pl.String))
    percent.swap_in(
        (stage >= WON) & chance(rng, size, dirt.deal_probability_stale),
        Kind.PROBABILITY_STALE,
        choose(rng, _LEFT_OVER, size),
    )
    return close_date, percent


def spoil_amounts(
    chunk: Chunk, amount: pl.Series, stage: IntArray, *, is_synced: BoolArray
) -> Column:
    """Return amounts as HubSpot holds them.

    Args:
        chunk: The part of the world in hand.
        amount: Amounts as text.
        stage: Position in `STAGES` per deal.
        is_synced: Whether the deal carries the id of its Salesforce opportunity.

    Returns:
        Amounts, before and after.
    """
    rng, dirt = chunk.rng("deal-dirt-hubspot"), chunk.world.dirt
    column = Column.of(amount)
    lost = chance(rng, len(amount), dirt.deal_amount_missing)
    column.drop((np.asarray(stage) == WON) & is_synced & lost, Kind.AMOUNT_MISSING)
    return column
