"""Run the HubSpot API connector alone: a settings file, the token named explicitly.

Belongs here: the command line. It is the only place that looks into the environment, and
only at the variables that the caller names.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.findings import Level
from connectors.hubspot.api.check import check_api
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.extraction import extract_api
from connectors.landing import SourceReport
from connectors.snapshots.command_line import parse_pair, run


def build_parser() -> argparse.ArgumentParser:
    """Make the parser."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.hubspot",
        description="Land what changed in a HubSpot portal, over its API.",
        epilog="Example: --config hubspot.yml --secret access_token=HUBSPOT_TOKEN "
        "--out landing/",
    )
    parser.add_argument("--config", required=True, type=Path, help="YAML or JSON file")
    parser.add_argument("--out", type=Path, help="landing folder, created when absent")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        type=parse_pair,
        metavar="SETTING=VARIABLE",
        help="take a setting, such as access_token, from an environment variable",
    )
    parser.add_argument(
        "--check", action="store_true", help="check token, scopes and clock only"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Extract once, or check; 0 only when it worked."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    settings = yaml.safe_load(parsed.config.read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        parser.error(f"{parsed.config}: expected settings, such as name and objects")
    for place, variable in parsed.secret:
        value = os.environ.get(variable)
        if value is None:
            parser.error(f"--secret {place}: variable {variable} is not set")
        settings[place] = value
    if parsed.check:
        return _check(settings)
    if parsed.out is None:
        parser.error("--out is needed to extract")

    def extract(*given: Any, **options: Any) -> SourceReport:
        report = extract_api(*given, **options)
        for item in report.skipped:
            _say(f"skipped: {item}")
        _say(f"cost: {report.usage}")
        return report

    return run(HubspotApiConfig, settings, extract, parsed.out)


def _check(settings: dict[str, Any]) -> int:
    try:
        config = HubspotApiConfig(**settings)
    except ValidationError as error:
        for detail in error.errors():
            _say(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}")
        return 2
    findings = check_api(config, now=datetime.now(UTC))
    for finding in findings:
        fix = f" -> {finding.fix}" if finding.fix else ""
        _say(f"{finding.level.value:4} {finding.what}{fix}")
    return int(any(finding.level is Level.FAIL for finding in findings))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
