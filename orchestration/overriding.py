"""Values that people set by hand: what `tidycrm override` does with a home.

Belongs here: finding the record that an override is kept under, and the lock. What an
override is and when it holds is in `hygiene.survivorship.overrides`.
"""

from __future__ import annotations

from datetime import date, datetime

import duckdb

from hygiene.errors import InputError
from hygiene.stewardship.references import Subject, resolve
from hygiene.survivorship.overrides import (
    Override,
    OverrideBook,
    check_value,
    value_mark,
)
from orchestration.home import Home, exclusive
from orchestration.privacy import audit
from orchestration.review import need_run
from orchestration.rulings import run_tables
from orchestration.workspace import Workspace


def set_override(
    workspace: Workspace,
    name: str,
    field: str,
    value: str,
    *,
    author: str,
    reason: str,
    set_at: datetime,
    until: date | None = None,
) -> Override:
    """Set a value of a golden record by hand; it holds from the next run on.

    Args:
        workspace: The home.
        name: Golden id or source record key.
        field: Field of the golden table.
        value: The value as text; empty to empty the field.
        author: Who sets it.
        reason: Why.
        set_at: When.
        until: Last day; none: until it is removed.

    Returns:
        The override, kept under the first source record of the golden record.

    Raises:
        InputError: If nothing has this name, or the last day is over.
        ConfigurationError: If the field is unknown or the value does not fit it.
    """
    home = workspace.home
    need_run(home, "Setting a value by hand")
    subject = resolve(name, run_tables(home))
    check_value(subject.entity, field, value)
    if until is not None and until < workspace.as_of(set_at):
        raise InputError(
            f"Setting a value by hand: its last day {until} is over already; expected "
            "today or later; name another --until, or none."
        )
    with exclusive(home, purpose="tidycrm override set"):
        book = OverrideBook(home.overrides)
        # One golden record has one value: older ones on its other records give way.
        book.remove(subject.members, field)
        override = Override(
            subject.entity,
            subject.members[0] if not subject.is_record else name,
            field,
            value,
            author,
            set_at.replace(tzinfo=None),
            " ".join(reason.split()),
            until,
            value_mark(_automatic_value(home, subject, field)),
        )
        book.add(override)
        audit.record(
            home,
            audit.Action.OVERRIDE_SET,
            {
                "entity": subject.entity,
                "golden_id": subject.golden_id,
                "record": audit.reference(home, override.source_record_key),
                "field": field,
                "until": until,
            },
            actor=author,
        )
    return override


def remove_override(workspace: Workspace, name: str, field: str) -> int:
    """Remove what was set by hand for a field of a golden record.

    Args:
        workspace: The home.
        name: Golden id or source record key.
        field: The field.

    Returns:
        How many overrides were removed.

    Raises:
        InputError: If there is none.
    """
    home = workspace.home
    need_run(home, "Removing a value set by hand")
    subject = resolve(name, run_tables(home))
    with exclusive(home, purpose="tidycrm override remove"):
        removed = OverrideBook(home.overrides).remove(subject.members, field)
        if removed:
            audit.record(
                home,
                audit.Action.OVERRIDE_REMOVED,
                {"golden_id": subject.golden_id, "field": field, "removed": removed},
            )
    if not removed:
        raise InputError(
            "Removing a value set by hand: this golden record has none for the field; "
            "`tidycrm override list` shows all there are."
        )
    return removed


def list_overrides(workspace: Workspace, *, today: date) -> list[dict[str, object]]:
    """Every override with the golden id that it is about now and whether it holds.

    Args:
        workspace: The home.
        today: Day for which it has to hold.

    Returns:
        One dictionary per override, oldest first.
    """
    home = workspace.home
    golden: dict[str, str] = {}
    for run in run_tables(home):
        if run.clusters.is_file():
            with duckdb.connect() as connection:
                golden |= dict(
                    connection.read_parquet(str(run.clusters))
                    .project(f"source_record_key, golden_{run.entity}_id")
                    .fetchall()
                )
    return [
        {
            "entity": item.entity,
            "golden_id": golden.get(item.source_record_key),
            "source_record_key": item.source_record_key,
            "field": item.field,
            "value": item.value,
            "until": item.until,
            "status": "expired"
            if item.until is not None and item.until < today
            else "in_force"
            if item.source_record_key in golden
            else "waiting",
            "author": item.author,
            "set_at": item.set_at,
            "reason": item.reason,
        }
        for item in OverrideBook(home.overrides).read()
    ]


def _automatic_value(home: Home, subject: Subject, field: str) -> str | None:
    """What the rules would give: the winner, or the runner-up of an override."""
    lineage = home.stage(f"golden_field_lineage_{subject.entity}")
    if not lineage.is_file():
        return None
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT CASE WHEN rule = 'override' THEN runner_up_value ELSE value END "
            "FROM read_parquet(?) WHERE golden_id = ? AND field_name = ?",
            [str(lineage), subject.golden_id, field],
        ).fetchone()
    return None if row is None or row[0] is None else str(row[0])
