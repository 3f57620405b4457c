"""The digest and the conditions of health: figures, limits, every kind of channel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import duckdb
import polars as pl
import pytest

from orchestration.alerts.conditions import find_conditions
from orchestration.alerts.digest import send_digest
from orchestration.config.alerting import DigestConfig
from orchestration.health import read_health
from orchestration.home import Home, replace_text
from orchestration.workspace import Workspace
from tests.orchestration.alert_servers import mail_server, web_server
from tests.orchestration.conftest import TWO_SOURCES

Make = Callable[..., Workspace]
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def published(home: Home, scores: list[float], *, doubtful: int = 3) -> None:
    """A published file with one scorecard line per run, and a backlog."""
    home.create()
    lines = [
        {
            "run_id": f"r{n}",
            "checked_at": datetime(2026, 1, n + 1),  # noqa: DTZ001 - as published
            "source_name": "crm",
            "source_object": "contact",
            "field": "email",
            "dimension": "validity",
            "records_checked": 100,
            "records_failed": 100 - round(score),
            "score_pct": score,
        }
        for n, score in enumerate(scores)
    ]
    scorecard = pl.DataFrame(lines)
    with duckdb.connect(str(home.published_file)) as connection:
        connection.register("given", scorecard.to_arrow())
        connection.execute("create table data_quality_scorecard as from given")
        connection.execute(
            "create table publication as select * from (values "
            "('table', 'dim_contacts', 42), ('table', 'quarantined_records', 7)) "
            "as t(item_type, item_name, row_count)"
        )
    decisions = ["review"] * doubtful + ["auto_match"] * 5
    pl.DataFrame({"decision": decisions}).write_parquet(
        home.stage("contact_match_edges")
    )
    replace_text(
        home.last_publication,
        '{"run_id": "r1", "published_at": "2026-01-15T06:00:00+00:00", '
        '"as_of": "2026-01-15"}',
    )


def test_health_is_read_from_what_was_published(make_workspace: Make) -> None:
    home = make_workspace().home
    assert read_health(home) is None
    published(home, [90.0, 85.0])
    health = read_health(home)
    assert health is not None
    assert (health.score, health.previous_score) == (85.0, 90.0)
    assert (health.backlog, health.quarantined) == (3, 7)


@pytest.mark.parametrize(
    ("scores", "doubtful", "keys"),
    [
        ([90.0, 85.0], 3, {"quality:regression"}),
        ([90.0, 89.0], 3, set()),
        ([85.0, 90.0], 3, set()),
        ([90.0, 90.0], 11, {"review:backlog"}),
    ],
)
def test_conditions_of_health(
    make_workspace: Make, scores: list[float], doubtful: int, keys: set[str]
) -> None:
    workspace = make_workspace(TWO_SOURCES + "alerts: {review_backlog: 10}\n")
    published(workspace.home, scores, doubtful=doubtful)
    found = {each.key for each in find_conditions(workspace, now=NOON)}
    assert found == keys


def test_a_home_beyond_its_budget_is_told(make_workspace: Make) -> None:
    workspace = make_workspace(TWO_SOURCES + "retention: {size_budget_gb: 0.000001}\n")
    published(workspace.home, [90.0])
    (alert,) = find_conditions(workspace, now=NOON)
    assert alert.key == "disk:budget"


def test_the_digest_reaches_every_kind_of_channel(make_workspace: Make) -> None:
    with web_server() as web, mail_server() as mail:
        workspace = make_workspace(
            TWO_SOURCES
            + f"""
alerts:
  channels:
    - {{type: slack, webhook_url: "{web.url}"}}
    - {{type: teams, webhook_url: "{web.url}"}}
    - {{type: webhook, url: "{web.url}"}}
    - {{type: email, host: 127.0.0.1, port: {mail.port}, security: none,
        sender: a@example.com, to: [b@example.com]}}
"""
        )
        published(workspace.home, [90.0, 85.0])
        done = send_digest(workspace, now=NOON)
    assert (done.sent, done.problems) == (4, ())
    for body in (*map(str, web.bodies), *mail.mails):
        assert "85.0 of 100" in body
        assert "-5.0" in body
        assert "wait for a steward" in body
    assert web.bodies[2]["digest"]["Contacts"] == "42"


def test_a_digest_has_its_time() -> None:
    assert DigestConfig().cron == "0 8 * * MON"
    daily = DigestConfig.model_validate({"every": "day", "at": "07:30"})
    assert daily.cron == "30 7 * * *"


def test_the_schedule_exists_only_when_wanted(make_workspace: Make) -> None:
    from dagster._utils.schedules import is_valid_cron_schedule

    for day in ("monday", "sunday"):
        config = DigestConfig.model_validate({"weekday": day})
        assert is_valid_cron_schedule(config.cron)
    assert make_workspace().config.alerts.digest is None
