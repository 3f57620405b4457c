"""Retention: what is kept for how long, and the report of what went.

Belongs here: the classes of `retention` in tidycrm.yml that hold personal data. Runs of
Dagster, versions and leftovers are pruned elsewhere (`tidycrm prune`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from connectors.landing import Screen, rescreen
from orchestration.home import Home, exclusive, replace_text
from orchestration.privacy import audit
from orchestration.privacy.stores import replace_durably
from orchestration.privacy.suppressed import read_suppression
from orchestration.publishing.sql import literal, quote
from orchestration.workspace import Workspace

_LOGS = ("logs/**/*", "reports/access/*", "exports/**/*", "dbt/logs/*")
"""Files that hold personal data or may, and that nobody needs for long."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """What one class keeps, and what went."""

    name: str
    limit_days: float | None
    cleared: int
    files: int


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What one enforcement did, or would do."""

    at: str
    dry_run: bool
    classes: tuple[RetentionClass, ...]
    file: Path | None = None


def enforce_retention(
    workspace: Workspace, *, dry_run: bool = False
) -> RetentionReport:
    """Remove what is older than `retention` allows, and write a report.

    Args:
        workspace: Configuration and home.
        dry_run: Only count.

    Raises:
        BusyError: A run works on the home.
    """
    home, limits = workspace.home, workspace.config.retention
    now = workspace.clock()
    with exclusive(home, purpose="tidycrm retention"):
        classes = (
            _activity_text(home, limits.activity_text, now, dry_run=dry_run),
            _quarantine(home, limits.quarantine_payload, now, dry_run=dry_run),
            _logs(home, limits.logs, now, dry_run=dry_run),
        )
        report = RetentionReport(now.isoformat(timespec="seconds"), dry_run, classes)
        if dry_run:
            return report
        file = home.reports / "retention" / f"{now:%Y%m%dT%H%M%SZ}.json"
        replace_text(file, json.dumps(asdict(report), indent=1, default=str))
        audit.record(
            home,
            audit.Action.RETENTION,
            {each.name: each.cleared for each in classes},
        )
    return RetentionReport(report.at, dry_run, classes, file)


def _activity_text(
    home: Home, limit: timedelta | None, now: datetime, *, dry_run: bool
) -> RetentionClass:
    if limit is None:
        return RetentionClass("activity_text", None, 0, 0)
    since = (now - limit).date()
    done = rescreen(
        home.landing,
        Screen(read_suppression(home), since),
        note=f"retention: text of activities before {since} was cleared",
        dry_run=dry_run,
    )
    if done.cleared and not dry_run:
        # What was made of the text is made anew by the next sync.
        home.last_publication.unlink(missing_ok=True)
    return RetentionClass("activity_text", _days(limit), done.cleared, done.loads)


def _quarantine(
    home: Home, limit: timedelta | None, now: datetime, *, dry_run: bool
) -> RetentionClass:
    if limit is None:
        return RetentionClass("quarantine_payload", None, 0, 0)
    before = (now - limit).replace(tzinfo=None)
    cleared = files = 0
    tables = [
        (path, "raw_text", "_extracted_at")
        for path in sorted(home.landing.glob("*/*/source=*/load=*/rejected.parquet"))
    ]
    tables.append((home.stage("quarantined_records"), "raw_payload", "first_seen_at"))
    for path, column, moment in tables:
        if not path.is_file():
            continue
        count = _clear(path, column, moment, before, dry_run=dry_run)
        cleared += count
        files += bool(count)
    return RetentionClass("quarantine_payload", _days(limit), cleared, files)


def _clear(
    path: Path, column: str, moment: str, before: datetime, *, dry_run: bool
) -> int:
    # The folders are named like partitions, which would become columns of the file.
    relation = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
    old = f"({quote(moment)}::TIMESTAMP < {literal(before.isoformat(' '))}::TIMESTAMP)"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        row = connection.execute(
            f"SELECT count(*) FROM {relation} WHERE {old} AND {quote(column)} <> ''"
        ).fetchone()
        count = int(row[0]) if row else 0
        if not count or dry_run:
            return count
        temporary = path.with_name(f".{path.name}.clearing")
        # Empty and not null: a reject stays a reject that was seen before.
        connection.execute(
            f"COPY (SELECT * REPLACE (CASE WHEN {old} THEN '' ELSE {quote(column)} END "
            f"AS {quote(column)}) FROM {relation}) TO {literal(str(temporary))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    replace_durably(temporary, path)
    return count


def _logs(
    home: Home, limit: timedelta, now: datetime, *, dry_run: bool
) -> RetentionClass:
    oldest = (now - limit).timestamp()
    old = [
        path
        for pattern in _LOGS
        for path in sorted(home.root.glob(pattern))
        if path.is_file() and path.lstat().st_mtime < oldest
    ]
    if not dry_run:
        for path in old:
            path.unlink()
    return RetentionClass("logs", _days(limit), len(old), len(old))


def _days(limit: timedelta) -> float:
    return round(limit.total_seconds() / 86_400, 2)
