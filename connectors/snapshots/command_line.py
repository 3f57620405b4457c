"""The command line that every file connector shares: `python -m connectors.<vendor>`.

Belongs here: the common arguments, the run, and its summary on the terminal. Options of
one vendor are added in that vendor's `__main__`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from connectors.errors import ConnectorError
from connectors.landing import Landing, LoadMode, Progress, SourceReport


class Extract(Protocol):
    """The public `extract` of a connector."""

    def __call__(
        self,
        config: Any,
        landing: Landing,
        *,
        extracted_at: datetime,
        progress: Progress | None = None,
    ) -> SourceReport:
        """Land what is new."""
        ...


def build_parser(vendor: str, description: str) -> argparse.ArgumentParser:
    """Make a parser with the arguments that every connector takes."""
    parser = argparse.ArgumentParser(
        prog=f"python -m connectors.{vendor}", description=description
    )
    parser.add_argument("--path", required=True, help="folder, file or glob of exports")
    parser.add_argument(
        "--out", required=True, type=Path, help="landing folder, created when absent"
    )
    parser.add_argument("--name", default=vendor, help="name of the source")
    parser.add_argument(
        "--mode", choices=[mode.value for mode in LoadMode], default=LoadMode.FULL.value
    )
    parser.add_argument("--encoding", help="encoding of CSV files, found out if absent")
    parser.add_argument(
        "--object",
        action="append",
        default=[],
        type=parse_pair,
        metavar="GLOB=OBJECT",
        help="object of files that cannot be recognised; may be repeated",
    )
    parser.add_argument(
        "--allow-empty",
        action="store_true",
        help="accept a full export without rows although records are known",
    )
    return parser


def parse_pair(text: str) -> tuple[str, str]:
    """Split `key=value`.

    Example:
        >>> parse_pair("crm_*.csv=Contact")
        ('crm_*.csv', 'Contact')
    """
    key, separator, value = text.rpartition("=")
    if not separator or not key or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form key=value")
    return key, value


def common_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Give the settings that the common arguments stand for."""
    return {
        "name": arguments.name,
        "path": arguments.path,
        "mode": arguments.mode,
        "encoding": arguments.encoding,
        "objects": dict(arguments.object),
        "allow_empty": arguments.allow_empty,
    }


def run(
    make_config: Callable[..., Any],
    settings: Mapping[str, Any],
    extract: Extract,
    out: Path,
) -> int:
    """Extract once and print what happened; 0 only when it worked."""
    try:
        config = make_config(**settings)
    except ValidationError as error:
        for detail in error.errors():
            place = ".".join(str(part) for part in detail["loc"])
            _say(sys.stderr, f"{place}: {detail['msg']}")
        return 2
    try:
        report = extract(
            config,
            Landing(out),
            extracted_at=datetime.now(UTC),
            progress=lambda label, done, total: _say(
                sys.stderr, f"{label} ({done} of {total})"
            ),
        )
    except ConnectorError as error:
        _say(sys.stderr, f"{type(error).__name__}: {error}")
        return 1
    for line in _summary(report):
        _say(sys.stdout, line)
    return 0


def _summary(report: SourceReport) -> Sequence[str]:
    lines = [
        f"{load.object}: {load.counts.rows_read} read, {load.counts.new} new, "
        f"{load.counts.changed} changed, {load.counts.unchanged} unchanged, "
        f"{load.counts.tombstoned} gone, {load.counts.repeated} repeated, "
        f"{load.counts.rejected} set aside"
        for load in report.loads
    ]
    if report.is_unchanged:
        lines.append("nothing changed since the last extraction")
    lines += [f"note: {note}" for note in report.notes]
    lines += [f"warning: {warning}" for warning in report.warnings]
    return lines


def _say(stream: Any, line: str) -> None:
    stream.write(line + "\n")
