"""Associations between records: typed, labelled, both ways at once.

Belongs here: the links and their types. Changing one never touches a record's own time,
which is what makes them easy to miss.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.sandbox.hubspot_schema import (
    DEFINED,
    DEFINED_ASSOCIATIONS,
    FIRST_MADE_UP_TYPE,
    USER_DEFINED,
)

Kind = tuple[str, int]
"""Category and type id."""


class Associations:
    """Every link of a portal.

    Args:
        is_living: Says whether a record (type, id) is outside the recycle bin; links
            to and from others are kept but not shown.
    """

    def __init__(self, is_living: Callable[[str, int], bool]) -> None:
        self._is_living = is_living
        self._links: dict[tuple[str, str], dict[int, dict[int, set[Kind]]]] = {}
        self._labels: dict[tuple[str, str], dict[Kind, str | None]] = {}
        self._partner: dict[tuple[str, str, Kind], Kind] = {}
        self._next = FIRST_MADE_UP_TYPE
        for (left, right), kinds in DEFINED_ASSOCIATIONS.items():
            labels = self._labels.setdefault((left, right), {})
            labels.update({(DEFINED, number): label for number, label in kinds})
        for (left, right), kinds in DEFINED_ASSOCIATIONS.items():
            back = DEFINED_ASSOCIATIONS[right, left]
            for (number, _), (other, _) in zip(kinds, back, strict=True):
                self._partner[left, right, (DEFINED, number)] = (DEFINED, other)

    def labels(self, left: str, right: str) -> dict[Kind, str | None]:
        """Give the types of a direction; pairs nobody defined get a plain one."""
        if (left, right) not in self._labels:
            self._define(left, right, DEFINED, None)
        return self._labels[left, right]

    def partners(self, left: str) -> list[str]:
        """List the types that a type can be linked to."""
        return sorted({right for known, right in self._labels if known == left})

    def define_label(self, left: str, right: str, label: str) -> Kind:
        """Add a label of the user's own, the same text both ways."""
        self.labels(left, right)
        return self._define(left, right, USER_DEFINED, label)

    def plain(self, left: str, right: str) -> Kind:
        """Give the unlabelled type of a direction."""
        return next(k for k, label in self.labels(left, right).items() if label is None)

    def primary(self, left: str, right: str) -> Kind | None:
        """Give the type that marks the main record, where there is one."""
        labels = self.labels(left, right)
        return next((k for k, label in labels.items() if label == "Primary"), None)

    def add(self, left: str, a: int, right: str, b: int, kind: Kind) -> None:
        """Link two records; a primary link replaces the one before and is plain too."""
        if kind not in self.labels(left, right):
            raise KeyError(kind)
        if kind == self.primary(left, right):
            for to, kinds in self._of(left, right, a).items():
                if kind in kinds and to != b:
                    self._discard(left, a, right, to, kind)
        plain = self.plain(left, right)
        for each in {kind, plain} if kind[0] == DEFINED else {kind}:
            self._of(left, right, a).setdefault(b, set()).add(each)
            back = self._partner[left, right, each]
            self._of(right, left, b).setdefault(a, set()).add(back)

    def remove(self, left: str, a: int, right: str, b: int) -> None:
        """Remove every link of a pair."""
        for kind in list(self._of(left, right, a).get(b, ())):
            self._discard(left, a, right, b, kind)

    def remove_kind(self, left: str, a: int, right: str, b: int, kind: Kind) -> None:
        """Remove one label of a pair."""
        if kind in self._of(left, right, a).get(b, ()):
            self._discard(left, a, right, b, kind)

    def of(self, left: str, a: int, right: str) -> list[tuple[int, list[Kind]]]:
        """List what a living record is linked to, by id."""
        if not self._is_living(left, a):
            return []
        links = self._links.get((left, right), {}).get(a, {})
        return [
            (b, sorted(links[b])) for b in sorted(links) if self._is_living(right, b)
        ]

    def drop(self, name: str, record_id: int) -> None:
        """Remove every link of a record."""
        for left, right in [pair for pair in self._links if pair[0] == name]:
            for other in list(self._of(left, right, record_id)):
                self.remove(left, record_id, right, other)

    def move(self, name: str, loser: int, winner: int) -> None:
        """Give the links of a merged record to the one it ended in."""
        for left, right in [pair for pair in self._links if pair[0] == name]:
            links = dict(self._of(left, right, loser))
            primary = self.primary(left, right)
            has_primary = any(
                primary in kinds for kinds in self._of(left, right, winner).values()
            )
            for other, kinds in links.items():
                for kind in sorted(kinds):
                    if not (kind == primary and has_primary) and other != winner:
                        self.add(left, winner, right, other, kind)
        self.drop(name, loser)

    def _of(self, left: str, right: str, a: int) -> dict[int, set[Kind]]:
        return self._links.setdefault((left, right), {}).setdefault(a, {})

    def _discard(self, left: str, a: int, right: str, b: int, kind: Kind) -> None:
        back = self._partner[left, right, kind]
        for source, target, x, y, each in (
            (left, right, a, b, kind),
            (right, left, b, a, back),
        ):
            links = self._of(source, target, x)
            links.get(y, set()).discard(each)
            if not links.get(y):
                links.pop(y, None)

    def _define(self, left: str, right: str, category: str, label: str | None) -> Kind:
        kind = (category, self._next)
        back = kind if left == right else (category, self._next + 1)
        self._next += 2
        self._labels.setdefault((left, right), {})[kind] = label
        self._labels.setdefault((right, left), {})[back] = label
        self._partner[left, right, kind] = back
        self._partner[right, left, back] = kind
        return kind
