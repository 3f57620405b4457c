"""Why two records are one customer, or are not: the path, the weights, who decided.

What belongs here: finding the chain of evidence between two subjects and collecting all
that is known about each link. What does not: showing it, and scoring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from hygiene.matching import MatchSettings
from hygiene.matching.explaining import PairExplanation, explain_pairs
from hygiene.stewardship.references import RunTables, Subject
from hygiene.stewardship.values import read_values

_STRENGTH = {
    "steward": 4e6,
    "crm_merge": 3e6,
    "sync_id": 2e6,
    "lead_conversion": 2e6,
    "exact_key": 1e6,
}
"""Evidence outranks any score, in the order of its authority."""


@dataclass(frozen=True, slots=True)
class RulingNote:
    """A ruling on a pair, for people.

    Attributes:
        ruling: must_link or cannot_link.
        status: in_force, lapsed or waiting.
        author: Who.
        ruled_at: When, as text.
        reason: Why.
    """

    ruling: str
    status: str
    author: str
    ruled_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """One pair of records and all that is known about it.

    Attributes:
        key_l: Source record key.
        key_r: The other one.
        decided_by: model, steward, crm_merge, ...; empty if no run compared them.
        decision: auto_match, review, non_match; empty likewise.
        match_weight: Bits, as the run wrote them.
        explanation: The weights of the fields, scored again.
        ruling: A steward's newest ruling, if any.
        evidence_at: When a CRM merged or linked them, as text; empty if unknown.
    """

    key_l: str
    key_r: str
    decided_by: str
    decision: str
    match_weight: float | None
    explanation: PairExplanation | None = None
    ruling: RulingNote | None = None
    evidence_at: str = ""

    @property
    def is_outdated(self) -> bool:
        """Whether records, model or code changed since the run that wrote the edge."""
        return (
            self.match_weight is not None
            and self.explanation is not None
            and abs(self.match_weight - self.explanation.total) > 0.05
        )


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to "why are these one" or "why are they not".

    Attributes:
        entity: contact or account.
        one: The first subject.
        other: The second one.
        is_one: Whether both are one golden record.
        path: Links that lead from one to the other; for a golden record as a whole, the
            strongest links that hold it together.
        direct: The two records themselves, if they are not neighbours on the path.
        obstacles: Rulings that keep them apart.
        values: What each record says, by key and comparison.
        undo: Arguments of the command that changes it.
        purity: Calibrated probability that the golden record is one customer; none if
            they are two, or if it has one record.
        least_sure: Key of its least sure record.
    """

    entity: str
    one: Subject
    other: Subject
    is_one: bool
    path: tuple[Link, ...]
    direct: Link | None
    obstacles: tuple[Link, ...]
    values: Mapping[str, Mapping[str, str]]
    undo: tuple[str, ...]
    purity: float | None = None
    least_sure: str | None = None


def explain_why(
    one: Subject,
    other: Subject,
    run: RunTables,
    book: pl.DataFrame,
    *,
    settings: MatchSettings,
    model_dir: Path | None,
    scratch: Path,
) -> Why:
    """Say why two subjects are one golden record, or why they are two.

    Args:
        one: A record or golden record.
        other: The other one; the same for a golden record as a whole.
        run: Tables of the last run.
        book: Rulings with their status.
        settings: How the run matched.
        model_dir: Folder of the kept model.
        scratch: Folder for temporary files.

    Returns:
        The answer.

    Raises:
        InputError: If a file of the run is missing.
    """
    is_one = one.golden_id == other.golden_id
    keys = sorted({*one.members, *other.members})
    edges = _edges(run, keys)
    path: list[Link] = []
    direct: Link | None = None
    if is_one:
        tree = _strongest_tree(edges)
        ends = _ends(one, other)
        path = _path(tree, *ends) if ends else _as_links(tree)
        if ends and len(path) > 1 and one.is_record and other.is_record:
            direct = _between(edges, one.records, other.records)
    else:
        direct = _between(edges, one.records, other.records)
    obstacles = _obstacles(book, one, other) if not is_one else []
    links = [*path, *([direct] if direct else [])]
    explained = explain_pairs(
        run.standardised,
        run.edges,
        [(link.key_l, link.key_r) for link in links],
        entity=run.entity,
        settings=settings,
        model_dir=model_dir,
        scratch=scratch,
    )
    dates = _evidence_dates(run, keys)
    links = [
        replace(
            link,
            explanation=explanation,
            ruling=_ruling_on(book, link.key_l, link.key_r),
            evidence_at=dates.get(_pair(link.key_l, link.key_r), ""),
        )
        for link, explanation in zip(links, explained, strict=True)
    ]
    if direct is not None:
        direct = links.pop()
    named = {key for link in [*links, *obstacles] for key in (link.key_l, link.key_r)}
    if direct is not None:
        named |= {direct.key_l, direct.key_r}
    return Why(
        run.entity,
        one,
        other,
        is_one,
        tuple(links),
        direct,
        tuple(obstacles),
        read_values(run, sorted(named)),
        _undo(one, other, links, is_one=is_one),
        *(_purity(run, one.golden_id) if is_one else ()),
    )


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _edges(run: RunTables, keys: Sequence[str]) -> list[Link]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT source_record_key_l, source_record_key_r, decided_by, decision, "
            "match_weight FROM read_parquet($file) "
            "WHERE source_record_key_l IN (SELECT unnest($keys)) "
            "AND source_record_key_r IN (SELECT unnest($keys)) ORDER BY 1, 2",
            {"file": str(run.edges), "keys": list(keys)},
        ).fetchall()
    return [Link(*row) for row in rows]


def _strength(link: Link) -> float:
    return _STRENGTH.get(link.decided_by, 0.0) + (link.match_weight or 0.0)


def _strongest_tree(edges: Sequence[Link]) -> list[Link]:
    """Keep the links of the maximum spanning forest: no chain between two is stronger."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    tree: list[Link] = []
    joined = [link for link in edges if link.decision == "auto_match"]
    for link in sorted(
        joined, key=lambda item: (-_strength(item), item.key_l, item.key_r)
    ):
        first, second = find(link.key_l), find(link.key_r)
        if first != second:
            leader[first] = second
            tree.append(link)
    return tree


def _as_links(tree: Sequence[Link]) -> list[Link]:
    return sorted(tree, key=lambda item: (item.key_l, item.key_r))


def _ends(one: Subject, other: Subject) -> tuple[set[str], set[str]] | None:
    """Which records the path should join; none for a golden record as a whole."""
    first, second = set(one.records), set(other.records)
    if first == second:
        return None
    if first > second:
        first -= second
    elif second > first:
        second -= first
    else:
        second -= first
    return (first, second) if first and second else None


def _path(tree: Sequence[Link], start: set[str], goal: set[str]) -> list[Link]:
    """Walk the tree from any start to the nearest goal; ties go to the smaller key."""
    neighbours: dict[str, list[tuple[str, Link]]] = {}
    for link in tree:
        neighbours.setdefault(link.key_l, []).append((link.key_r, link))
        neighbours.setdefault(link.key_r, []).append((link.key_l, link))
    came: dict[str, tuple[str, Link] | None] = dict.fromkeys(sorted(start))
    frontier = sorted(start)
    while frontier:
        reached = sorted(key for key in frontier if key in goal)
        if reached:
            return _walked(came, reached[0])
        following: list[str] = []
        for key in frontier:
            for other, link in sorted(
                neighbours.get(key, []), key=lambda item: item[0]
            ):
                if other not in came:
                    came[other] = (key, link)
                    following.append(other)
        frontier = following
    return []


def _walked(came: Mapping[str, tuple[str, Link] | None], goal: str) -> list[Link]:
    path: list[Link] = []
    step = came[goal]
    while step is not None:
        before, link = step
        path.append(
            link
            if link.key_l == before
            else replace(link, key_l=link.key_r, key_r=link.key_l)
        )
        step = came[before]
    return path[::-1]


def _between(
    edges: Sequence[Link], first: Sequence[str], second: Sequence[str]
) -> Link | None:
    """The strongest edge between two sides, or their first records if there is none."""
    one, other = set(first), set(second)
    found = [
        link if link.key_l in one else replace(link, key_l=link.key_r, key_r=link.key_l)
        for link in edges
        if (link.key_l in one and link.key_r in other)
        or (link.key_r in one and link.key_l in other)
    ]
    if found:
        return max(found, key=lambda item: (_strength(item), item.key_l, item.key_r))
    pairs = [(a, b) for a in first for b in second if a != b]
    return Link(*pairs[0], "", "", None) if pairs else None


def _ruling_on(book: pl.DataFrame, one: str, other: str) -> RulingNote | None:
    left, right = _pair(one, other)
    found = book.filter(
        pl.col("source_record_key_l") == left,
        pl.col("source_record_key_r") == right,
        pl.col("status").is_in(["in_force", "lapsed", "waiting"]),
    )
    if found.is_empty():
        return None
    row = found.row(-1, named=True)
    return RulingNote(
        row["ruling"], row["status"], row["author"], row["ruled_at"], row["reason"]
    )


def _obstacles(book: pl.DataFrame, one: Subject, other: Subject) -> list[Link]:
    left, right = pl.col("source_record_key_l"), pl.col("source_record_key_r")
    mine, theirs = list(one.members), list(other.members)
    found = book.filter(
        pl.col("ruling") == "cannot_link",
        pl.col("status").is_in(["in_force", "lapsed", "waiting"]),
        (left.is_in(mine) & right.is_in(theirs))
        | (left.is_in(theirs) & right.is_in(mine)),
    ).sort("source_record_key_l", "source_record_key_r")
    return [
        Link(
            row["source_record_key_l"],
            row["source_record_key_r"],
            "steward",
            "non_match",
            None,
            ruling=RulingNote(
                row["ruling"],
                row["status"],
                row["author"],
                row["ruled_at"],
                row["reason"],
            ),
        )
        for row in found.iter_rows(named=True)
    ]


def _evidence_dates(run: RunTables, keys: Sequence[str]) -> dict[tuple[str, str], str]:
    if not run.links.is_file():
        return {}
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT source_record_key_l, source_record_key_r, "
            "max(evidence_at)::DATE::VARCHAR FROM read_parquet($file) "
            "WHERE source_record_key_l IN (SELECT unnest($keys)) "
            "AND source_record_key_r IN (SELECT unnest($keys)) GROUP BY ALL",
            {"file": str(run.links), "keys": list(keys)},
        ).fetchall()
    return {_pair(left, right): at or "" for left, right, at in rows}


def _purity(run: RunTables, golden_id: str) -> tuple[float, str] | tuple[()]:
    """Probability that a golden record is pure, and its least sure record."""
    if run.cluster_audit is None or not run.cluster_audit.is_file():
        return ()
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT purity_probability, least_sure_source_record_key "
            "FROM read_parquet($file) WHERE golden_id = $golden",
            {"file": str(run.cluster_audit), "golden": golden_id},
        ).fetchone()
    return (float(row[0]), str(row[1])) if row else ()


def _undo(
    one: Subject, other: Subject, path: Sequence[Link], *, is_one: bool
) -> tuple[str, ...]:
    if not is_one:
        return ("merge", one.given, other.given)
    if one.given != other.given and not (
        set(one.records) == set(other.records) == set(one.members)
    ):
        return ("unmerge", one.given, other.given)
    if not path:
        return ()
    weakest = min(path, key=lambda item: (_strength(item), item.key_l, item.key_r))
    return ("unmerge", weakest.key_l, weakest.key_r)
