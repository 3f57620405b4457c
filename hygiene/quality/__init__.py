"""Quality rules at the edges of the flow: landed objects, standardised and published tables.

The façade: suites as data, one function that checks a frame, results as counts. No value
of a record leaves this package: not in results, logs, exceptions or the Data Docs site.
"""

from __future__ import annotations

from hygiene.quality.data_docs import DataDocsReport, build_data_docs
from hygiene.quality.engine import validate_frame
from hygiene.quality.rule import (
    Dimension,
    Layer,
    Rule,
    RuleResult,
    Severity,
    Suite,
)
from hygiene.quality.standardised import standardise_results
from hygiene.quality.suites import (
    landing_suite,
    parse_rules,
    published_suite,
    published_tables_with_rules,
)

__all__ = [
    "DataDocsReport",
    "Dimension",
    "Layer",
    "Rule",
    "RuleResult",
    "Severity",
    "Suite",
    "build_data_docs",
    "landing_suite",
    "parse_rules",
    "published_suite",
    "published_tables_with_rules",
    "standardise_results",
    "validate_frame",
]
