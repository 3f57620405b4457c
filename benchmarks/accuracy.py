"""Accuracy of the production matching on any labelled table of people or organisations.

Reads a Parquet or CSV file, takes its columns for what their names or `--map` say, and
runs exactly what a sync runs: standardise, match, identify. No labels, no settings for
the file; the truth column is read only afterwards, for the score.

    python -m benchmarks.accuracy people.parquet --truth cluster
    python -m benchmarks.accuracy firms.csv --truth id --entity organisation \
        --map company_name=title --map street=house+road --map other_cuisine=type

Prints one JSON object. Exit code 2: the file, the truth or a mapping cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from benchmarks.accuracy_columns import ColumnPlan, MappingError, plan_columns
from hygiene.accuracy import score
from hygiene.errors import HygieneError
from hygiene.identity import audit_clusters, identify
from hygiene.matching import MatchSettings, link
from hygiene.standardise import (
    StandardiseSettings,
    standardise_accounts,
    standardise_contacts,
)
from hygiene.standardise.accounts import ACCOUNT_INPUTS
from hygiene.standardise.chunks import make_standardiser
from hygiene.standardise.contacts import CONTACT_INPUTS

_KEY = "source_record_key"
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def read_table(path: Path) -> pl.DataFrame:
    """Read a table as text.

    Args:
        path: Parquet or CSV file.

    Returns:
        Its columns as strings; blank values are missing.

    Raises:
        MappingError: The file is missing or unreadable.
    """
    try:
        if path.suffix.lower() in {".csv", ".txt"}:
            frame = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
        elif path.suffix.lower() == ".tsv":
            frame = pl.read_csv(path, infer_schema=False, separator="\t")
        else:
            frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise MappingError(
            f"reading {path.name}: not readable ({type(error).__name__}); expected a "
            "Parquet or CSV file; check the path"
        ) from error
    if not frame.height:
        raise MappingError(
            f"reading {path.name}: it has no rows; expected at least one record; "
            "check the file"
        )
    scalar = [name for name, kind in frame.schema.items() if not kind.is_nested()]
    text = frame.select(pl.col(scalar).cast(pl.String, strict=False).str.strip_chars())
    return text.select(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in scalar
    )


def as_union(frame: pl.DataFrame, plan: ColumnPlan) -> pl.DataFrame:
    """Shape a table like the union of all sources.

    Args:
        frame: The table as text.
        plan: What its columns are.

    Returns:
        One row per record. Keys are hashes of the row number, so that neither the order
        of the file nor its own keys can tell which records belong together.
    """
    inputs = CONTACT_INPUTS if plan.entity == "contact" else ACCOUNT_INPUTS
    keys = [
        f"table:{plan.entity}:{hashlib.sha256(str(number).encode()).hexdigest()[:20]}"
        for number in range(frame.height)
    ]
    read = {
        name: pl.concat_str(
            [pl.col(part) for part in parts], separator=" ", ignore_nulls=True
        ).replace("", None)
        for name, parts in plan.columns.items()
    }
    text = pl.lit(None, dtype=pl.String)
    return frame.select(
        pl.Series(_KEY, keys),
        pl.lit("table").alias("source_name"),
        pl.lit("table").alias("source_type"),
        pl.lit(plan.entity).alias("source_object"),
        pl.Series("_row_hash", keys),
        pl.lit(_EPOCH.replace(tzinfo=None)).alias("_extracted_at"),
        text.alias("_source_file"),
        pl.lit(None, dtype=pl.Int64).alias("_source_line"),
        *(
            read.get(name, text).alias(name)
            for name in inputs
            if name not in {"source_name"}
        ),
        *(expr.alias(name) for name, expr in read.items() if name not in inputs),
    )


def measure(
    path: Path,
    *,
    truth: str,
    mapping: Mapping[str, str],
    entity: str | None = None,
    keep: Path | None = None,
) -> dict[str, Any]:
    """Run the production path on a table and score it.

    Args:
        path: The table.
        truth: Column with the true entity.
        mapping: Attribute -> column.
        entity: person or organisation; guessed if omitted.
        keep: Folder that gets the intermediate files; none are kept if omitted.

    Returns:
        Scores, counts, seconds and peak memory.

    Raises:
        MappingError: The file, the truth or a mapping cannot be read.
    """
    table = read_table(path)
    plan = plan_columns(
        table.columns, truth=truth, mapping=mapping, entity=entity, file=path.name
    )
    union = as_union(table, plan)
    known = union.select(_KEY).with_columns(table[truth].alias("entity"))
    # A record without a truth is one of its own.
    known = known.with_columns(pl.coalesce("entity", pl.lit("?") + pl.col(_KEY)))
    with tempfile.TemporaryDirectory(prefix="tidycrm-accuracy-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        union.sort(_KEY).write_parquet(folder / "union.parquet")
        known.write_parquet(folder / "truth.parquet")
        del union, table
        return {"file": path.name, **_run(folder, plan)}


def _run(folder: Path, plan: ColumnPlan) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    entity = plan.entity
    run = standardise_contacts if entity == "contact" else standardise_accounts
    began = time.monotonic()
    run(
        folder / "union.parquet",
        folder / "standardised.parquet",
        folder / "quarantined.parquet",
        settings=StandardiseSettings(),
        previous=None,
    )
    set_aside = _bring_back(folder, entity)
    seconds["standardise"] = time.monotonic() - began
    _write_no_links(folder / "links.parquet")
    began = time.monotonic()
    report = link(
        folder / "standardised.parquet",
        folder / "links.parquet",
        None,
        folder / "edges.parquet",
        entity=entity,
        settings=MatchSettings(),
        model_dir=folder / "models",
    )
    seconds["match"] = time.monotonic() - began
    began = time.monotonic()
    identify(
        folder / "standardised.parquet",
        folder / "edges.parquet",
        folder / "ledger",
        folder / "golden.parquet",
        folder / "events.parquet",
        folder / "redirects.parquet",
        entity=entity,
        run_id="accuracy",
        occurred_at=_EPOCH,
    )
    seconds["identify"] = time.monotonic() - began
    audit = audit_clusters(
        folder / "edges.parquet",
        folder / "golden.parquet",
        folder / "audit.parquet",
        entity=entity,
    )
    scored = asdict(
        score(
            folder / "golden.parquet",
            folder / "truth.parquet",
            cluster_column=f"golden_{entity}_id",
        )
    )
    return {
        "entity": "person" if entity == "contact" else "organisation",
        **{
            name: round(value, 5) if isinstance(value, float) else value
            for name, value in scored.items()
        },
        "clusters_of_several": audit.clusters,
        "clusters_expected_impure": round(audit.expected_impure, 1),
        "pairs_scored": report.candidate_pairs + report.completed_pairs,
        "candidate_pairs": report.candidate_pairs,
        "set_aside_and_brought_back": set_aside,
        "threshold": round(report.threshold.auto_match_weight, 3),
        "threshold_reason": report.threshold.reason,
        "model": report.model_source,
        "columns_used": dict(plan.used),
        "columns_unused": {
            **plan.unused,
            **dict(report.unused_fields),
        },
        "notes": list(report.notes),
        "seconds": round(sum(seconds.values()), 2),
        "seconds_by_step": {name: round(value, 2) for name, value in seconds.items()},
        "stages": {stage.stage: stage.seconds for stage in report.stages},
        "peak_mib": _peak_mib(),
    }


def _bring_back(folder: Path, entity: Literal["contact", "account"]) -> int:
    """Put records without a name, mailbox or phone back among the standardised ones.

    A sync sets them aside because nobody could use them as a customer. Here every record
    has a true entity and has to be placed, so they are standardised and matched too.
    """
    path = folder / "standardised.parquet"
    usable = pl.read_parquet(path)
    union = pl.read_parquet(folder / "union.parquet")
    missing = union.join(usable.select(_KEY), on=_KEY, how="anti").sort(_KEY)
    if not missing.height:
        return 0
    standardiser = make_standardiser(entity, StandardiseSettings())
    canonical = standardiser(missing)
    pl.concat([usable, missing.hstack(canonical).select(usable.columns)]).sort(
        _KEY
    ).write_parquet(path)
    return missing.height


def _write_no_links(path: Path) -> None:
    pl.DataFrame(
        schema={
            "source_record_key_l": pl.String,
            "source_record_key_r": pl.String,
            "evidence": pl.String,
            "evidence_at": pl.Datetime("us"),
        }
    ).write_parquet(path)


def _peak_mib() -> int:
    """Largest resident size of this process and, apart, of its largest child, added."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return int(own + children) >> 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Returns:
        0, or 2 when the file, the truth or a mapping cannot be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--truth", required=True, metavar="COLUMN")
    parser.add_argument("--entity", choices=["person", "organisation"])
    parser.add_argument(
        "--map",
        action="extend",
        nargs="+",
        default=[],
        metavar="ATTRIBUTE=COLUMN",
        help="which column holds an attribute; COLUMN+COLUMN joins several",
    )
    parser.add_argument("--keep", type=Path, help="folder for the intermediate files")
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    try:
        result = measure(
            options.file,
            truth=options.truth,
            mapping=_parse_mapping(options.map),
            entity=options.entity,
            keep=options.keep,
        )
    except (MappingError, HygieneError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        logging.disable(logging.NOTSET)
    print(json.dumps(result, indent=1))
    return 0


def _parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        attribute, equals, column = pair.partition("=")
        if not (attribute and equals and column):
            raise MappingError(
                f"reading --map {pair}: expected ATTRIBUTE=COLUMN, for example "
                "given_name=first_name; correct the option"
            )
        if attribute in mapping:
            raise MappingError(
                f"reading --map {pair}: {attribute} is mapped twice; expected one "
                "column, or several joined with +; correct the option"
            )
        mapping[attribute] = column
    return mapping


if __name__ == "__main__":
    sys.exit(main())
