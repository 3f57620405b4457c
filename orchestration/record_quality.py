"""Where the tables lie that rules about records speak of, and where results go.

Wiring between `hygiene.quality` and the home folder; no rule belongs here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb

from hygiene.quality import SUBJECTS, RecordChecks, RecordRule, check_records
from orchestration.dbt_build import published_models
from orchestration.home import Home
from orchestration.publishing import literal, quote
from orchestration.workspace import Workspace

_ASSET_OF_SUBJECT = {
    "contacts": "dim_contacts",
    "people": "dim_contacts",
    "synced_fields": "dim_contacts",
    "accounts": "dim_accounts",
    "opportunities": "fct_opportunities",
    "customers": "dim_customers",
}
_STAGES = {
    "standardised_contacts": "standardised_contacts",
    "standardised_accounts": "standardised_accounts",
    "contact_clusters": "contact_clusters",
    "account_clusters": "account_clusters",
    "contact_links": "int_contact_links",
    "account_links": "int_account_links",
}
_MODELS = {
    "opportunities_unioned": "int_opportunities_unioned",
    "users_unioned": "int_users_unioned",
}


def check_asset(rule: RecordRule, tables: Collection[str]) -> dg.AssetKey | None:
    """Asset on which a rule appears as a check; None if its table is unknown."""
    table = rule.table
    if table in SUBJECTS:
        table = _ASSET_OF_SUBJECT[table]
    return dg.AssetKey(["marts", table]) if table in tables else None


def counts_file(home: Home) -> Path:
    """Counts per rule, source, owner and way in, of the last run."""
    return home.stages / "quality" / "record_counts.parquet"


def money_file(home: Home) -> Path:
    """Money behind each rule's defects, of the last run."""
    return home.stages / "quality" / "record_money.parquet"


def rules_file(home: Home) -> Path:
    """The rules that the last run checked, standardised fields included."""
    return home.stages / "quality" / "record_rules.json"


def defects_file(home: Home) -> Path:
    """One row per rule and record that breaks it, of the last run."""
    return home.stage("data_quality_defects")


def run_record_checks(
    workspace: Workspace, manifest: Path, rules: Sequence[RecordRule], *, as_of: date
) -> RecordChecks:
    """Check every rule on the tables of this run and keep the counts."""
    home = workspace.home
    catalog = quote(home.warehouse.stem)
    tables = {
        name: f"read_parquet({literal(str(home.stage(stage)))})"
        for name, stage in _STAGES.items()
    }
    nodes = json.loads(manifest.read_text())["nodes"].values()
    for name, model in _MODELS.items():
        schema = next(
            node["schema"]
            for node in nodes
            if node["resource_type"] == "model" and node["name"] == model
        )
        tables[name] = f"{catalog}.{quote(schema)}.{quote(model)}"
    for node in published_models(manifest):
        tables[node["name"]] = (
            f"{catalog}.{quote(node['schema'])}.{quote(node['alias'])}"
        )
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"attach {literal(str(home.warehouse))} as {catalog} (read_only)"
        )
        checks = check_records(
            connection,
            rules,
            tables=tables,
            as_of=as_of,
            defects_out=defects_file(home),
        )
    counts_file(home).parent.mkdir(parents=True, exist_ok=True)
    checks.counts.write_parquet(counts_file(home))
    checks.money.write_parquet(money_file(home))
    rules_file(home).write_text(
        json.dumps([rule.model_dump(mode="json") for rule in checks.rules])
    )
    return checks
