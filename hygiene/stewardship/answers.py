"""Reading a filled-in review file: every row is checked before any ruling is made.

What belongs here: from rows to rulings, or to the list of all mistakes with their lines.
What does not: opening files of whatever format, and writing the book.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hygiene.stewardship.cells import unguarded
from hygiene.stewardship.rulings import VERDICTS, Answer, Ruling, Verdict
from hygiene.stewardship.sheets import (
    ENTITY,
    KEY_A,
    KEY_B,
    REASON,
    RULING,
    SEEN_A,
    SEEN_B,
)

_WORDS = {
    "same": Answer.SAME,
    "yes": Answer.SAME,
    "y": Answer.SAME,
    "different": Answer.DIFFERENT,
    "no": Answer.DIFFERENT,
    "n": Answer.DIFFERENT,
    "unsure": Answer.UNSURE,
    "?": Answer.UNSURE,
}
AUTHOR = "author"
REQUIRED = (RULING, KEY_A, KEY_B)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a review file.

    Attributes:
        file: Name of the file, with its sheet.
        line: Line or row number in it.
        cells: Text by heading.
    """

    file: str
    line: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a review file.

    Attributes:
        file: The file.
        line: Its line.
        message: What is wrong and what is expected; never a cell's value.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a steward's files say.

    Attributes:
        rulings: Rulings by entity.
        problems: Every mistake; with any, no ruling should be kept.
        skipped: Rows without a ruling.
        outdated: Rulings on data that changed after the export: they lapse at once.
    """

    rulings: Mapping[str, Sequence[Ruling]]
    problems: Sequence[Problem]
    skipped: int
    outdated: int


def read_answers(
    rows: Iterable[Row],
    known: Mapping[str, Mapping[str, str]],
    *,
    author: str | None,
    ruled_at: datetime,
) -> Answers:
    """Turn filled-in rows into rulings.

    Args:
        rows: Rows of all files.
        known: Current fingerprint by source record key, by entity.
        author: Who ruled, for rows without an author of their own.
        ruled_at: Instant of the rulings.

    Returns:
        Rulings and every mistake.
    """
    rulings: dict[str, dict[tuple[str, str], tuple[Ruling, Row]]] = {
        entity: {} for entity in known
    }
    problems: list[Problem] = []
    skipped = outdated = 0
    for row in rows:
        cells = {name: unguarded(value) for name, value in row.cells.items()}
        word = cells.get(RULING, "").lower()
        if not word:
            skipped += 1
            continue
        one, other = cells.get(KEY_A, ""), cells.get(KEY_B, "")
        entity = cells.get(ENTITY, "").lower() or _entity_of(one, known)
        who = cells.get(AUTHOR) or author
        found = list(_mistakes(word, one, other, entity, author=who, known=known))
        if found:
            problems += [Problem(row.file, row.line, text) for text in found]
            continue
        seen = (cells.get(SEEN_A, ""), cells.get(SEEN_B, ""))
        now = (known[entity][one], known[entity][other])
        outdated += any(old and old != new for old, new in zip(seen, now, strict=True))
        ruling = Ruling.on(
            one,
            other,
            VERDICTS[_WORDS[word]],
            author=str(who),
            ruled_at=ruled_at,
            reason=cells.get(REASON, ""),
            fingerprints=(seen[0] or now[0], seen[1] or now[1]),
        )
        pair = (ruling.key_l, ruling.key_r)
        earlier = rulings[entity].get(pair)
        if earlier is not None and earlier[0].verdict is not ruling.verdict:
            problems.append(
                Problem(
                    row.file,
                    row.line,
                    f"contradicts {earlier[1].file}, line {earlier[1].line}, which rules "
                    "on the same pair; keep one of the two rulings",
                )
            )
            continue
        rulings[entity][pair] = (ruling, row)
    for made in rulings.values():
        problems += _circles(list(made.values()))
    return Answers(
        {
            entity: [ruling for ruling, _ in made.values()]
            for entity, made in rulings.items()
        },
        sorted(problems, key=lambda item: (item.file, item.line)),
        skipped,
        outdated,
    )


def _entity_of(key: str, known: Mapping[str, Mapping[str, str]]) -> str:
    return next((entity for entity, keys in known.items() if key in keys), "")


def _mistakes(
    word: str,
    one: str,
    other: str,
    entity: str,
    *,
    author: str | None,
    known: Mapping[str, Mapping[str, str]],
) -> Iterable[str]:
    if word not in _WORDS:
        yield "the ruling is none of same, different, unsure; write one of them"
    if not author:
        yield "nobody is named as author; add --author, or a column `author`"
    if not one or not other:
        yield (
            f"`{KEY_A}` or `{KEY_B}` is empty; both keys are expected: copy them from "
            "the export"
        )
        return
    if one == other:
        yield f"`{KEY_A}` and `{KEY_B}` are the same record; two are expected"
    if entity not in known:
        yield (
            f"no record has these keys, and `{ENTITY}` names none of "
            f"{', '.join(known)}; copy the row from a new export"
        )
        return
    for name, key in ((KEY_A, one), (KEY_B, other)):
        if key not in known[entity]:
            yield (
                f"`{name}` is no {entity} record of the last sync; keys look like "
                "source:object:id; copy the row from a new export"
            )


def _circles(made: Sequence[tuple[Ruling, Row]]) -> Iterable[Problem]:
    """Find pairs ruled different that other rows of the same files make one."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for ruling, _ in made:
        if ruling.verdict is Verdict.MUST_LINK:
            leader[find(ruling.key_l)] = find(ruling.key_r)
    for ruling, row in made:
        together = find(ruling.key_l) == find(ruling.key_r)
        if ruling.verdict is Verdict.CANNOT_LINK and together:
            yield Problem(
                row.file,
                row.line,
                "says different, but other rows say same about both by way of a third "
                "record; correct one of them",
            )
