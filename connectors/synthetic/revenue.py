"""What the web shop and the billing sheet sold: orders, invoices, subscriptions.

Belongs here: the true purchases of a chunk's customers. These products are not the CRM
deals': money in sheets and money in won deals never overlap. Amounts are integers of a
hundredth of the currency unit; days count from 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.columns import blank, patch, texts
from connectors.synthetic.customers import Buyers
from connectors.synthetic.rng import BoolArray, IntArray, chance, pick
from connectors.synthetic.world import DAY, Chunk

_GOODS_CENTS = (
    24_900,
    3_900,
    18_900,
    15_900,
    2_900,
    3_900,
    1_200,
    64_900,
    2_400,
    1_900,
)
_PLANS = (("Basic", 4_900), ("Team", 19_900), ("Business", 69_900))
_PERIOD_MONTHS = np.asarray([1, 3, 12])


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of orders or invoices. `related` is the row that a refund gives back."""

    buyer: IntArray
    day: IntArray
    order: IntArray
    product: IntArray
    quantity: IntArray
    amount: IntArray
    tax: IntArray
    related: IntArray
    status: pl.Series
    counts: BoolArray
    period_start: IntArray
    period_end: IntArray

    def __len__(self) -> int:
        return len(self.buyer)


def make_orders(chunk: Chunk, buyers: Buyers) -> Lines:
    """Draw order lines and their refunds. Amounts include tax."""
    world, rng = chunk.world, chunk.rng("orders")
    clock, refund_rate = world.clock, world.dirt.refund
    orders_per_buyer = rng.geometric(0.45, len(buyers))
    buyer = np.repeat(np.arange(len(buyers)), orders_per_buyer)
    first_day, last_day = clock.start // DAY, clock.end // DAY - 1
    day = rng.integers(first_day, last_day, len(buyer))
    lines = 1 + (rng.random(len(buyer)) < 0.4) + (rng.random(len(buyer)) < 0.15)
    order = np.repeat(np.arange(len(buyer)), lines)
    size = len(order)
    product = rng.integers(0, len(_GOODS_CENTS), size)
    quantity = 1 + rng.geometric(0.6, size) // 2
    who = buyer[order]
    net = np.asarray(_GOODS_CENTS)[product] * quantity * buyers.units[who]
    tax = np.rint(net * buyers.tax_rate[who]).astype(np.int64)
    gross = net + tax

    fate = rng.random(len(buyer))
    refunded = fate < refund_rate
    partly = refunded & (fate < refund_rate * 0.4)
    cancelled = ~refunded & (fate > 0.985)
    # Refunds noted in the status alone, without a row of their own.
    silent = refunded & ~partly & chance(rng, len(buyer), 0.1)
    first = np.ones(size, np.bool_)
    first[1:] = order[1:] != order[:-1]
    back_day = day + rng.integers(2, 40, len(buyer))
    returns = refunded & ~silent & (back_day <= last_day)
    back = np.flatnonzero(returns[order] & (~partly[order] | first))
    share = np.where(partly[order[back]], rng.integers(20, 80, len(back)), 100)
    back_gross = -(gross[back] * share // 100)
    back_tax = -np.rint(tax[back] * share / 100).astype(np.int64)

    status = texts(["paid", "shipped", "complete"]).gather(
        pl.Series(rng.integers(0, 3, size))
    )
    whole = returns & ~partly
    for mask, word in ((cancelled, "cancelled"), (silent | whole, "refunded")):
        rows = np.flatnonzero(mask[order])
        status = patch(status, rows, texts([word]).new_from_index(0, len(rows)))
    none = np.full(size + len(back), -1)
    return Lines(
        buyer=np.concatenate([who, who[back]]),
        day=np.concatenate([day[order], back_day[order[back]]]),
        order=np.concatenate([order, order[back]]),
        product=np.concatenate([product, product[back]]),
        quantity=np.concatenate([quantity, quantity[back]]),
        amount=np.concatenate([gross, back_gross]),
        tax=np.concatenate([tax, back_tax]),
        related=np.concatenate([np.full(size, -1), back]),
        status=pl.concat([status, texts(["paid"]).new_from_index(0, len(back))]),
        counts=np.concatenate(
            [~cancelled[order] & ~silent[order], np.ones(len(back), np.bool_)]
        ),
        period_start=none,
        period_end=none,
    )


def _month_day(month: IntArray, day: IntArray) -> IntArray:
    """Return days since 1970 of a day in months since 1970."""
    first = month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return first + day - 1


def make_invoices(chunk: Chunk, buyers: Buyers) -> Lines:
    """Draw service invoices, monthly or quarterly, and credit notes. Net amounts."""
    clock, rng = chunk.world.clock, chunk.rng("invoices")
    size = len(buyers)
    last_day = clock.end // DAY - 1
    every = np.asarray([1, 3])[pick(rng, [0.6, 0.4], size)]
    first_month = (
        np.datetime64(clock.start, "s").astype("datetime64[M]").astype(np.int64)
    )
    months = chunk.world.proportions.history_months
    begin = first_month + 1 + rng.integers(0, months, size)
    count = rng.geometric(0.16, size)
    buyer = np.repeat(np.arange(size), count)
    turn = np.arange(len(buyer)) - np.repeat(np.cumsum(count) - count, count)
    start_month = begin[buyer] + turn * every[buyer]
    ones = np.ones(len(buyer), np.int64)
    start = _month_day(start_month, ones)
    known = start <= last_day
    buyer, start_month, start = buyer[known], start_month[known], start[known]
    end = _month_day(start_month + every[buyer], np.ones(len(buyer), np.int64)) - 1
    fee = rng.integers(8, 120, size) * 5_000 * buyers.units * every
    amount = fee[buyer]
    tax = np.rint(amount * buyers.tax_rate[buyer]).astype(np.int64)
    rows = len(buyer)
    void = chance(rng, rows, 0.01)
    credit = np.flatnonzero(~void & chance(rng, rows, 0.04))
    credit = credit[start[credit] + 35 <= last_day]
    share = rng.choice(np.asarray([10, 25, 50, 100]), len(credit))
    back = -(amount[credit] * share // 100)
    back_tax = -np.rint(tax[credit] * share / 100).astype(np.int64)
    age = last_day - start
    status = texts(["paid", "open"]).gather(
        pl.Series(((age < 45) & chance(rng, rows, 0.6)).astype(np.int64))
    )
    late = np.flatnonzero((age >= 45) & chance(rng, rows, 0.05))
    status = patch(status, late, texts(["overdue"]).new_from_index(0, len(late)))
    gone = np.flatnonzero(void)
    status = patch(status, gone, texts(["void"]).new_from_index(0, len(gone)))
    product = rng.integers(0, 3, size)[buyer]
    return Lines(
        buyer=np.concatenate([buyer, buyer[credit]]),
        day=np.concatenate([start, start[credit] + rng.integers(5, 35, len(credit))]),
        order=np.arange(rows + len(credit)),
        product=np.concatenate([product, product[credit]]),
        quantity=np.ones(rows + len(credit), np.int64),
        amount=np.concatenate([amount, back]),
        tax=np.concatenate([tax, back_tax]),
        related=np.concatenate([np.full(rows, -1), credit]),
        status=pl.concat([status, texts(["paid"]).new_from_index(0, len(credit))]),
        counts=np.concatenate([~void, np.ones(len(credit), np.bool_)]),
        period_start=np.concatenate([start, np.full(len(credit), -1)]),
        period_end=np.concatenate([end, np.full(len(credit), -1)]),
    )


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Rows of the subscription sheet; days are -1 where there is none.

    `billed` counts the billing periods begun by the end of history.
    """

    buyer: IntArray
    plan: IntArray
    amount: IntArray
    period: IntArray
    start: IntArray
    end: IntArray
    cancelled: IntArray
    reason: pl.Series
    billed: IntArray

    def __len__(self) -> int:
        return len(self.buyer)


def make_subscriptions(chunk: Chunk, buyers: Buyers) -> Subscriptions:
    """Let customers subscribe, upgrade, cancel and come back."""
    clock, rng, size = chunk.world.clock, chunk.rng("subscriptions"), len(buyers)
    today = clock.end // DAY
    now = np.datetime64(clock.as_of, "M").astype(np.int64)
    months = chunk.world.proportions.history_months
    period = pick(rng, [0.62, 0.06, 0.32], size)
    step = _PERIOD_MONTHS[period]
    day = rng.integers(1, 29, size)
    month = now - rng.integers(1, months, size)
    plan = pick(rng, [0.5, 0.35, 0.15], size)
    seats = rng.geometric(0.35, size)
    going = np.ones(size, np.bool_)
    rows: list[tuple[IntArray, ...]] = []
    for _ in range(5):
        at = np.flatnonzero(going & (_month_day(month, day) < today))
        if not len(at):
            break
        fate = pick(rng, [0.42, 0.23, 0.35], len(at))  # stays, upgrades, cancels
        length = step[at] * np.maximum(1, rng.geometric(0.14, len(at)) // step[at])
        end_month = month[at] + length
        end = _month_day(end_month, day[at])
        cancels = fate == 2
        notice = end - rng.integers(5, 40, len(at))
        begin = _month_day(month[at], day[at])
        notice = np.maximum(notice, begin + 1)
        known = np.where(cancels, notice < today, end < today) & (fate != 0)
        passed = now - month[at] - (clock.as_of.day < day[at])
        limit = passed // step[at] + 1
        billed = np.where(known, np.minimum(limit, -(-length // step[at])), limit)
        price = np.asarray([cents for _, cents in _PLANS])[plan[at]] * seats[at]
        price = price * np.where(period[at] == 2, 10, step[at]) * buyers.units[at]
        rows.append(
            (
                at,
                plan[at],
                price,
                period[at],
                begin,
                np.where(known, end, -1),
                np.where(known & cancels, notice, -1),
                billed,
            )
        )
        upgrades = at[known & (fate == 1)]
        month[upgrades] = end_month[known & (fate == 1)]
        plan[upgrades] = np.minimum(plan[upgrades] + 1, len(_PLANS) - 1)
        seats[upgrades] += 1
        left = at[known & cancels]
        back = chance(rng, len(left), 0.3)
        month[left] = end_month[known & cancels] + rng.integers(2, 12, len(left))
        going[:] = False
        going[upgrades] = True
        going[left[back]] = True
    table = [np.concatenate(column) for column in zip(*rows, strict=True)] or [
        np.zeros(0, np.int64)
    ] * 8
    order = np.lexsort((table[4], table[0]))
    buyer, plan_, amount, period_, start, end_, cancelled, billed_ = (
        column[order] for column in table
    )
    reasons = texts(["Too expensive", "Payment failed", "Switched", "No longer needed"])
    reason = reasons.gather(pl.Series(rng.integers(0, 4, len(buyer))))
    return Subscriptions(
        buyer=buyer,
        plan=plan_,
        amount=amount,
        period=period_,
        start=start,
        end=end_,
        cancelled=cancelled,
        reason=blank(reason, (cancelled < 0) | chance(rng, len(buyer), 0.3)),
        billed=billed_,
    )


PLAN_NAMES = tuple(name for name, _ in _PLANS)
