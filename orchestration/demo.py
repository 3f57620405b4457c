"""The demo: a made-up CRM written as exports, with the configuration that reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from connectors.synthetic import generate

DEMO_AS_OF = date(2026, 1, 15)
DEMO_SEED = 7


def prepare_demo(folder: Path, *, people: int, seed: int = DEMO_SEED) -> Path:
    """Write the exports of a made-up CRM and its tidycrm.yml.

    The same size and seed always give the same bytes, so a second demo changes nothing.

    Returns:
        The configuration file.
    """
    exports = folder / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    stamp = exports / ".generated"
    wanted = f"people={people} seed={seed} as_of={DEMO_AS_OF}"
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        generate(exports, people=people, seed=seed, as_of=DEMO_AS_OF)
        stamp.write_text(wanted)
    config = folder / "tidycrm.yml"
    config.write_text(_configuration(exports), encoding="utf-8")
    return config


def _configuration(exports: Path) -> str:
    tables_file = exports / "spreadsheets" / "tables.yml"
    tables = yaml.safe_load(tables_file.read_text(encoding="utf-8"))["tables"]
    for table in tables:
        table["path"] = f"exports/{table['path']}"
    document = {
        "version": 1,
        "sources": [
            {
                "name": "salesforce",
                "type": "salesforce_files",
                "path": "exports/salesforce",
            },
            {"name": "hubspot", "type": "hubspot_files", "path": "exports/hubspot"},
            {"name": "shop", "type": "spreadsheet", "tables": tables},
        ],
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
