"""Who wins: for every field the record whose value survives, the runner-up and the rule.

What belongs here: ranking the records of a part of the table `members`. What does not:
files, values set by hand, and the rules themselves.

Records come in the order of their golden records, so the records of one golden record are
neighbours. Every strategy gives a record a number, smaller for the better record; per
golden record the smallest is kept, strategy after strategy, until one record is left. That
is one pass per strategy over plain arrays: nothing is sorted, and nothing is laid out
long. Only records with another value than the winner's are ranked again, for the
runner-up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hygiene.survivorship.fields import GROUPS
from hygiene.survivorship.parts import (
    Numbers,
    Part,
    Positions,
    observed_sql,
    order_name,
)
from hygiene.survivorship.rules import Strategy, SurvivorshipRules, rule_name

OVERRIDE = "override"
_SEPARATOR = "; "
_FIXED_RULES = (
    "only_record",
    "only_value",
    "live_first",
    "tie_break",
    OVERRIDE,
    Strategy.UNION,
)


@dataclass(slots=True)
class Survivors:
    """What survived of one field, one entry per golden record; -1 stands for nothing.

    Attributes:
        values: The values of all source records, and behind them further texts.
        value_at: Position of the surviving value.
        source_at: Position of the record that it came from.
        rule: Position of the rule in `rule_names`.
        observed: Microseconds since 1970; NaN where unknown.
        candidates: Different values that competed.
        rival_value_at: Position of the runner-up's value.
        rival_at: Position of the runner-up.
    """

    values: pl.Series
    value_at: Positions
    source_at: Positions
    rule: Positions
    observed: Numbers
    candidates: Positions
    rival_value_at: Positions
    rival_at: Positions

    def add_texts(self, texts: Sequence[str]) -> Positions:
        """Add texts that no record has; return their positions."""
        first = len(self.values)
        self.values = pl.concat([self.values, pl.Series(texts, dtype=pl.String)])
        return np.arange(first, first + len(texts))


def rule_names(entity: str, rules: SurvivorshipRules) -> list[str]:
    """List every rule that the lineage can name.

    Args:
        entity: contact or account.
        rules: Which value survives.

    Returns:
        Names; `Survivors.rule` counts in this order.
    """
    strategies = [
        rule_name(strategy, position)
        for group in GROUPS[entity]
        for position, strategy in enumerate(rules.strategies(entity, group.name))
    ]
    return list(dict.fromkeys([*map(str, _FIXED_RULES), *strategies]))


def choose_survivors(
    part: Part, entity: str, rules: SurvivorshipRules
) -> dict[str, Survivors]:
    """Decide every field of every golden record of a part.

    The rule that is reported is the first one that told the winner from the best record
    with another value. A group survives as a whole: where its best record lacks a field,
    nobody's value of that field survives.

    Args:
        part: The golden records.
        entity: contact or account.
        rules: Which value survives.

    Returns:
        What survived, by field.
    """
    names = {name: place for place, name in enumerate(rule_names(entity, rules))}
    columns = set(part.members.columns)
    found: dict[str, Survivors] = {}
    dead = part.members["is_dead"].to_numpy().astype(np.float64)
    source_rank = part.members["source_rank"].to_numpy().astype(np.float64)
    for group in GROUPS[entity]:
        strategies = rules.strategies(entity, group.name)
        observed = part.observed[observed_sql(group, columns)]
        ranking = _Ranking(
            observed,
            # An opt-out counts wherever it was expressed, also on a dead record.
            np.zeros_like(dead) if Strategy.RESTRICTIVE_WINS in strategies else dead,
            [
                (
                    names[rule_name(strategy, place)],
                    part.orders[order_name(group, strategy, place, columns)],
                )
                for place, strategy in enumerate(strategies)
                if strategy is not Strategy.UNION
            ],
            source_rank,
        )
        values = {field: part.members[f"value_{field.name}"] for field in group.fields}
        present = np.zeros(len(dead), dtype=bool)
        for series in values.values():
            present |= series.is_not_null().to_numpy()
        winner = np.full(part.size, -1)
        positions = np.flatnonzero(present)
        best = ranking.best(positions, part.owner)
        winner[part.owner[best]] = best
        for field, series in values.items():
            found[field.name] = _decide(
                part, series, winner, ranking, names, Strategy.UNION in strategies
            )
    return found


@dataclass(frozen=True, slots=True)
class _Ranking:
    """What ranks the records for one group of fields, in this order."""

    observed: Numbers
    is_out: Numbers
    orders: Sequence[tuple[int, Numbers]]
    source_rank: Numbers

    def best(self, positions: Positions, owner: Positions) -> Positions:
        """Return the best of some records per golden record, in order."""
        settled: list[Positions] = []
        for numbers in self._keys():
            starts, sizes = _runs(owner[positions])
            alone = sizes == 1
            settled.append(positions[starts[alone]])
            positions = positions[np.repeat(~alone, sizes)]
            if not len(positions):
                break
            sizes = sizes[~alone]
            starts = np.cumsum(sizes) - sizes
            mine = numbers[positions]
            least = np.repeat(np.minimum.reduceat(mine, starts), sizes)
            positions = positions[mine == least]
        # The last word has the source record key, in whose order the records come.
        settled.append(positions[_runs(owner[positions])[0]])
        return np.sort(np.concatenate(settled))

    def _keys(self) -> list[Numbers]:
        newest = np.where(np.isnan(self.observed), np.inf, -self.observed)
        return [
            self.is_out,
            *(order for _, order in self.orders),
            newest,
            self.source_rank,
        ]


def _runs(owners: Positions) -> tuple[Positions, Positions]:
    """Return where each run of equal numbers starts, and how long it is."""
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    return starts, np.diff(starts, append=len(owners))


def _decide(  # noqa: PLR0917  what one field is decided by
    part: Part,
    values: pl.Series,
    winner: Positions,
    ranking: _Ranking,
    names: Mapping[str, int],
    is_union: bool,
) -> Survivors:
    """Decide one field: the winner of its group, and the best record that disagrees."""
    has = values.is_not_null().to_numpy()
    value_at = np.where((winner >= 0) & has[winner], winner, -1)
    sizes = np.diff(part.starts, append=len(has))
    observed = np.where(value_at >= 0, ranking.observed[value_at], np.nan)
    result = Survivors(
        values,
        value_at,
        value_at.copy(),
        np.where(sizes == 1, names["only_record"], names["only_value"]),
        observed,
        np.ones(part.size, dtype=np.int64),
        np.full(part.size, -1),
        np.full(part.size, -1),
    )
    others = np.flatnonzero(
        has
        & (value_at[part.owner] >= 0)
        & (value_at[part.owner] != np.arange(len(has)))
    )
    if not len(others):
        return result
    differs = values.gather(others) != values.gather(value_at[part.owner[others]])
    rivals = others[differs.to_numpy()]
    if not len(rivals):
        return result
    rival = ranking.best(rivals, part.owner)
    at = part.owner[rival]
    result.rival_at[at] = result.rival_value_at[at] = rival
    different = (
        pl.DataFrame({"at": part.owner[rivals], "value": values.gather(rivals)})
        .unique()
        .group_by("at")
        .len()
    )
    result.candidates[different["at"].to_numpy()] += (
        different["len"].to_numpy().astype(np.int64)
    )
    if is_union:
        result.rule[at] = names[Strategy.UNION]
        result.value_at[at] = result.add_texts(
            _unite(values, value_at, rivals, ranking, part.owner)
        )
        return result
    rule = np.full(len(at), names["tie_break"])
    best = value_at[at]
    keys = [(names["live_first"], ranking.is_out), *ranking.orders]
    for name, numbers in reversed(keys):
        rule[numbers[best] != numbers[rival]] = name
    result.rule[at] = rule
    return result


def _unite(
    values: pl.Series,
    value_at: Positions,
    rivals: Positions,
    ranking: _Ranking,
    owner: Positions,
) -> list[str]:
    """Join all different values per golden record, the best record's first."""
    keys = {f"key_{n}": key[rivals] for n, key in enumerate(ranking._keys())}
    joined = (
        pl.DataFrame(
            {
                "at": owner[rivals],
                "value": values.gather(rivals),
                "record": rivals,
                **keys,
            }
        )
        .sort("at", *keys, "record")
        .unique(["at", "value"], keep="first", maintain_order=True)
        .group_by("at", maintain_order=True)
        .agg(pl.col("value").str.join(_SEPARATOR))
    )
    best = values.gather(value_at[joined["at"].to_numpy()])
    return (best + _SEPARATOR + joined["value"]).to_list()
