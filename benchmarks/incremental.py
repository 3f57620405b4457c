"""New records against all: seconds and equality with a full run.

Matches all but a share of a standardised table, then the whole table twice: once with
what the first run kept, once without. The edges of both must be the same rows.

    python -m benchmarks.incremental data/stages/standardised_contacts.parquet \
        --links data/stages/int_contact_links.parquet --share 0.01
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Literal

import duckdb

from hygiene.matching import MatchReport, MatchSettings, link

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
        name: str, table: Path, pairs: Path, model_dir: Path, state_dir: Path | None
    ) -> tuple[MatchReport, dict[str, object]]:
        began, cpu = time.perf_counter(), time.process_time()
        report = link(
            table,
            pairs,
            None,
            folder / f"{name}.parquet",
            entity=entity,
            settings=MatchSettings(),
            model_dir=model_dir,
            state_dir=state_dir,
        )
        return report, {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "records": report.records,
            "pairs": report.candidate_pairs,
            "reused_pairs": report.reused_pairs,
            "model": report.model_source,
            "stages": {item.stage: item.seconds for item in report.stages},
        }

    _, first = run("before", part, known_links, models, state)
    _, again = run("again", standardised, links, models, state)
    _, full = run("full", standardised, links, models, None)
    _, trained = run("trained", standardised, links, fresh, None)
    one, two = folder / "again.parquet", folder / "full.parquet"
    difference = duckdb.sql(
        f"SELECT count(*) FROM ((SELECT * FROM read_parquet('{one}') EXCEPT "
        f"SELECT * FROM read_parquet('{two}')) UNION ALL "
        f"(SELECT * FROM read_parquet('{two}') EXCEPT "
        f"SELECT * FROM read_parquet('{one}')))"
    ).fetchall()[0][0]
    return {
        "entity": entity,
        "first": first,
        "incremental": again,
        "full_with_the_kept_model": full,
        "full_with_training": trained,
        "rows_that_differ": difference,
    }


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
