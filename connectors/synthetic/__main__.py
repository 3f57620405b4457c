"""`python -m connectors.synthetic`: write a made-up CRM into a folder."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from connectors.synthetic import SyntheticRequestError, generate


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.synthetic",
        description="Write a messy, made-up CRM with known truth as export files.",
    )
    parser.add_argument("--people", type=int, default=20_000, help="1,000 to 5,000,000")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 1, 15))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    given = parser.parse_args(arguments)

    def show(done: int, total: int) -> None:
        if not given.quiet:
            sys.stderr.write(f"\rpart {done} of {total}")
            sys.stderr.write("\n" if done == total else "")

    try:
        report = generate(
            given.out,
            people=given.people,
            seed=given.seed,
            as_of=given.as_of,
            progress=show,
        )
    except SyntheticRequestError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    ceiling = json.loads((given.out / "truth" / "ceiling.json").read_text("utf-8"))
    sys.stdout.write(
        json.dumps(
            {
                "people": report.people,
                "companies": report.companies,
                "rows": dict(sorted(report.rows.items())),
                "truth_rows": dict(sorted(report.truth_rows.items())),
                "files": [str(path.relative_to(report.out)) for path in report.files],
                "ceiling": ceiling,
            },
            indent=2,
        )
        + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
