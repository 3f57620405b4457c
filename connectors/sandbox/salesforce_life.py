"""Life of the make-believe Salesforce org: events on command, and random ones.

Belongs here: turning a control document into a change of the org.

    {"what": "create", "object": "Contact", "values": {"LastName": "Doe"}}
    {"what": "edit", "object": "Contact", "id": "...", "values": {...},
     "seconds_ago": 0, "is_silent": false}
    {"what": "delete" | "undelete" | "purge", "object": "Contact", "id": "..."}
    {"what": "merge", "object": "Contact", "id": "<winner>", "losers": ["..."]}
    {"what": "add_field", "object": "Contact", "field": "Tier__c", "type": "string",
     "default": "gold", "is_calculated": false}
    {"what": "remove_field" | "retype_field", "object": ..., "field": ..., "type": ...}
    {"what": "set_picklist", "object": ..., "field": ..., "values": ["A", "B"]}
    {"what": "live", "steps": 20, "seed": 7}
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from connectors.sandbox.salesforce_org import Org
from connectors.sandbox.salesforce_schema import MERGEABLE, Field


def act(org: Org, document: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out one control document.

    Returns:
        What came of it; `id` for a new record.

    Raises:
        KeyError: The document lacks something, or names what is not there.
        ValueError: The change is not possible.
    """
    what = document["what"]
    if what == "live":
        return {
            "steps": live(org, int(document["steps"]), int(document.get("seed", 0)))
        }
    name = document["object"]
    schema = org.objects[name]
    if what == "create":
        return {"id": org.create(name, document.get("values", {}))}
    if what == "edit":
        org.edit(
            name,
            document["id"],
            document["values"],
            seconds_ago=float(document.get("seconds_ago", 0)),
            is_silent=bool(document.get("is_silent", False)),
        )
    elif what in ("delete", "undelete", "purge"):
        {"delete": org.delete, "undelete": org.undelete, "purge": org.purge}[what](
            name, document["id"]
        )
    elif what == "merge":
        org.merge(name, document["id"], document["losers"])
    elif what == "add_field":
        field = Field(
            name=document["field"],
            type=document.get("type", "string"),
            is_calculated=bool(document.get("is_calculated", False)),
            picklist=tuple(document.get("values", ())),
        )
        org.add_field(name, field, document.get("default"))
    elif what == "remove_field":
        org.remove_field(name, document["field"])
    elif what == "retype_field":
        org.retype_field(name, document["field"], document["type"])
    elif what == "set_picklist":
        org.set_picklist(name, document["field"], document["values"])
    else:
        raise ValueError(f"{what!r} is nothing that can happen to {schema.name}")
    return {"done": what}


def live(org: Org, steps: int, seed: int) -> int:
    """Let random, plausible things happen; the clock moves a little with each."""
    dice = random.Random(seed)  # noqa: S311 - made-up life
    names = [name for name in ("Contact", "Account", "Lead") if name in org.objects]
    done = 0
    for _ in range(steps):
        org.clock.advance(dice.randint(1, 90))
        name = dice.choice(names)
        living = org.ids(name)
        what = dice.choice(("create", "edit", "edit", "edit", "merge", "delete"))
        label = f"Sandbox {dice.randint(1, 9999)}"
        field = "Name" if name == "Account" else "LastName"
        if what == "create" or len(living) < 3:
            org.create(name, {field: label})
        elif what == "edit":
            org.edit(name, dice.choice(living), {field: label})
        elif what == "merge" and name in MERGEABLE:
            winner, loser = dice.sample(living, 2)
            org.merge(name, winner, [loser])
        else:
            org.delete(name, dice.choice(living))
        done += 1
    return done
