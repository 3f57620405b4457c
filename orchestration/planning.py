"""`tidycrm plan`: match and identify by a changed tidycrm.yml, on copies, beside the data.

Belongs here: the copies, running matching and identity on them, money per source record.
Comparing the outcome is in `hygiene.stewardship.impact`. Nothing of the home is written;
it is held only for the moment in which the copies are made.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from hygiene.identity import identify
from hygiene.matching import MatchReport, MatchSettings, Training, link
from hygiene.stewardship import put_rulings_in_force
from hygiene.stewardship.impact import Impact, measure_impact
from orchestration.errors import OrchestrationError
from orchestration.home import Home, exclusive
from orchestration.review import ENTITIES, Entity, need_run, rulings_file
from orchestration.training import model_name
from orchestration.workspace import Workspace

_COPIED = ("standardised_{}s", "int_{}_links", "{}_clusters")

_MONEY = """
WITH anchors AS (
    SELECT source_record_key, account_source_record_key, contact_source_record_key
    FROM intermediate.int_opportunities_resolved
    UNION ALL
    SELECT source_record_key, account_source_record_key, contact_source_record_key
    FROM intermediate.int_revenue_lines_resolved
), booked AS (
    SELECT source_record_key, golden_account_id, golden_contact_id,
        amount_reporting AS revenue, NULL AS pipeline
    FROM marts.fct_revenue_events WHERE is_counted
    UNION ALL
    SELECT source_record_key, golden_account_id, golden_contact_id,
        NULL, amount_reporting
    FROM marts.fct_opportunities WHERE is_counted AND NOT is_closed
), keyed AS (
    SELECT booked.*, anchors.account_source_record_key,
        anchors.contact_source_record_key
    FROM booked LEFT JOIN (
        SELECT source_record_key, any_value(account_source_record_key)
            AS account_source_record_key,
            any_value(contact_source_record_key) AS contact_source_record_key
        FROM anchors GROUP BY source_record_key
    ) AS anchors USING (source_record_key)
)
SELECT
    coalesce(own.source_record_key, first.source_record_key) AS source_record_key,
    sum(revenue)::DOUBLE AS revenue, sum(pipeline)::DOUBLE AS pipeline
FROM keyed
LEFT JOIN clusters AS own
    ON keyed.{entity}_source_record_key = own.source_record_key
    AND keyed.golden_{entity}_id = own.golden
LEFT JOIN (
    SELECT golden, min(source_record_key) AS source_record_key
    FROM clusters GROUP BY golden
) AS first ON keyed.golden_{entity}_id = first.golden
WHERE keyed.golden_{entity}_id IS NOT NULL {only}
GROUP BY ALL
"""
"""Revenue and open pipeline per source record. What names no record of the golden record
that it belongs to hangs on its first one. People count where no company buys."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a changed configuration would change.

    Attributes:
        impacts: Per entity.
        thresholds: Weight from which records would be merged, and why, per entity.
        model_sources: Whether the model would be kept, trained or shipped, per entity.
        reviews: Pairs that a person would have to decide, per entity.
        has_money: Whether there was a warehouse to take money from.
    """

    impacts: tuple[Impact, ...]
    thresholds: dict[str, tuple[float, str]]
    model_sources: dict[str, str]
    reviews: dict[str, int]
    has_money: bool


def make_plan(
    workspace: Workspace, *, top: int = 20, models: Path | None = None
) -> Plan:
    """Match and identify as `workspace` is configured, on copies of its home.

    Args:
        workspace: The home, with the configuration to try out. Rulings that were made
            since the last run count as well.
        top: Most moves to name per entity.
        models: Folder of models to try out instead of those in force.

    Returns:
        What the next run would change.

    Raises:
        OrchestrationError: There was no run yet.
        BusyError: Another process writes to the home.
    """
    home = workspace.home
    need_run(home, "Planning")
    reports: dict[str, MatchReport] = {}
    impacts: list[Impact] = []
    with _copy(home) as (copy, money):
        for entity in ENTITIES:
            reports[entity] = _match(workspace, copy, entity, models)
            impacts.append(
                measure_impact(
                    copy.stage(f"{entity}_clusters"),
                    copy.stage(f"{entity}_clusters_after"),
                    money[entity],
                    entity=entity,
                    top=top,
                    scratch=copy.stages,
                )
            )
    return Plan(
        tuple(impacts),
        {
            entity: (report.threshold.auto_match_weight, report.threshold.reason)
            for entity, report in reports.items()
        },
        {entity: report.model_source for entity, report in reports.items()},
        {entity: report.reviews for entity, report in reports.items()},
        has_money=any(frame.height for frame in money.values()),
    )


def _match(
    workspace: Workspace, copy: Home, entity: Entity, models: Path | None
) -> MatchReport:
    standardised = copy.stage(f"standardised_{entity}s")
    obeyed = copy.stages / f"{entity}_in_force.csv"
    put_rulings_in_force(
        rulings_file(copy, entity),
        standardised,
        obeyed,
        copy.stage(f"{entity}_status"),
        entity=entity,
    )
    edges = copy.stage(f"{entity}_edges")
    settings = _with_copied_models(workspace.config.matching, copy, entity, models)
    report = link(
        standardised,
        copy.stage(f"int_{entity}_links"),
        obeyed,
        edges,
        entity=entity,
        settings=settings,
        model_dir=copy.models,
    )
    identify(
        standardised,
        edges,
        copy.identity,
        copy.stage(f"{entity}_clusters_after"),
        copy.stage(f"{entity}_events"),
        copy.stage(f"{entity}_redirects"),
        entity=entity,
        run_id="plan",
        occurred_at=workspace.clock(),
    )
    return report


def _with_copied_models(
    settings: MatchSettings, copy: Home, entity: Entity, models: Path | None
) -> MatchSettings:
    """Point to a copy of the models to try out: learning must not touch the originals."""
    tried = models if models and (models / model_name(entity)).is_file() else None
    folder = tried or settings.model_dir
    if folder is None:
        return settings
    copied = copy.root / f"{entity}-models"
    copied.mkdir()
    if (folder / model_name(entity)).is_file():
        shutil.copyfile(folder / model_name(entity), copied / model_name(entity))
    training = Training.WHEN_ABSENT if tried else settings.training
    return settings.model_copy(update={"model_dir": copied, "training": training})


@contextmanager
def _copy(home: Home) -> Iterator[tuple[Home, dict[str, pl.DataFrame]]]:
    """Give a second home with all that matching reads, and the money per record."""
    with TemporaryDirectory(prefix=".plan-", dir=home.root) as folder:
        copy = Home(Path(folder))
        copy.stages.mkdir()
        with exclusive(home, purpose="tidycrm plan"):
            for entity in ENTITIES:
                for pattern in _COPIED:
                    table = pattern.format(entity)
                    _link(home.stage(table), copy.stage(table))
            for part in (home.identity, home.models, home.rulings):
                if part.is_dir():
                    shutil.copytree(part, copy.root / part.relative_to(home.root))
            money: dict[str, pl.DataFrame] = {
                entity: _money(home, entity) for entity in ENTITIES
            }
        yield copy, money


def _link(source: Path, target: Path) -> None:
    """Tables are replaced, never rewritten: a second name keeps the one of now."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise OrchestrationError(
            f"Planning: {source.name} is missing; it is expected after a sync. Run "
            "`tidycrm sync` first."
        ) from None
    except OSError:
        shutil.copyfile(source, target)


def _money(home: Home, entity: Entity) -> pl.DataFrame:
    schema = {
        "source_record_key": pl.String,
        "revenue": pl.Float64,
        "pipeline": pl.Float64,
    }
    if not home.warehouse.is_file():
        return pl.DataFrame(schema=schema)
    only = "AND keyed.golden_account_id IS NULL" if entity == "contact" else ""
    with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
        present = warehouse.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name IN "
            "('fct_revenue_events', 'fct_opportunities', 'int_opportunities_resolved', "
            "'int_revenue_lines_resolved')"
        ).fetchall()[0][0]
        if present < 4:
            return pl.DataFrame(schema=schema)
        clusters = pl.read_parquet(home.stage(f"{entity}_clusters")).select(
            "source_record_key", pl.col(f"golden_{entity}_id").alias("golden")
        )
        warehouse.register("clusters", clusters)
        found = warehouse.sql(_MONEY.format(entity=entity, only=only)).pl()
    return found.drop_nulls("source_record_key").sort("source_record_key")
