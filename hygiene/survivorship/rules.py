"""Rules of survivorship, as a user writes them under `survivorship:` in tidycrm.yml.

What belongs here: the strategies, their validation and their defaults. What does not:
the SQL that applies them (`merging.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hygiene.survivorship.fields import GROUPS, FieldGroup


class Strategy(StrEnum):
    """How one value wins over another; the next strategy decides a tie."""

    SOURCE_PRIORITY = "source_priority"
    MOST_RECENT = "most_recent"
    OLDEST = "oldest"
    MOST_COMPLETE = "most_complete"
    MOST_FREQUENT = "most_frequent"
    VALIDATED_FIRST = "validated_first"
    RESTRICTIVE_WINS = "restrictive_wins"
    UNION = "union"


Strategies = tuple[Strategy, ...]


class SurvivorshipRules(BaseModel):
    """Which value of each field survives.

    Strategies are tried in order; the last word has the source record key, so that the
    same records always give the same golden record. Values of deleted or merged-away
    records win only where no live record has one. An opt-out is the exception: it holds
    wherever it was expressed.

    Example:
        >>> rules = SurvivorshipRules(contacts={"email": ["most_recent"]})
        >>> [strategy.value for strategy in rules.strategies("contact", "email")]
        ['most_recent']
        >>> [s.value for s in rules.strategies("contact", "email_opt_out")]
        ['restrictive_wins']
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_priority: Annotated[
        tuple[str, ...],
        Field(
            description="Source names, or types such as salesforce, best first; sources "
            "that are not listed come last."
        ),
    ] = ("salesforce", "hubspot", "spreadsheet")
    contacts: Annotated[
        Mapping[str, Strategies],
        Field(
            description="Strategies per contact field; `name` and `address` survive as "
            "a whole."
        ),
    ] = {}
    accounts: Annotated[
        Mapping[str, Strategies],
        Field(
            description="Strategies per account field; `account_name`, `website` and "
            "`address` survive as a whole."
        ),
    ] = {}

    @model_validator(mode="after")
    def _check(self) -> SurvivorshipRules:
        problems: list[str] = []
        for entity, chosen in (("contact", self.contacts), ("account", self.accounts)):
            known = {group.name: group for group in GROUPS[entity]}
            for name, strategies in chosen.items():
                if name not in known:
                    problems.append(
                        f"{entity}s.{name}: not a field; expected one of "
                        f"{', '.join(known)}"
                    )
                    continue
                problems += [
                    f"{entity}s.{name}: {problem}"
                    for problem in _problems_of(known[name], strategies)
                ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def strategies(self, entity: str, name: str) -> Strategies:
        """Return the strategies of a field or a group of fields.

        Args:
            entity: contact or account.
            name: Name of the field or group.

        Returns:
            The strategies in order.
        """
        chosen = self.contacts if entity == "contact" else self.accounts
        if name in chosen:
            return tuple(chosen[name])
        group = next(item for item in GROUPS[entity] if item.name == name)
        return tuple(Strategy(strategy) for strategy in group.default)


def _problems_of(group: FieldGroup, strategies: Strategies) -> list[str]:
    problems: list[str] = []
    if not strategies:
        problems.append("no strategy; name at least one")
    if len(set(strategies)) < len(strategies):
        problems.append("a strategy is named twice; name each once")
    if Strategy.RESTRICTIVE_WINS in strategies and not group.is_flag:
        problems.append("restrictive_wins is for yes/no fields; choose another")
    if Strategy.UNION in strategies and (
        len(group.fields) > 1 or group.fields[0].kind != "VARCHAR"
    ):
        problems.append("union is for a single text field; choose another")
    if Strategy.VALIDATED_FIRST in strategies and group.status is None:
        problems.append("validated_first needs a field with a status; choose another")
    return problems
