"""What stewards do with a home folder: export doubtful pairs, read rulings, merge, undo.

Belongs here: which files of a home the functions of `hygiene.stewardship` work on, the
money at stake from the published file, the lock. Words on a terminal are in the
commands; deciding is in hygiene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from connectors.tabular import (
    LINE,
    FileKind,
    ReadOptions,
    TableRead,
    detect_kind,
    read_delimited,
    read_workbook,
)
from hygiene.stewardship.answers import REQUIRED, Answers, Problem, Row, read_answers
from hygiene.stewardship.fingerprints import fingerprint_sql
from hygiene.stewardship.queue import ReviewQueue, build_queue, queue_status
from hygiene.stewardship.rulings import RulingBook
from hygiene.stewardship.sheets import write_csv, write_xlsx
from orchestration.errors import OrchestrationError
from orchestration.home import Home, exclusive
from orchestration.privacy import audit
from orchestration.workspace import Workspace

Entity = Literal["contact", "account"]
ENTITIES: tuple[Entity, ...] = ("contact", "account")

_MONEY = """
WITH revenue AS (
    SELECT golden_{entity}_id AS golden_id, sum(amount_reporting) AS amount
    FROM fct_revenue_events WHERE is_counted GROUP BY ALL
), pipeline AS (
    SELECT golden_{entity}_id AS golden_id, sum(amount_reporting) AS amount
    FROM fct_opportunities WHERE is_counted AND NOT is_closed GROUP BY ALL
)
SELECT golden_id, sum(amount)::DOUBLE AS amount
FROM (SELECT * FROM revenue UNION ALL SELECT * FROM pipeline)
WHERE golden_id IS NOT NULL GROUP BY golden_id ORDER BY golden_id
"""


class ReviewError(OrchestrationError):
    """A review file cannot be used; carries every mistake at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "mistake" if len(problems) == 1 else "mistakes"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"Reading rulings: {len(problems)} {noun}; no ruling was kept.\n{lines}\n"
            "Correct them and import the file again."
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """What one export wrote.

    Attributes:
        files: The files.
        pairs: Pairs written, by entity.
        waiting: Doubtful pairs in all, by entity.
        money: Revenue and open pipeline behind the pairs written, by entity, in the
            reporting currency.
    """

    files: tuple[Path, ...]
    pairs: dict[str, int]
    waiting: dict[str, int]
    money: dict[str, float]


def rulings_file(home: Home, entity: str) -> Path:
    """The book of rulings of one entity."""
    return home.rulings / f"{entity}_rulings.csv"


def rulings_status_file(home: Home, entity: str) -> Path:
    """Status of every ruling, as the last run found it."""
    return home.stage(f"{entity}_rulings_status")


def need_run(home: Home, task: str) -> None:
    """Refuse work that needs the tables of a run, when there was none.

    Raises:
        OrchestrationError: No run got as far as matching.
    """
    missing = [
        table
        for entity in ENTITIES
        for table in (f"{entity}_match_edges", f"{entity}_clusters")
        if not home.stage(table).is_file()
    ]
    if missing:
        raise OrchestrationError(
            f"{task}: {home.root} has no {', '.join(missing)}; they are expected after "
            "a sync. Run `tidycrm sync` first."
        )


def money_at_stake(home: Home, entity: Entity) -> pl.DataFrame:
    """Revenue so far plus open pipeline of every golden record, reporting currency.

    Returns:
        golden_id, amount; empty as long as nothing was published.
    """
    if not home.published_file.is_file():
        return pl.DataFrame(schema={"golden_id": pl.String, "amount": pl.Float64})
    with duckdb.connect(str(home.published_file), read_only=True) as reader:
        return reader.sql(_MONEY.format(entity=entity)).pl()


def export_review(
    workspace: Workspace,
    out: Path,
    *,
    entities: Sequence[Entity] = ENTITIES,
    limit: int = 500,
) -> Exported:
    """Write the doubtful pairs of the last run for a steward.

    Args:
        workspace: The home and how it matches.
        out: A `.xlsx`, or a `.csv`: then one file per entity, named after it.
        entities: What to export.
        limit: Most pairs per entity.

    Returns:
        Files and counts.

    Raises:
        OrchestrationError: No run yet, or an unknown kind of file.
    """
    home = workspace.home
    if out.suffix.lower() not in {".xlsx", ".csv"}:
        raise OrchestrationError(
            f"Exporting pairs for review: {out.name} is no .xlsx and no .csv; one of "
            "the two is expected. Name the file accordingly."
        )
    need_run(home, "Exporting pairs for review")
    queues = [_queue(workspace, entity, limit) for entity in entities]
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".xlsx":
        write_xlsx(queues, out)
        files = [out]
    else:
        files = [out.with_name(f"{out.stem}-{each.entity}s.csv") for each in queues]
        if len(queues) == 1:
            files = [out]
        for each, file in zip(queues, files, strict=True):
            write_csv(each, file)
    return Exported(
        tuple(files),
        {each.entity: each.pairs.height for each in queues},
        {each.entity: each.waiting for each in queues},
        {each.entity: float(each.pairs["money"].sum() or 0) for each in queues},
    )


def _queue(workspace: Workspace, entity: Entity, limit: int) -> ReviewQueue:
    home = workspace.home
    return build_queue(
        home.stage(f"standardised_{entity}s"),
        home.stage(f"{entity}_match_edges"),
        home.stage(f"{entity}_clusters"),
        queue_status(rulings_file(home, entity), rulings_status_file(home, entity)),
        money_at_stake(home, entity),
        entity=entity,
        settings=workspace.config.matching,
        model_dir=home.models,
        limit=limit,
        scratch=home.stages,
    )


def import_review(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    author: str | None,
    ruled_at: datetime,
    check_only: bool = False,
) -> Answers:
    """Read filled-in review files and keep their rulings, all of them or none.

    Args:
        workspace: The home.
        files: XLSX or CSV files, as exported.
        author: Who ruled, unless the rows say so.
        ruled_at: Instant of the rulings.
        check_only: Whether to check without keeping.

    Returns:
        The rulings and what was skipped.

    Raises:
        ReviewError: Some row cannot be used; names all of them.
        OrchestrationError: A file is missing.
    """
    home = workspace.home
    need_run(home, "Reading rulings")
    rows, problems = _rows(files)
    known: dict[str, dict[str, str]] = {
        entity: current_fingerprints(home, entity) for entity in ENTITIES
    }
    answers = read_answers(rows, known, author=author, ruled_at=ruled_at)
    problems += answers.problems
    if problems:
        raise ReviewError(problems)
    if not check_only:
        with exclusive(home, purpose="tidycrm review import"):
            for entity, rulings in answers.rulings.items():
                RulingBook(rulings_file(home, entity)).add(rulings)
            counts = {entity: len(each) for entity, each in answers.rulings.items()}
            audit.record(home, audit.Action.RULINGS, counts, actor=author)
    return answers


def current_fingerprints(home: Home, entity: Entity) -> dict[str, str]:
    """Fingerprint of every record of the last run by its key."""
    with duckdb.connect() as connection:
        records = connection.read_parquet(str(home.stage(f"standardised_{entity}s")))
        sql = fingerprint_sql(entity, records.columns)
        found = records.project(f"source_record_key, {sql}").fetchall()
    return {str(key): str(value) for key, value in found}


def _rows(files: Sequence[Path]) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    for file in files:
        for table in _tables(file):
            headers = {each.name: each.header.strip() for each in table.header.columns}
            names = {text.lower() for text in headers.values()}
            missing = [name for name in REQUIRED if name.lower() not in names]
            if missing:
                problems.append(
                    Problem(
                        table.name,
                        max(table.header.line, 1),
                        f"the column(s) {', '.join(missing)} are missing; the columns of "
                        "an export are expected",
                    )
                )
                continue
            called = {name.lower(): name for name in (*REQUIRED,)}
            for record in table.frame.collect().iter_rows(named=True):
                cells = {
                    called.get(text.lower(), text): record[name]
                    for name, text in headers.items()
                }
                rows.append(Row(table.name, int(record[LINE]), cells))
            problems += [
                Problem(table.name, int(each[LINE]), "is no complete row of a table")
                for each in table.rejected.iter_rows(named=True)
            ]
    return rows, problems


def _tables(file: Path) -> list[TableRead]:
    if not file.is_file():
        raise OrchestrationError(
            f"Reading rulings: {file} does not exist; a filled-in export is expected. "
            "Check the path."
        )
    options = ReadOptions(find_footers=False, fill_merged=False)
    if detect_kind(file) is FileKind.DELIMITED:
        return [read_delimited(file, options)]
    return read_workbook(file, options)
