"""The seam to Great Expectations: frames and rules in, counts out.

Nothing of the library's types crosses this module. It runs on pandas (its SQL engine does
not work on DuckDB), in an ephemeral context, with a result format that holds counts only.
Exceptions of the library are not passed on with their text: it may quote values.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

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

if TYPE_CHECKING:
    import pandas as pd

ENGINE: Final = "great_expectations"
_COUNTS_ONLY: Final = {"result_format": "BASIC", "partial_unexpected_count": 0}
_FINGERPRINT: Final = "hash_pandas_dataframe"
# What may be kept of a result: numbers about rows, no value of a row.
_COUNT_FIELDS: Final = (
    "element_count", "missing_count", "missing_percent", "unexpected_count",
    "unexpected_percent", "unexpected_percent_total", "unexpected_percent_nonmissing",
)  # fmt: skip


@contextmanager
def quiet_library() -> Iterator[None]:
    """Keep the library's own log lines, which can quote values, out of our logs."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _without_fingerprints() -> Iterator[None]:
    """Spare the library's fingerprint of each frame, which nothing of ours reads.

    It hashes every cell twice per validation: 12.5 of 15 seconds for 300,000 rows and 12
    rules with release 1.24.1, which has no switch for it.
    """
    from great_expectations.execution_engine import pandas_execution_engine as module

    original = getattr(module, _FINGERPRINT, None)
    if original is None:
        yield
        return
    setattr(module, _FINGERPRINT, lambda _frame: "not computed")
    try:
        yield
    finally:
        setattr(module, _FINGERPRINT, original)


def open_context() -> Any:
    """Return an ephemeral context without progress bars.

    Telemetry needs no switch: releases from 1.24 on contain no sender any more.

    Returns:
        The library's context.
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    variables: Any = context.variables
    variables.progress_bars = {"globally": False}
    return context


def _expectation(rule: Rule) -> Any:
    import great_expectations as gx

    gxe: Any = gx.expectations
    check = rule.check
    about: dict[str, Any] = {
        "meta": {
            "rule_id": rule.id,
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


def _prepare(
    df: pd.DataFrame,
    rules: Collection[Rule],
    references: Mapping[tuple[str, str], Collection[Any]],
) -> pd.DataFrame:
    """Return only the columns to check; foreign keys replaced by whether they resolve."""
    import pandas as pd

    needed = dict.fromkeys(column for rule in rules for column in rule.columns)
    frame = df[[column for column in needed if column in df.columns]].copy(deep=False)
    for rule in rules:
        check = rule.check
        if isinstance(check, Between) and frame[check.column].dtype == object:
            # Decimals and numbers as text; what is no number counts as empty here,
            # and as invalid under the rule that says "is a number".
            frame[check.column] = pd.to_numeric(frame[check.column], errors="coerce")
        if isinstance(check, Resolves):
            values = df[check.column]
            found = values.isin(set(references[check.table, check.key]))
            frame[_resolved_column(check)] = found.map(
                {True: "resolved", False: "dangling"}
            ).where(values.notna())
    return frame


def _missing_input(
    rule: Rule,
    df: pd.DataFrame,
    references: Mapping[tuple[str, str], Collection[Any]],
) -> bool:
    check = rule.check
    if isinstance(check, ColumnExists):
        return False
    if any(column not in df.columns for column in rule.columns):
        return True
    return isinstance(check, Resolves) and (check.table, check.key) not in references


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


def validate_frame(
    df: pd.DataFrame,
    suite: Suite,
    *,
    references: Mapping[tuple[str, str], Collection[Any]] | None = None,
    keep_in: Path | None = None,
) -> list[RuleResult]:
    """Check a frame against a suite.

    Args:
        df: At least the suite's columns; give it no others, they cost memory.
        suite: The rules.
        references: Keys of other tables by (table, key), as the suite's `references`
            lists them.
        keep_in: Folder in which counts are kept for `build_data_docs`; optional.

    Returns:
        One result per rule in the suite's order. A rule whose column or reference is not
        there fails for all rows.

    Raises:
        InputError: The frame is no pandas frame with unique column names.
        EngineError: The library could not check a rule that it should.

    Example:
        >>> import pandas as pd
        >>> from hygiene.quality import landing_suite
        >>> frame = pd.DataFrame({"_source_record_id": ["1"], "_source_name": ["crm"]})
        >>> validate_frame(frame, landing_suite("erp", "thing"))[0].success
        True
    """
    if not df.columns.is_unique:
        raise InputError(
            f"checking {suite.name}: the frame repeats column names; expected each "
            "column once; select the suite's columns"
        )
    known = references or {}
    checkable = [rule for rule in suite.rules if not _missing_input(rule, df, known)]
    outcomes: dict[str, tuple[int, int, bool]] = {}
    if checkable:
        outcomes = _run(df, suite, checkable, known, keep_in)
    results: list[RuleResult] = []
    for rule in suite.rules:
        checked, failed, ok = outcomes.get(rule.id, (len(df), len(df), False))
        results.append(_to_result(suite, rule, checked=checked, failed=failed, ok=ok))
    return results


def _run(
    df: pd.DataFrame,
    suite: Suite,
    rules: list[Rule],
    references: Mapping[tuple[str, str], Collection[Any]],
    keep_in: Path | None,
) -> dict[str, tuple[int, int, bool]]:
    import great_expectations as gx

    frame = _prepare(df, rules, references)
    with quiet_library(), _without_fingerprints():
        context = open_context()
        batch = (
            context.data_sources.add_pandas("frames")
            .add_dataframe_asset(suite.name)
            .add_batch_definition_whole_dataframe("whole")
            .get_batch(batch_parameters={"dataframe": frame})
        )
        expectations = gx.ExpectationSuite(
            name=suite.name, expectations=[_expectation(rule) for rule in rules]
        )
        validated = batch.validate(expectations, result_format=_COUNTS_ONLY)
    outcomes: dict[str, tuple[int, int, bool]] = {}
    broken: list[str] = []
    for outcome in validated.results:
        rule_id = outcome.expectation_config.meta["rule_id"]
        if _raised(outcome.exception_info):
            broken.append(rule_id)
            continue
        checked = int(outcome.result.get("element_count") or len(df))
        failed = outcome.result.get("unexpected_count")
        if failed is None:
            failed = 0 if outcome.success else checked
        outcomes[rule_id] = (checked, int(failed), bool(outcome.success))
    if broken:
        raise EngineError(
            f"checking {suite.name}: Great Expectations could not evaluate "
            f"{', '.join(sorted(broken))} ({len(broken)} of {len(rules)} rules); expected "
            "columns of the types that the rules are written for; compare the column "
            "types with the rules"
        )
    if keep_in is not None:
        _keep_counts(validated, suite, keep_in)
    return outcomes


def _raised(info: Any) -> bool:
    """Return whether an outcome carries an exception, in either of its two shapes."""
    if not isinstance(info, Mapping):
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(
        isinstance(part, Mapping) and part.get("raised_exception")
        for part in info.values()
    )


def _keep_counts(validated: Any, suite: Suite, folder: Path) -> None:
    """Write what Data Docs need of a validation: rules and counts."""
    content = validated.to_json_dict()
    for outcome in content["results"]:
        outcome["result"] = {
            key: value
            for key, value in outcome["result"].items()
            if key in _COUNT_FIELDS
            or (key == "observed_value" and isinstance(value, int))
        }
        outcome["expectation_config"]["kwargs"].pop("batch_id", None)
    content["meta"] = {
        key: value
        for key, value in content["meta"].items()
        if key == "great_expectations_version"
    }
    content["suite_name"] = suite.name
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{suite.name}.{uuid4().hex}.tmp"
    try:
        temporary.write_text(json.dumps(content, default=str), encoding="utf-8")
        temporary.replace(folder / f"{suite.name}.json")
    finally:
        temporary.unlink(missing_ok=True)
