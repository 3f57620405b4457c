"""Learning a matching model, and putting it in force: two rare steps with a person between.

Belongs here: where candidates lie, and how one becomes the model of the home. How a model
is learned is in `hygiene.matching`. A sync learns only where no model is kept yet
(`matching.training`); it never replaces one by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from hygiene.matching import Entity as MatchEntity
from hygiene.matching import LevelShift, TrainingReport, compare_models, train
from orchestration.errors import OrchestrationError
from orchestration.home import Home, exclusive
from orchestration.review import ENTITIES, Entity
from orchestration.workspace import Workspace

CANDIDATES = "candidate"


def candidates(home: Home) -> Path:
    """Folder of models that were learned but are not in force."""
    return home.models / CANDIDATES


def count_records(standardised: Path) -> int:
    """Records of a standardised table, from its footer."""
    return int(pl.scan_parquet(standardised).select(pl.len()).collect().item())


def model_name(entity: str) -> str:
    """File of a model, in whichever folder."""
    return f"{entity}-model.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """A candidate and how it differs from the model in force.

    Attributes:
        report: What training saw.
        file: The candidate.
        shifts: Levels whose weight moved, most first.
    """

    report: TrainingReport
    file: Path
    shifts: tuple[LevelShift, ...]


def train_candidate(
    workspace: Workspace, entity: Entity, *, now: datetime, out: Path | None = None
) -> TrainingReport:
    """Learn a candidate model from the standardised records of the last sync.

    Args:
        workspace: The home and its settings.
        entity: contact or account.
        now: Names the version.
        out: Folder of the candidate; the home's by default.

    Returns:
        What training saw.

    Raises:
        OrchestrationError: There was no sync yet, or it has too few records to learn from.
    """
    standardised = workspace.home.stage(f"standardised_{entity}s")
    if not standardised.exists():
        raise OrchestrationError(
            f"Learning a {entity} model: {standardised.name} is missing; it is expected "
            "after a sync. Run `tidycrm sync` first."
        )
    least = workspace.config.matching.min_training_records
    records = count_records(standardised)
    if records < least:
        raise OrchestrationError(
            f"Learning a {entity} model: there are {records} records; expected at least "
            f"{least} (matching.min_training_records). The shipped model serves smaller "
            "tables better."
        )
    folder = out or candidates(workspace.home)
    folder.mkdir(parents=True, exist_ok=True)
    return train(
        standardised,
        folder / model_name(entity),
        entity=entity,
        settings=workspace.config.matching,
        version=f"{entity}-trained-{now:%Y%m%d}",
    )


def train_all(
    workspace: Workspace,
    entities: Sequence[Entity] = ENTITIES,
    *,
    now: datetime,
    out: Path | None = None,
) -> list[Trained]:
    """Learn a candidate per entity and compare it with the model in force."""
    home = workspace.home
    folder = out or candidates(home)
    made = []
    with exclusive(home, purpose="tidycrm model train"):
        for entity in entities:
            report = train_candidate(workspace, entity, now=now, out=folder)
            file = folder / model_name(entity)
            shifts = compare_models(
                _in_force(workspace, entity), file, entity=MatchEntity(entity)
            )
            made.append(Trained(report, file, shifts))
    return made


def use_models(workspace: Workspace, folder: Path | None = None) -> list[Path]:
    """Put candidate models in force; the ones before are kept beside them.

    Args:
        workspace: The home.
        folder: Where the candidates are; the home's by default.

    Returns:
        The files that are now in force.

    Raises:
        OrchestrationError: There is no candidate, or the configuration names a folder of
            models of its own.
    """
    home = workspace.home
    if workspace.config.matching.model_dir is not None:
        raise OrchestrationError(
            "Putting a model in force: matching.model_dir names the folder "
            f"{workspace.config.matching.model_dir}, so the models of the home are not "
            "read. Copy the candidate there, or remove the setting."
        )
    source = folder or candidates(home)
    found = [entity for entity in ENTITIES if (source / model_name(entity)).is_file()]
    if not found:
        raise OrchestrationError(
            f"Putting a model in force: {source} holds none of "
            f"{', '.join(model_name(entity) for entity in ENTITIES)}. Run `tidycrm model "
            "train` first."
        )
    used = []
    with exclusive(home, purpose="tidycrm model use"):
        for entity in found:
            target = home.models / model_name(entity)
            if target.is_file():
                shutil.copyfile(target, target.with_suffix(".previous.json"))
            temporary = target.with_suffix(".tmp")
            shutil.copyfile(source / model_name(entity), temporary)
            temporary.replace(target)
            used.append(target)
    return used


def _in_force(workspace: Workspace, entity: Entity) -> Path | None:
    folder = workspace.config.matching.model_dir or workspace.home.models
    file = folder / model_name(entity)
    return file if file.is_file() else None
