"""How the masked file of a home is written, outside of a run.

Belongs here: putting configuration and declared personal columns together.
"""

from __future__ import annotations

from orchestration.dbt_build import personal_columns, published_models, target_path
from orchestration.privacy.consent import CONSENT_TABLES
from orchestration.publishing import Masking
from orchestration.quality_tables import PERSONAL
from orchestration.workspace import Workspace


def masking_of(workspace: Workspace) -> Masking | None:
    """Masking as configured; None when there is none, or nothing was built yet."""
    options = workspace.config.publish.masked
    manifest = target_path(workspace) / "manifest.json"
    if options is None or not manifest.is_file():
        return None
    return Masking(
        salt=options.salt.get_secret_value(),
        classes={
            **{
                model["name"]: personal_columns(model)
                for model in published_models(manifest)
            },
            **{name: dict(columns) for name, columns in PERSONAL.items()},
            **{name: dict(each.personal) for name, each in CONSENT_TABLES.items()},
        },
        actions=options.classes,
    )
