"""How fast a million contacts are standardised, and how fast again after a small change.

The input is made from the union table of a demo: its rows are repeated until there are
enough, and each copy gets its own keys, mail addresses, phone digits, name spellings and
house numbers, so that hardly a value repeats more often than it would among as many real
people.

    python -m benchmarks.standardise demo/data/stages/int_contacts_unioned.parquet

Prints one JSON object: seconds, CPU seconds and peak memory of the process tree for a full
run and for one after one row in a hundred changed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.processes import measure

_RUN = textwrap.dedent(
    """
    import json, resource, sys
    from dataclasses import asdict
    from pathlib import Path
    from hygiene.standardise import StandardiseSettings, standardise_contacts

    if __name__ == "__main__":
        unioned, out, aside = map(Path, sys.argv[1:4])
        report = standardise_contacts(
            unioned, out, aside,
            settings=StandardiseSettings(default_region="US"),
            previous=out if out.exists() else None,
        )
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(json.dumps({
            "rows": report.rows_in, "carried_over": report.carried_over,
            "cpu_seconds": round(sum(
                usage.ru_utime + usage.ru_stime for usage in (own, children)
            ), 1),
        }))
    """
)


def enlarge(unioned: Path, out: Path, rows: int) -> None:
    """Write a table of many contacts made from few.

    Args:
        unioned: Union table of a demo.
        out: File to write, in the order of its keys.
        rows: How many rows.
    """
    source = pl.read_parquet(unioned)
    copies = -(-rows // source.height)
    number = pl.col("_copy").cast(pl.String)
    parts = []
    for copy in range(copies):
        part = source.with_columns(_copy=pl.lit(copy)).with_columns(
            pl.concat_str(pl.col("source_record_key"), pl.lit("-"), number).alias(
                "source_record_key"
            )
        )
        if copy:
            letters = pl.lit("abcdefghijklmnopqrst"[copy % 20])
            part = part.with_columns(
                pl.col("email").str.replace("@", f"{copy}@", literal=True),
                # Digits change places, so that most stay numbers of their plan.
                *(
                    pl.col(name).str.replace(
                        r"(\d)(\d)(\d)$", rf"${{3}}{copy % 10}${{1}}"
                    )
                    for name in ("phone", "mobile_phone")
                ),
                # A third of the family names and half of the companies are new ones.
                pl.when(pl.int_range(pl.len()) % 3 == copy % 3)
                .then(pl.col("last_name") + letters)
                .otherwise(pl.col("last_name"))
                .alias("last_name"),
                pl.when(pl.int_range(pl.len()) % 2 == copy % 2)
                .then(pl.concat_str(pl.col("company_name"), pl.lit(" "), number))
                .otherwise(pl.col("company_name"))
                .alias("company_name"),
                pl.col("street").str.replace(r"\d+", str(copy + 1)),
            )
        parts.append(part.drop("_copy"))
    pl.concat(parts).head(rows).sort("source_record_key").write_parquet(out)


def change(unioned: Path) -> None:
    """Change one row in a hundred, as a day's edits do.

    Args:
        unioned: The table to change.
    """
    frame = pl.read_parquet(unioned)
    is_edited = pl.int_range(pl.len()) % 100 == 0
    frame.with_columns(
        pl.when(is_edited)
        .then(pl.lit("Head of Sales"))
        .otherwise(pl.col("job_title"))
        .alias("job_title")
    ).write_parquet(unioned)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.standardise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("unioned", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    results = {}
    with tempfile.TemporaryDirectory(prefix="tidycrm-standardise-") as scratch:
        folder = Path(scratch)
        table = folder / "unioned.parquet"
        script = folder / "run.py"
        script.write_text(_RUN)
        enlarge(options.unioned, table, options.rows)
        for name in ("full", "after_one_percent_changed"):
            if name != "full":
                change(table)
            measured = measure(
                [
                    sys.executable,
                    str(script),
                    str(table),
                    str(folder / "out.parquet"),
                    str(folder / "aside.parquet"),
                ],
                cwd=Path.cwd(),
            )
            results[name] = {
                **json.loads(measured.output.strip().splitlines()[-1]),
                "seconds": round(measured.seconds, 1),
                "peak_mib": measured.peak_bytes >> 20,
            }
    print(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
