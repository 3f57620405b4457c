"""Quality rules at the edges of the flow: landed objects, records and published tables.

The façade: rules as data, functions that check tables, results as counts. No value of a
record leaves this package: not in results, logs, exceptions or the Data Docs site.
"""

from __future__ import annotations

from hygiene.quality.data_docs import DataDocsReport, build_data_docs
from hygiene.quality.engine import validate_frame, validate_relation
from hygiene.quality.guards import (
    GuardFinding,
    Verdict,
    Volume,
    guard_results,
    judge_freshness,
    judge_volumes,
)
from hygiene.quality.record_checks import (
    NEEDED,
    SUBJECTS,
    RecordChecks,
    check_records,
    record_results,
)
from hygiene.quality.record_rule import RecordRule, RuleChange
from hygiene.quality.rule import (
    Dimension,
    Layer,
    Rule,
    RuleResult,
    Severity,
    Suite,
)
from hygiene.quality.settings import FreshnessGuard, QualitySettings, VolumeGuard
from hygiene.quality.suites import (
    apply_to_suite,
    landing_suite,
    parse_rules,
    published_suite,
    published_tables_with_rules,
    record_rules,
)

__all__ = [
    "NEEDED",
    "SUBJECTS",
    "DataDocsReport",
    "Dimension",
    "FreshnessGuard",
    "GuardFinding",
    "Layer",
    "QualitySettings",
    "RecordChecks",
    "RecordRule",
    "Rule",
    "RuleChange",
    "RuleResult",
    "Severity",
    "Suite",
    "Verdict",
    "Volume",
    "VolumeGuard",
    "apply_to_suite",
    "build_data_docs",
    "check_records",
    "guard_results",
    "judge_freshness",
    "judge_volumes",
    "landing_suite",
    "parse_rules",
    "published_suite",
    "published_tables_with_rules",
    "record_results",
    "record_rules",
    "validate_frame",
    "validate_relation",
]
