"""Figures of a home for a monitoring system, in Prometheus' text format.

A file instead of a port: the node exporter's textfile collector (or any agent) reads it,
also when nothing of tidycrm runs. Names and units follow Prometheus' conventions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.home import replace_text
from orchestration.publishing import Shelf
from orchestration.status import read_status
from orchestration.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    text: str
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} gauge"
        for labels, value in self.samples:
            shown = ",".join(
                f'{key}="{_escaped(each)}"' for key, each in labels.items()
            )
            yield (
                f"{self.name}{{{shown}}} {value:.15g}"
                if shown
                else (f"{self.name} {value:.15g}")
            )


def write_metrics(
    workspace: Workspace,
    *,
    at: datetime,
    succeeded: bool | None = None,
    seconds: float | None = None,
) -> Path:
    """Replace the metrics file of a home.

    Args:
        workspace: Whose figures.
        at: Now, UTC.
        succeeded: Whether the run that just ended published or found nothing to do;
            None when no run did.
        seconds: How long that run took.
    """
    status = read_status(workspace)
    sources = status.sources
    metrics = [
        _Metric(
            "tidycrm_source_synced_timestamp_seconds",
            "When the source was last read completely.",
            [
                ({"source": each.name}, each.synced_at.timestamp())
                for each in sources
                if each.synced_at is not None
            ],
        ),
        _Metric(
            "tidycrm_source_failing",
            "1 if the last attempt to read the source failed.",
            [
                ({"source": each.name}, float(each.failing_since is not None))
                for each in sources
            ],
        ),
        _Metric(
            "tidycrm_source_failures",
            "Failed attempts in a row.",
            [({"source": each.name}, float(each.failures)) for each in sources],
        ),
        _Metric(
            "tidycrm_source_records",
            "Source records that were ever landed.",
            [({"source": each.name}, float(each.records)) for each in sources],
        ),
        _Metric(
            "tidycrm_disk_bytes",
            "Size of a part of the home folder.",
            [({"part": part}, float(n)) for part, n in status.sizes_bytes.items()],
        ),
        _Metric(
            "tidycrm_pinned",
            "1 if an older published version is pinned.",
            [({}, float(Shelf(workspace.home.published).pin is not None))],
        ),
        *_published(workspace.home.published_file),
    ]
    if succeeded is not None:
        metrics += [
            _Metric(
                "tidycrm_run_succeeded",
                "1 if the last run ended well.",
                [({}, float(succeeded))],
            ),
            _Metric(
                "tidycrm_run_timestamp_seconds",
                "When the last run ended.",
                [({}, at.timestamp())],
            ),
        ]
    if seconds is not None:
        metrics.append(
            _Metric(
                "tidycrm_run_seconds", "How long the last run took.", [({}, seconds)]
            )
        )
    target = workspace.home.metrics_file
    replace_text(
        target, "".join(f"{line}\n" for metric in metrics for line in metric.lines())
    )
    return target


def _published(file: Path) -> list[_Metric]:
    if not file.exists():
        return []
    with duckdb.connect(str(file), read_only=True) as reader:
        tables = reader.execute(
            "select item_name, row_count from publication where item_type = 'table' "
            "order by 1"
        ).fetchall()
        instant = reader.execute(
            "select epoch(max(published_at)) from publication"
        ).fetchall()[0][0]
        checks = reader.execute(
            "select severity, count(*) filter (where success), "
            "count(*) filter (where not success) from data_quality_results "
            "group by 1 order by 1"
        ).fetchall()
    return [
        _Metric(
            "tidycrm_published_timestamp_seconds",
            "When the published file was made.",
            [({}, float(instant))],
        ),
        _Metric(
            "tidycrm_published_rows",
            "Rows of a published table.",
            [({"table": name}, float(rows)) for name, rows in tables],
        ),
        _Metric(
            "tidycrm_checks",
            "Checks of the published run, by severity and result.",
            [
                ({"severity": severity, "result": result}, float(count))
                for severity, passed, failed in checks
                for result, count in (("passed", passed), ("failed", failed))
            ],
        ),
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
