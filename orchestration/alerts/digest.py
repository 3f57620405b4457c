"""The digest: how the warehouse stands, once a day or a week, on every channel.

Belongs here: which figures it tells, from what the last publication left. It carries
counts, scores and names of sources, never values of records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from hygiene.quality.scorecard import dimension_scores, overall_score
from orchestration.alerts.channels import Send, send
from orchestration.alerts.dispatch import Delivery
from orchestration.alerts.model import Alert, Message
from orchestration.config import shown_duration
from orchestration.errors import AlertError
from orchestration.home import Home
from orchestration.status import folder_bytes, read_status
from orchestration.workspace import Workspace

_TABLES = (
    ("Contacts", "dim_contacts"),
    ("Accounts", "dim_accounts"),
    ("Customers", "dim_customers"),
    ("Opportunities", "fct_opportunities"),
)


@dataclass(frozen=True, slots=True)
class Health:
    """Figures of the last publication; None where there is none.

    Attributes:
        score: Data quality, 0 to 100.
        previous_score: The same in the publication before.
        dimensions: Score of each dimension.
        backlog: Doubtful matches that wait for a steward.
        quarantined: Records that were set aside.
        rows: Rows of the tables that people ask for first.
    """

    score: float | None
    previous_score: float | None
    dimensions: dict[str, float]
    backlog: int
    quarantined: int
    rows: dict[str, int]


def read_health(home: Home) -> Health | None:
    """Read the figures; None if nothing was published yet."""
    if not home.published_file.is_file():
        return None
    with duckdb.connect(str(home.published_file), read_only=True) as reader:
        try:
            scorecard = reader.sql("select * from data_quality_scorecard").pl()
        except duckdb.CatalogException:  # published before there was one
            scorecard = pl.DataFrame(
                schema={"run_id": pl.String, "checked_at": pl.Datetime}
            )
        rows = dict(
            reader.execute(
                "select item_name, row_count from publication where item_type = 'table'"
            ).fetchall()
        )
    runs = (
        scorecard.group_by("run_id")
        .agg(pl.col("checked_at").max())
        .sort("checked_at", "run_id")["run_id"]
        .to_list()
    )
    cards = [scorecard.filter(pl.col("run_id") == run_id) for run_id in runs[-2:]]
    return Health(
        score=overall_score(cards[-1]) if cards else None,
        previous_score=overall_score(cards[0]) if len(cards) == 2 else None,
        dimensions=dimension_scores(cards[-1]) if cards else {},
        backlog=_backlog(home),
        quarantined=rows.get("quarantined_records", 0),
        rows={label: rows[name] for label, name in _TABLES if name in rows},
    )


def _backlog(home: Home) -> int:
    files = [home.stage(f"{entity}_match_edges") for entity in ("contact", "account")]
    return sum(
        pl.scan_parquet(file)
        .filter(pl.col("decision") == "review")
        .select(pl.len())
        .collect()
        .item()
        for file in files
        if file.is_file()
    )


def digest_lines(workspace: Workspace, *, now: datetime) -> tuple[tuple[str, str], ...]:
    """Labelled figures, the most important first.

    Args:
        workspace: Whose figures.
        now: UTC.
    """
    status, health = read_status(workspace), read_health(workspace.home)
    if health is None or status.published_at is None:
        return (("Published", "nothing yet; run `tidycrm sync`"),)
    age = now - datetime.fromisoformat(status.published_at)
    lines = [("Published", f"as of {status.as_of}, {shown_duration(age)} ago")]
    if health.score is not None:
        change = (
            ""
            if health.previous_score is None
            else f" ({health.score - health.previous_score:+.1f} since the run before)"
        )
        lines.append(("Data quality", f"{health.score:.1f} of 100{change}"))
        weakest = sorted(health.dimensions.items(), key=lambda each: each[1])
        lines += [(f"  {name}", f"{score:.1f}") for name, score in weakest]
    lines += [(label, f"{count:,}") for label, count in health.rows.items()]
    lines += [
        ("Doubtful matches", f"{health.backlog:,} wait for a steward"),
        ("Quarantined", f"{health.quarantined:,} records"),
    ]
    for source in status.sources:
        state = (
            f"not read since {source.failing_since:%Y-%m-%d %H:%M} UTC ({source.reason})"
            if source.failing_since
            else f"{source.records:,} records"
        )
        lines.append((f"Source {source.name}", state))
    size = folder_bytes(workspace.home.root)
    return (*lines, ("Disk", f"{size / 1e9:,.2f} GB"))


def send_digest(
    workspace: Workspace,
    *,
    now: datetime,
    alerts: tuple[Alert, ...] = (),
    deliver: Send = send,
) -> Delivery:
    """Tell every channel how the warehouse stands, and what is the matter.

    Args:
        workspace: Whose figures and channels.
        now: UTC.
        alerts: Present conditions; shown below the figures, not remembered as told.
        deliver: Sends one message.
    """
    message = Message(
        installation=workspace.home.root.name,
        alerts=alerts,
        digest=digest_lines(workspace, now=now),
    )
    sent, problems = 0, []
    for channel in workspace.config.alerts.channels:
        try:
            deliver(channel, message)
            sent += 1
        except AlertError as error:
            problems.append(str(error))
    return Delivery(sent, 0, tuple(problems))
