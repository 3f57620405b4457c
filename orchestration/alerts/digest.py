"""The digest: how the warehouse stands, once a day or a week, on every channel.

Belongs here: which figures it tells, from what the last publication left. It carries
counts, scores and names of sources, never values of records.
"""

from __future__ import annotations

from datetime import datetime

from orchestration.alerts.channels import Send, send
from orchestration.alerts.dispatch import Delivery
from orchestration.alerts.model import Alert, Message
from orchestration.config import shown_duration
from orchestration.errors import AlertError
from orchestration.health import read_health
from orchestration.status import folder_bytes, read_status
from orchestration.workspace import Workspace


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
        installation=workspace.home.label,
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
