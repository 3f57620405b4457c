"""How HubSpot contacts took part in marketing mail: counts and dates.

Belongs here: a history per contact that a portal could hold. No addresses and no texts.
Everything comes from a random stream of its own, so no other value of the made-up CRM
depends on it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from connectors.synthetic.columns import blank
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.world import DAY, Chunk, timestamps

MAIL_LABELS: Final = (
    "Marketing emails delivered", "Marketing emails opened", "Marketing emails clicked",
    "Marketing emails replied", "Marketing emails bounced",
    "First marketing email send date", "Last marketing email send date",
    "Last marketing email open date", "Last marketing email click date",
    "Last marketing email reply date",
)  # fmt: skip
_NEVER_MAILED: Final = 0.25
_NEVER_REACHED: Final = 0.4
_MEAN_MAILS_PER_MONTH: Final = 1.2
_MOST_MAILS: Final = 240
_REPLIES_PER_CLICK: Final = 0.08
_MONTH: Final = 30 * DAY
# Reactions follow a mail within this time.
_LATEST_REACTION: Final = 3 * DAY
_MINUTE: Final = "%Y-%m-%d %H:%M"


def marketing_mail(
    chunk: Chunk,
    created: IntArray,
    *,
    has_address: BoolArray,
    bounced: BoolArray,
    opted_out: BoolArray,
) -> list[pl.Series]:
    """Draw the mail history of contacts.

    Args:
        chunk: The part of the world, for its random stream and its last day.
        created: Second at which each contact came into the portal.
        has_address: Contacts without an address were never written to.
        bounced: Contacts whose address bounces for good; some never got a mail.
        opted_out: Contacts who unsubscribed, and got no mails from then on.

    Returns:
        The columns of `MAIL_LABELS`, empty for contacts who were never written to.
        Delivered >= opened >= clicked >= replied, and first send <= last send, last
        click <= last open, all between creation and the last day of the world.
    """
    rng, size = chunk.rng("hs-marketing-mail"), len(created)
    last_day = chunk.world.clock.last
    # Mails stop when somebody leaves the list; others hear from us until lately.
    share = np.where(bounced | opted_out, rng.random(size), 1 - 0.1 * rng.random(size))
    room = np.maximum(last_day - created - 2 * _LATEST_REACTION, 0)
    first = created + (rng.random(size) * np.minimum(room, _MONTH)).astype(np.int64)
    last = first + ((created + room - first) * share).astype(np.int64)
    months = (last - first) / _MONTH
    sent = 1 + rng.poisson(
        _MEAN_MAILS_PER_MONTH * rng.gamma(1.5, 1 / 1.5, size) * months
    )
    sent = np.minimum(sent, _MOST_MAILS)
    last = np.where(sent > 1, last, first)
    never_reached = bounced & chance(rng, size, _NEVER_REACHED)
    lost = np.where(never_reached, sent, np.where(bounced, 1, rng.binomial(sent, 0.01)))
    lost = np.minimum(lost, sent)
    delivered = sent - lost
    # Some never open anything; the others differ in how much they read.
    interest = np.where(chance(rng, size, 0.3), 0.0, rng.beta(1.6, 3.0, size))
    opened = rng.binomial(delivered, interest)
    clicked = rng.binomial(opened, 0.22)
    replied = rng.binomial(clicked, _REPLIES_PER_CLICK)
    # The more of the mails somebody opened, the later the last of them was.
    reach = rng.random(size) ** (1 / np.maximum(opened, 1))
    opening = _after(rng, first + ((last - first) * reach).astype(np.int64))
    back = rng.random(size) ** (1 / np.maximum(clicked, 1))
    clicking = first + ((opening - first) * back).astype(np.int64)
    replying = first + ((clicking - first) * rng.random(size)).astype(np.int64)
    mailed = has_address & (room > 0) & ~chance(rng, size, _NEVER_MAILED)
    counts = [
        blank(pl.Series(count.astype(np.int64)), ~mailed)
        for count in (delivered, opened, clicked, replied, lost)
    ]
    dates = [
        timestamps(np.where(mailed & is_told, moment, -1), _MINUTE)
        for moment, is_told in (
            (first, sent > 0),
            (last, sent > 0),
            (opening, opened > 0),
            (clicking, clicked > 0),
            (replying, replied > 0),
        )
    ]
    return [*counts, *dates]


def _after(rng: np.random.Generator, sent: IntArray) -> IntArray:
    """Return when a mail was reacted to."""
    delay = rng.exponential(DAY / 3, len(sent)).astype(np.int64)
    return sent + np.minimum(delay, _LATEST_REACTION)
