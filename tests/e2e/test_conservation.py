"""Nothing is lost: every record and every cent can be found on the other side."""

from __future__ import annotations

import json
from decimal import Decimal

import dagster as dg
import polars as pl
import pytest

from tests.e2e.conftest import Project

pytestmark = pytest.mark.e2e


def stage(demo: Project, table: str) -> pl.DataFrame:
    return pl.read_parquet(demo.home / "stages" / f"{table}.parquet")


@pytest.mark.parametrize("entity", ["contact", "account"])
def test_unioned_records_are_standardised_or_quarantined(
    demo: Project, entity: str
) -> None:
    unioned = set(stage(demo, f"int_{entity}s_unioned")["source_record_key"])
    standardised = set(stage(demo, f"standardised_{entity}s")["source_record_key"])
    quarantined = set(
        stage(demo, "quarantined_records")
        .filter(pl.col("stage") == "standardise")["source_record_key"]
        .drop_nulls()
    )
    assert standardised | (quarantined & unioned) == unioned
    assert not standardised & quarantined


@pytest.mark.parametrize("entity", ["contact", "account"])
def test_standardised_records_are_in_exactly_one_cluster(
    demo: Project, entity: str
) -> None:
    clusters = stage(demo, f"{entity}_clusters")
    standardised = stage(demo, f"standardised_{entity}s")
    assert clusters["source_record_key"].is_unique().all()
    assert set(clusters["source_record_key"]) == set(standardised["source_record_key"])


@pytest.mark.parametrize("entity", ["contact", "account"])
def test_golden_records_and_clusters_have_the_same_ids(
    demo: Project, entity: str
) -> None:
    key = f"golden_{entity}_id"
    golden = stage(demo, f"golden_{entity}s")[key]
    assert golden.is_unique().all()
    assert set(golden) == set(stage(demo, f"{entity}_clusters")[key])


def test_every_landed_line_is_landed_or_rejected(demo: Project) -> None:
    from connectors.landing import Landing

    for manifest in Landing(demo.home / "landing").manifests():
        counts = manifest.counts
        assert counts.rows_read == (
            counts.new
            + counts.changed
            + counts.unchanged
            + counts.repeated
            + counts.superseded
            + counts.rejected
            + counts.suppressed
        ), manifest.object


def test_revenue_in_is_revenue_out(demo: Project) -> None:
    ((counted, excluded, everything),) = demo.query(
        "select sum(amount_reporting) filter (where is_counted), "
        "sum(amount_reporting) filter (where not is_counted), sum(amount_reporting) "
        "from fct_revenue_events"
    )
    assert counted + excluded == everything
    ((ltv,),) = demo.query("select sum(historic_revenue_reporting) from customer_ltv")
    assert ltv == counted


def test_every_source_deal_leads_to_one_opportunity(demo: Project) -> None:
    ((orphans,),) = demo.query(
        "select count(*) from bridge_opportunity_source_records as bridge "
        "anti join fct_opportunities using (opportunity_id)"
    )
    assert orphans == 0
    ((sources, distinct),) = demo.query(
        "select count(*), count(distinct source_record_key) "
        "from bridge_opportunity_source_records"
    )
    assert sources == distinct
    assert sources > len(demo.query("select 1 from fct_opportunities"))


def test_publication_counts_are_the_tables_counts(demo: Project) -> None:
    for table, count in demo.query(
        "select item_name, row_count from publication where item_type = 'table'"
    ):
        assert demo.query(f'select count(*) from "{table}"') == [(count,)]


def test_the_ui_shows_the_rows_that_a_table_has(demo: Project) -> None:
    shown = {}
    with dg.DagsterInstance.from_config(str(demo.home / "dagster")) as instance:
        built = instance.fetch_materializations(
            dg.AssetKey(["marts", "dim_customers"]), limit=1
        )
        for record in instance.get_records_for_run(
            built.records[0].run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records:
            event = record.event_log_entry.get_dagster_event()
            materialization = event.step_materialization_data.materialization
            rows = materialization.metadata.get("dagster/row_count")
            if rows is not None and materialization.asset_key.path[0] == "marts":
                shown[materialization.asset_key.path[1]] = rows.value
    assert {"dim_customers", "fct_opportunities", "customer_ltv"} <= set(shown)
    for table, rows in shown.items():
        assert demo.query(f'select count(*) from "{table}"') == [(rows,)]


def test_every_way_to_take_marketing_mail_reaches_its_mart(demo: Project) -> None:
    statuses = demo.query(
        "select engagement_status from contact_email_engagement group by 1 order by 1"
    )
    assert [status for (status,) in statuses] == [
        "bounced", "engaged", "lapsed", "never_emailed", "never_engaged", "opted_out",
    ]  # fmt: skip
    assert (
        demo.query(
            "select * from contact_email_engagement where opened_email_count > "
            "delivered_email_count or clicked_email_count > opened_email_count "
            "or first_emailed_date > last_emailed_date"
        )
        == []
    )


def test_a_plan_of_an_unchanged_home_moves_nothing_and_knows_all_money(
    demo: Project,
) -> None:
    planned = demo.run("plan", "--json")
    assert planned.returncode == 0, planned.stderr
    found = json.loads(planned.stdout)
    revenue, pipeline = demo.query(
        "select (select sum(amount_reporting) from fct_revenue_events where "
        "is_counted and coalesce(golden_account_id, golden_contact_id) is not null), "
        "(select sum(amount_reporting) from fct_opportunities where is_counted "
        "and not is_closed and coalesce(golden_account_id, golden_contact_id) is not null)"
    )[0]
    for side in ("before", "after"):
        totals = [impact[side] for impact in found["impacts"]]
        assert sum(Decimal(each["revenue"]) for each in totals) == revenue
        assert sum(Decimal(each["pipeline"]) for each in totals) == pipeline
    assert revenue > 0
    assert pipeline > 0
    assert all(impact["moves"] == [] for impact in found["impacts"])
