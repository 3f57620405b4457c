"""Replay fixes of lines that could not be read: land them as the source's own records.

A corrected line is read by the connector of its source, in a scratch landing zone, with
the source's own settings, and then lands as a small delta. A record that the source
itself has delivered since wins: its fix is told, not landed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from connectors.errors import ConnectorError
from connectors.hubspot import HubspotFilesConfig
from connectors.landing import Landing, LoadMode, SnapshotBatch
from connectors.salesforce import SalesforceFilesConfig
from connectors.spreadsheet import SpreadsheetConfig, TableConfig
from connectors.tabular import name_columns
from hygiene.quarantine import LINE, Fix, FixStatus, read_fixes, write_statuses
from hygiene.quarantine.fixes import status_row
from orchestration.config import connector_config
from orchestration.home import Home
from orchestration.privacy.suppressed import open_landing
from orchestration.sources import SOURCE_KINDS
from orchestration.workspace import Workspace

FIXED_FILE = "quarantine fixes"
"""What `_source_file` says of a record that came from a fix."""


@dataclass(slots=True)
class _Row:
    """One corrected row of one source's object."""

    fixes: list[Fix] = field(default_factory=list)
    cells: list[tuple[str, str]] | None = None


def statuses_file(home: Home, part: str) -> Path:
    """What became of the fixes of one part: landing, contact or account."""
    return home.stages / "quality" / f"fixes_{part}.parquet"


def replay_landing_fixes(workspace: Workspace, extracted_at: datetime) -> int:
    """Land corrected lines of every source; return how many rows landed.

    Args:
        workspace: Configuration and home.
        extracted_at: Instant of the run.
    """
    home = workspace.home
    fixes = [each for each in read_fixes(home.fixes) if each.stage == "landing"]
    told: list[dict[str, Any]] = []
    landed = 0
    groups: dict[tuple[str, str, str], list[Fix]] = {}
    for fix in fixes:
        key = (fix.source_name, fix.source_type, fix.source_object)
        groups.setdefault(key, []).append(fix)
    sources = {source.name: source for source in workspace.config.sources}
    for (name, vendor, object_name), listed in sorted(groups.items()):
        rows = _rows(home, listed)
        source = sources.get(name)
        usable = {key: row for key, row in rows.items() if row.cells}
        frame = (
            _read_as_source(
                source, (name, vendor, object_name), usable, extracted_at, home
            )
            if source is not None
            else pl.DataFrame()
        )
        count, statuses = _land(
            open_landing(workspace), frame, list(usable.values()),
            (name, vendor, object_name), extracted_at,
        )  # fmt: skip
        landed += count
        told += statuses
        seen = {(row["quarantine_id"], row["field"]) for row in statuses}
        told += [
            status_row(fix, FixStatus.UNUSABLE, None)
            for fix in listed
            if (fix.quarantine_id, fix.field) not in seen
        ]
    write_statuses(told, statuses_file(home, "landing"))
    return landed


def _rejected(home: Home, fix: Fix) -> tuple[Mapping[str, Any], Path] | None:
    """Find the reject that a fix speaks of, and the load that holds it."""
    from hygiene.standardise.quarantine import quarantine_id

    pattern = (
        f"{fix.source_type}/{fix.source_object}/source={fix.source_name}/load=*/"
        "rejected.parquet"
    )
    for path in sorted(home.landing.glob(pattern), reverse=True):
        for row in pl.read_parquet(path).iter_rows(named=True):
            found = quarantine_id(
                "landing", row["_source_name"], row["_source_type"],
                row["_source_object"], row["_source_file"], row["_source_line"],
                row["reason_code"],
            )  # fmt: skip
            if found == fix.quarantine_id:
                return row, path.parent
    return None


def _rows(home: Home, fixes: Sequence[Fix]) -> dict[str, _Row]:
    """Put the corrected cells of each record together, by quarantine id."""
    rows: dict[str, _Row] = {}
    for fix in fixes:
        rows.setdefault(fix.quarantine_id, _Row()).fixes.append(fix)
    for row in rows.values():
        found = _rejected(home, row.fixes[0])
        if found is None:
            continue
        reject, load = found
        row.cells = _cells(reject, load, row.fixes)
    return rows


def _cells(
    reject: Mapping[str, Any], load: Path, fixes: Sequence[Fix]
) -> list[tuple[str, str]] | None:
    """Return the corrected row as headers of its file and cells, in the file's order."""
    manifest = json.loads((load / "manifest.json").read_text())
    file = _file_of(manifest, str(reject["_source_file"]))
    landed = [(each["name"], each["source_header"]) for each in manifest["columns"]]
    headers = [*file.get("header", ())] or [header for _, header in landed]
    line = next((fix.value_fixed for fix in fixes if fix.field == LINE), None)
    if line is not None:
        delimiters = [file["delimiter"]] if file.get("delimiter") else [*",;\t|"]
        for delimiter in delimiters:
            cells = next(csv.reader([line], delimiter=delimiter, strict=False), [])
            if len(cells) == len(headers):
                return list(zip(headers, cells, strict=True))
        return None
    content = json.loads(reject["raw_text"])
    content |= {fix.field: fix.value_fixed for fix in fixes}
    places = _places(headers, landed)
    row = [""] * len(headers)
    for name, value in content.items():
        if name in places and value is not None:
            row[places[name]] = str(value)
    return list(zip(headers, row, strict=True))


def _file_of(manifest: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    """Return what the manifest says of the file that a reject names."""
    files: list[dict[str, Any]] = [
        {key: value for key, value in each.items() if value is not None}
        for each in manifest["files"]
    ]
    named = [each for each in files if _is_label_of(label, each)]
    # Two sheets of one workbook: the label ends with the one it is.
    exact = [each for each in named if label.endswith(f"[{each.get('sheet')}]")]
    return next(iter([*exact, *named]), {})


def _is_label_of(label: str, file: Mapping[str, Any]) -> bool:
    base = PurePosixPath(file["name"]).name
    return f"{base}/{file['member']}" in label if "member" in file else base in label


def _places(
    headers: Sequence[str], landed: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """Map the names under which a reject holds its cells to columns of its file.

    Some hold them under the reader's names, some under the names that land; several
    columns may share one header.
    """
    places: dict[str, int] = {}
    free = dict(enumerate(headers))
    for name, header in landed:
        place = next((at for at, text in free.items() if text == header), None)
        if place is not None:
            del free[place]
            places[name] = place
    columns, _ = name_columns(headers)
    return places | {column.name: column.position - 1 for column in columns}


def _read_as_source(
    source: Any,
    place: tuple[str, str, str],
    rows: Mapping[str, _Row],
    extracted_at: datetime,
    home: Home,
) -> pl.DataFrame:
    """Read corrected rows with the connector of their source; `_row` tells which."""
    _, vendor, object_name = place
    frames = []
    with TemporaryDirectory(prefix="fixes-", dir=home.state) as work:
        for number, row in enumerate(rows.values()):
            # One file per row, so that a row that is still broken spoils no other.
            folder = Path(work) / str(number)
            folder.mkdir()
            config = _pointed_at(source, folder, object_name, row)
            if config is None:
                continue
            scratch = Landing(folder / "landing")
            try:
                SOURCE_KINDS[source.type].extract(
                    connector_config(config), scratch, extracted_at, None, home
                )
            except ConnectorError:
                continue
            frame = scratch.current(vendor, object_name).collect()
            frames.append(frame.with_columns(pl.lit(number).alias("_row")))
    found = [frame for frame in frames if not frame.is_empty()]
    return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()


def _pointed_at(source: Any, folder: Path, object_name: str, row: _Row) -> Any | None:
    """Write a row as a file of its source, and its configuration pointed at it."""
    inbox = folder / "in"
    inbox.mkdir()
    name = {"salesforce_files": object_name}.get(source.type, "fixed")
    file = inbox / f"{name}.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        cells = row.cells or []
        writer.writerow(header for header, _ in cells)
        writer.writerow(value for _, value in cells)
    changes: dict[str, Any] = {"mode": LoadMode.DELTA, "arrivals": None}
    if isinstance(source, SalesforceFilesConfig):
        objects = {f"{name}.csv": _api_name(object_name)}
        return source.model_copy(
            update={
                **changes, "path": str(inbox), "encoding": "utf-8", "objects": objects,
            }
        )  # fmt: skip
    if isinstance(source, HubspotFilesConfig):
        # One row may be too little to recognise the object by.
        objects = {file.name: object_name}
        return source.model_copy(
            update={
                **changes, "path": str(inbox), "encoding": "utf-8", "objects": objects,
            }
        )  # fmt: skip
    if isinstance(source, SpreadsheetConfig):
        table = _table_of(
            source, object_name, {header for header, _ in row.cells or ()}
        )
        if table is None:
            return None
        pointed = table.model_copy(
            update={
                **changes, "path": str(file), "encoding": "utf-8", "delimiter": ",",
                **({"sheet": None} if hasattr(table, "sheet") else {}),
                **({"header_row": None} if hasattr(table, "header_row") else {}),
            }
        )  # fmt: skip
        return source.model_copy(update={"tables": (pointed,)})
    return None


def _table_of(
    source: SpreadsheetConfig, object_name: str, headers: Collection[str]
) -> TableConfig | None:
    """Return the configured table that a row with these headers belongs to."""
    tables = [table for table in source.tables if table.object == object_name]
    fitting = [
        table
        for table in tables
        if set(filter(None, table.columns.values())) <= set(headers)
    ]
    return next(iter([*fitting, *tables]), None)


def _api_name(object_name: str) -> str:
    """Name of an object as the files have it: custom ones end in `__c` already."""
    known = {
        "opportunitylineitem": "OpportunityLineItem",
        "opportunityfieldhistory": "OpportunityFieldHistory",
        "opportunityhistory": "OpportunityHistory",
        "campaignmember": "CampaignMember",
        "duplicaterecorditem": "DuplicateRecordItem",
    }
    return known.get(object_name, object_name.capitalize())


def _land(
    landing: Landing,
    frame: pl.DataFrame,
    rows: Sequence[_Row],
    place: tuple[str, str, str],
    extracted_at: datetime,
) -> tuple[int, list[dict[str, Any]]]:
    """Land what the source has not said otherwise; tell what became of each fix."""
    if frame.is_empty():
        return 0, []
    name, vendor, object_name = place
    current = (
        landing.current(vendor, object_name, name)
        .filter(pl.col("_source_record_id").is_in(frame["_source_record_id"].implode()))
        .collect()
    )
    known = {row["_source_record_id"]: row for row in current.iter_rows(named=True)}
    told: list[dict[str, Any]] = []
    chosen: list[int] = []
    for position, record in enumerate(frame.iter_rows(named=True)):
        earlier = known.get(record["_source_record_id"])
        status = _compare(record, earlier)
        if status is FixStatus.APPLIED:
            chosen.append(position)
        told += [status_row(fix, status, None) for fix in rows[record["_row"]].fixes]
    if not chosen:
        return 0, told
    data = [each for each in frame.columns if not each.startswith("_")]
    batch = frame[chosen].select(
        *data, "_source_record_id", pl.lit(FIXED_FILE).alias("_source_file"),
        "_source_line",
    )  # fmt: skip
    result = landing.commit(
        SnapshotBatch(
            source_type=vendor, object=object_name, source_name=name, frame=batch,
            extracted_at=extracted_at, mode=LoadMode.DELTA,
            notes=("replayed from quarantine",),
        )
    )  # fmt: skip
    return result.counts.landed, told


def _compare(record: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> FixStatus:
    """Say whether the source has spoken about a record since somebody corrected it."""
    if earlier is None:
        return FixStatus.APPLIED
    if earlier["_is_deleted"]:
        # An export with unreadable lines deletes nothing: this one was complete.
        return FixStatus.GONE
    if earlier["_source_file"] == FIXED_FILE:
        return FixStatus.APPLIED
    same = all(
        earlier.get(key) == value
        for key, value in record.items()
        if not key.startswith("_") and value is not None
    )
    return FixStatus.ADOPTED if same else FixStatus.CONTRADICTED
