"""Rules of the project that hold for every model, read from the manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.dbt_build import is_published_as_view, personal_columns
from tests.dbt.conftest import Warehouse
from tests.dbt.home import PROJECT

pytestmark = pytest.mark.dbt

Node = Mapping[str, Any]

LAYERS = ("base", "staging", "intermediate", "marts")
CLOCKS = re.compile(
    r"\b(now\(\)|current_date|current_timestamp|get_current_timestamp|today\(\)|random\(\)|uuid\(\)"
    r"|gen_random_uuid|run_started_at)",
    re.IGNORECASE,
)


@pytest.fixture(scope="session")
def manifest(warehouse: Warehouse) -> Node:
    """The manifest that the passes of this test session used."""
    manifest: Node = json.loads(
        (warehouse.home.path / "target" / "manifest.json").read_text()
    )
    return manifest


@pytest.fixture(scope="session")
def models(manifest: Node) -> dict[str, Node]:
    """Models by unique id."""
    return {k: n for k, n in manifest["nodes"].items() if n["resource_type"] == "model"}


def layer(node: Node) -> str:
    """First folder below models/."""
    return str(node["fqn"][1])


def test_every_model_has_exactly_one_of_the_two_pass_tags(
    models: Mapping[str, Node],
) -> None:
    passes = {"pre_identity", "post_identity"}
    assert [
        n["name"] for n in models.values() if len(passes & set(n["tags"])) != 1
    ] == []


def test_the_first_pass_never_reads_the_second(models: Mapping[str, Node]) -> None:
    second = {k for k, n in models.items() if "post_identity" in n["tags"]}
    wrong = [
        n["name"]
        for n in models.values()
        if "pre_identity" in n["tags"] and second & set(n["depends_on"]["nodes"])
    ]
    assert wrong == []


def test_the_first_pass_reads_no_hygiene_table(models: Mapping[str, Node]) -> None:
    wrong = [
        n["name"]
        for n in models.values()
        if "pre_identity" in n["tags"]
        and any(
            p.startswith("source.tidycrm.hygiene") for p in n["depends_on"]["nodes"]
        )
    ]
    assert wrong == []


def test_no_test_straddles_the_passes(
    manifest: Node, models: Mapping[str, Node]
) -> None:
    """A test with parents in both passes would run in the first, on tables yet to be built."""
    straddling = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        tags = {
            tag
            for parent in node["depends_on"]["nodes"]
            if parent in models
            for tag in models[parent]["tags"]
        }
        if {"pre_identity", "post_identity"} <= tags:
            straddling.append(node["name"])
    assert straddling == []


def test_a_model_reads_its_own_or_an_earlier_layer(models: Mapping[str, Node]) -> None:
    wrong = [
        (n["name"], models[parent]["name"])
        for n in models.values()
        for parent in n["depends_on"]["nodes"]
        if parent in models
        # Models of statistics learn from finished tables, and others show what they said.
        and "predicted" not in n["fqn"]
        and LAYERS.index(layer(models[parent])) > LAYERS.index(layer(n))
    ]
    assert wrong == []


def test_only_base_and_staging_read_sources(models: Mapping[str, Node]) -> None:
    wrong = [
        n["name"]
        for n in models.values()
        if layer(n) not in {"base", "staging"}
        and any(parent.startswith("source.") for parent in n["depends_on"]["nodes"])
    ]
    assert wrong == []


def test_documented_metrics_are_columns_of_the_project(
    models: Mapping[str, Node],
) -> None:
    text = (PROJECT.parent / "docs" / "metrics.md").read_text()
    columns = {n["name"]: set(n["columns"]) for n in models.values()}
    named = re.findall(r"`([a-z]+_[a-z_0-9]+)\.([a-z_0-9]+)`", text)
    assert named
    assert [pair for pair in named if pair[1] not in columns.get(pair[0], ())] == []


def test_names_say_the_layer(models: Mapping[str, Node]) -> None:
    prefixes = {
        "base": r"base_[a-z]+__",
        "staging": r"stg_[a-z]+__",
        "intermediate": r"int_",
        "marts": r"(dim_|fct_|bridge_|customer_|churn_|golden_|identity_|quarantined_|reconciliation"
        r"|pipeline_|forecast_|win_rate_|sales_|lead_|campaign_|ticket_|service_|salesforce__|hubspot__"
        r"|cohort_|contact_|account_|mrr_|model_|rfm_|product_|money_impact_|bad_input_)",
    }
    wrong = [
        n["name"]
        for n in models.values()
        if not re.match(prefixes[layer(n)], n["name"])
    ]
    assert wrong == []


def test_every_model_and_declared_column_is_described(
    models: Mapping[str, Node],
) -> None:
    assert [n["name"] for n in models.values() if not n["description"]] == []
    undescribed = [
        (n["name"], column["name"])
        for n in models.values()
        for column in n["columns"].values()
        if not column["description"]
    ]
    assert undescribed == []


def test_every_column_of_every_model_is_declared(
    warehouse: Warehouse, models: Mapping[str, Node]
) -> None:
    rows = warehouse.query(
        "select schema_name, table_name, column_name from duckdb_columns()"
    )
    built: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in rows.iter_rows():
        built.setdefault((schema, table), set()).add(column)
    wrong = [
        n["name"]
        for n in models.values()
        if built[n["schema"], n["name"]] != {c["name"] for c in n["columns"].values()}
    ]
    assert wrong == []


def test_descriptions_of_models_begin_with_the_grain(
    models: Mapping[str, Node],
) -> None:
    wrong = [
        n["name"]
        for n in models.values()
        if not n["description"].startswith("One row per ")
    ]
    assert wrong == []


def test_every_sql_file_states_its_grain_or_is_a_base_of_one() -> None:
    wrong = [
        path.name
        for path in (PROJECT / "models").rglob("*.sql")
        if not path.read_text().lstrip().startswith("-- Grain: ")
    ]
    assert wrong == []


def test_every_model_above_base_has_a_primary_key_test(
    manifest: Node, models: Mapping[str, Node]
) -> None:
    keyed = {
        n["attached_node"]
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test"
        and (n.get("test_metadata") or {}).get("name") == "primary_key"
    }
    # Hygiene's pass-through views are keyed in the mart of the same name.
    # What is published as a view has more rows than a run should count: the table below
    # it is keyed, and a unit test says what the view makes of it.
    missing = {
        n["name"]
        for k, n in models.items()
        if layer(n) != "base" and k not in keyed and not is_published_as_view(n)
    } - {
        "stg_hygiene__identity_cluster_audit",
        "stg_hygiene__golden_field_lineage",
        "stg_hygiene__identity_events",
        "stg_hygiene__identity_redirects",
    }
    assert missing == set()


def test_a_published_view_is_unit_tested_and_hides_what_its_tables_hide(
    manifest: Node, models: Mapping[str, Node]
) -> None:
    views = {k: n for k, n in models.items() if is_published_as_view(n)}
    tested = {
        each
        for n in manifest["unit_tests"].values()
        for each in n["depends_on"]["nodes"]
    }
    assert len(views) == 2
    for key, view in views.items():
        assert key in tested
        assert view["config"]["materialized"] == "view"
        below = [models[each] for each in view["depends_on"]["nodes"]]
        assert {n["config"].get("materialized") for n in below} == {"table"}
        classes: dict[str, str] = {}
        for n in below:
            classes |= personal_columns(n)
        shown = personal_columns(view)
        assert {name: shown.get(name) for name in classes} == classes


def test_marts_are_public_grouped_and_under_contract(
    models: Mapping[str, Node],
) -> None:
    wrong = [
        n["name"]
        for n in models.values()
        if layer(n) == "marts"
        and not (
            n["contract"]["enforced"]
            and n["access"] == "public"
            and n["group"] == "analytics"
        )
    ]
    assert wrong == []


def test_money_is_decimal(models: Mapping[str, Node]) -> None:
    floating = [
        (n["name"], column["name"])
        for n in models.values()
        for column in n["columns"].values()
        if layer(n) == "marts"
        and str(column["data_type"]).lower() in {"double", "float", "real"}
    ]
    assert floating == []


def test_personal_data_are_marked(models: Mapping[str, Node]) -> None:
    personal = {
        "full_name",
        "given_name",
        "family_name",
        "email",
        "phone",
        "mobile_phone",
    }
    personal |= {"street", "birth_date", "raw_payload", "customer_name"}
    unmarked = [
        (n["name"], column["name"])
        for n in models.values()
        for column in n["columns"].values()
        if layer(n) == "marts"
        and column["name"] in personal
        and "pii" not in column["config"]["meta"]
    ]
    assert unmarked == []


def test_no_model_reads_the_clock_or_chance(models: Mapping[str, Node]) -> None:
    wrong = [n["name"] for n in models.values() if CLOCKS.search(n["raw_code"])]
    assert wrong == []


def test_every_mart_is_in_the_exposure(
    manifest: Node, models: Mapping[str, Node]
) -> None:
    exposed = manifest["exposures"]["exposure.tidycrm.published_warehouse"][
        "depends_on"
    ]["nodes"]
    assert set(exposed) == {k for k, n in models.items() if layer(n) == "marts"}


def test_the_first_page_of_the_documentation_leads_to_marts(
    manifest: Node, models: Mapping[str, Node]
) -> None:
    page = manifest["docs"]["doc.tidycrm.__overview__"]["block_contents"]
    named = re.findall(r"\[(\w+)\]\(#!/model/(model\.tidycrm\.(\w+))\)", page)
    assert len(named) > 15
    for shown, node, table in named:
        assert shown == table
        assert models[node]["fqn"][1] == "marts", table


def test_source_keys_are_the_asset_keys_of_the_orchestrator(manifest: Node) -> None:
    wrong = []
    for source in manifest["sources"].values():
        key = source["config"]["meta"]["dagster"]["asset_key"]
        landing = source["source_name"].removeprefix("landing_")
        expected = (
            ["landing", landing, source["name"]]
            if source["source_name"].startswith("landing_")
            else ["hygiene", source["name"]]
        )
        if key != expected:
            wrong.append(source["name"])
    assert wrong == []


def test_every_data_test_that_only_warns_is_about_data_and_not_integrity(
    manifest: Node,
) -> None:
    """A warning is a policy: the list is reviewed here, and does not grow by accident."""
    warnings = sorted(
        f"{n['attached_node'].split('.')[-1]}: {n['test_metadata']['name']} "
        f"{n['test_metadata']['kwargs'].get('expression', n['column_name'] or '')}".strip()
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test" and n["config"]["severity"].lower() == "warn"
    )
    assert warnings == [
        "fct_opportunities: accepted_range probability_pct",
        "fct_opportunity_line_items: not_null opportunity_id",
        "fct_revenue_events: expression_is_true not is_counted or customer_id <> 'unknown'",
        "fct_revenue_events: expression_is_true not is_fx_rate_old",
        "int_cast_failures: is_empty",
        "int_missing_fx_rates: is_empty",
    ]


def test_the_model_of_customers_in_python_is_shown_as_a_step_of_hygiene(
    models: Mapping[str, Node],
) -> None:
    written = {n["name"]: n for n in models.values() if n["language"] == "python"}
    assert sorted(written) == ["int_customers_predicted", "int_leads_predicted"]
    assert written["int_customers_predicted"]["config"]["meta"]["dagster"] == {
        "asset_key": ["hygiene", "customer_predictions"],
        "group": "hygiene",
    }


def test_the_project_needs_no_package_from_a_network() -> None:
    assert not [
        p.name
        for p in PROJECT.iterdir()
        if p.name in {"packages.yml", "dependencies.yml"}
    ]
