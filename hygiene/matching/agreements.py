"""What a pair's answers say about merging it, whatever its weight.

What belongs here: SQL over the answers of comparisons (`gamma_`): required agreements,
conflicts and doubtful kinds. What does not: weights and thresholds.
"""

from __future__ import annotations

from collections.abc import Collection

from hygiene.matching.specification import Agreements, Doubt, Specification


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
        for doubt in doubts_of(specification)
        if doubt.name not in allowed
    ]
    conditions += [
        f"(gamma_{conflict.comparison} <> 0 OR "
        f"{any_agreement_sql(specification, conflict.excused_by)})"
        for conflict in specification.conflicts
    ]
    return f"({' AND '.join(conditions)})"


def doubts_of(specification: Specification) -> tuple[Doubt, ...]:
    """Give the kinds of doubtful pairs: those of the model, and names alone.

    "Ann Archer17" and "Ann Archer18" are near, and where typing errors are common their
    weight says that they are one. Records that hold nothing but such names would chain
    hundreds of people. So the whole name has to agree, or something besides it does; what
    only echoes the name, such as an alike mailbox, says no more than the name.

    Args:
        specification: The model, with the custom fields of the table.

    Returns:
        The doubts; the last one, of people only, is excused and witnessed by nothing.
    """
    if specification.namesakes is None:
        return specification.doubts
    same_name = dict(specification.namesakes.same_name)
    echoes = dict(specification.namesakes.echoes)
    settled = [
        " AND ".join(
            any_agreement_sql(specification, (item,)) for item in same_name.items()
        )
    ]
    for comparison in specification.comparisons:
        name = comparison.name
        if name in same_name or name == "suffix":
            continue
        echo = (
            any_agreement_sql(specification, ((name, echoes[name]),))
            if name in echoes
            else "false"
        )
        settled.append(f"gamma_{name} > 0 AND NOT {echo}")
    condition = f"NOT (({') OR ('.join(settled)}))"
    alone = Doubt("an alike name and nothing else in common", condition, (), ())
    return (*specification.doubts, alone)


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
