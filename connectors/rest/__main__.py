"""Run a described REST service alone: a settings file, the token named explicitly.

Belongs here: the command line. It is the only place that looks into the environment, and
only at the variable that the caller names.

python -m connectors.rest --config helpdesk.yml --token-from HELPDESK_TOKEN --out landing/
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from connectors.findings import Level
from connectors.landing import SourceReport
from connectors.rest import RestConfig, check, extract
from connectors.snapshots.command_line import run


def build_parser() -> argparse.ArgumentParser:
    """Make the parser."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.rest",
        description="Land what changed in a REST service that a file describes.",
    )
    parser.add_argument("--config", required=True, type=Path, help="YAML or JSON file")
    parser.add_argument("--out", type=Path, help="landing folder, created when absent")
    parser.add_argument(
        "--token-from", metavar="VARIABLE", help="environment variable with the token"
    )
    parser.add_argument(
        "--check", action="store_true", help="read one page of each object only"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Extract once, or check; 0 only when it worked."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    settings = yaml.safe_load(parsed.config.read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        parser.error(f"{parsed.config}: expected settings, such as name and objects")
    if parsed.token_from is not None:
        token = os.environ.get(parsed.token_from)
        if token is None:
            parser.error(f"--token-from: variable {parsed.token_from} is not set")
        settings["token"] = token
    if parsed.check:
        findings = check(RestConfig.model_validate(settings))
        for each in findings:
            fix = f" -> {each.fix}" if each.fix else ""
            _say(f"{each.level.value:4} {each.what}{fix}")
        return int(any(each.level is Level.FAIL for each in findings))
    if parsed.out is None:
        parser.error("--out is needed to extract")

    def land(*given: Any, **options: Any) -> SourceReport:
        report = extract(*given, **options)
        for item in report.skipped:
            _say(f"skipped: {item}")
        _say(f"cost: {report.usage}")
        return report

    return run(RestConfig, settings, land, parsed.out)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
