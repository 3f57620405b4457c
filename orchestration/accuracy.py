"""`tidycrm bench`: golden records and repairs of a demo against the generator's truth.

The only place that opens the truth, and only after the run: the pipeline never reads it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Column, Table

from hygiene.accuracy import (
    RepairReport,
    score,
    score_jobs,
    score_lead_accounts,
    score_repairs,
    score_rule_flags,
)
from orchestration.errors import OrchestrationError
from orchestration.home import Home
from orchestration.record_quality import defects_file

REPORTED = ("contacts", "accounts")
_EMPLOYER_TABLES = {
    "lead_account_matches": "source_record_key, source_object, golden_account_id, method",
    "bridge_contact_accounts": "golden_contact_id, golden_account_id, is_current, "
    "is_primary, valid_to_date",
}

_MEASURES = {
    "source records": "records",
    "true entities": "entities",
    "golden records": "clusters",
    "pairwise precision": "pairwise_precision",
    "pairwise recall": "pairwise_recall",
    "pairwise F1": "pairwise_f1",
    "B-cubed precision": "bcubed_precision",
    "B-cubed recall": "bcubed_recall",
    "B-cubed F1": "bcubed_f1",
    "largest cluster (records)": "largest_cluster",
    "most entities in one cluster": "most_entities_in_a_cluster",
}


def demo_accuracy(folder: Path) -> dict[str, Any]:
    """Score contacts, accounts, accounts of leads and job changes of a demo.

    Returns:
        One report per entity, one of `leads`, one of `jobs`, and the generator's own
        ceiling.

    Raises:
        OrchestrationError: No demo was run there.
    """
    truth = folder / "exports" / "truth"
    home = Home((folder / "data").resolve())
    reports: dict[str, Any] = {}
    for entity in ("contact", "account"):
        clusters = home.stage(f"{entity}_clusters")
        known = truth / f"truth_{entity}s.parquet"
        if not clusters.exists() or not known.exists():
            raise OrchestrationError(
                f"Measuring the accuracy of the demo in {folder}: {clusters.name} or "
                f"{known.name} is missing; both are expected after a demo. Run "
                f"`tidycrm demo --folder {folder}` first."
            )
        reports[f"{entity}s"] = asdict(score(clusters, known))
    reports |= _employers(home, truth)
    ceiling = truth / "ceiling.json"
    if ceiling.exists():
        reports["ceiling"] = json.loads(ceiling.read_text())
    return reports


def _employers(home: Home, truth: Path) -> dict[str, Any]:
    """Score where people work; nothing for a demo of an earlier version."""
    if not (truth / "truth_employers.parquet").exists() or not home.warehouse.exists():
        return {}
    with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
        known = warehouse.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name IN "
            "('lead_account_matches', 'bridge_contact_accounts')"
        ).fetchall()[0][0]
        if known < len(_EMPLOYER_TABLES):
            return {}
        matches, spells = (
            warehouse.sql(f"SELECT {columns} FROM marts.{table}").pl()
            for table, columns in _EMPLOYER_TABLES.items()
        )
    contacts, accounts = home.stage("contact_clusters"), home.stage("account_clusters")
    return {
        "leads": asdict(score_lead_accounts(matches, accounts, truth)),
        "jobs": asdict(score_jobs(spells, contacts, accounts, truth)),
    }


def print_accuracy(console: Console, reports: dict[str, Any]) -> None:
    """Show the reports as a table."""
    table = Table(
        "",
        *REPORTED,
        title="Golden records against the truth of the generator",
        title_justify="left",
    )
    for words, measure in _MEASURES.items():
        table.add_row(words, *(_shown(reports[name][measure]) for name in REPORTED))
    console.print(table)
    if "leads" in reports:
        _print_employers(console, reports["leads"], reports["jobs"])
    console.print(
        "Some pairs cannot be decided by anyone: `--json` holds the generator's ceiling."
    )


def _print_employers(
    console: Console, leads: dict[str, Any], jobs: dict[str, Any]
) -> None:
    table = Table(
        "reason", "leads", "right",
        title="Accounts of leads against their true employers",
        title_justify="left",
    )  # fmt: skip
    for item in leads["methods"]:
        share = item["right"] / item["leads"]
        table.add_row(item["method"], f"{item['leads']:,}", f"{share:.2%}")
    console.print(table)
    console.print(
        f"{leads['leads']:,} leads: precision {leads['precision']:.4f}, recall "
        f"{leads['recall']:.4f}; of {leads['without_employer']:,} without an account to "
        f"find {leads['rightly_none']:,} were given none."
    )
    console.print(
        f"{jobs['people']:,} employed people: {jobs['current_right']:.2%} have the "
        f"right current account; of {jobs['changers']:,} known job changers "
        f"{jobs['changers_current_right']:.2%}."
    )


def demo_repairs(folder: Path) -> RepairReport:
    """Score the standardised values of the demo in `folder`.

    Returns:
        Repairs, false repairs and flags.

    Raises:
        OrchestrationError: No demo was run there.
    """
    truth = folder / "exports" / "truth"
    home = Home((folder / "data").resolve())
    tables = [
        home.stage(f"standardised_{entity}s") for entity in ("contact", "account")
    ]
    defects = defects_file(home)
    for path in (*tables, defects, truth / "truth_values.parquet"):
        if not path.exists():
            raise OrchestrationError(
                f"Measuring the repairs of the demo in {folder}: {path.name} is missing; "
                "it is expected after a demo. "
                f"Run `tidycrm demo --folder {folder}` first."
            )
    report = score_repairs(tables[0], tables[1], truth)
    return replace(report, flags=report.flags + score_rule_flags(defects, truth))


def print_repairs(console: Console, report: RepairReport) -> None:
    """Show repairs by field and flags as tables."""
    fields = Table(
        Column("field", no_wrap=True),
        "right values", "made wrong", "undoable dirt", "undone", "precision",
        title="Standardised values against what the generator dirtied",
        title_justify="left",
    )  # fmt: skip
    for score_ in report.fields:
        fields.add_row(
            score_.field,
            f"{score_.clean:,}",
            f"{score_.false_repairs:,}",
            f"{score_.dirty:,}",
            f"{score_.recall:.2%}",
            f"{score_.precision:.2%}",
        )
    flags = Table("flag", "are", "flagged", "precision", "recall")
    for flag in report.flags:
        flags.add_row(
            flag.flag,
            f"{flag.actual:,}",
            f"{flag.flagged:,}",
            f"{flag.precision:.2%}",
            f"{flag.recall:.2%}",
        )
    console.print(fields)
    console.print(flags)
    console.print(
        f"False repairs: {report.false_repair_rate:.4%} of right values. `--json` holds "
        "every kind of dirt."
    )


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
