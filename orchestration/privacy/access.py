"""An access request: everything that a home keeps of one person, with its sources.

Belongs here: gathering the data and writing them as JSON for machines and as a page for
the person. The page loads nothing from anywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from connectors.landing import METADATA_SCHEMA, Landing
from connectors.landing.suppression import EMAIL_PATTERN
from hygiene.reporting import escape, render_page, render_table
from orchestration.home import exclusive
from orchestration.privacy import audit
from orchestration.privacy.consent import read_ledger
from orchestration.privacy.subject import Subject, find_subject
from orchestration.publishing.sql import literal, quote
from orchestration.workspace import Workspace

_KEYS = ("golden_contact_id", "golden_id", "customer_id", "source_record_key")
_RAW = frozenset({"hubspot__contacts", "salesforce__contact_enhanced"})
"""Published tables that repeat the records, which are listed as landed anyway."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was written for one request."""

    document: Path
    page: Path
    records: int
    sources: int


def answer_request(
    workspace: Workspace,
    given: str,
    *,
    at: datetime,
    out: Path | None = None,
    all_matches: bool = False,
) -> Answer:
    """Write what is kept of one person.

    Args:
        workspace: The home.
        given: Address, number, golden id or record key.
        at: Now, UTC.
        out: Folder of the files; below the reports of the home by default.
        all_matches: Take everybody who has the address or number.

    Raises:
        InputError: Nobody is meant.
        AmbiguousSubjectError: Several people are meant.
    """
    home = workspace.home
    with exclusive(home, purpose="tidycrm access-request"):
        subject = find_subject(home, given, all_matches=all_matches)
        content = gather(workspace, subject, at=at)
        name = audit.reference(home, subject.keys[0])
        folder = out or home.reports / "access"
        folder.mkdir(parents=True, exist_ok=True)
        document, page = folder / f"{name}.json", folder / f"{name}.html"
        text = json.dumps(content, indent=1, default=str, ensure_ascii=False)
        _write_private(document, text)
        _write_private(page, as_page(content))
        audit.record(home, audit.Action.ACCESS_REQUEST, {"subject": name})
    sources = {record["source"] for record in content["records"]}
    return Answer(document, page, len(content["records"]), len(sources))


def gather(workspace: Workspace, subject: Subject, *, at: datetime) -> dict[str, Any]:
    """Collect everything: records with all versions, golden values, use, consent.

    Returns:
        JSON values: `records`, `golden`, `values`, `consent`, `published`, `quarantine`.
    """
    home = workspace.home
    consent = read_ledger(home).filter(
        pl.col("source_record_key").is_in(list(subject.keys))
    )
    return {
        "prepared_at": at.isoformat(timespec="seconds"),
        "golden_ids": list(subject.golden_ids),
        "records": list(_records(Landing(home.landing), subject)),
        "golden": _stage(home.stage("golden_contacts"), subject),
        "values": _stage(home.stage("golden_field_lineage"), subject),
        "quarantine": _stage(home.stage("quarantined_records"), subject),
        "consent": consent.drop("golden_contact_id", "load_id").to_dicts(),
        "published": _published(home.published_file, subject),
        "purposes": "One customer view for sales, service and reporting.",
        "kept": {
            name: str(value) if value is not None else "as long as the source has it"
            for name, value in workspace.config.retention
        },
    }


def as_page(content: Mapping[str, Any]) -> str:
    """The same as a page for the person."""
    records = content["records"]
    sources = sorted({record["source"] for record in records})
    cards = "".join(
        f'<div class="card"><div class="k">{escape(key)}</div>'
        f'<div class="v">{escape(value)}</div></div>'
        for key, value in (
            ("Records about you", len(records)),
            ("Sources", ", ".join(sources)),
            ("Tables that use them", len(content["published"])),
        )
    )
    parts = [f'<div class="grid">{cards}</div>']
    golden = content["golden"][0] if content["golden"] else {}
    lineage = {row["field_name"]: row for row in content["values"]}
    if golden:
        parts.append("<h2>What we hold to be true, and where it is from</h2>")
        parts.append(
            render_table(
                ["Field", "Value", "Record it is from", "Why this one"],
                [
                    [
                        escape(_words(field)),
                        escape(value),
                        escape(lineage.get(field, {}).get("source_record_key") or "-"),
                        escape(_words(lineage.get(field, {}).get("rule") or "-")),
                    ]
                    for field, value in golden.items()
                    if value not in {None, ""}
                ],
            )
        )
    parts.append("<h2>Records, as the sources delivered them</h2>")
    parts += [_record_markup(record) for record in records]
    if content["consent"]:
        parts.append("<h2>Consent and objections</h2>")
        parts.append(_rows_markup(content["consent"]))
    if content["quarantine"]:
        parts.append("<h2>Set aside because of mistakes</h2>")
        parts.append(_rows_markup(content["quarantine"]))
    parts.append("<h2>Where these data are used</h2>")
    parts += [
        f"<details><summary><span class=tag>{len(rows)} rows</span>"
        f"<span>{escape(_words(table))}</span></summary>{_rows_markup(rows)}</details>"
        for table, rows in content["published"].items()
    ]
    parts.append("<h2>How long they are kept</h2>")
    parts.append(
        render_table(
            ["What", "How long"],
            [
                [escape(_words(key)), escape(value)]
                for key, value in content["kept"].items()
            ],
        )
    )
    return render_page(
        "Your data",
        "".join(parts),
        subtitle=f"Everything kept about one person, prepared {escape(content['prepared_at'][:10])}. "
        f"Purpose: {escape(content['purposes'])}",
    )


def _record_markup(record: Mapping[str, Any]) -> str:
    latest = record["versions"][-1]
    rows = [[escape(_words(k)), escape(v)] for k, v in latest["values"].items()]
    more = len(record["versions"]) - 1
    note = f" · {more} earlier versions are in the JSON file" if more else ""
    return (
        f"<details open><summary><span class=tag>{escape(record['source'])}</span>"
        f"<span>{escape(record['object'])} <span class=id>{escape(record['key'])}</span>"
        f"</span></summary>{render_table(['Field', 'Value'], rows)}"
        f'<p class="note" style="padding:0 16px">Read {escape(latest["read_at"])}, from '
        f"{escape(latest['file'] or 'the live service')}{note}</p></details>"
    )


def _rows_markup(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p class=note>Nothing.</p>"
    heads = [
        key for key in rows[0] if any(row.get(key) not in {None, ""} for row in rows)
    ]
    return render_table(
        [_words(head) for head in heads],
        [
            ["" if row.get(head) is None else escape(row[head]) for head in heads]
            for row in rows
        ],
    )


def _words(name: str) -> str:
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _records(landing: Landing, subject: Subject) -> Iterator[dict[str, Any]]:
    """Every landed record of the person with all its versions, oldest first."""
    for source_type, object_name in landing.objects():
        rows = landing.versions(source_type, object_name)
        key = pl.concat_str(
            "_source_name", pl.lit(f":{object_name}:"), "_source_record_id"
        )
        about = key.is_in(list(subject.keys))
        names = rows.collect_schema().names()
        mails = [name for name in names if "mail" in name and not name.startswith("_")]
        if subject.emails and mails:
            found = pl.any_horizontal(
                pl.col(name)
                .str.to_lowercase()
                .str.extract_all(EMAIL_PATTERN)
                .list.eval(pl.element().is_in(list(subject.emails)))
                .list.any()
                .fill_null(value=False)
                for name in mails
            )
            about = about | found
        frame = rows.filter(about).with_columns(key.alias("_key")).sort("_load_id")
        versions: dict[str, list[dict[str, Any]]] = {}
        origin: dict[str, str] = {}
        for row in frame.collect().iter_rows(named=True):
            origin[row["_key"]] = row["_source_name"]
            versions.setdefault(row["_key"], []).append(
                {
                    "read_at": str(row["_extracted_at"]),
                    "file": row["_source_file"],
                    "is_deleted": row["_is_deleted"],
                    "values": {
                        name: value
                        for name, value in row.items()
                        if name not in METADATA_SCHEMA and name != "_key" and value
                    },
                }
            )
        for name in sorted(versions):
            yield {
                "key": name,
                "source": origin[name],
                "type": source_type,
                "object": object_name,
                "versions": versions[name],
            }


def _stage(path: Path, subject: Subject) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    with duckdb.connect() as connection:
        return _about(
            connection,
            f"read_parquet({literal(str(path))}, hive_partitioning = false)",
            subject,
        )


def _published(file: Path, subject: Subject) -> dict[str, list[dict[str, Any]]]:
    if not file.is_file():
        return {}
    found = {}
    with duckdb.connect(str(file), read_only=True) as reader:
        tables = reader.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL")
        for (table,) in tables.fetchall():
            rows = [] if table in _RAW else _about(reader, quote(table), subject)
            if rows:
                found[str(table)] = rows
    return found


def _about(
    connection: duckdb.DuckDBPyConnection, relation: str, subject: Subject
) -> list[dict[str, Any]]:
    columns = [
        str(row[0])
        for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    ]
    tests = [
        f"list_contains($1::VARCHAR[], {quote(column)}::VARCHAR)"
        for column in _KEYS
        if column in columns
    ]
    if not tests:
        return []
    rows = connection.execute(
        f"SELECT * FROM {relation} WHERE {' OR '.join(tests)} ORDER BY ALL",
        [[*subject.keys, *subject.golden_ids]],
    )
    return rows.pl().to_dicts()


def _write_private(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
