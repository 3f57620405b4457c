"""When people changed their account, as an asset over what was landed."""

import dagster as dg

from connectors.landing import Landing
from orchestration.account_changes import write_account_changes
from orchestration.assets.hygiene import GROUP, hygiene_key, unioned_key
from orchestration.assets.timing import timed
from orchestration.runs import HOME_LOCK
from orchestration.workspace import Workspace


def build_account_changes(workspace: Workspace) -> dg.AssetsDefinition:
    """Every known change of the account that a contact record names."""
    table = "contact_account_changes"

    @dg.asset(
        key=hygiene_key(table),
        required_resource_keys={HOME_LOCK},
        deps=[unioned_key("contact")],
        group_name=GROUP,
        kinds={"polars", "parquet"},
        description="One row per known change of the account that a contact record "
        "names: from histories of the CRM and from landed versions.",
    )
    @timed
    def contact_account_changes() -> dg.MaterializeResult[None]:
        home = workspace.home
        rows = write_account_changes(Landing(home.landing), home.stage(table))
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return contact_account_changes
