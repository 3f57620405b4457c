"""Lets a made-up portal live: random edits, merges, deletions and new fields.

Belongs here: the choice of operations. A seed makes a life repeatable.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from connectors.sandbox.hubspot_portal import Portal, Record
from connectors.sandbox.hubspot_schema import PropertyDefinition

_TYPES = ("contacts", "companies", "deals", "tickets")
_TEXT = {
    "contacts": "jobtitle",
    "companies": "industry",
    "deals": "dealname",
    "tickets": "subject",
}


class PortalLife:
    """Random operations on one portal.

    Args:
        portal: The portal.
        rng: Where chance comes from.
    """

    def __init__(self, portal: Portal, rng: random.Random) -> None:
        self._portal, self._rng = portal, rng
        self._steps = 0
        self._deeds: tuple[tuple[int, Callable[[], bool]], ...] = (
            (6, self.edit),
            (4, self.create),
            (3, self.link),
            (2, self.unlink),
            (2, self.label),
            (2, self.archive),
            (1, self.restore),
            (2, self.merge),
            (1, self.add_property),
            (1, self.change_property),
            (2, self.enlist),
            (2, self.mail),
        )

    def live(self, steps: int) -> Counter[str]:
        """Do so many operations; return how many of each happened."""
        done: Counter[str] = Counter()
        weights = [weight for weight, _ in self._deeds]
        for _ in range(steps):
            self._steps += 1
            _, deed = self._rng.choices(self._deeds, weights)[0]
            if deed():
                done[deed.__name__] += 1
        return done

    def edit(self) -> bool:
        """Change one property of a record."""
        name = self._rng.choice(_TYPES)
        record = self._any(name)
        if record is None:
            return False
        values: dict[str, str | None] = {_TEXT[name]: f"Edit {self._steps} ü 🙂"}
        if name == "deals":
            stages = self._portal.pipelines["deals"][0].stages
            values["dealstage"] = self._rng.choice(stages).id
        if name == "contacts" and self._rng.random() < 0.5:
            values = {"lifecyclestage": self._rng.choice(["lead", "customer", ""])}
        self._portal.update(name, record.id, values)
        return True

    def create(self) -> bool:
        """Make a record, sometimes linked at once."""
        name = self._rng.choice(_TYPES)
        record = self._portal.create(name, {_TEXT[name]: f"New {self._steps}"})
        company = self._any("companies")
        if name != "companies" and company is not None and self._rng.random() < 0.7:
            links = self._portal.associations
            kind = links.primary(name, "companies") or links.plain(name, "companies")
            links.add(name, record.id, "companies", company.id, kind)
        return True

    def link(self) -> bool:
        """Link two records; neither's time of change moves."""
        pair = self._pair()
        if pair is None:
            return False
        left, a, right, b = pair
        links = self._portal.associations
        links.add(left, a, right, b, self._rng.choice(list(links.labels(left, right))))
        return True

    def unlink(self) -> bool:
        """Remove the links of a pair."""
        found = self._linked()
        if found is None:
            return False
        self._portal.associations.remove(*found)
        return True

    def label(self) -> bool:
        """Put another label on a pair, or take one away."""
        found = self._linked()
        if found is None:
            return False
        left, a, right, b = found
        links = self._portal.associations
        kinds = dict(links.of(left, a, right))[b]
        own = [kind for kind in kinds if kind[0] == "USER_DEFINED"]
        if own:
            links.remove_kind(left, a, right, b, own[0])
            return True
        labels = [k for k in links.labels(left, right) if k[0] == "USER_DEFINED"]
        if not labels:
            labels = [links.define_label(left, right, "Decision maker")]
        links.add(left, a, right, b, self._rng.choice(labels))
        return True

    def archive(self) -> bool:
        """Move a record to the recycle bin."""
        name = self._rng.choice(_TYPES)
        record = self._any(name)
        if record is None or len(self._portal.stores[name].by_update) < 3:
            return False
        self._portal.archive(name, record.id)
        return True

    def restore(self) -> bool:
        """Take a record out of the recycle bin."""
        name = self._rng.choice(_TYPES)
        bin_ = [r for r in self._portal.stores[name].records.values() if r.is_archived]
        if not bin_:
            return False
        self._portal.restore(name, self._rng.choice(bin_).id)
        return True

    def merge(self) -> bool:
        """Merge two records of one type."""
        name = self._rng.choice(_TYPES)
        first, second = self._any(name), self._any(name)
        if first is None or second is None or first is second:
            return False
        self._portal.merge(name, first.id, second.id)
        return True

    def add_property(self) -> bool:
        """Add a field, and a value in one record."""
        name = self._rng.choice(_TYPES)
        field = f"custom_{self._steps}"
        definition = PropertyDefinition(
            name=field, label=field, is_defined_by_vendor=False
        )
        self._portal.define(name, definition)
        record = self._any(name)
        if record is not None:
            self._portal.update(name, record.id, {field: "first value"})
        return True

    def change_property(self) -> bool:
        """Remove a field of one's own, give it another type, or other choices."""
        name = self._rng.choice(_TYPES)
        own = [
            definition
            for definition in self._portal.stores[name].properties.values()
            if not definition.is_defined_by_vendor
        ]
        if not own:
            return False
        field, choice = self._rng.choice(own), self._rng.random()
        if choice < 0.4:
            self._portal.undefine(name, field.name)
        elif choice < 0.7:
            kind = self._rng.choice(["string", "number", "date"])
            self._portal.define(name, replace(field, type=kind, options=()))
        else:
            choices = self._rng.sample(["first value", "gold", "silver", "none"], 3)
            options = tuple((each, each) for each in choices)
            self._portal.define(
                name, replace(field, type="enumeration", options=options)
            )
        return True

    def enlist(self) -> bool:
        """Put somebody on a list or take somebody off; or make or delete a list."""
        marketing, person = self._portal.marketing, self._any("contacts")
        lists = [each for each in marketing.lists.values() if each.deleted is None]
        if not lists or (len(lists) < 5 and self._rng.random() < 0.1):
            lists.append(marketing.add_list(f"List {self._steps}", "DYNAMIC"))
        chosen, choice = self._rng.choice(lists), self._rng.random()
        if choice < 0.05:
            marketing.remove_list(chosen.id)
        elif choice < 0.4 and chosen.members:
            marketing.leave(chosen.id, [self._rng.choice(list(chosen.members))])
        elif person is not None:
            marketing.join(chosen.id, [person.id])
        return True

    def mail(self) -> bool:
        """Send somebody a mail, or let something happen to one that was sent."""
        marketing, person = self._portal.marketing, self._any("contacts")
        mailings = list(marketing.mailings.values())
        if not mailings or self._rng.random() < 0.1:
            mailings.append(
                marketing.add_mailing(f"Mailing {self._steps}", f"News {self._steps}")
            )
        sent = [each for each in marketing.events if each["type"] == "SENT"]
        if sent and self._rng.random() < 0.6:
            origin = self._rng.choice(sent)
            kind = self._rng.choice(["DELIVERED", "OPEN", "CLICK", "BOUNCE"])
            mailing = marketing.mailings[origin["emailCampaignId"]]
            marketing.happen(mailing, kind, origin["recipient"], sent=origin)
        elif person is not None:
            address = person.properties.get("email", f"p{person.id}@example.com")
            marketing.happen(self._rng.choice(mailings), "SENT", address)
        return True

    def _any(self, name: str) -> Record | None:
        store = self._portal.stores[name]
        if not store.by_update:
            return None
        _, number = store.by_update[self._rng.randrange(len(store.by_update))]
        return store.records[number]

    def _pair(self) -> tuple[str, int, str, int] | None:
        left = self._rng.choice(["contacts", "deals", "tickets"])
        right = (
            "companies"
            if left == "contacts"
            else self._rng.choice(["companies", "contacts"])
        )
        a, b = self._any(left), self._any(right)
        return None if a is None or b is None else (left, a.id, right, b.id)

    def _linked(self) -> tuple[str, int, str, int] | None:
        pair = self._pair()
        if pair is None:
            return None
        left, _, right, _ = pair
        for _ in range(20):
            record = self._any(left)
            links = (
                self._portal.associations.of(left, record.id, right) if record else []
            )
            if record is not None and links:
                return left, record.id, right, self._rng.choice(links)[0]
        return None
