"""What a pair's answers say about merging it, whatever its weight.

What belongs here: SQL over the answers of comparisons (`gamma_`): required agreements,
conflicts and doubtful kinds. What does not: weights and thresholds.
"""

from __future__ import annotations

from collections.abc import Collection

from hygiene.matching.specification import Agreements, Specification


def mergeable_sql(
    specification: Specification, allowed: Collection[str] = frozenset()
) -> str:
    """Say whether a scored pair may be merged by its weight alone.

    Args:
        specification: The model.
        allowed: Kinds of doubtful pairs that may be merged in this table.

    Returns:
        A boolean SQL expression over `gamma_` columns: some required agreement holds,
        no conflict goes unexcused and the pair is of no doubtful kind.
    """
    conditions = [any_agreement_sql(specification, specification.required_agreement)]
    conditions += [
        f"NOT (({doubt.condition}) AND NOT "
        f"{any_agreement_sql(specification, doubt.excused_by)})"
        for doubt in specification.doubts
        if doubt.name not in allowed
    ]
    conditions += [
        f"(gamma_{conflict.comparison} <> 0 OR "
        f"{any_agreement_sql(specification, conflict.excused_by)})"
        for conflict in specification.conflicts
    ]
    return f"({' AND '.join(conditions)})"


def any_agreement_sql(specification: Specification, agreements: Agreements) -> str:
    """Say in SQL whether any of several agreements holds.

    Args:
        specification: The model.
        agreements: Comparisons with the levels that count; none: nothing holds.

    Returns:
        A boolean SQL expression over `gamma_` columns.
    """
    alternatives = []
    for name, levels in agreements:
        comparison = specification.comparison(name)
        values = ", ".join(str(comparison.level_value(level)) for level in levels)
        alternatives.append(f"gamma_{name} IN ({values})")
    return f"({' OR '.join(alternatives) or 'false'})"
