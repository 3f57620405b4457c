"""Checks of matching before any id changes: free labels, rulings, and drift."""

from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg

from hygiene.stewardship.drift import judge_drift, measure_run
from hygiene.stewardship.labels import Estimate, estimate_accuracy
from orchestration.assets.hygiene import hygiene_key
from orchestration.matching_history import (
    accept,
    read_history,
    read_report,
    set_aside,
)
from orchestration.review import ENTITIES, Entity, rulings_status_file
from orchestration.workspace import Workspace

ACCURACY, DRIFT = "accuracy_on_labels", "drift"
LEAST_SHARE = 0.8
"""Below it, with certainty, precision or recall on labels is worth a warning."""


def build_identity_checks(workspace: Workspace) -> list[dg.AssetChecksDefinition]:
    """One step per entity, between matching and the golden ids."""
    return [_checks(workspace, entity) for entity in ENTITIES]


def _checks(workspace: Workspace, entity: Entity) -> dg.AssetChecksDefinition:
    key = hygiene_key(f"{entity}_match_edges")
    specs = [
        dg.AssetCheckSpec(
            ACCURACY,
            asset=key,
            description=f"Precision and recall of {entity} matching on what CRM merges, "
            "sync ids and stewards know, with 95 % intervals.",
        ),
        dg.AssetCheckSpec(
            DRIFT,
            asset=key,
            blocking=True,
            description=f"Whether {entity} matching behaves like in earlier runs: pairs, "
            "scores, cluster sizes. Stops the run before any id changes.",
        ),
    ]

    @dg.multi_asset_check(name=f"{entity}_identity_checks", specs=specs)
    def identity_checks(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckResult]:
        yield _accuracy(workspace, entity, key)
        yield _drift(workspace, entity, key, context.run.run_id)

    return identity_checks


def _accuracy(
    workspace: Workspace, entity: Entity, key: dg.AssetKey
) -> dg.AssetCheckResult:
    home = workspace.home
    found = estimate_accuracy(
        home.stage(f"{entity}_match_edges"),
        home.stage(f"int_{entity}_links"),
        rulings_status_file(home, entity),
        home.stage(f"standardised_{entity}s"),
        threshold=float(read_report(home, entity)["threshold"]["auto_match_weight"]),
        entity=entity,
        scratch=home.stages,
    )
    poor = [
        name
        for name, estimate in (("precision", found.precision), ("recall", found.recall))
        if estimate.cases and estimate.high < LEAST_SHARE
    ]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ACCURACY,
        passed=not poor,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Precision {found.precision}; recall {found.recall}.",
        metadata={
            **_numbers("precision", found.precision),
            **_numbers("recall", found.recall),
            "threshold": found.threshold,
        },
    )


def _numbers(name: str, estimate: Estimate) -> dict[str, float | int]:
    numbers: dict[str, float | int] = {
        f"{name}_labels": estimate.cases,
        f"{name}_low": round(estimate.low, 4),
        f"{name}_high": round(estimate.high, 4),
    }
    if estimate.share is not None:
        numbers[name] = round(estimate.share, 4)
    return numbers


def _drift(
    workspace: Workspace, entity: Entity, key: dg.AssetKey, run_id: str
) -> dg.AssetCheckResult:
    home = workspace.home
    report = read_report(home, entity)
    run = measure_run(
        home.stage(f"{entity}_match_edges"),
        home.stage(f"standardised_{entity}s"),
        run_id=run_id,
        clusters=int(report["clusters"]),
        largest_cluster=int(report["largest_cluster"]),
        candidate_pairs=int(report["candidate_pairs"]),
        scratch=home.stages,
    )
    verdict = judge_drift(run, read_history(home, entity), workspace.config.drift)
    if verdict.is_normal:
        accept(home, entity, run)
        set_aside(home, entity, None)
    else:
        set_aside(home, entity, run)
    text = verdict.note or "Like the runs before."
    if verdict.problems:
        text = (
            f"Unlike the runs before: {'; '.join(verdict.problems)}. "
            f"No {entity} id was changed. "
            "If this is right, `tidycrm drift accept` makes it the new normal."
        )
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=DRIFT,
        passed=verdict.is_normal,
        severity=dg.AssetCheckSeverity.ERROR,
        description=text,
        metadata={
            name: value
            for name, value in {
                **asdict(verdict),
                **run.model_dump(exclude={"run_id", "sources", "scores"}),
            }.items()
            if isinstance(value, bool | int | float)
        },
    )
