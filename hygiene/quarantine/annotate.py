"""Finish `quarantined_records`: links to the source, fixes that did not apply.

A row that was fixed has left quarantine; one whose fix was contradicted or is still
unusable stays and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import polars as pl

from hygiene.quarantine.fixes import STATUS_SCHEMA, Fix, FixStatus, status_row

_ADDED: Final = ("source_link", "fix_status", "fix_detail")
_TOLD: Final = {
    "contradicted": "a fix was not applied: the source holds a newer, different value",
    "unusable": "a fix was not applied: the record is still unusable with it",
    "applied": "a fix was applied and was not enough",
    "adopted": "the source holds the fixed value, which was not enough",
}


def record_link(
    templates: Mapping[str, str], source: str | None, name: str | None, key: str | None
) -> str | None:
    """Return the address of a record in its source, where the user gave a template.

    Args:
        templates: Address with {object} and {id} by source name.
        source: Source name.
        name: The object.
        key: `source_record_key`.

    Returns:
        The address; none without a template or a key.

    Example:
        >>> record_link({"crm": "https://x.test/{id}"}, "crm", "contact", "crm:contact:7")
        'https://x.test/7'
    """
    template = templates.get(source or "")
    if template is None or not key:
        return None
    record_id = key.split(":", 2)[-1]
    return template.replace("{object}", quote(name or "", safe="")).replace(
        "{id}", quote(record_id, safe="")
    )


def annotate_quarantine(
    path: Path,
    statuses: Sequence[Path],
    fixes: Sequence[Fix],
    *,
    links: Mapping[str, str],
    fixes_out: Path,
) -> int:
    """Add links and what became of fixes; take out rows that a fix has brought back.

    Args:
        path: `quarantined_records`, replaced.
        statuses: What the replays of this run wrote; missing files are empty.
        fixes: Every remembered fix.
        links: Templates of record addresses by source name.
        fixes_out: The table `quarantine_fixes`, replaced.

    Returns:
        Rows that remain in quarantine.
    """
    parts = [
        pl.read_parquet(file).select(list(STATUS_SCHEMA))
        for file in statuses
        if file.is_file()
    ]
    told = pl.concat([pl.DataFrame(schema=STATUS_SCHEMA), *parts])
    known = set(told.select("quarantine_id", "field").iter_rows())
    gone = [
        status_row(fix, FixStatus.GONE, None)
        for fix in fixes
        if (fix.quarantine_id, fix.field) not in known
    ]
    told = pl.concat(
        [told, pl.DataFrame(gone, schema=STATUS_SCHEMA)] if gone else [told]
    ).sort("quarantine_id", "field")
    _replace(told, fixes_out)
    per_record = (
        told.filter(pl.col("status") != str(FixStatus.GONE))
        .group_by("quarantine_id")
        .agg(pl.col("status").unique().sort().str.join(", ").alias("fix_status"))
    )
    frame = pl.read_parquet(path)
    frame = frame.drop([name for name in _ADDED if name in frame.columns])
    frame = frame.join(
        per_record, on="quarantine_id", how="left", maintain_order="left"
    )
    # A line that could not be read stays in landing's rejects for ever: its fix landed
    # as a record of its own, so the line has left quarantine.
    landed = (pl.col("stage") == "landing") & pl.col("fix_status").is_in(
        [str(FixStatus.APPLIED), str(FixStatus.ADOPTED)]
    )
    frame = frame.filter(~landed.fill_null(value=False)).with_columns(
        pl.Series(
            "source_link",
            [
                record_link(links, *row)
                for row in frame.filter(~landed.fill_null(value=False))
                .select("source_name", "source_object", "source_record_key")
                .iter_rows()
            ],
            dtype=pl.String(),
        ),
        pl.col("fix_status")
        .replace_strict(_TOLD, default=None, return_dtype=pl.String())
        .alias("fix_detail"),
    )
    _replace(frame, path)
    return frame.height


def _replace(frame: pl.DataFrame, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    frame.write_parquet(temporary, compression="zstd")
    temporary.replace(path)
