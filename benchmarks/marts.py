"""All marts at a scale of one's choice: seconds per model and peak memory.

Takes the data folder of any sync and multiplies it: every record, golden id and link is
copied so many times under keys of its own, so that customers keep the number of deals,
orders, mails and duplicates that they had. Users, campaigns, stages and exchange rates
stay as they are. Then the second pass of dbt runs on the copy, as a sync runs it.

    tidycrm demo --folder demo --people 20000
    python -m benchmarks.marts demo/data --times 50 --events 1000000 --activities 2000000
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.processes import Measured, measure
from orchestration.publishing import literal, quote

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"

# Multiplied: keys of records, golden ids and what they are linked by.
_KEY = re.compile(
    r"(^|_)(source_record_key|source_record_id|golden_id|golden_contact_id|"
    r"golden_account_id|merged_into_key|key|account_id|contact_id|lead_id|"
    r"opportunity_id|deal_id|company_id|ticket_id|raw_id|old_id|new_id|who_id|what_id|"
    r"email|domain|account_name_match|company_name_match)(_[lr])?$"
)
# Not multiplied: people who work here, campaigns, and what names no record.
_SHARED = re.compile(r"owner|user|manager|campaign(?!_member)|campaign_key|stage_key")
_SHARED_TABLES = re.compile(
    r"users|owners|campaigns$|pipeline_stages|pipelines|record_counts|cast_failures"
    r"|fx_rates"
)


SHOWN = (
    "dim_contacts", "dim_customers", "fct_revenue_events", "fct_activities",
    "fct_opportunities", "pipeline_daily",
)  # fmt: skip


def main() -> None:
    """Multiply, build, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="data folder of a sync")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--events", type=int, default=0, help="at least so many")
    parser.add_argument("--activities", type=int, default=0, help="at least so many")
    parser.add_argument("--as-of", default="2026-01-15")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-limit", default="", help="of DuckDB, such as 6GB")
    parser.add_argument("--keep", type=Path, help="folder for the copy; kept")
    parser.add_argument("--select", default="tag:post_identity", help="dbt selection")
    parser.add_argument("--without-tests", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marts-") as temporary:
        folder = (given.keep or Path(temporary) / "home").resolve()
        if not (folder / "warehouse.duckdb").exists():
            multiply(given.home.resolve(), folder, times=given.times)
            lengthen(folder, "int_revenue_lines_unioned", given.events)
            lengthen(folder, "int_activities_unioned", given.activities)
        measured = build(
            folder,
            as_of=given.as_of,
            threads=given.threads,
            memory_limit=given.memory_limit,
            select=given.select,
            with_tests=not given.without_tests,
        )
        figures = read_figures(folder, measured)
    print(describe(figures))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1))


def multiply(home: Path, folder: Path, *, times: int) -> None:
    """Copy what the second pass reads, every record `times` times.

    Args:
        home: Data folder of a sync; only read.
        folder: Folder to make.
        times: Copies; 1 keeps the data as they are.
    """
    (folder / "stages").mkdir(parents=True)
    (folder / "state" / "history").mkdir(parents=True)
    for file in sorted((home / "stages").glob("*.parquet")):
        with duckdb.connect() as connection:
            source = f"read_parquet({literal(str(file))})"
            connection.execute(
                f"copy ({_copies(connection, source, file.stem, times)}) to "
                f"{literal(str(folder / 'stages' / file.name))} (format parquet)"
            )
    for file in (home / "stages").glob("*.*"):
        if file.suffix != ".parquet" and file.is_file():
            shutil.copy(file, folder / "stages" / file.name)
    shutil.copy(home / "warehouse.duckdb", folder / "warehouse.duckdb")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        for schema, table in warehouse.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where schema_name in ('staging', 'intermediate') order by all"
        ).fetchall():
            name = f"{quote(schema)}.{quote(table)}"
            warehouse.execute(
                f'create table {name[:-1]}__copy" as '
                f"{_copies(warehouse, name, table, times)}; drop table {name}; "
                f'alter table {name[:-1]}__copy" rename to {quote(table)}'
            )
        for schema, view, text in warehouse.execute(
            "select schema_name, view_name, sql from duckdb_views() "
            "where not internal and schema_name in ('staging', 'intermediate')"
        ).fetchall():
            if str(home) not in text:
                continue
            body = text.split(" AS ", 1)[1].replace(str(home), str(folder))
            warehouse.execute(
                f"create or replace view {quote(schema)}.{quote(view)} as {body}"
            )


def _copies(
    connection: duckdb.DuckDBPyConnection, source: str, table: str, times: int
) -> str:
    if times == 1 or _SHARED_TABLES.search(table):
        return f"select * from {source}"
    columns = connection.execute(f"describe from {source}").fetchall()
    cells = []
    for name, kind, *_ in columns:
        column = quote(name)
        if kind == "VARCHAR" and _KEY.search(name) and not _SHARED.search(name):
            # Behind the key for ids; before the address for e-mails and domains.
            changed = (
                f"copy || {column}"
                if name.endswith(("email", "domain"))
                else f"{column} || '~' || copy"
            )
            cells.append(f"case when copy = 0 then {column} else {changed} end")
        else:
            cells.append(column)
        cells[-1] += f" as {column}"
    return (
        f"select {', '.join(cells)} from {source} "
        f"cross join (select unnest(range({times})) as copy)"
    )


def lengthen(folder: Path, table: str, rows: int) -> None:
    """Repeat the rows of a table, each time under a key of its own, a day earlier.

    Args:
        folder: The multiplied data folder.
        table: An intermediate table with a `source_record_key`.
        rows: How many there should be at least; fewer than there are changes nothing.
    """
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        name = f"intermediate.{quote(table)}"
        found = warehouse.execute(f"select count(*) from {name}").fetchone()
        known = int(found[0]) if found else 0
        if not known or known >= rows:
            return
        shifted = [
            f"{quote(column)} - to_days(round::integer) as {quote(column)}"
            if kind == "TIMESTAMP" and not column.startswith("_")
            else (
                f"({quote(column)} - round::integer)::date as {quote(column)}"
                if kind == "DATE"
                else quote(column)
            )
            for column, kind, *_ in warehouse.execute(
                f"describe from {name}"
            ).fetchall()
            if column != "source_record_key"
        ]
        warehouse.execute(
            f"insert into {name} by name select source_record_key || '+' || round as "
            f"source_record_key, {', '.join(shifted)} from {name} "
            f"cross join (select unnest(range(1, {-(-rows // known)})) as round) "
            f"limit {rows - known}"
        )


def build(
    folder: Path,
    *,
    as_of: str,
    threads: int,
    memory_limit: str,
    select: str,
    with_tests: bool,
) -> Measured:
    """Run the second pass on a data folder, as a sync does.

    Args:
        folder: The data folder.
        as_of: Date the tables are computed for.
        threads: Threads of dbt.
        memory_limit: Of DuckDB; its own default when empty.
        select: Selection of dbt.
        with_tests: Whether the data tests run, as in a sync.
    """
    profiles = folder / "profiles"
    profiles.mkdir(exist_ok=True)
    text = (PROJECT / "profiles.yml").read_text()
    limit = f"\n        memory_limit: {memory_limit}" if memory_limit else ""
    text = text.replace(
        "TimeZone: UTC", f"TimeZone: UTC{limit}\n        threads: {threads}"
    )
    (profiles / "profiles.yml").write_text(text)
    os.environ["TIDYCRM_WAREHOUSE"] = str(folder / "warehouse.duckdb")
    kinds = ["unit_test"] if with_tests else ["unit_test", "test"]
    return measure(
        [
            str(Path(sys.executable).parent / "dbt"),
            "--no-use-colors",
            "build",
            "--select", select,
            *(part for kind in kinds for part in ("--exclude-resource-type", kind)),
            "--threads", str(threads),
            "--vars", json.dumps({"tidycrm_home": str(folder), "as_of_date": as_of}),
            "--project-dir", str(PROJECT),
            "--profiles-dir", str(profiles),
            "--target-path", str(folder / "target"),
            "--log-path", str(folder / "logs"),
        ],
        cwd=folder,
    )  # fmt: skip


def read_figures(folder: Path, measured: Measured) -> dict[str, object]:
    """Seconds per model and per test, rows, and the peak of memory."""
    run = json.loads((folder / "target" / "run_results.json").read_text())
    nodes = {"model": {}, "test": {}}
    for result in run["results"]:
        kind, _, name = result["unique_id"].split(".")[:3]
        if kind in nodes:
            seconds = round(result["execution_time"], 2)
            nodes[kind][name] = nodes[kind].get(name, 0) + seconds
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = {
            name: (
                warehouse.execute(f"select count(*) from marts.{name}").fetchone()
                or (0,)
            )[0]
            for name in SHOWN
        }
    return {
        "seconds": round(measured.seconds, 1),
        "peak_mebibytes": round(measured.peak_bytes / 2**20),
        "rows": rows,
        "models": nodes["model"],
        "tests": nodes["test"],
    }


def describe(figures: dict[str, object]) -> str:
    """The figures as a person reads them: totals, then the slowest models and tests."""
    rows = figures["rows"]
    assert isinstance(rows, dict)
    lines = [
        f"{figures['seconds']} s wall, {figures['peak_mebibytes']} MiB peak",
        "rows: "
        + ", ".join(
            f"{name} {rows[name]:,}" for name in SHOWN
        ),
    ]  # fmt: skip
    for kind in ("models", "tests"):
        times = figures[kind]
        assert isinstance(times, dict)
        lines.append(f"{kind}: {sum(times.values()):.1f} s in {len(times)}")
        slowest = sorted(times.items(), key=lambda each: -each[1])[:25]
        lines += [f"  {seconds:8.2f} s  {name}" for name, seconds in slowest]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
