"""Run this connector alone: `python -m connectors.spreadsheet --config f.yml --out landing/`.

Belongs here: the command line and nothing else. The file holds one source as it stands
under `sources:` in `tidycrm.yml` (or a list of them under that key).
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from connectors.errors import ConnectorError
from connectors.landing import Landing
from connectors.spreadsheet import SpreadsheetConfig, extract
from connectors.spreadsheet.config import relative_to


def main(arguments: list[str] | None = None) -> int:
    """Extract every spreadsheet source of a file; 0 only when all worked."""
    parser = argparse.ArgumentParser(prog="python -m connectors.spreadsheet")
    parser.add_argument("--config", type=Path, required=True, help="YAML of one source")
    parser.add_argument("--out", type=Path, required=True, help="landing folder")
    options = parser.parse_args(arguments)
    try:
        for config in _load(options.config):
            report = extract(
                config, Landing(options.out), extracted_at=datetime.now(UTC)
            )
            _tell(f"{report.source_name}: {report.files_read} files read")
            if report.is_unchanged:
                _tell("  no file has changed since the last time")
            for load in report.loads:
                _tell(f"  {load.object}: {load.counts}")
            for line in (*report.warnings, *report.notes):
                _tell(f"  {line}")
    except (ConnectorError, ValidationError, OSError, yaml.YAMLError) as error:
        _tell(str(error), is_error=True)
        return 1
    return 0


def _load(path: Path) -> list[SpreadsheetConfig]:
    document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    listed = (
        document.get("sources", [document]) if isinstance(document, dict) else document
    )
    return [
        relative_to(SpreadsheetConfig.model_validate(item), path.resolve().parent)
        for item in listed
        if not isinstance(item, dict)
        or item.get("type", "spreadsheet") == "spreadsheet"
    ]


def _tell(line: str, *, is_error: bool = False) -> None:
    stream = sys.stderr if is_error else sys.stdout
    stream.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
