"""`tidycrm bench`: golden records and repairs of a demo against the generator's truth.

The only place that opens the truth, and only after the run: the pipeline never reads it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from hygiene.accuracy import RepairReport, score, score_repairs, score_rule_flags
from orchestration.errors import OrchestrationError
from orchestration.home import Home
from orchestration.record_quality import defects_file

REPORTED = ("contacts", "accounts")

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
    """Score contacts and accounts of the demo in `folder`.

    Returns:
        One report per entity, and the generator's own ceiling.

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
    ceiling = truth / "ceiling.json"
    if ceiling.exists():
        reports["ceiling"] = json.loads(ceiling.read_text())
    return reports


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
    console.print(
        "Some pairs cannot be decided by anyone: `--json` holds the generator's ceiling."
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
