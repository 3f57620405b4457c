"""How good the last publication is: score, checks, what waits for people.

Read from the published file and the match edges; who is told of it is decided elsewhere.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import duckdb
import polars as pl

from hygiene.quality.scorecard import dimension_scores, overall_score
from orchestration.home import Home

_TABLES = (
    ("Contacts", "dim_contacts"),
    ("Accounts", "dim_accounts"),
    ("Customers", "dim_customers"),
    ("Opportunities", "fct_opportunities"),
)


@dataclass(frozen=True, slots=True)
class Health:
    """Figures of the last publication; None where there is none.

    Attributes:
        score: Data quality, 0 to 100.
        previous_score: The same in the publication before.
        dimensions: Score of each dimension.
        backlog: Doubtful matches that wait for a steward.
        quarantined: Records that were set aside.
        rows: Rows of the tables that people ask for first.
        checks_passed: Checks of that run that passed.
        checks_warned: Checks that failed without stopping the publication.
    """

    score: float | None
    previous_score: float | None
    dimensions: dict[str, float]
    backlog: int
    quarantined: int
    rows: dict[str, int]
    checks_passed: int = 0
    checks_warned: int = 0


def read_health(home: Home) -> Health | None:
    """Read the figures; None if nothing was published yet."""
    if not home.published_file.is_file():
        return None
    with duckdb.connect(str(home.published_file), read_only=True) as reader:
        try:
            scorecard = reader.sql("select * from data_quality_scorecard").pl()
        except duckdb.CatalogException:  # published before there was one
            scorecard = pl.DataFrame(
                schema={"run_id": pl.String, "checked_at": pl.Datetime}
            )
        rows = dict(
            reader.execute(
                "select item_name, row_count from publication where item_type = 'table'"
            ).fetchall()
        )
        # Others stand in the table for what they spent, without being customers.
        with suppress(duckdb.CatalogException, duckdb.BinderException):
            ((rows["dim_customers"],),) = reader.execute(
                "select count(*) from dim_customers where is_customer"
            ).fetchall()
        passed, warned = _checks(reader)
    runs = (
        scorecard.group_by("run_id")
        .agg(pl.col("checked_at").max())
        .sort("checked_at", "run_id")["run_id"]
        .to_list()
    )
    cards = [scorecard.filter(pl.col("run_id") == run_id) for run_id in runs[-2:]]
    return Health(
        score=overall_score(cards[-1]) if cards else None,
        previous_score=overall_score(cards[0]) if len(cards) == 2 else None,
        dimensions=dimension_scores(cards[-1]) if cards else {},
        backlog=_backlog(home),
        quarantined=rows.get("quarantined_records", 0),
        rows={label: rows[name] for label, name in _TABLES if name in rows},
        checks_passed=passed,
        checks_warned=warned,
    )


def _checks(reader: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    try:
        ((passed, warned),) = reader.execute(
            "select count(*) filter (where success), count(*) filter (where not success) "
            "from data_quality_results"
        ).fetchall()
    except duckdb.CatalogException:
        return 0, 0
    return passed, warned


def _backlog(home: Home) -> int:
    files = [home.stage(f"{entity}_match_edges") for entity in ("contact", "account")]
    return sum(
        pl.scan_parquet(file)
        .filter(pl.col("decision") == "review")
        .select(pl.len())
        .collect()
        .item()
        for file in files
        if file.is_file()
    )
