"""The demo: a made-up CRM written as exports, with the configuration that reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from connectors.synthetic import generate, table_mappings

DEMO_AS_OF = date(2026, 1, 15)
DEMO_SEED = 7


def prepare_demo(folder: Path, *, people: int, seed: int = DEMO_SEED) -> Path:
    """Write the exports of a made-up CRM and its tidycrm.yml.

    The same size and seed always give the same bytes, so a second demo changes nothing.

    Returns:
        The configuration file.
    """
    config = write_configuration(folder)
    write_exports(folder, people=people, seed=seed)
    return config


def write_configuration(folder: Path) -> Path:
    """Write the tidycrm.yml of the demo, which its size and seed do not change."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "tidycrm.yml"
    config.write_text(_configuration(), encoding="utf-8")
    return config


def write_exports(folder: Path, *, people: int, seed: int = DEMO_SEED) -> None:
    """Make up the exports, unless they are there from an earlier demo."""
    exports = folder / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    stamp = exports / ".generated"
    wanted = f"people={people} seed={seed} as_of={DEMO_AS_OF}"
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        generate(exports, people=people, seed=seed, as_of=DEMO_AS_OF)
        stamp.write_text(wanted)


def _configuration() -> str:
    tables = [
        {**table, "path": f"exports/{table['path']}"} for table in table_mappings()
    ]
    document = {
        "version": 1,
        "sources": [
            {
                "name": "salesforce",
                "type": "salesforce_files",
                "path": "exports/salesforce",
                "owner": "revenue-operations",
            },
            {
                "name": "hubspot",
                "type": "hubspot_files",
                "path": "exports/hubspot",
                "owner": "marketing-operations",
            },
            {
                "name": "shop",
                "type": "spreadsheet",
                "tables": tables,
                "owner": "finance",
            },
        ],
        "publish": {"owner": "analytics"},
        "metrics": {
            "as_of": DEMO_AS_OF,
            "reporting_currency": "EUR",
            "fx_rates": "exports/fx_rates.csv",
        },
    }
    header = (
        "# Written by `tidycrm demo`: a made-up CRM. Copy the shape of an entry to\n"
        "# point tidycrm at your own exports.\n"
    )
    return header + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
