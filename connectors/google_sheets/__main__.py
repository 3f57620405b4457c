"""Run this connector alone: `python -m connectors.google_sheets --config f.yml --key k.json --out landing/`.

Belongs here: the command line and nothing else. The file holds one source as it stands
under `sources:` in `tidycrm.yml`, without its key.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from connectors.errors import ConnectorError
from connectors.findings import Level
from connectors.google_sheets import GoogleSheetsConfig, check, extract
from connectors.landing import Landing


def main(arguments: list[str] | None = None) -> int:
    """Check or extract one source; 0 only when it worked."""
    parser = argparse.ArgumentParser(prog="python -m connectors.google_sheets")
    parser.add_argument("--config", type=Path, required=True, help="YAML of one source")
    parser.add_argument(
        "--key", type=Path, required=True, help="service account's JSON"
    )
    parser.add_argument("--out", type=Path, required=True, help="landing folder")
    parser.add_argument("--check", action="store_true", help="only check, land nothing")
    options = parser.parse_args(arguments)
    try:
        document = yaml.safe_load(options.config.read_text(encoding="utf-8-sig"))
        key = options.key.read_text(encoding="utf-8-sig")
        config = GoogleSheetsConfig.model_validate(
            {**document, "service_account_key": key}
        )
        if options.check:
            findings = check(config)
            for each in findings:
                fix = f" ({each.fix})" if each.fix else ""
                _tell(f"{each.level.value}: {each.what}{fix}")
            return int(any(each.level is Level.FAIL for each in findings))
        report = extract(config, Landing(options.out), extracted_at=datetime.now(UTC))
    except (
        ConnectorError,
        ValidationError,
        OSError,
        TypeError,
        yaml.YAMLError,
    ) as error:
        _tell(str(error), is_error=True)
        return 1
    if report.is_unchanged:
        _tell("no cell has changed since the last time")
    for load in report.loads:
        _tell(f"{load.object}: {load.counts}")
    for line in (*report.warnings, *report.notes):
        _tell(line)
    return 0


def _tell(line: str, *, is_error: bool = False) -> None:
    stream = sys.stderr if is_error else sys.stdout
    stream.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
