"""Merge, unmerge and why: what one command about two records does with a home.

Belongs here: gathering the tables of a home for `hygiene.stewardship`, and the lock
while a ruling is written. Words on a terminal are in the commands.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from hygiene.errors import InputError
from hygiene.stewardship.decisions import (
    Decision,
    Signature,
    decide_merge,
    decide_unmerge,
)
from hygiene.stewardship.reasons import Why, explain_why
from hygiene.stewardship.references import RunTables, Subject, resolve
from hygiene.stewardship.rulings import RulingBook, put_rulings_in_force
from orchestration.home import Home, exclusive
from orchestration.privacy import audit
from orchestration.review import (
    ENTITIES,
    Entity,
    current_fingerprints,
    need_run,
    rulings_file,
    rulings_status_file,
)
from orchestration.workspace import Workspace


def run_tables(home: Home) -> list[RunTables]:
    """The tables that the last run left, per entity."""
    return [
        RunTables(
            entity,
            home.stage(f"standardised_{entity}s"),
            home.stage(f"{entity}_match_edges"),
            home.stage(f"{entity}_clusters"),
            home.stage(f"int_{entity}_links"),
            rulings_status_file(home, entity),
            home.identity,
            home.stage(f"identity_cluster_audit_{entity}"),
        )
        for entity in ENTITIES
    ]


def judged_rulings(home: Home, entity: Entity) -> pl.DataFrame:
    """Every ruling with its status for the records as the last run saw them.

    Computed afresh: rulings that were made after the run count as well.
    """
    scratch = home.stage(f"{entity}_rulings_now")
    obeyed = scratch.with_suffix(".csv")
    try:
        put_rulings_in_force(
            rulings_file(home, entity),
            home.stage(f"standardised_{entity}s"),
            obeyed,
            scratch,
            entity=entity,
        )
        return pl.read_parquet(scratch)
    finally:
        scratch.unlink(missing_ok=True)
        obeyed.unlink(missing_ok=True)


def list_rulings(home: Home) -> pl.DataFrame:
    """The newest ruling on every pair, with its status, newest first."""
    need_run(home, "Listing rulings")
    return (
        pl.concat([judged_rulings(home, entity) for entity in ENTITIES])
        .filter(pl.col("status") != "superseded")
        .sort("ruled_at", "place", descending=True)
    )


def merge_records(
    workspace: Workspace,
    one: str,
    other: str,
    *,
    author: str,
    reason: str,
    ruled_at: datetime,
) -> Decision:
    """Rule that two records or golden records are one.

    Args:
        workspace: The home.
        one: Golden id or source record key.
        other: The other one.
        author: Who decides.
        reason: Why.
        ruled_at: When.

    Returns:
        The rulings that were written; they take effect with the next run.
    """
    home = workspace.home
    need_run(home, "Merging")
    runs = run_tables(home)
    with exclusive(home, purpose="tidycrm merge"):
        first, second = resolve(one, runs), resolve(other, runs)
        signature = _signature(home, first, author, reason, ruled_at)
        decision = decide_merge(
            first, second, judged_rulings(home, first.entity), signature
        )
        RulingBook(rulings_file(home, first.entity)).add(decision.rulings)
        _remember(home, audit.Action.MERGE, decision, author)
    return decision


def unmerge_records(
    workspace: Workspace,
    one: str,
    other: str | None,
    *,
    author: str,
    reason: str,
    ruled_at: datetime,
) -> Decision:
    """Rule that a record is not the same as another, or as the rest of its golden record.

    Args:
        workspace: The home.
        one: Golden id (also one that was merged) or source record key.
        other: The other one, or nothing for everything else.
        author: Who decides.
        reason: Why.
        ruled_at: When.

    Returns:
        The rulings that were written; they take effect with the next run.
    """
    home = workspace.home
    need_run(home, "Taking apart")
    runs = run_tables(home)
    with exclusive(home, purpose="tidycrm unmerge"):
        first = resolve(one, runs)
        second = resolve(other, runs) if other is not None else None
        signature = _signature(home, first, author, reason, ruled_at)
        decision = decide_unmerge(
            first, second, judged_rulings(home, first.entity), signature
        )
        RulingBook(rulings_file(home, first.entity)).add(decision.rulings)
        _remember(home, audit.Action.UNMERGE, decision, author)
    return decision


def why(workspace: Workspace, one: str, other: str | None) -> Why:
    """Explain why two references are one golden record or two.

    Args:
        workspace: The home.
        one: Golden id or source record key.
        other: The other one; nothing for a golden record as a whole.

    Returns:
        The answer.

    Raises:
        InputError: If a reference means nothing, or a person is held against a company.
    """
    home = workspace.home
    need_run(home, "Explaining")
    runs = run_tables(home)
    first = resolve(one, runs)
    second = resolve(other, runs) if other is not None else _whole(first, runs)
    if first.entity != second.entity:
        raise InputError(
            f"Explaining: one name is a {first.entity} and the other a {second.entity}; "
            "two of a kind are expected."
        )
    run = next(each for each in runs if each.entity == first.entity)
    return explain_why(
        first,
        second,
        run,
        judged_rulings(home, first.entity),
        settings=workspace.config.matching,
        model_dir=home.models,
        scratch=home.stages,
    )


def _remember(
    home: Home, action: audit.Action, decision: Decision, author: str
) -> None:
    pairs = [
        {
            "left": audit.reference(home, item.key_l),
            "right": audit.reference(home, item.key_r),
            "ruling": item.verdict.value,
        }
        for item in decision.rulings
    ]
    details = {"entity": decision.entity, "rulings": pairs}
    audit.record(home, action, details, actor=author)


def _whole(subject: Subject, runs: list[RunTables]) -> Subject:
    return resolve(subject.golden_id, runs)


def _signature(
    home: Home, subject: Subject, author: str, reason: str, ruled_at: datetime
) -> Signature:
    return Signature(
        author, ruled_at, reason, current_fingerprints(home, subject.entity)
    )
