"""The identity stage on standardised tables: seconds, memory, accuracy, and plain Splink.

Runs what a sync runs between standardising and the marts (match, identify, merge) in one
process, then plain Splink on the same table in a process of its own. CPU seconds stand
beside the wall clock, because only they can be compared on a machine with other work.

    python -m benchmarks.identity data/stages/standardised_contacts.parquet \
        --links data/stages/int_contact_links.parquet \
        --truth truth_contacts.parquet --truth-column person_id

`--copies 5` measures five times as many contacts, see `identity_copies.py`, and
`--memory-limit 8GB` how it goes with less memory for the database engine in matching.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import duckdb

from benchmarks.identity_copies import multiply
from benchmarks.processes import measure as measure_process
from hygiene.accuracy import score
from hygiene.identity import identify
from hygiene.matching import MatchSettings, link
from hygiene.survivorship import SurvivorshipRules, merge

Entity = Literal["contact", "account"]
Result = TypeVar("Result")


class StepClock:
    """Seconds of named steps, by the wall and of this process."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}

    def timed(self, name: str, step: Callable[[], Result]) -> Result:
        """Do a step and note how long it took."""
        began, cpu = time.perf_counter(), time.process_time()
        result = step()
        self.steps[name] = {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
        }
        return result

    def total(self, unit: str) -> float:
        """Sum up all steps; the unit is seconds or cpu_seconds."""
        return round(sum(item[unit] for item in self.steps.values()), 1)


def measure(
    standardised: Path,
    links: Path,
    *,
    entity: Entity,
    folder: Path,
    truth: tuple[Path, str] | None = None,
    settings: MatchSettings | None = None,
) -> dict[str, object]:
    """Run the three steps once, the model trained in the run."""
    edges, clusters = folder / "edges.parquet", folder / "clusters.parquet"
    clock = StepClock()
    report = clock.timed(
        "match",
        lambda: link(
            standardised,
            links,
            None,
            edges,
            entity=entity,
            settings=settings or MatchSettings(),
            model_dir=folder / "models",
        ),
    )
    clock.timed(
        "identify",
        lambda: identify(
            standardised,
            edges,
            folder / "ledger",
            clusters,
            folder / "events.parquet",
            folder / "redirects.parquet",
            entity=entity,
            run_id="benchmark",
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
    )
    clock.timed(
        "merge",
        lambda: merge(
            standardised,
            clusters,
            folder / "golden.parquet",
            folder / "lineage.parquet",
            entity=entity,
            rules=SurvivorshipRules(),
        ),
    )
    result: dict[str, object] = {
        "records": report.records,
        "candidate_pairs": report.candidate_pairs,
        "steps": clock.steps,
        "match_stages": {item.stage: item.seconds for item in report.stages},
        "seconds": clock.total("seconds"),
        "cpu_seconds": clock.total("cpu_seconds"),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    if truth is not None:
        known = folder / "truth.parquet"
        with duckdb.connect() as connection:
            connection.execute(
                f'COPY (SELECT known.source_record_key, known."{truth[1]}" AS entity '
                f"FROM read_parquet('{truth[0]}') AS known SEMI JOIN "
                f"read_parquet('{standardised}') USING (source_record_key)) "
                f"TO '{known}'"
            )
        result["accuracy"] = asdict(
            score(clusters, known, cluster_column=f"golden_{entity}_id")
        )
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("standardised", type=Path)
    parser.add_argument("--links", type=Path, required=True)
    parser.add_argument("--entity", choices=["contact", "account"], default="contact")
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--truth-column", default="entity")
    parser.add_argument("--without-splink", action="store_true")
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--memory-limit")
    arguments = parser.parse_args()
    truth = (arguments.truth, arguments.truth_column) if arguments.truth else None
    with tempfile.TemporaryDirectory(prefix="tidycrm-identity-") as scratch:
        folder = Path(scratch)
        table, links = arguments.standardised, arguments.links
        if arguments.copies > 1:
            if truth is None or arguments.entity != "contact":
                parser.error("--copies needs contacts and their --truth")
            table, links, known = multiply(
                table, links, truth, arguments.copies, folder
            )
            truth = known, truth[1]
        result = measure(
            table,
            links,
            entity=arguments.entity,
            folder=folder,
            truth=truth,
            settings=MatchSettings(memory_limit=arguments.memory_limit),
        )
        print(json.dumps(_beside_splink(result, table, arguments)))


def _beside_splink(
    result: dict[str, object], table: Path, arguments: argparse.Namespace
) -> dict[str, object]:
    """Add what plain Splink takes for the same table, in processes of their own.

    Once all in, normalising included, on about as many pairs as tidycrm compares, which is
    what `ratio` refers to; and once on the columns that tidycrm standardised, with fewer
    pairs (`ratio_standardised`).
    """
    if arguments.without_splink or arguments.entity != "contact":
        return result
    for suffix, options in (("", []), ("_standardised", ["--standardised"])):
        plain = measure_process(
            [sys.executable, "-m", "benchmarks.raw_splink", str(table), *options],
            cwd=Path.cwd(),
        )
        splink = json.loads(plain.output.strip().splitlines()[-1])
        result[f"plain_splink{suffix}"] = {
            **splink,
            "peak_mib": plain.peak_bytes >> 20,
        }
        result[f"ratio{suffix}"] = {
            unit: round(float(str(result[unit])) / splink[theirs], 2)
            for unit, theirs in (
                ("seconds", "total_seconds"),
                ("cpu_seconds", "cpu_seconds"),
            )
        }
    return result


if __name__ == "__main__":
    main()
