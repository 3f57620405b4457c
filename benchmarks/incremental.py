"""New records against all: seconds and equality with a full run, up to golden records.

Matches, identifies and merges all but a share of a standardised table, then the whole
table twice: once with what the first run kept, once without, both from the first run's
golden ids. Edges, clusters, golden records and lineage of both must be the same rows.

    python -m benchmarks.incremental data/stages/standardised_contacts.parquet \
        --links data/stages/int_contact_links.parquet --share 0.01
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb

from benchmarks.identity import StepClock
from hygiene.identity import identify
from hygiene.matching import MatchSettings, link
from hygiene.survivorship import SurvivorshipRules, merge

Entity = Literal["contact", "account"]


def measure(
    standardised: Path, links: Path, *, share: float, entity: Entity, folder: Path
) -> dict[str, object]:
    """Run the three matches and compare the last two."""
    part = folder / "before.parquet"
    known_links = folder / "links_before.parquet"
    buckets = round(1 / share)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet('{standardised}') WHERE "
            f"md5_number_lower(source_record_key) % {buckets} <> 0) TO '{part}'"
        )
        connection.execute(
            f"COPY (SELECT l.* FROM read_parquet('{links}') AS l "
            f"SEMI JOIN read_parquet('{part}') AS a "
            "ON l.source_record_key_l = a.source_record_key "
            f"SEMI JOIN read_parquet('{part}') AS b "
            f"ON l.source_record_key_r = b.source_record_key) TO '{known_links}'"
        )
    state, models = folder / "state", folder / "models"
    fresh = folder / "models_fresh"

    def run(
        name: str,
        table: Path,
        pairs: Path,
        model_dir: Path,
        state_dir: Path | None,
        *,
        after: str | None = None,
    ) -> dict[str, object]:
        home = folder / name
        home.mkdir()
        if after is not None:
            known = folder / after
            shutil.copytree(known / "ledger", home / "ledger")
        clock = StepClock()
        report = clock.timed(
            "match",
            lambda: link(
                table,
                pairs,
                None,
                home / "edges.parquet",
                entity=entity,
                settings=MatchSettings(),
                model_dir=model_dir,
                state_dir=state_dir,
            ),
        )
        clock.timed(
            "identify",
            lambda: identify(
                table,
                home / "edges.parquet",
                home / "ledger",
                home / "clusters.parquet",
                home / "events.parquet",
                home / "redirects.parquet",
                entity=entity,
                run_id=name if after is None else "second",
                occurred_at=datetime(2026, 1, 1 if after is None else 2, tzinfo=UTC),
            ),
        )
        merged = clock.timed(
            "merge",
            lambda: merge(
                table,
                home / "clusters.parquet",
                home / "golden.parquet",
                home / "lineage.parquet",
                entity=entity,
                rules=SurvivorshipRules(),
            ),
        )
        return {
            "cpu_seconds": clock.total("cpu_seconds"),
            "steps": clock.steps,
            "records": report.records,
            "pairs": report.candidate_pairs,
            "reused_pairs": report.reused_pairs,
            "golden_records": merged.golden_records,
            "model": report.model_source,
            "match_stages": {item.stage: item.seconds for item in report.stages},
        }

    results = {
        "first": run("before", part, known_links, models, state),
        "incremental": run("again", standardised, links, models, state, after="before"),
        "full_with_the_kept_model": run(
            "full", standardised, links, models, None, after="before"
        ),
        "full_with_training": run("trained", standardised, links, fresh, None),
    }
    differences = {
        name: _differences(
            folder / "again" / f"{name}.parquet", folder / "full" / f"{name}.parquet"
        )
        for name in ("edges", "clusters", "golden", "lineage")
    }
    return {"entity": entity, **results, "rows_that_differ": differences}


def _differences(one: Path, two: Path) -> int:
    """Count the rows that only one of two files has."""
    row = duckdb.sql(
        f"SELECT count(*) FROM ((FROM read_parquet('{one}') EXCEPT ALL "
        f"FROM read_parquet('{two}')) UNION ALL "
        f"(FROM read_parquet('{two}') EXCEPT ALL FROM read_parquet('{one}')))"
    ).fetchone()
    return int(row[0]) if row else -1


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("standardised", type=Path)
    parser.add_argument("--links", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--entity", choices=["contact", "account"], default="contact")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidycrm-incremental-") as folder:
        print(
            json.dumps(
                measure(
                    arguments.standardised,
                    arguments.links,
                    share=arguments.share,
                    entity=arguments.entity,
                    folder=Path(folder),
                )
            )
        )


if __name__ == "__main__":
    main()
