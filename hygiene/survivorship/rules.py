"""Rules of survivorship, as a user writes them under `survivorship:` in tidycrm.yml.

What belongs here: the strategies, their validation and their defaults. What does not:
the SQL that applies them (`merging.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import duckdb
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

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
    NEVER_OVERWRITE = "never_overwrite"


_SQL = "sql:"
CustomSql = Annotated[str, StringConstraints(pattern=r"^sql:\s*\S")]
Strategies = tuple[Strategy | CustomSql, ...]


def custom_sql(strategy: str) -> str | None:
    """Return the expression of a rule in SQL.

    Args:
        strategy: A strategy.

    Returns:
        The expression; nothing for a strategy with a name.

    Example:
        >>> custom_sql("sql: length(city_std)"), custom_sql(Strategy.OLDEST)
        ('length(city_std)', None)
    """
    if isinstance(strategy, Strategy) or not strategy.startswith(_SQL):
        return None
    return strategy.removeprefix(_SQL).strip()


def rule_name(strategy: str, position: int) -> str:
    """Name a strategy in the lineage.

    Args:
        strategy: A strategy.
        position: Its place among the strategies of the field, from 0.

    Returns:
        Its name; rules in SQL are numbered by their place.

    Example:
        >>> rule_name(Strategy.OLDEST, 0), rule_name("sql: length(city_std)", 1)
        ('oldest', 'custom_sql_2')
    """
    if custom_sql(strategy) is not None:
        return f"custom_sql_{position + 1}"
    return str(strategy)


class SurvivorshipRules(BaseModel):
    """Which value of each field survives.

    Strategies are tried in order; the last word has the source record key, so that the
    same records always give the same golden record. `sql: <expression>` ranks by an
    expression over the standardised columns, smallest first; `never_overwrite` keeps
    the value that was golden before as long as a record has it. Values of deleted or merged-away
    records win only where no live record has one. An opt-out is the exception: it holds
    wherever it was expressed.

    Example:
        >>> rules = SurvivorshipRules(contacts={"email": ["most_recent"]})
        >>> [str(strategy) for strategy in rules.strategies("contact", "email")]
        ['most_recent']
        >>> [str(s) for s in rules.strategies("contact", "email_opt_out")]
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
    for expression in filter(None, map(custom_sql, strategies)):
        problem = _problem_of_sql(expression)
        if problem:
            problems.append(problem)
    if Strategy.VALIDATED_FIRST in strategies and group.status is None:
        problems.append("validated_first needs a field with a status; choose another")
    return problems


def _problem_of_sql(expression: str) -> str | None:
    """Accept one expression over a record's columns, and nothing that reads elsewhere."""
    advice = "write one expression over the standardised columns"
    try:
        with duckdb.connect() as connection:
            statements = connection.extract_statements(f"SELECT ({expression}) FROM t")
            row = connection.execute(
                "SELECT json_serialize_sql(?)", [f"SELECT ({expression}) FROM t"]
            ).fetchone()
    except duckdb.Error:
        return f"the rule in SQL cannot be read; {advice}"
    tree = json.loads(row[0]) if row else {"error": True}
    if tree.get("error") or len(statements) != 1:
        return f"the rule in SQL cannot be read; {advice}"
    text = json.dumps(tree["statements"][0]["node"]["select_list"])
    if '"SUBQUERY"' in text or '"WINDOW' in text or '"STAR"' in text:
        return f"the rule in SQL has a query, window or star of its own; {advice}"
    return None
