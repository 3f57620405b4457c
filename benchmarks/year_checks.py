"""What must hold after every sync of the year simulation, and the reader beside it.

Belongs here: comparing the published file with what the sandbox services hold, and with
the file before. Nothing here starts a sync.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

CRMS = {
    "salesforce": ("contact", ("contact", "lead")),
    "hubspot": ("contact", ("contact", "contacts")),
}


@dataclass
class Ledger:
    """What the file before said: golden id per source record, and every id ever seen."""

    golden: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"contact": {}, "account": {}}
    )
    seen: dict[str, set[str]] = field(
        default_factory=lambda: {"contact": set(), "account": set()}
    )


def check_published(
    published: Path, living: dict[str, set[str]], ledger: Ledger, *, is_current: bool
) -> list[str]:
    """Check one published file.

    Args:
        published: The file that analysts open.
        living: Ids that the services hold now, as `<source>:<entity>` -> ids.
        ledger: Memory of the files before; brought up to date.
        is_current: Whether both services were read completely by this sync.

    Returns:
        What does not hold; empty if all is well.
    """
    problems: list[str] = []
    with duckdb.connect(str(published), read_only=True) as reader:
        for entity in ("contact", "account"):
            rows = reader.execute(
                f"select source_record_key, golden_{entity}_id, source_name, "
                "source_record_id, is_deleted "
                f"from bridge_{entity}_source_records"
            ).fetchall()
            keys = [row[0] for row in rows]
            if len(set(keys)) != len(keys):
                problems.append(f"{entity}: a record is in two clusters")
            aside = {
                row[0]
                for row in reader.execute(
                    "select source_record_key from quarantined_records "
                    "where source_record_key is not null"
                ).fetchall()
            }
            lost = set(ledger.golden[entity]) - set(keys) - aside
            if lost:
                problems.append(f"{entity}: {len(lost)} records left the warehouse")
            if is_current:
                for source in ("salesforce", "hubspot"):
                    alive = {row[3] for row in rows if row[2] == source and not row[4]}
                    wanted = living[f"{source}:{entity}"]
                    quarantined = {key.rsplit(":", 1)[-1] for key in aside}
                    missing = wanted - alive - quarantined
                    surplus = alive - wanted
                    if missing or surplus:
                        problems.append(
                            f"{source} {entity}: {len(missing)} living records missing, "
                            f"{len(surplus)} shown that are gone"
                        )
            problems += _ids(reader, entity, rows, ledger)
        ((runs,),) = reader.execute(
            "select count(distinct run_id) from publication"
        ).fetchall()
        if runs != 1:
            problems.append(f"the file mixes {runs} runs")
    return problems


def _ids(
    reader: duckdb.DuckDBPyConnection,
    entity: str,
    rows: list[tuple[str, str, str, str, bool]],
    ledger: Ledger,
) -> list[str]:
    """Every id ever published is alive, redirected or retired; every move is told."""
    problems = []
    present = {row[1] for row in rows}
    redirects = dict(
        reader.execute(
            "select old_id, new_id from identity_redirects where entity_type = ?",
            [entity],
        ).fetchall()
    )
    told = {
        row[0]
        for row in reader.execute(
            "select distinct golden_id from identity_events where entity_type = ? and "
            "event in ('retired', 'merged', 'split')",
            [entity],
        ).fetchall()
    }
    vanished = ledger.seen[entity] - present - set(redirects) - told
    if vanished:
        problems.append(f"{entity}: {len(vanished)} golden ids vanished untold")
    reused = present & set(redirects)
    if reused:
        problems.append(f"{entity}: {len(reused)} redirected ids are in use")
    moved = [
        (ledger.golden[entity][row[0]], row[1])
        for row in rows
        if row[0] in ledger.golden[entity] and ledger.golden[entity][row[0]] != row[1]
    ]
    events = {
        value
        for row in reader.execute(
            "select golden_id, related_golden_id from identity_events "
            "where entity_type = ? and event in ('merged', 'split', 'retired')",
            [entity],
        ).fetchall()
        for value in row
        if value
    }
    untold = [
        pair for pair in moved if not {*pair} & events and pair[0] not in redirects
    ]
    if untold:
        problems.append(f"{entity}: {len(untold)} records changed their id untold")
    ledger.golden[entity] = {row[0]: row[1] for row in rows}
    ledger.seen[entity] |= present
    return problems


def read_for_ever(published: Path) -> None:
    """Open and count until standard input ends; tell how often, and what failed."""
    opened, errors = 0, []
    import select

    while not select.select([sys.stdin], [], [], 1.0)[0]:
        if not published.exists():
            continue
        try:
            with duckdb.connect(str(published), read_only=True) as reader:
                counts = reader.execute(
                    "select item_name, row_count, run_id from publication "
                    "where item_type = 'table' order by hash(item_name || ?) limit 6",
                    [opened],
                ).fetchall()
                runs = {row[2] for row in counts}
                wrong = [
                    name
                    for name, rows, _ in counts
                    if reader.execute(f'select count(*) from "{name}"').fetchall()[0][0]
                    != rows
                ]
            opened += 1
            if len(runs) != 1 or wrong:
                errors.append(f"mixture: {len(runs)} runs, {wrong}")
        except (duckdb.Error, OSError) as error:
            errors.append(f"{type(error).__name__} at {time.time():.0f}")
    print(json.dumps({"opened": opened, "errors": errors[:20]}))


if __name__ == "__main__":
    read_for_ever(Path(sys.argv[1]))
