"""`tidycrm bench accuracy`: golden records of a demo against the generator's truth.

The only place that opens the truth, and only after the run: the pipeline never reads it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hygiene.accuracy import score
from orchestration.errors import OrchestrationError
from orchestration.home import Home


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
        "Records",
        "Precision",
        "Recall",
        "F1",
        "B³ precision",
        "B³ recall",
        "B³ F1",
        "Largest cluster",
        "Most entities mixed",
        title="Golden records against the truth (pairwise and B-cubed)",
    )
    for name in ("contacts", "accounts"):
        report = reports[name]
        table.add_row(
            name,
            f"{report['records']:,}",
            *(
                f"{report[measure]:.4f}"
                for measure in (
                    "pairwise_precision",
                    "pairwise_recall",
                    "pairwise_f1",
                    "bcubed_precision",
                    "bcubed_recall",
                    "bcubed_f1",
                )
            ),
            f"{report['largest_cluster']:,}",
            f"{report['most_entities_in_a_cluster']:,}",
        )
    console.print(table)
    console.print(
        "Some pairs cannot be decided by anyone: `--json` holds the generator's ceiling."
    )
