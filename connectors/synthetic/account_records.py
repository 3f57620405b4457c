"""Account-like records: which CRM holds which company, how often, and as what.

Belongs here: Salesforce accounts and HubSpot companies of one chunk, with duplicates,
merges, deletions, test accounts and parents. Files are written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.columns import choose, gather, patch, spans, texts
from connectors.synthetic.company_cells import (
    company_name,
    country_name,
    street_line,
    website,
)
from connectors.synthetic.contact_reach import phone_column
from connectors.synthetic.dirt import Column, Kind, nothing
from connectors.synthetic.phones import national_numbers
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.world import Chunk, draw_owner, draw_times

_REMERGED = 0.3


@dataclass(frozen=True, slots=True)
class AccountRecords:
    """Account records of one CRM; rows of one company are adjacent, live ones first.

    `firm` is the world-wide company index, -1 for test accounts. `merged_into` and
    `parent` are rows of this table, -1 for none.
    """

    firm: IntArray
    created: IntArray
    modified: IntArray
    deleted: BoolArray
    merged_into: IntArray
    parent: IntArray
    owner: IntArray
    columns: dict[str, Column]
    first_live: IntArray
    live_count: IntArray

    def __len__(self) -> int:
        return len(self.firm)

    def pick(
        self, rng: np.random.Generator, firm: IntArray, first_company: int
    ) -> IntArray:
        """Choose a live record for each company; -1 where the CRM has none."""
        local = np.where(firm >= 0, firm - first_company, 0)
        count = np.where(firm >= 0, self.live_count[local], 0)
        chosen = self.first_live[local] + (rng.random(len(firm)) * count).astype(
            np.int64
        )
        return np.where(count > 0, chosen, -1)


def merge_targets(
    rng: np.random.Generator, group: IntArray, dead: BoolArray
) -> IntArray:
    """Point merged rows at the first row of their group, sometimes via another loser.

    Args:
        rng: Randomness.
        group: Ascending group number per row, live rows first.
        dead: Rows that were merged away.
    """
    fresh = np.ones(len(group), np.bool_)
    fresh[1:] = group[1:] != group[:-1]
    rows = np.arange(len(group))
    first = np.maximum.accumulate(np.where(fresh, rows, 0))
    target = first.copy()
    after_loser = np.zeros(len(group), np.bool_)
    after_loser[1:] = dead[1:] & dead[:-1] & ~fresh[1:]
    chained = after_loser & chance(rng, len(group), _REMERGED)
    target[chained] = rows[chained] - 1
    return np.where(dead, target, -1)


def duplicate(rng: np.random.Generator, keys: IntArray, again: float) -> IntArray:
    """Repeat some keys once and a few twice, in order."""
    draw = rng.random(len(keys))
    copies = 1 + (draw < again) + (draw < again * 0.15)
    return np.repeat(keys, copies)


LIVE, MERGED, DELETED = 0, 1, 2


def settle_duplicates(
    rng: np.random.Generator,
    keys: IntArray,
    *,
    merged: float,
    deleted: float,
    spare_single: bool,
) -> tuple[IntArray, IntArray]:
    """Decide which rows of a group were merged away or deleted.

    The first row of a group with several rows always lives, so that a merge has a
    winner.

    Args:
        rng: Randomness.
        keys: Ascending group key per row.
        merged: Share of further rows that were merged into the first.
        deleted: Share of rows in the recycle bin.
        spare_single: Whether a row without duplicates is never deleted.

    Returns:
        An order of the rows (grouped, live rows first) and the status in that order.
    """
    fresh = np.ones(len(keys), np.bool_)
    fresh[1:] = keys[1:] != keys[:-1]
    single = fresh.copy()
    single[:-1] &= fresh[1:]
    status = np.where(~fresh & chance(rng, len(keys), merged), MERGED, LIVE)
    may_go = ~fresh if spare_single else ~fresh | single
    gone = may_go & (status == LIVE) & chance(rng, len(keys), deleted)
    status = np.where(gone, DELETED, status)
    order = np.lexsort((status, keys))
    return order.astype(np.int64), status[order]


def live_spans(
    group: IntArray, live: BoolArray, groups: int
) -> tuple[IntArray, IntArray]:
    """Return the first live row and the number of live rows of each group."""
    rows = np.flatnonzero(live)
    start, count = spans(group[rows], groups)
    if not len(rows):
        return np.zeros(groups, np.int64), count
    return rows[np.minimum(start, len(rows) - 1)].astype(np.int64), count


def _test_columns(rng: np.random.Generator, chunk: Chunk, size: int) -> pl.Series:
    return choose(rng, chunk.world.vocabulary.companies["test_names"], size)


def _tests_in_chunk(rate: float, rows: int) -> int:
    return max(2, round(rate * rows)) if rate > 0 else 0


def make_accounts(chunk: Chunk, *, crm: str) -> AccountRecords:
    """Make the account records of one CRM.

    Args:
        chunk: The part of the world in hand.
        crm: `salesforce` (merge losers stay as deleted rows) or `hubspot`.
    """
    world, rng = chunk.world, chunk.rng(f"accounts-{crm}")
    dirt, companies, clock = world.dirt, world.companies, world.clock
    present = companies.in_salesforce if crm == "salesforce" else companies.in_hubspot
    firms = chunk.firms()
    real = duplicate(rng, firms[present[firms]], world.proportions.account_duplicate)
    order, status = settle_duplicates(
        rng, real, merged=dirt.duplicate_merged, deleted=0.1, spare_single=True
    )
    real = real[order]
    if crm == "hubspot":
        # HubSpot's losers and archived records are not in an export.
        status = np.where(status == LIVE, LIVE, MERGED)
    tests = _tests_in_chunk(dirt.test_record * 0.5, len(real))
    firm = np.concatenate([real, np.full(tests, -1)])
    size, count = len(firm), len(real)

    into = np.concatenate(
        [merge_targets(rng, real, status == MERGED), np.full(tests, -1)]
    )
    test_status = np.where(chance(rng, tests, 0.3), DELETED, LIVE)
    deleted = np.concatenate([status, test_status]) != LIVE
    first_live, live = live_spans(
        real - chunk.first_company, status == LIVE, chunk.company_count
    )

    early = np.full(size, clock.start)
    created = draw_times(rng, early, np.full(size, clock.end - 86_400 * 30))
    modified = draw_times(rng, created, np.full(size, clock.last))
    mother = np.where(firm >= 0, companies.parent[firm], -1)
    mother_local = np.where(mother >= 0, mother - chunk.first_company, 0)
    known = (mother >= 0) & (live[mother_local] > 0) & chance(rng, size, 0.7)
    parent = np.where(known, first_live[mother_local], -1)

    country = companies.country[real]
    line = street_line(
        rng, world, country, companies.street[real], companies.house[real]
    )
    columns = {
        "account_name": company_name(rng, world, real),
        "website": website(rng, world, real),
        "phone": phone_column(
            rng,
            chunk,
            national_numbers(
                companies.switchboard[real],
                country,
                world.vocabulary.countries,
                kind="land",
            ),
            country,
            missing=0.3,
        ),
        "street": line,
        "city": Column.of(gather(world.vocabulary.city.text, companies.city[real])),
        "state": Column.of(gather(world.vocabulary.state, companies.city[real])),
        "postal_code": Column.of(
            gather(world.vocabulary.postcode, companies.city[real])
        ),
        "country": country_name(rng, world, country),
        "industry": Column.of(companies.industry.gather(pl.Series(real))),
        "employee_count": Column.of(
            pl.Series(companies.employees[real]).cast(pl.String)
        ),
        "annual_revenue": Column.of(
            pl.Series(companies.employees[real] * 150_000).cast(pl.String)
        ),
        "tier": Column.of(companies.tier.gather(pl.Series(real))),
    }
    # HubSpot fills the domain itself, from the website or the first contact.
    domain = Column.of(companies.domain.gather(pl.Series(real)))
    domain.drop(chance(rng, count, dirt.website_missing * 0.6))
    columns["domain"] = domain
    none = chance(rng, count, dirt.address_missing * 0.7)
    for field in ("street", "city", "state", "postal_code"):
        columns[field].drop(none)
    for field, rate in (
        ("industry", 0.3),
        ("employee_count", 0.45),
        ("annual_revenue", 0.6),
        ("tier", 0.2),
    ):
        columns[field].drop(chance(rng, count, rate))
    columns["industry"].put(
        chance(rng, count, 0.15), Kind.LOWER_CASE, lambda s: s.str.to_lowercase()
    )
    tail = {field: nothing(tests) for field in columns}
    tail["account_name"] = Column.of(_test_columns(rng, chunk, tests))
    tail["phone"] = Column.of(texts(["0000"]).new_from_index(0, tests))
    tail["website"] = Column.of(
        patch(
            texts([None]).new_from_index(0, tests),
            np.arange(tests // 2),
            texts(["http://test.com"]).new_from_index(0, tests // 2),
        )
    )
    return AccountRecords(
        firm=firm,
        created=created,
        modified=modified,
        deleted=deleted,
        merged_into=into,
        parent=parent,
        owner=draw_owner(rng, world, size),
        columns={field: columns[field].then(tail[field]) for field in columns},
        first_live=first_live,
        live_count=live,
    )
