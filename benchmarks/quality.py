"""What quality rules cost beside standardising, in seconds of processor time.

    python -m benchmarks.quality demo/tidycrm.yml demo/data

Reads a home that was synced (give it a copy: counts are written anew) and prints one JSON
object: processor and wall seconds of Great Expectations on landed objects and published
tables, of the rules about records, and of standardising the same contacts and accounts.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from connectors.landing import Landing
from hygiene.quality import (
    apply_to_suite,
    landing_suite,
    published_suite,
    published_tables_with_rules,
    record_rules,
)
from hygiene.standardise import standardise_accounts, standardise_contacts
from orchestration.assets.checks import check_landed, check_table
from orchestration.dbt_build import published_models
from orchestration.publishing import quote
from orchestration.record_quality import run_record_checks
from orchestration.settings import Settings
from orchestration.workspace import Workspace, open_workspace


def _landed(workspace: Workspace) -> int:
    manifests = Landing(workspace.home.landing).manifests()
    rules = 0
    for vendor, name in sorted({(each.source_type, each.object) for each in manifests}):
        suite = apply_to_suite(
            landing_suite(vendor, name), workspace.config.quality.changes
        )
        rules += len(check_landed(workspace, suite, vendor, name)[0])
    return rules


def _published(workspace: Workspace, manifest: Path) -> int:
    relations = {
        model["name"]: f"{quote(model['schema'])}.{quote(model['alias'])}"
        for model in published_models(manifest)
    }
    rules = 0
    with duckdb.connect(str(workspace.home.warehouse), read_only=True) as warehouse:
        for table in published_tables_with_rules():
            if table in relations:
                suite = apply_to_suite(
                    published_suite(table), workspace.config.quality.changes
                )
                rules += len(check_table(warehouse, suite, relations, workspace))
    return rules


def _records(workspace: Workspace, manifest: Path) -> int:
    as_of = workspace.as_of(datetime.now(UTC))
    rules = record_rules(workspace.config.quality)
    run_record_checks(workspace, manifest, rules, as_of=as_of)
    return len(rules)


def _standardise(workspace: Workspace) -> int:
    rows = 0
    with tempfile.TemporaryDirectory(prefix="tidycrm-quality-") as scratch:
        out = Path(scratch)
        for entity, run in (
            ("contact", standardise_contacts),
            ("account", standardise_accounts),
        ):
            rows += run(
                workspace.home.stage(f"int_{entity}s_unioned"),
                out / f"{entity}.parquet",
                out / f"{entity}_aside.parquet",
                settings=workspace.config.standardise,
                previous=None,
            ).rows_in
    return rows


def _measured(task: Callable[[], int]) -> dict[str, Any]:
    def processor() -> float:
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return sum(use.ru_utime + use.ru_stime for use in (own, children))

    before, start = processor(), time.perf_counter()
    count = task()
    return {
        "count": count,
        "cpu_seconds": round(processor() - before, 1),
        "seconds": round(time.perf_counter() - start, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("home", type=Path)
    options = parser.parse_args(arguments)
    workspace = open_workspace(Settings(config=options.config, home=options.home))
    manifest = options.home / "dbt" / "target" / "manifest.json"
    # The library itself takes seconds to import, and every run pays for that.
    tasks: dict[str, Callable[[], int]] = {
        "great_expectations_landed": lambda: _landed(workspace),
        "great_expectations_published": lambda: _published(workspace, manifest),
        "rules_about_records": lambda: _records(workspace, manifest),
        "standardise": lambda: _standardise(workspace),
    }
    print(json.dumps({name: _measured(task) for name, task in tasks.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
