"""One erasure: find the person, keep a journal, take them out everywhere, look again.

Belongs here: the order of the steps, resuming, and the certificate. Every step can be
repeated, so an erasure that was killed is completed by running it again from the start
with the subject that the journal keeps. The journal is the last thing to go.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from connectors.landing import Screen, rescreen
from orchestration.backup import carry_suppression
from orchestration.errors import OrchestrationError
from orchestration.home import Home, exclusive, replace_text
from orchestration.privacy import audit
from orchestration.privacy.needles import needles_of
from orchestration.privacy.stores import (
    StoreReport,
    forget_keys,
    journals_of,
    remove_rebuilt,
    scrub_files,
    scrub_published,
    search_home,
)
from orchestration.privacy.subject import Subject, find_subject
from orchestration.privacy.suppressed import read_suppression, suppress
from orchestration.publishing import Masking
from orchestration.workspace import tidycrm_version

Step = Callable[[str], None]


class ErasureError(OrchestrationError):
    """An erasure is not complete; its journal is kept, and it can be resumed."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would do.

    Attributes:
        records: Source records, by source and object.
        golden_ids: Golden ids that end.
        landed_rows: Landed rows that go, and rows that lose values and stay.
        stores: What would change elsewhere.
        facts_kept: Rows of the books that stay without the person.
        shared: Identifiers that other people have too, by kind; they stay with them.
        backups: Archives that would be rewritten.
    """

    records: dict[str, int]
    golden_ids: tuple[str, ...]
    landed_rows: tuple[int, int]
    stores: tuple[StoreReport, ...]
    facts_kept: int
    shared: dict[str, int]
    backups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an erasure did; holds no personal data.

    Attributes:
        file: Where it lies.
        content: All of it, as in the file.
    """

    file: Path
    content: dict[str, Any]


def preview(home: Home, given: str, *, all_matches: bool = False) -> Preview:
    """Say what an erasure would do, changing nothing.

    Raises:
        InputError: Nobody is meant.
        AmbiguousSubjectError: Several people are meant.
    """
    with exclusive(home, purpose="tidycrm erase --dry-run"):
        subject = find_subject(home, given, all_matches=all_matches)
        needles = needles_of(subject)
        screen = Screen(_as_listed(home, subject))
        landed = rescreen(home.landing, screen, note="", dry_run=True)
        stores, _ = scrub_files(home, needles, dry_run=True)
        return Preview(
            records=_by_object(subject),
            golden_ids=subject.golden_ids,
            landed_rows=(landed.removed, landed.rewritten),
            stores=tuple(each for each in stores if each.store != "landing"),
            facts_kept=_facts(home, subject),
            shared={kind: n for kind, n in subject.shared.items() if n},
            backups=_backups(home),
        )


def erase(
    home: Home,
    given: str,
    *,
    at: datetime,
    clock: Callable[[], datetime],
    all_matches: bool = False,
    masking: Masking | None = None,
    step: Step = lambda _: None,
) -> Certificate:
    """Erase one person from a home, for good.

    Args:
        home: Where.
        given: Address, number, golden id or record key.
        at: Now, UTC.
        clock: Tells the time at the end.
        all_matches: Take everybody who has the address or number.
        masking: How the masked copies are written again.
        step: Told what is being done.

    Raises:
        BusyError: A run works on the home.
        InputError: Nobody is meant.
        AmbiguousSubjectError: Several people are meant.
        ErasureError: Something could not be erased; run it again.
    """
    with exclusive(home, purpose="tidycrm erase"):
        subject = find_subject(home, given, all_matches=all_matches)
        erasure_id = f"er_{at:%Y%m%dT%H%M%SZ}_{uuid4().hex[:8]}"
        journal = journals_of(home) / f"{erasure_id}.json"
        _write_journal(journal, erasure_id, at, subject)
        return _carry_out(home, journal, clock=clock, masking=masking, step=step)


def resume(
    home: Home,
    *,
    clock: Callable[[], datetime],
    masking: Masking | None = None,
    step: Step = lambda _: None,
) -> list[Certificate]:
    """Complete every erasure that was killed.

    Raises:
        BusyError: A run works on the home.
        ErasureError: Something still cannot be erased.
    """
    with exclusive(home, purpose="tidycrm erase --resume"):
        return [
            _carry_out(home, journal, clock=clock, masking=masking, step=step)
            for journal in unfinished(home)
        ]


def unfinished(home: Home) -> list[Path]:
    """Journals of erasures that did not end."""
    return sorted(journals_of(home).glob("er_*.json"))


def _carry_out(
    home: Home,
    journal: Path,
    *,
    clock: Callable[[], datetime],
    masking: Masking | None,
    step: Step,
) -> Certificate:
    document = json.loads(journal.read_text())
    subject = Subject.from_dict(document["subject"])
    erasure_id, began = document["id"], datetime.fromisoformat(document["began_at"])
    needles = needles_of(subject)
    facts = document.get("facts_kept")
    if facts is None:
        facts = document["facts_kept"] = _facts(home, subject)
        _replace_journal(journal, document)

    step("suppression list")
    suppress(home, subject.identifiers, erasure=erasure_id, on=began.date())
    step("landing zone")
    rescreened = rescreen(
        home.landing, Screen(read_suppression(home)), note=f"erasure {erasure_id}"
    )
    landed = _tally(
        journal,
        "landing",
        loads_rewritten=rescreened.loads,
        rows_removed=rescreened.removed,
        rows_kept_without_the_person=rescreened.rewritten,
    )
    step("what a sync makes anew")
    removed = _tally(journal, "made_anew", files=remove_rebuilt(home))
    step("identity ledger")
    keys = forget_keys(home, needles)
    ledger = _tally(journal, "ledger", keys_replaced_by_keyed_hashes=keys)
    step("published versions")
    counted = scrub_published(home, needles, masking)
    published = _tally(
        journal,
        "published",
        rows_removed=counted.removed,
        rows_kept_without_the_person=counted.rewritten,
    )
    step("tables, reports, logs and backups")
    stores, resisting = scrub_files(home, needles)
    for each in stores:
        _tally(
            journal,
            f"store {each.store}",
            files=each.files,
            rows_removed=each.removed,
            rows_rewritten=each.rewritten,
        )
    carry_suppression(home)
    others = _tallied_stores(journal)
    step("searching every file")
    files, hits = search_home(home, needles)
    if hits or resisting:
        named = ", ".join([*sorted(hits), *resisting][:10])
        raise ErasureError(
            f"Erasing ({erasure_id}): {len(hits)} files still hold something of the "
            f"person and {len(resisting)} could not be rewritten: {named}. None is "
            "expected. The journal is kept: remove or repair these files, then run "
            "`tidycrm erase --resume`."
        )
    content = {
        "erasure_id": erasure_id,
        "subject_reference": audit.reference(home, subject.keys[0]),
        "began_at": began.isoformat(timespec="seconds"),
        "ended_at": clock().isoformat(timespec="seconds"),
        "tidycrm_version": tidycrm_version(),
        "source_records": _by_object(subject),
        "golden_ids_ended": len(subject.golden_ids),
        "landing": landed,
        "identity_ledger": ledger,
        "published": {**published, "facts_of_the_books_kept": facts},
        "other_stores": others,
        "files_removed_and_made_anew": removed["files"],
        "suppression_list": {"identifiers": len(subject.identifiers)},
        "identifiers_shared_with_others_kept_there": subject.shared,
        "search": {"files": files, "files_with_hits": 0},
        "backups": _named_backups(home),
        "not_reached": [
            "the sources themselves: erase the person there too",
            "files that left the home: exports, copies, backups in other places",
            "readers that keep an older published file open until they reconnect",
        ],
    }
    target = home.reports / "erasures" / f"{erasure_id}.json"
    entry = audit.record(
        home,
        audit.Action.ERASURE,
        {
            "erasure_id": erasure_id,
            "subject": content["subject_reference"],
            "records": sum(_by_object(subject).values()),
        },
    )
    content["audit"] = {"seq": entry.seq, "hash": entry.hash}
    replace_text(target, json.dumps(content, indent=1))
    journal.unlink()
    return Certificate(target, content)


def _write_journal(path: Path, name: str, at: datetime, subject: Subject) -> None:
    document = {"id": name, "began_at": at.isoformat(), "subject": subject.as_dict()}
    _replace_journal(path, document)


def _replace_journal(path: Path, document: dict[str, Any]) -> None:
    # It names the person: nobody but the owner reads it, and it ends with the erasure.
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="utf-8") as stream:
        json.dump(document, stream)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def _tally(journal: Path, name: str, **counts: int) -> dict[str, int]:
    """Add the counts of a step to those of attempts that were killed; return the sums."""
    document = json.loads(journal.read_text())
    before = document.setdefault("done", {}).get(name, {})
    total = {key: before.get(key, 0) + count for key, count in counts.items()}
    document["done"][name] = total
    _replace_journal(journal, document)
    return total


def _tallied_stores(journal: Path) -> dict[str, dict[str, int]]:
    done = json.loads(journal.read_text()).get("done", {})
    return {
        name.removeprefix("store "): counts
        for name, counts in sorted(done.items())
        if name.startswith("store ")
    }


def _as_listed(home: Home, subject: Subject) -> Any:
    """The suppression list as it would be, for a preview."""
    from connectors.landing import Suppression, keyed_hash
    from orchestration.privacy.suppressed import secret_of

    secret = secret_of(home)
    hashes = {keyed_hash(secret, f"{kind}|{v}") for kind, v in subject.identifiers}
    return Suppression(secret, frozenset(hashes) | read_suppression(home).hashes)


def _by_object(subject: Subject) -> dict[str, int]:
    return dict(Counter(":".join(key.split(":", 2)[:2]) for key in subject.keys))


def _facts(home: Home, subject: Subject) -> int:
    """Rows of revenue that are about the person: they stay, for the books."""
    if not home.published_file.is_file():
        return 0
    with duckdb.connect(str(home.published_file), read_only=True) as reader:
        try:
            row = reader.execute(
                "SELECT count(*) FROM fct_revenue_events "
                "WHERE list_contains($1::VARCHAR[], golden_contact_id)",
                [list(subject.golden_ids)],
            ).fetchone()
        except duckdb.Error:  # a table of another version
            return 0
    return int(row[0]) if row else 0


def _backups(home: Home) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in home.backups.glob("*.tar.gz")))


def _named_backups(home: Home) -> list[dict[str, str]]:
    """Archives in the home, which were rewritten, and those written elsewhere."""
    inside = [
        {"name": name, "state": "in the home: rewritten and searched"}
        for name in _backups(home)
    ]
    elsewhere = sorted(
        {
            Path(str(entry.details.get("file"))).name
            for entry in audit.read(home)
            if entry.action == audit.Action.BACKUP
        }
        - {each["name"] for each in inside}
    )
    return inside + [
        {"name": name, "state": "elsewhere: not reached; replace it by a new backup"}
        for name in elsewhere
    ]
