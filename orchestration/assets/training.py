"""Learning matching models: rare assets beside the sync, whose results a person accepts."""

import dagster as dg

from orchestration.assets.hygiene import counts_of, hygiene_key
from orchestration.review import ENTITIES, Entity
from orchestration.runs import HOME_LOCK, run_instant
from orchestration.training import train_candidate
from orchestration.workspace import Workspace

TRAINING = "training"


def build_training_assets(workspace: Workspace) -> list[dg.AssetsDefinition]:
    """One candidate model per entity; no sync makes or reads them."""
    return [_candidate(workspace, entity) for entity in ENTITIES]


def _candidate(workspace: Workspace, entity: Entity) -> dg.AssetsDefinition:
    @dg.asset(
        key=hygiene_key(f"{entity}_model_candidate"),
        required_resource_keys={HOME_LOCK},
        deps=[hygiene_key(f"standardised_{entity}s")],
        group_name=TRAINING,
        kinds={"splink", "json"},
        description=f"Parameters of {entity} matching, learned from the records of the "
        "last sync without labels. `tidycrm plan --models` shows what they would change "
        "and `tidycrm model use` puts them in force.",
    )
    def candidate(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        report = train_candidate(workspace, entity, now=run_instant(context))
        return dg.MaterializeResult(metadata=counts_of(report))

    return candidate
