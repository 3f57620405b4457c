"""The seam to Great Expectations: a table and rules in, counts out.

Nothing of the library's types crosses this module. DuckDB counts, because the library's
SQL engine does not work on it and its pandas engine costs more than standardising; the
library's own expectations judge those counts and say what they mean. No cell value ever
reaches the library, so none can reach a result, a log or an exception.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import duckdb

from hygiene.errors import EngineError, InputError
from hygiene.quality.rule import (
    Between,
    ColumnExists,
    InSet,
    Matches,
    NotNull,
    Resolves,
    RowCount,
    Rule,
    RuleResult,
    Suite,
    Unique,
)
from hygiene.quality.rule_counts import RuleCounts, count_rules

if TYPE_CHECKING:
    import pandas as pd

ENGINE: Final = "great_expectations"
_COUNTS_ONLY: Final = {"result_format": "BASIC", "partial_unexpected_count": 0}
# What may be kept of a result: numbers about rows, no value of a row.
_COUNT_FIELDS: Final = (
    "element_count", "missing_count", "missing_percent", "unexpected_count",
    "unexpected_percent", "unexpected_percent_total", "unexpected_percent_nonmissing",
)  # fmt: skip


def _expectation(rule: Rule) -> Any:
    import great_expectations as gx

    gxe: Any = gx.expectations
    check = rule.check
    about: dict[str, Any] = {
        "meta": {
            "rule_id": rule.id,
            "name": rule.name,
            "dimension": str(rule.dimension),
            "severity": str(rule.severity),
            "is_blocking": rule.blocking,
            "owner": rule.owner,
        },
        "notes": f"{rule.id}: {rule.name} ({rule.dimension}, {rule.owner})",
    }
    mapped = {**about, "mostly": rule.mostly}
    match check:
        case NotNull():
            return gxe.ExpectColumnValuesToNotBeNull(column=check.column, **mapped)
        case Unique(columns=(column,)):
            return gxe.ExpectColumnValuesToBeUnique(column=column, **mapped)
        case Unique():
            return gxe.ExpectCompoundColumnsToBeUnique(
                column_list=list(check.columns), ignore_row_if="never", **mapped
            )
        case Matches():
            return gxe.ExpectColumnValuesToMatchRegex(
                column=check.column, regex=check.pattern, **mapped
            )
        case InSet():
            return gxe.ExpectColumnValuesToBeInSet(
                column=check.column, value_set=list(check.values), **mapped
            )
        case Between():
            return gxe.ExpectColumnValuesToBeBetween(
                column=check.column, min_value=check.min, max_value=check.max, **mapped
            )
        case Resolves():
            return gxe.ExpectColumnValuesToBeInSet(
                column=_resolved_column(check), value_set=["resolved"], **mapped
            )
        case ColumnExists():
            return gxe.ExpectColumnToExist(column=check.column, **about)
        case RowCount():
            return gxe.ExpectTableRowCountToBeBetween(
                min_value=check.min, max_value=check.max, **about
            )


def _resolved_column(check: Resolves) -> str:
    return f"{check.column} in {check.table}.{check.key}"


def _metrics(expectation: Any, counts: RuleCounts, columns: Collection[str]) -> Any:
    """Return what the library asks for, by the ids under which it asks."""
    wanted = expectation.get_validation_dependencies(
        execution_engine=None, runtime_configuration={"result_format": _COUNTS_ONLY}
    )
    metrics: dict[Any, Any] = {}
    for name, configuration in wanted.metric_configurations.items():
        if name == "table.row_count" or name.endswith("filtered_row_count"):
            value: Any = counts.rows
        elif name == "table.columns":
            value = list(columns)
        elif name == "column_values.nonnull.unexpected_count":
            value = counts.missing
        elif name.endswith("unexpected_count"):
            value = counts.unexpected
        else:
            value = []
        metrics[configuration.id] = value
    return metrics


def _judge(
    rules: Collection[Rule], counts: Mapping[str, RuleCounts], columns: Collection[str]
) -> dict[str, Any]:
    """Return the library's verdicts by rule id."""
    outcomes = {}
    broken = []
    for rule in rules:
        try:
            expectation = _expectation(rule)
            outcome = expectation.metrics_validate(
                _metrics(expectation, counts[rule.id], columns),
                runtime_configuration={"result_format": dict(_COUNTS_ONLY)},
            )
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            broken.append(f"{rule.id} ({type(error).__name__})")
            continue
        outcomes[rule.id] = outcome
    if broken:
        raise EngineError(
            f"judging {len(rules)} rules: Great Expectations failed on "
            f"{', '.join(sorted(broken))}; expected verdicts on counts; check that the "
            "installed release is one that tidycrm names"
        )
    return outcomes


def validate_relation(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    suite: Suite,
    *,
    references: Mapping[tuple[str, str], str] | None = None,
    keep_in: Path | None = None,
) -> list[RuleResult]:
    """Check a table, a view or a query against a suite.

    Args:
        connection: An open DuckDB connection.
        relation: SQL that can stand behind FROM.
        suite: The rules.
        references: SQL of other tables by (table, key), as the suite's `references`
            lists them.
        keep_in: Folder in which counts are kept for `build_data_docs`; optional.

    Returns:
        One result per rule in the suite's order. A rule whose column or reference is not
        there fails for all rows.

    Raises:
        InputError: The relation cannot be read.
        EngineError: A rule could not be checked that should have been.

    Example:
        >>> import duckdb
        >>> from hygiene.quality import landing_suite
        >>> query = "(select '1' as _source_record_id, 'crm' as _source_name)"
        >>> validate_relation(duckdb.connect(), query, landing_suite("erp", "thing"))[0].success
        True
    """
    known = references or {}
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"checking {suite.name}: its table could not be read "
            f"({type(error).__name__}); expected a table or view; build it again"
        ) from error
    columns = [str(row[0]) for row in described]
    checkable = [rule for rule in suite.rules if _can_check(rule, columns, known)]
    try:
        counts = count_rules(connection, relation, checkable, references=known)
        rows = _rows(connection, relation, counts)
    except duckdb.Error as error:
        # The text of a conversion error quotes the value.
        raise EngineError(
            f"checking {suite.name}: {len(checkable)} rules could not be counted "
            f"({type(error).__name__}); expected columns of the types that the rules are "
            "written for; compare the column types with the rules"
        ) from None
    outcomes = _judge(checkable, counts, columns)
    if keep_in is not None:
        _keep_counts(list(outcomes.values()), suite, keep_in)
    results: list[RuleResult] = []
    for rule in suite.rules:
        outcome = outcomes.get(rule.id)
        if outcome is None:
            results.append(_to_result(suite, rule, checked=rows, failed=rows, ok=False))
            continue
        failed = outcome.result.get("unexpected_count")
        if failed is None:
            failed = 0 if outcome.success else rows
        results.append(
            _to_result(
                suite, rule, checked=rows, failed=int(failed), ok=bool(outcome.success)
            )
        )
    return results


def validate_frame(
    df: pd.DataFrame,
    suite: Suite,
    *,
    references: Mapping[tuple[str, str], Collection[Any]] | None = None,
    keep_in: Path | None = None,
) -> list[RuleResult]:
    """Check a pandas frame against a suite; see `validate_relation`.

    Args:
        df: At least the suite's columns.
        suite: The rules.
        references: Keys of other tables by (table, key).
        keep_in: Folder in which counts are kept for `build_data_docs`; optional.

    Returns:
        One result per rule in the suite's order.

    Raises:
        InputError: The frame repeats column names.
        EngineError: A rule could not be checked that should have been.

    Example:
        >>> import pandas as pd
        >>> from hygiene.quality import landing_suite
        >>> frame = pd.DataFrame({"_source_record_id": ["1"], "_source_name": ["crm"]})
        >>> validate_frame(frame, landing_suite("erp", "thing"))[0].success
        True
    """
    import pandas as pd

    if not df.columns.is_unique:
        raise InputError(
            f"checking {suite.name}: the frame repeats column names; expected each "
            "column once; select the suite's columns"
        )
    with duckdb.connect(":memory:") as connection:
        # Frames are registered as objects: nothing has to guess their types from a sample.
        connection.execute("SET pandas_analyze_sample = 0")
        frame = df if len(df.columns) else df.assign(_row=1)
        connection.register("checked", frame)
        keys = {}
        for number, (pair, values) in enumerate((references or {}).items()):
            connection.register(
                f"reference_{number}", pd.DataFrame({pair[1]: list(values)})
            )
            keys[pair] = f"reference_{number}"
        return validate_relation(
            connection, "checked", suite, references=keys, keep_in=keep_in
        )


def _can_check(
    rule: Rule, columns: Collection[str], references: Mapping[tuple[str, str], Any]
) -> bool:
    check = rule.check
    if isinstance(check, ColumnExists):
        return check.column in columns
    if any(column not in columns for column in rule.columns):
        return False
    return not isinstance(check, Resolves) or (check.table, check.key) in references


def _rows(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    counts: Mapping[str, RuleCounts],
) -> int:
    for each in counts.values():
        return each.rows
    row = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def _to_result(
    suite: Suite, rule: Rule, *, checked: int, failed: int, ok: bool
) -> RuleResult:
    return RuleResult(
        layer=str(suite.layer),
        object=suite.object,
        rule_id=rule.id,
        rule_name=rule.name,
        dimension=str(rule.dimension),
        severity=str(rule.severity),
        is_blocking=rule.blocking,
        rows_checked=checked,
        rows_failed=failed,
        success=ok,
        engine=ENGINE,
    )


def _keep_counts(outcomes: list[Any], suite: Suite, folder: Path) -> None:
    """Write what Data Docs need of a validation: rules and counts."""
    results = []
    for outcome in outcomes:
        document = outcome.to_json_dict()
        results.append(
            {
                "success": document["success"],
                "expectation_type": document["expectation_config"]["type"],
                "kwargs": document["expectation_config"]["kwargs"],
                "rule": document["expectation_config"]["meta"],
                "result": {
                    key: value
                    for key, value in document["result"].items()
                    if key in _COUNT_FIELDS
                    or (key == "observed_value" and isinstance(value, int))
                },
            }
        )
    content = {
        "suite_name": suite.name,
        "layer": str(suite.layer),
        "object": suite.object,
        "results": results,
    }
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{suite.name}.{uuid4().hex}.tmp"
    try:
        temporary.write_text(json.dumps(content, default=str), encoding="utf-8")
        temporary.replace(folder / f"{suite.name}.json")
    finally:
        temporary.unlink(missing_ok=True)
