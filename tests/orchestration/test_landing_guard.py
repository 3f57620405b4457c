"""A vanished third stops everything behind the landing, until somebody says it is meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from hygiene.quality import Volume
from orchestration.assets.checks import LandingCheckConfig, build_landing_checks
from orchestration.assets.extraction import build_landing_asset, build_source_assets
from orchestration.config import load_config
from orchestration.home import Home
from orchestration.quality_history import current_volumes, keep_volumes, remember
from orchestration.runs import HOME_LOCK, home_lock
from orchestration.workspace import Workspace, default_dbt_project

HEAD = "Id,IsDeleted,FirstName,LastName,Email\n"


@dg.asset(deps=[dg.AssetKey(["landing", "salesforce", "contact"])])
def behind() -> None:
    """Stands for the warehouse and the publication."""


class Org:
    """A folder of exports and its home."""

    def __init__(self, folder: Path, quality: str = "") -> None:
        self.exports = folder / "exports"
        self.exports.mkdir(parents=True)
        config = folder / "tidycrm.yml"
        config.write_text(
            "version: 1\nsources:\n"
            "  - {name: crm, type: salesforce_files, path: exports}\n" + quality
        )
        self.workspace = Workspace(
            config=load_config(config, {}),
            config_file=config,
            home=Home(folder / "data"),
            dbt_project=default_dbt_project(),
            clock=lambda: datetime(2026, 1, 15, tzinfo=UTC),
        )
        self.workspace.home.create()

    def publish(self, people: int, *accepted: str) -> dg.ExecuteInProcessResult:
        """Export so many people, land, check; remember the volume when it passes."""
        lines = (
            f"0035f00000{number:05d}AAA,false,Ann,Archer,a{number}@x.test\n"
            for number in range(people)
        )
        (self.exports / "Contact.csv").write_text(HEAD + "".join(lines))
        result = dg.materialize(
            [
                *build_source_assets(self.workspace),
                build_landing_asset(self.workspace),
                *build_landing_checks(self.workspace),
                behind,
            ],
            resources={HOME_LOCK: home_lock(self.workspace.home)},
            run_config=dg.RunConfig(
                ops={
                    "landing_rules": LandingCheckConfig(
                        accept_volume_drop=list(accepted)
                    )
                },
                loggers={"console": {"config": {"log_level": "CRITICAL"}}},
            ),
            raise_on_error=False,
        )
        if went_through(result):
            remember(
                self.workspace.home,
                "volumes",
                current_volumes(self.workspace.home),
                run_id=result.run_id,
                instant=datetime.now(UTC),
            )
        return result


def went_through(result: dg.ExecuteInProcessResult) -> bool:
    return any(
        event.asset_key == dg.AssetKey("behind")
        for event in result.get_asset_materialization_events()
    )


def guard(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "volume" and each.asset_key.path[-1] == "contact"
    )
    return found


def test_a_vanished_third_stops_what_is_behind_until_it_is_meant(
    tmp_path: Path,
) -> None:
    org = Org(tmp_path)
    assert went_through(org.publish(150))
    stopped = org.publish(60)
    assert not went_through(stopped)
    assert not guard(stopped).passed
    assert guard(stopped).severity is dg.AssetCheckSeverity.ERROR
    assert "--accept-volume-drop crm/contact" in (guard(stopped).description or "")
    # Asking again changes nothing, nor does accepting another object's drop.
    assert not went_through(org.publish(60, "crm/account"))
    assert went_through(org.publish(60, "crm/contact"))
    after = org.publish(59)
    assert went_through(after)
    assert guard(after).passed


@pytest.mark.parametrize(
    "quality",
    [
        "quality: {volume: {accept: [crm/contact]}}\n",
        "quality: {blocking: false}\n",
    ],
)
def test_the_configuration_can_let_it_pass(tmp_path: Path, quality: str) -> None:
    org = Org(tmp_path, quality)
    keep_volumes(org.workspace.home, [Volume("crm", "salesforce", "contact", 1000)])
    remember(
        org.workspace.home,
        "volumes",
        current_volumes(org.workspace.home),
        run_id="earlier",
        instant=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert went_through(org.publish(110))


def age(org: Org, days: int) -> None:
    """Make everything that landed so many days older."""
    for path in org.workspace.home.landing.glob("*/*/source=crm/load=*/manifest.json"):
        manifest = json.loads(path.read_text())
        moment = datetime.fromisoformat(manifest["extracted_at"])
        manifest["extracted_at"] = (moment - timedelta(days=days)).isoformat()
        path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(("blocking", "passes"), [("true", False), ("false", True)])
def test_a_source_without_news_warns_or_stops_what_is_behind(
    tmp_path: Path, blocking: str, passes: bool
) -> None:
    org = Org(
        tmp_path, f"quality: {{freshness: {{max_hours: 24, blocking: {blocking}}}}}\n"
    )
    assert went_through(org.publish(3))
    age(org, days=3)
    stale = org.publish(3)
    (check,) = (
        each
        for each in stale.get_asset_check_evaluations()
        if each.check_name == "freshness" and each.asset_key.path[0] == "sources"
    )
    assert not check.passed
    assert "Newest change 3 days ago, 24 hours is the limit" in (
        check.description or ""
    )
    assert went_through(stale) is passes
    # News heal it.
    assert went_through(org.publish(4))
