"""Which columns a column is made of: traced from SQL, kept per version of the project."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from sqlglot.errors import SqlglotError

from orchestration.assets.hygiene import hygiene_key, unioned_key
from orchestration.column_lineage import ensure_lineage, trace
from orchestration.column_metadata import (
    LINEAGE,
    ORIGINS,
    SCHEMA,
    with_columns,
)
from orchestration.dbt_build import PROJECT_STAMP, target_path
from orchestration.home import replace_text
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES

ORDERS = '"warehouse"."staging"."orders"'
RATES = '"warehouse"."staging"."rates"'
PARENTS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    ORDERS: ("orders", ("id", "amount", "currency", "ordered_at")),
    RATES: ("rates", ("currency", "rate")),
}


@pytest.mark.parametrize(
    ("sql", "origins"),
    [
        (
            f"with priced as (select o.*, r.rate from {ORDERS} as o left join {RATES} as "
            "r using (currency)) select id as order_id, amount * rate as value, "
            "count(*) over () as n, 'x' as kind from priced",
            {
                "order_id": [("orders", "id")],
                "value": [("orders", "amount"), ("rates", "rate")],
                "n": [],
                "kind": [],
            },
        ),
        (
            f"select id from {ORDERS} union all select rate from {RATES}",
            {"id": [("orders", "id"), ("rates", "rate")]},
        ),
        (
            # Of another schema, so it is not the parent of this name.
            'select id from "warehouse"."other"."orders"',
            {"id": []},
        ),
    ],
)
def test_columns_are_traced_through_names_joins_and_unions(
    sql: str, origins: dict[str, Any]
) -> None:
    assert trace(sql, PARENTS) == origins


def test_what_is_no_query_is_refused() -> None:
    with pytest.raises(SqlglotError):
        trace("select from where", PARENTS)


def _manifest(workspace: Workspace, **models: str) -> dict[str, Any]:
    """A project of staging table `orders` and of models that read it, all compiled."""
    target = target_path(workspace)
    compiled = target / "compiled" / "p"
    nodes: dict[str, Any] = {
        "orders": {
            "resource_type": "seed",
            "relation_name": ORDERS,
            "columns": {"id": {}, "amount": {}},
        }
    }
    for name, sql in models.items():
        replace_text(compiled / f"{name}.sql", sql)
        nodes[name] = {
            "resource_type": "model",
            "language": "sql",
            "package_name": "p",
            "original_file_path": f"{name}.sql",
            "relation_name": f'"warehouse"."marts"."{name}"',
            "columns": {"id": {}},
            "depends_on": {"nodes": ["orders"]},
        }
    return {"nodes": nodes, "sources": {}}


def _parsed(workspace: Workspace, version: str) -> Path:
    stamp = target_path(workspace) / PROJECT_STAMP
    replace_text(stamp, version)
    return stamp


def test_the_result_is_kept_until_the_project_changes(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(TWO_SOURCES)
    stamp = _parsed(workspace, "one")
    manifest = _manifest(workspace, sales=f"select id from {ORDERS}", broken="select (")
    found = ensure_lineage(workspace, manifest)
    assert found == {"sales": {"id": [("orders", "id")]}, "broken": {}}

    def traced_again(*_: object) -> None:
        pytest.fail("nothing changed, so nothing is traced")

    with monkeypatch.context() as patched:
        patched.setattr("orchestration.column_lineage.trace", traced_again)
        assert ensure_lineage(workspace, manifest) == found

    # The project was parsed anew after this SQL was compiled: it may say something else.
    _parsed(workspace, "two")
    later = stamp.stat().st_mtime + 10
    os.utime(stamp, (later, later))
    assert ensure_lineage(workspace, manifest) == {}


def test_before_the_first_sync_there_is_nothing(
    make_workspace: Callable[..., Workspace],
) -> None:
    assert ensure_lineage(make_workspace(TWO_SOURCES), {"nodes": {}}) == {}


def test_tables_of_python_tell_their_columns_and_what_these_are_made_of(
    make_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    workspace = make_workspace(TWO_SOURCES)
    columns = {
        "int_contacts_unioned": ["source_record_key", "email", "first_name", "website"],
        "standardised_contacts": [
            "source_record_key", "email", "email_std", "email_status", "is_role_email",
            "given_name_std", "domain_std", "is_test_record",
        ],
        "golden_contacts": ["email", "given_name", "source_record_count", "is_test_record"],
        "identity_events": ["source_record_key"],
    }  # fmt: skip
    for table, names in columns.items():
        file = workspace.home.stage(table)
        file.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({key: ["x"] for key in names}).write_parquet(file)
    manifest = tmp_path / "manifest.json"
    nodes = {
        "union": {
            "resource_type": "model",
            "language": "sql",
            "package_name": "p",
            "original_file_path": "int_contacts_unioned.sql",
            "fqn": ["p", "intermediate", "int_contacts_unioned"],
            "name": "int_contacts_unioned",
            "columns": {key: {} for key in columns["int_contacts_unioned"]},
        }
    }
    manifest.write_text(json.dumps({"nodes": nodes, "sources": {}}))
    union, standardised = unioned_key("contact"), hygiene_key("standardised_contacts")
    golden, events = hygiene_key("golden_contacts"), hygiene_key("identity_events")
    specs = {
        spec.key: spec
        for spec in with_columns(
            workspace,
            manifest,
            [
                dg.AssetSpec(standardised, deps=[union], metadata={"kept": 1}),
                dg.AssetSpec(golden, deps=[standardised]),
                dg.AssetSpec(events, deps=[standardised]),
            ],
        )
        if isinstance(spec, dg.AssetSpec)
    }

    def origins(key: dg.AssetKey) -> dict[str, set[str]]:
        deps = specs[key].metadata[LINEAGE].deps_by_column
        return {name: {of.column_name for of in made} for name, made in deps.items()}

    assert origins(standardised) == {
        "source_record_key": {"source_record_key"},
        "email": {"email"},
        "email_std": {"email"},
        "email_status": {"email"},
        "is_role_email": {"email"},
        "given_name_std": {"first_name"},
        "domain_std": {"website", "email"},
        "is_test_record": set(),
    }
    assert origins(golden) == {
        "email": {"email_std"},
        "given_name": {"given_name_std"},
        "source_record_count": {"source_record_key"},
        "is_test_record": {"is_test_record"},
    }
    assert LINEAGE not in specs[events].metadata
    assert len(specs[events].metadata[SCHEMA].columns) == 1
    assert specs[standardised].metadata["kept"] == 1
    shown = specs[golden].metadata[ORIGINS].value
    assert "| email | [hygiene/standardised_contacts](/assets/" in shown
