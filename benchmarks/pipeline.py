"""The whole pipeline on a made-up CRM: seconds and peak memory per stage.

Runs `tidycrm demo` in a process of its own, reads the start and end of every step from
the run's events, and takes the largest resident size of the process tree in between.
Then plain Splink links the same standardised table, in the same session, so that the
ratio does not depend on the machine of the day.

    python -m benchmarks.pipeline --people 55000 --people 550000 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl

from benchmarks.processes import Measured, measure

IDENTITY_STEPS = ("match_edges", "clusters", "golden")


def run(people: int, folder: Path) -> dict[str, object]:
    """Measure one size."""
    tidycrm = str(Path(sys.executable).parent / "tidycrm")
    demo = folder / "demo"
    generate = measure(
        [
            sys.executable,
            "-c",
            "from pathlib import Path; import sys; "
            "from orchestration.demo import prepare_demo; "
            "prepare_demo(Path(sys.argv[1]), people=int(sys.argv[2]))",
            str(demo),
            str(people),
        ],
        cwd=Path.cwd(),
    )
    sync = measure(
        [
            tidycrm,
            "sync",
            "--json",
            "--config",
            str(demo / "tidycrm.yml"),
            "--home",
            str(demo / "data"),
        ],
        cwd=Path.cwd(),
    )
    answer = json.loads(sync.output)
    standardised = demo / "data" / "stages" / "standardised_contacts.parquet"
    contacts = pl.scan_parquet(standardised).select(pl.len()).collect().item()
    baseline = measure(
        [sys.executable, "-m", "benchmarks.raw_splink", str(standardised)],
        cwd=Path.cwd(),
    )
    splink = json.loads(baseline.output.strip().splitlines()[-1])
    stages = _stages(demo / "data" / "dagster", answer["run_id"], sync)
    identity = sum(
        stage["seconds"]
        for stage in stages
        if any(word in str(stage["step"]) for word in IDENTITY_STEPS)
    )
    return {
        "people": people,
        "source_contacts": contacts,
        "generate_seconds": round(generate.seconds, 1),
        "generate_peak_mib": generate.peak_bytes >> 20,
        "sync_seconds": round(sync.seconds, 1),
        "sync_peak_mib": sync.peak_bytes >> 20,
        "stages": stages,
        "identity_seconds": round(identity, 1),
        "raw_splink": {
            **splink,
            "process_seconds": round(baseline.seconds, 1),
            "peak_mib": baseline.peak_bytes >> 20,
        },
        "identity_to_splink_ratio": round(identity / splink["total_seconds"], 2),
    }


def _stages(
    dagster_home: Path, run_id: str, sync: Measured
) -> list[dict[str, float | str]]:
    starts: dict[str, float] = {}
    stages: list[dict[str, float | str]] = []
    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        for entry in instance.all_logs(run_id):
            event = entry.dagster_event
            if event is None or event.step_key is None:
                continue
            if event.event_type == dg.DagsterEventType.STEP_START:
                starts[event.step_key] = entry.timestamp
            elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
                began = starts[event.step_key]
                stages.append(
                    {
                        "step": event.step_key,
                        "seconds": round(entry.timestamp - began, 2),
                        "peak_mib": sync.peak_between(began, entry.timestamp) >> 20,
                    }
                )
    return stages


def as_markdown(results: list[dict[str, object]], on: str) -> str:
    """A dated report that people read."""
    lines = [f"# Pipeline, {on}", "", "Command: `make bench`. Two cores, 24 GiB.", ""]
    for result in results:
        splink = result["raw_splink"]
        assert isinstance(splink, dict)
        lines += [
            f"## {result['source_contacts']:,} source contacts "
            f"({result['people']:,} people)",
            "",
            f"Sync {result['sync_seconds']} s, peak {result['sync_peak_mib']} MiB "
            f"(process tree). Identity stages {result['identity_seconds']} s; plain "
            f"Splink on the same table {splink['total_seconds']} s, peak "
            f"{splink['peak_mib']} MiB, {splink['pairs']:,} pairs; ratio "
            f"{result['identity_to_splink_ratio']}.",
            "",
            "| step | seconds | peak MiB |",
            "|---|---:|---:|",
        ]
        stages = result["stages"]
        assert isinstance(stages, list)
        lines += [
            f"| {stage['step']} | {stage['seconds']} | {stage['peak_mib']} |"
            for stage in stages
        ]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, action="append", required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = []
    for people in arguments.people:
        with tempfile.TemporaryDirectory(prefix="tidycrm-bench-") as folder:
            results.append(run(people, Path(folder)))
        print(json.dumps(results[-1]), flush=True)
    if arguments.out:
        on = datetime.now(UTC).date().isoformat()
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"{on}-pipeline.md").write_text(as_markdown(results, on))


if __name__ == "__main__":
    main()
