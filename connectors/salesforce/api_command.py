"""Run the Salesforce API connector alone: a settings file, secrets named explicitly.

Belongs here: the command line. It is the only place that looks into the environment, and
only at the variables that the caller names.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.landing import SourceReport
from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.api_extraction import extract_api
from connectors.salesforce.check import check_api
from connectors.snapshots.command_line import parse_pair, run

_EPILOGUE = (
    "Example: --config salesforce.yml --secret auth.client_secret=SF_SECRET "
    "--out landing/"
)


def build_parser() -> argparse.ArgumentParser:
    """Make the parser."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.salesforce",
        description="Land what changed in a Salesforce org, over its API.",
        epilog=_EPILOGUE,
    )
    parser.add_argument("--config", required=True, type=Path, help="YAML or JSON file")
    parser.add_argument("--out", type=Path, help="landing folder, created when absent")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        type=parse_pair,
        metavar="SETTING=VARIABLE",
        help="take a setting, such as auth.client_secret, from an environment variable",
    )
    parser.add_argument(
        "--token-state", type=Path, help="file that keeps a rotated refresh token"
    )
    parser.add_argument(
        "--check", action="store_true", help="check login, objects and limits only"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Extract once, or check; 0 only when it worked."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    settings = yaml.safe_load(parsed.config.read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        parser.error(f"{parsed.config}: expected settings, such as name and auth")
    for place, variable in parsed.secret:
        value = os.environ.get(variable)
        if value is None:
            parser.error(f"--secret {place}: variable {variable} is not set")
        _put(settings, place, value)
    if parsed.check:
        return _check(settings, parsed.token_state)
    if parsed.out is None:
        parser.error("--out is needed to extract")

    def extract(*given: Any, **options: Any) -> SourceReport:
        report = extract_api(*given, **options, token_state=parsed.token_state)
        for item in report.skipped:
            _say(f"skipped: {item}")
        _say(f"cost: {report.usage}")
        return report

    return run(SalesforceApiConfig, settings, extract, parsed.out)


def _check(settings: dict[str, Any], token_state: Path | None) -> int:
    try:
        config = SalesforceApiConfig(**settings)
    except ValidationError as error:
        for detail in error.errors():
            _say(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}")
        return 2
    findings = check_api(config, token_state=token_state)
    for finding in findings:
        fix = f" -> {finding.fix}" if finding.fix else ""
        _say(f"{finding.level.value:4} {finding.what}{fix}")
    return int(any(finding.level == "fail" for finding in findings))


def _put(settings: dict[str, Any], place: str, value: str) -> None:
    *parents, last = place.split(".")
    for parent in parents:
        settings = settings.setdefault(parent, {})
    settings[last] = value


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
