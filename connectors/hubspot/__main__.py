"""Land HubSpot records from the command line, without the rest of tidycrm.

python -m connectors.hubspot --path exports/ --out landing/
python -m connectors.hubspot --config hubspot.yml --secret access_token=... --out landing/
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from connectors.hubspot import HubspotFilesConfig, extract, languages
from connectors.hubspot.api import command
from connectors.snapshots.command_line import (
    build_parser,
    common_settings,
    parse_pair,
    run,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, extract once, print a summary, return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if any(item == "--config" or item.startswith("--config=") for item in given):
        return command.main(given)
    parser = build_parser("hubspot", "Land CSV, XLSX and ZIP exports as Parquet.")
    parser.add_argument(
        "--language", default="auto", help=f"auto or one of {', '.join(languages())}"
    )
    parser.add_argument("--timezone", help="IANA time zone of the portal")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        type=parse_pair,
        metavar="LABEL=PROPERTY",
        help="property of an unknown or ambiguous label; may be repeated",
    )
    parsed = parser.parse_args(given)
    settings = common_settings(parsed) | {
        "language": parsed.language,
        "timezone": parsed.timezone,
        "columns": dict(parsed.column),
    }
    return run(HubspotFilesConfig, settings, extract, parsed.out)


if __name__ == "__main__":
    sys.exit(main())
