"""Land Salesforce records from the command line, without the rest of tidycrm.

python -m connectors.salesforce --path exports/ --out landing/
python -m connectors.salesforce --config salesforce.yml --secret ... --out landing/
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from connectors.salesforce import SalesforceFilesConfig, api_command, extract
from connectors.snapshots.command_line import build_parser, common_settings, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, extract once, print a summary, return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if any(item == "--config" or item.startswith("--config=") for item in given):
        return api_command.main(given)
    parser = build_parser(
        "salesforce", "Land Data Export ZIPs and Data Loader or Bulk CSVs as Parquet."
    )
    parser.add_argument(
        "--include", action="append", default=[], metavar="API_NAME", help="only these"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="API_NAME", help="not these"
    )
    parsed = parser.parse_args(given)
    settings = common_settings(parsed) | {
        "include": tuple(parsed.include),
        "exclude": tuple(parsed.exclude),
    }
    return run(SalesforceFilesConfig, settings, extract, parsed.out)


if __name__ == "__main__":
    sys.exit(main())
