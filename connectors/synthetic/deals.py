"""True deals: what companies bought, renewed, cancelled and are thinking about.

Belongs here: one row per real deal of a chunk, and which CRM knows it. The records of
a deal in each CRM, with their small disagreements, are made by the writers' modules.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from connectors.synthetic.columns import choose, digits, join, texts
from connectors.synthetic.money import local_units
from connectors.synthetic.rng import BoolArray, FloatArray, IntArray, chance, pick
from connectors.synthetic.world import DAY, Chunk

# (Salesforce name, probability); the last two are closed.
STAGES = (
    ("Prospecting", 10),
    ("Qualification", 20),
    ("Needs Analysis", 35),
    ("Proposal/Price Quote", 60),
    ("Negotiation/Review", 80),
    ("Closed Won", 100),
    ("Closed Lost", 0),
)
WON, LOST = 5, 6
NEW, RENEWAL, EXPANSION, PROJECT = 0, 1, 2, 3
_MONTH = 2_629_800
_RENEWS, _COMES_BACK, _EXPANDS = 0.8, 0.3, 0.3
_MAX_TERMS = 6


@dataclass(frozen=True, slots=True)
class Deals:
    """Deals of one chunk. Money is in cents of `currency`; times in epoch seconds.

    `person` is the main contact (chunk index, -1 if nobody). `term` is in months, 0
    for projects; `starts`/`ends` bound the contract of a won deal with a term.
    """

    firm: IntArray
    person: IntArray
    kind: IntArray
    stage: IntArray
    amount: IntArray
    created: IntArray
    closes: IntArray
    term: IntArray
    starts: IntArray
    ends: IntArray
    in_salesforce: BoolArray
    in_hubspot: BoolArray
    has_sync_id: BoolArray

    def __len__(self) -> int:
        return len(self.firm)

    @property
    def is_closed(self) -> BoolArray:
        """Whether the deal was decided before the end of history."""
        return self.stage >= WON


def _sequence(
    rng: np.random.Generator, firm: IntArray, base: IntArray, start: int, end: int
) -> dict[str, list[IntArray]]:
    """Let contractual customers live: new business, renewals, churn, return."""
    out: dict[str, list[IntArray]] = {
        key: [] for key in ("firm", "kind", "amount", "closes", "won", "term")
    }

    def add(rows: IntArray, **columns: IntArray) -> None:
        out["firm"].append(firm[rows])
        for name, values in columns.items():
            out[name].append(values[rows])

    size = len(firm)
    at = start + (rng.random(size) * (end - start) * 1.05).astype(np.int64)
    term = np.asarray([12, 24, 6])[pick(rng, [0.8, 0.1, 0.1], size)]
    amount = base.copy()
    kind_now = np.full(size, NEW)
    going = np.ones(size, np.bool_)
    for _ in range(_MAX_TERMS):
        rows = np.flatnonzero(going)
        # A customer that renewed or returned in this round waits for the next one.
        turn = kind_now[rows]
        for kind in (NEW, RENEWAL):
            mine = rows[turn == kind]
            renews = chance(rng, size, _RENEWS)
            won = np.ones(size, np.bool_) if kind == NEW else renews
            same = np.full(size, kind)
            add(mine, kind=same, amount=amount, closes=at, won=won + 0, term=term)
            if kind == RENEWAL:
                lost = mine[~won[mine]]
                back = chance(rng, size, _COMES_BACK)
                going[lost] = back[lost]
                gap = (rng.integers(4, 18, size) * _MONTH).astype(np.int64)
                kind_now[lost] = NEW
                at[lost] += gap[lost]
                stay = mine[won[mine]]
            else:
                stay = mine
            grows = stay[chance(rng, len(stay), _EXPANDS)]
            when = at + (rng.random(size) * 0.8 * term * _MONTH).astype(np.int64)
            extra = (amount * rng.uniform(0.1, 0.4, size)).astype(np.int64) // 100 * 100
            remaining = np.maximum(1, term - (when - at) // _MONTH)
            add(
                grows,
                kind=np.full(size, EXPANSION),
                amount=extra,
                closes=when,
                won=np.ones(size, np.int64),
                term=remaining,
            )
            amount[grows] += extra[grows]
            # Renewals close between 40 days early and 60 days late.
            drift = rng.integers(-40, 60, size) * DAY
            at[stay] += (term[stay] * _MONTH) + drift[stay]
            amount[stay] = (
                (
                    amount[stay] * rng.choice([1.0, 1.0, 1.03, 1.05, 0.9], len(stay))
                ).astype(np.int64)
                // 100
                * 100
            )
            kind_now[stay] = RENEWAL
        going &= at < end + 120 * DAY
    return out


def _others(
    rng: np.random.Generator,
    firm: IntArray,
    base: IntArray,
    win_rate: FloatArray,
    *,
    start: int,
    end: int,
) -> dict[str, list[IntArray]]:
    """Single projects, won or lost, spread over history and a little beyond."""
    size = len(firm)
    return {
        "firm": [firm],
        "kind": [np.full(size, PROJECT)],
        "amount": [base],
        "closes": [
            start + (rng.random(size) * (end + 100 * DAY - start)).astype(np.int64)
        ],
        "won": [(rng.random(size) < win_rate).astype(np.int64)],
        "term": [np.zeros(size, np.int64)],
    }


def _staff_of(chunk: Chunk, rng: np.random.Generator, firm: IntArray) -> IntArray:
    """Choose somebody who works at each company; -1 where nobody does."""
    employer = chunk.people.company.astype(np.int64) - chunk.first_company
    workers = np.argsort(employer, kind="stable")
    workers = workers[employer[workers] >= 0]
    where = employer[workers]
    local = firm - chunk.first_company
    start = np.searchsorted(where, local, "left")
    count = np.searchsorted(where, local, "right") - start
    chosen = start + (rng.random(len(firm)) ** 1.5 * count).astype(np.int64)
    safe = np.minimum(chosen, max(len(workers) - 1, 0))
    if not len(workers):
        return np.full(len(firm), -1)
    return np.where(count > 0, workers[safe], -1).astype(np.int64)


def make_deals(chunk: Chunk) -> Deals:
    """Draw every deal of the chunk's companies."""
    world, rng = chunk.world, chunk.rng("deals")
    clock, companies = world.clock, world.companies
    firms = chunk.firms()
    size = len(firms)
    habit = pick(rng, [0.19, 0.13, 0.33, 0.35], size)
    scale = np.sqrt(companies.weight[firms]) * rng.lognormal(9.2, 0.7, size)
    # Whole hundreds of the currency unit, in cents.
    rate = local_units(companies.currency.gather(pl.Series(firms)))
    base = np.maximum(5, (scale * rate / 100).astype(np.int64)) * 10_000
    terms = habit == 0
    parts = _sequence(rng, firms[terms], base[terms], clock.start, clock.end)
    repeats = np.where(
        habit == 1, 1 + rng.geometric(0.4, size), np.where(habit == 2, 1, 0)
    )
    repeats += (habit == 2) & chance(rng, size, 0.25)
    spread = np.repeat(firms, repeats)
    price = np.repeat(base, repeats) * rng.integers(40, 160, len(spread)) // 10_000
    more = _others(
        rng,
        spread,
        np.maximum(price, 1) * 100,
        np.where(np.repeat(habit, repeats) == 1, 0.6, 0.08),
        start=clock.start,
        end=clock.end,
    )
    raw = {key: np.concatenate([*parts[key], *more[key]]) for key in parts}

    known = raw["closes"] < clock.end + 120 * DAY
    raw = {key: values[known] for key, values in raw.items()}
    order = np.lexsort((raw["closes"], raw["firm"]))
    raw = {key: values[order] for key, values in raw.items()}
    count = len(order)
    closes = raw["closes"] - raw["closes"] % DAY
    cycle = np.clip(rng.lognormal(4.0, 0.6, count), 5, 300) * DAY
    # Open deals exist already; some carry a close date that has passed.
    is_open = closes >= clock.end
    created = closes - cycle.astype(np.int64) // DAY * DAY
    created = np.minimum(created, clock.end - rng.integers(2, 40, count) * DAY)
    created += rng.integers(8 * 3_600, 18 * 3_600, count)
    stale = ~is_open & (closes > clock.end - 120 * DAY) & chance(rng, count, 0.15)
    open_now = is_open | stale
    stage = np.where(
        open_now,
        rng.integers(0, 5, count),
        np.where(raw["won"] == 1, WON, LOST),
    )
    won_term = (stage == WON) & (raw["term"] > 0)
    starts = np.where(won_term, closes + DAY, -1)
    length = raw["term"] * _MONTH // DAY * DAY
    ends = np.where(won_term, closes + length, -1)

    in_s = companies.in_salesforce[raw["firm"]]
    in_h = companies.in_hubspot[raw["firm"]]
    side = rng.random(count)
    return Deals(
        firm=raw["firm"],
        person=_staff_of(chunk, rng, raw["firm"]),
        kind=raw["kind"],
        stage=stage,
        amount=raw["amount"],
        created=created,
        closes=closes,
        term=raw["term"],
        starts=starts,
        ends=ends,
        in_salesforce=in_s & (~in_h | (side < 0.78)),
        in_hubspot=in_h & (~in_s | (side >= 0.38)),
        has_sync_id=~chance(rng, count, world.dirt.deal_without_sync_id),
    )


def deal_names(rng: np.random.Generator, chunk: Chunk, deals: Deals) -> pl.Series:
    """Name deals as Salesforce users do: company, product or occasion, year."""
    world = chunk.world
    firm = pl.Series(deals.firm)
    stem = world.companies.stem.gather(firm)
    products = [p["name"] for p in world.vocabulary.people["products"]]
    what = choose(rng, products, len(deals))
    kind = texts(["New Business", "Renewal", "Expansion", ""]).gather(
        pl.Series(deals.kind)
    )
    what = what.zip_with(pl.Series(deals.kind == PROJECT), kind)
    year = digits(1970 + deals.closes // int(365.2425 * DAY), 4)
    separator = choose(rng, [" - ", " \N{EN DASH} ", ": "], len(deals))
    return join(stem, separator, what, " ", year)


def take(deals: Deals, rows: IntArray) -> Deals:
    """Return some deals."""
    return Deals(**{f.name: getattr(deals, f.name)[rows] for f in fields(Deals)})
