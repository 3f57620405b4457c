"""A browsable site of what was checked and how it went: rules and counts.

Built by one process at the end from the counts that each validation kept, so that checks
may run in several processes. No cell value can reach it: none is kept.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from hygiene.errors import EngineError, InputError
from hygiene.quality.engine import open_context, quiet_library

_SITE: Final = "quality"


@dataclass(frozen=True, slots=True)
class DataDocsReport:
    """Where the site lies and how much it shows."""

    index: Path
    suites: int


def build_data_docs(
    kept: Path, folder: Path, *, run_id: str, checked_at: datetime
) -> DataDocsReport:
    """Write the site of the validations whose counts were kept.

    Args:
        kept: Folder that was given to `validate_frame` as `keep_in`.
        folder: The site's folder; replaced as a whole when the new site is complete.
        run_id: The run whose checks they are.
        checked_at: When that run checked, shown beside each suite.

    Returns:
        The index page and the number of suites.

    Raises:
        InputError: A kept file is not what `validate_frame` wrote.
        EngineError: Great Expectations could not write the site.
    """
    contents = [_read(path) for path in sorted(kept.glob("*.json"))]
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{uuid4().hex}.tmp")
    try:
        with quiet_library():
            _write_site(contents, fresh, run_id, checked_at)
        if not (fresh / "index.html").is_file():
            raise EngineError(
                f"building Data Docs: {len(contents)} suites gave no index page; expected "
                "one; check free disk space and run again"
            )
        if folder.exists():
            shutil.rmtree(folder)
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return DataDocsReport(folder / "index.html", len(contents))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"building Data Docs: {path.name} could not be read as JSON "
            f"({type(error).__name__}); expected kept counts; validate again"
        ) from error
    if not isinstance(content, dict) or "results" not in content:
        raise InputError(
            f"building Data Docs: {path.name} holds no validation; expected kept counts; "
            "remove the file and validate again"
        )
    return content


def _write_site(
    contents: list[dict[str, Any]], folder: Path, run_id: str, checked_at: datetime
) -> None:
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    context = open_context()
    run = RunIdentifier(run_name=run_id, run_time=checked_at)
    for content in contents:
        name = content["suite_name"]
        content["meta"]["run_id"] = {
            "run_name": run_id,
            "run_time": checked_at.isoformat(),
        }
        validated = expectationSuiteValidationResultSchema.load(content)
        context.suites.add(
            gx.ExpectationSuite(
                name=name,
                expectations=[
                    outcome.expectation_config.to_domain_obj()
                    for outcome in validated.results
                ],
            )
        )
        context.validation_results_store.set(
            ValidationResultIdentifier(
                expectation_suite_identifier=ExpectationSuiteIdentifier(name=name),
                run_id=run,
                batch_identifier=name,
            ),
            validated,
        )
    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(folder.resolve()),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=[_SITE])
