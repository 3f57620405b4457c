"""What a matching model consists of: comparisons, their levels and blocking rules.

What belongs here: the vocabulary that the contact and the account model share. What
does not: the models themselves, their parameters (`models/*.json`) or any engine. The
conditions are Splink level creators or plain SQL that every Splink backend understands,
so that the same model runs on DuckDB and on Spark.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hygiene.matching.frequencies import Frequency


class Entity(StrEnum):
    """What is being matched."""

    CONTACT = "contact"
    ACCOUNT = "account"


class Evidence(StrEnum):
    """Whom a comparison speaks about.

    Comparisons about a person, or about the organisation itself when accounts are
    matched, are `IDENTITY`. Everything that colleagues or a household share is
    `SURROUNDINGS`: correlated facts that may speak only once.
    """

    IDENTITY = "identity"
    SURROUNDINGS = "surroundings"


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison, from most to least similar.

    Attributes:
        name: Stable name; the key of its parameters in the model file.
        condition: Builds the Splink level; called without arguments.
        frequency_column: Column whose term frequency adjusts the weight, if any.
        is_shared: Whether this level only says that surroundings are shared, although
            the comparison as a whole is about the identity (the same mail domain).
        is_agreement: Whether the level supports a match; the last level never does.
    """

    name: str
    condition: Callable[[], Any]
    frequency_column: str | None = None
    is_shared: bool = False
    is_agreement: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question about a pair of records with ordered answers.

    Attributes:
        name: Name of the question; `gamma_<name>` in the edges.
        columns: Feature columns that the question reads.
        missing: SQL condition under which it cannot be answered.
        levels: Answers from most to least similar; the last one is "otherwise".
        evidence: Whom the answers speak about.
        fact: Surroundings of one fact add up (street and city are one address);
            different facts do not.
    """

    name: str
    columns: tuple[str, ...]
    missing: str
    levels: tuple[Level, ...]
    evidence: Evidence = Evidence.IDENTITY
    fact: str = ""

    def level_value(self, level: str) -> int:
        """Return the `gamma_` value of a level: 0 is "otherwise", higher is closer.

        Args:
            level: Name of the level.

        Returns:
            The integer that Splink gives to it.
        """
        names = [candidate.name for candidate in self.levels]
        return len(names) - 1 - names.index(level)


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """A key on which two records must agree to become a candidate pair.

    Attributes:
        name: Stable name; `blocking_rule_id` in the edges.
        parts: Feature expressions that are joined into the key; a missing part makes
            the key missing.
        other_parts: Parts of the key on the other record, if they differ (the phone of
            one record against the mobile phone of the other).
    """

    name: str
    parts: tuple[str, ...]
    other_parts: tuple[str, ...] | None = None


Agreements = tuple[tuple[str, tuple[str, ...]], ...]
"""Comparisons with the levels that count as agreement; any one of them will do."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A contradiction that forbids a merge unless stronger evidence excuses it.

    Attributes:
        comparison: The comparison whose "otherwise" is the contradiction.
        excused_by: Agreements, any one of which excuses it.
    """

    comparison: str
    excused_by: Agreements


@dataclass(frozen=True, slots=True)
class Doubt:
    """A kind of pair that is a match in one table and a relative in another.

    Attributes:
        name: What is doubtful, in words; completes "pairs with ...".
        condition: SQL over `gamma_` columns: the pair is of this kind.
        excused_by: Agreements, any one of which settles the doubt for a single pair.
        witnesses: Comparisons with the levels that speak for a match; they are asked
            about the kind as a whole. None: such pairs are never merged by their weight.
    """

    name: str
    condition: str
    excused_by: Agreements
    witnesses: Agreements


@dataclass(frozen=True, slots=True)
class Namesakes:
    """What tells people of one whole name apart, so that their number can be estimated.

    Attributes:
        block: The blocking rule whose key is the whole name.
        witnesses: Feature columns on which one person's records often agree and those
            of namesakes hardly ever.
        same_name: Comparisons with the levels that, all of them, mean one whole name.
        echoes: Comparisons with levels that often only repeat the name, such as alike
            mailbox names; together with the name they say no more than it.
        further: Feature column of a further word of the name; nothing: there is none.
        same_further: Comparison with the levels that mean one further word.
    """

    block: str
    witnesses: tuple[str, ...]
    same_name: Agreements
    echoes: Agreements = ()
    further: str | None = None
    same_further: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class TrainingRule:
    """A rule that selects pairs for estimating how often true matches agree.

    It must select one person or organisation, never a household or a company: a rule on
    surnames or phones would teach the model that matches have different first names.

    Attributes:
        columns: Feature columns on which the pairs agree.
        block: The blocking rule whose capped key keeps common values out.
    """

    columns: tuple[str, ...]
    block: str


@dataclass(frozen=True, slots=True)
class Specification:
    """A complete model without its parameters.

    Attributes:
        entity: What is matched.
        comparisons: The questions.
        blocking_rules: The keys, in the order in which they claim candidate pairs.
        training_rules: The rules for estimation, best first.
        required_agreement: Agreements, any one of which must hold before a pair may be
            merged automatically.
        conflicts: Contradictions that forbid an automatic merge.
        doubts: Kinds of pairs that each table decides by its own witnesses.
        frequencies: Columns whose common values say less than their rare ones.
        namesakes: How whole names that many people share are recognised, if at all.
    """

    entity: Entity
    comparisons: tuple[Comparison, ...]
    blocking_rules: tuple[BlockingRule, ...]
    training_rules: tuple[TrainingRule, ...]
    required_agreement: Agreements
    conflicts: tuple[Conflict, ...]
    frequencies: tuple[Frequency, ...]
    doubts: tuple[Doubt, ...] = ()
    namesakes: Namesakes | None = None

    def comparison(self, name: str) -> Comparison:
        """Return a comparison by its name.

        Args:
            name: Name of the comparison.

        Returns:
            The comparison.
        """
        return next(item for item in self.comparisons if item.name == name)


def _library() -> Any:
    """Return Splink's level library."""
    with warnings.catch_warnings():
        # sqlglot, which Splink uses, warns about its own accelerator on import.
        warnings.simplefilter("ignore", DeprecationWarning)
        import splink.comparison_level_library as library

    return library


def otherwise() -> Level:
    """Return the last level of every comparison: the values are known and differ."""

    def build() -> Any:
        return _library().ElseLevel()

    return Level("otherwise", build, is_agreement=False)


def condition(sql: str) -> Callable[[], Any]:
    """Build a level from SQL that every backend of Splink understands.

    Args:
        sql: Condition over `<column>_l` and `<column>_r`.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        return _library().CustomLevel(sql)

    return build


def exact(column: str) -> Callable[[], Any]:
    """Build the level "both values are equal".

    Args:
        column: Feature column.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        return _library().ExactMatchLevel(column)

    return build


def jaro_winkler(column: str, threshold: float) -> Callable[[], Any]:
    """Build the level "both values are similar in Jaro-Winkler".

    Args:
        column: Feature column.
        threshold: Least similarity, 0 to 1.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        return _library().JaroWinklerLevel(column, threshold)

    return build


def alike_across(left: str, right: str, threshold: float) -> Callable[[], Any]:
    """Build a level "one record's value is similar to another value of the other one".

    Args:
        left: Feature column of the left record.
        right: Feature column of the right record.
        threshold: Least Jaro-Winkler similarity, 0 to 1.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        library = _library()

        class AlikeAcross(library.CustomLevel):  # type: ignore[misc, name-defined]
            def create_sql(self, sql_dialect: Any) -> str:
                # Every backend has its own name for the function.
                name = sql_dialect.jaro_winkler_function_name
                return f"{name}({left}_l, {right}_r) >= {threshold}"

        return AlikeAcross("")

    return build


def any_of(*builders: Callable[[], Any]) -> Callable[[], Any]:
    """Build a level that holds when any of several does.

    Args:
        builders: Builders of levels.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        return _library().Or(*[builder() for builder in builders])

    return build


def all_of(*builders: Callable[[], Any]) -> Callable[[], Any]:
    """Build a level that holds when all of several do.

    Args:
        builders: Builders of levels.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        return _library().And(*[builder() for builder in builders])

    return build


def damerau_levenshtein(column: str, distance: int) -> Callable[[], Any]:
    """Build the level "few single-character edits or transpositions apart".

    Args:
        column: Feature column.
        distance: Most edits.

    Returns:
        A builder for `Level.condition`.
    """

    def build() -> Any:
        return _library().DamerauLevenshteinLevel(column, distance)

    return build
