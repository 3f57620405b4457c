"""How an explanation of identity looks: on a terminal, as JSON, as a picture.

Belongs here: layout and sentences of `tidycrm why`. What is true is found in
`hygiene.stewardship.reasons`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hygiene.matching.evidence import SUSPICION
from hygiene.matching.waterfall import write_waterfall
from hygiene.stewardship.reasons import Link, Why
from hygiene.stewardship.wording import (
    decider_phrase,
    field_name,
    field_phrase,
    field_remark,
)

_NOUN = {"contact": "person", "account": "company"}


def print_why(console: Console, answer: Why, *, undo: str) -> None:
    """Show the answer, from the verdict to the command that changes it."""

    def say(text: str = "") -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    for line in headline(answer):
        say(line)
    for number, link in enumerate(answer.path, start=1):
        say()
        say(f"{number}. {link.key_l}  —  {link.key_r}")
        _print_link(console, link, answer)
    if answer.direct is not None:
        say()
        title = "The two by themselves" if answer.is_one else "The closest records"
        say(f"{title}: {answer.direct.key_l}  —  {answer.direct.key_r}")
        _print_link(console, answer.direct, answer)
    for link in answer.obstacles:
        say()
        say(f"Kept apart: {link.key_l}  —  {link.key_r}")
        say(f"   {_ruling_text(link)}")
    say()
    if undo:
        say("To take them apart:" if answer.is_one else "To make them one:")
        say(f"  {undo}")
    else:
        say("It has one record only: nothing was merged, nothing can be undone.")


def headline(answer: Why) -> list[str]:
    """The verdict in one or two sentences."""
    noun = _NOUN[answer.entity]
    lines: list[str] = []
    for subject in (answer.one, answer.other):
        past = subject.past
        if past is not None:
            lines.append(
                f"{subject.given} was merged into {subject.golden_id} on "
                f"{past.changed_at[:10]}"
                + ("." if past.is_complete else "; only its founding record is known.")
            )
    if not answer.is_one:
        lines.append(
            f"Two: {answer.one.golden_id} ({_records(answer.one.members)}) and "
            f"{answer.other.golden_id} ({_records(answer.other.members)}) are two "
            f"golden records."
        )
        lines.append(_why_two(answer))
        return lines
    lines.append(f"One {noun}: {answer.one.golden_id}, {_records(answer.one.members)}.")
    if answer.path:
        deciders = sorted({link.decided_by for link in answer.path})
        because = "; ".join(decider_phrase(each) for each in deciders)
        lines.append(
            f"{len(answer.path)} {'link' if len(answer.path) == 1 else 'links'} "
            f"{'holds' if len(answer.path) == 1 else 'hold'} it together: {because}."
        )
    if answer.purity is not None:
        lines.append(
            f"That all its records are one {noun}: {answer.purity:.1%} likely; least "
            f"sure is {answer.least_sure}."
        )
    return lines


def _why_two(answer: Why) -> str:
    if answer.obstacles:
        return "A steward's ruling keeps them apart."
    link = answer.direct
    if link is None or link.explanation is None:
        return "No run compared them."
    if not link.decision:
        return (
            "They have no blocking key in common, or their score was hopeless, so the "
            "last run kept no edge; scored now, they look like this."
        )
    if link.explanation.doubts:
        return (
            "Their weight alone may not join them: "
            f"{' and '.join(link.explanation.doubts)}."
        )
    if link.explanation.lacks_agreement:
        return "Nothing that a record has for itself agrees, only its surroundings."
    if link.decided_by == SUSPICION:
        return (
            "A duplicate rule of the CRM suspects them; their fields do not settle it: "
            "a person should decide."
        )
    if link.decision == "review":
        return "The evidence is between the thresholds: a person should decide."
    return "The evidence is too weak."


def _records(keys: tuple[str, ...]) -> str:
    return f"{len(keys)} {'record' if len(keys) == 1 else 'records'}"


def _print_link(console: Console, link: Link, answer: Why) -> None:
    def say(text: str) -> None:
        console.print(f"   {text}", markup=False, highlight=False, soft_wrap=True)

    if link.decided_by not in {"", "model", "steward"}:
        when = f", {link.evidence_at}" if link.evidence_at else ""
        phrase = decider_phrase(link.decided_by)
        say(f"{phrase[0].upper()}{phrase[1:]}{when}.")
    if link.ruling is not None:
        say(_ruling_text(link))
    explanation = link.explanation
    if explanation is None:
        return
    if link.decided_by in {"model", SUSPICION}:
        weight = link.match_weight if link.match_weight is not None else 0.0
        say(f"Weight {weight:+.1f} bits, probability {_probability(weight)}.")
    left, right = answer.values[link.key_l], answer.values[link.key_r]
    table = Table("field", "A", "B", "finding", "bits", box=None)
    silent: list[str] = []
    for item in sorted(explanation.fields, key=lambda each: -abs(each.weight)):
        values = left.get(item.comparison, ""), right.get(item.comparison, "")
        if item.level is None:
            if any(values):
                silent.append(field_name(item.comparison))
            continue
        remark = field_remark(item)
        table.add_row(
            field_name(item.comparison),
            *values,
            f"{field_phrase(item)} ({remark})" if remark else field_phrase(item),
            f"{item.weight:+.1f}",
        )
    if explanation.prior is not None:
        prior = "matches are rare among all pairs"
        table.add_row("to begin with", "", "", prior, f"{explanation.prior:+.1f}")
    table.add_row("together", "", "", "", f"{explanation.total:+.1f}")
    console.print(table, markup=False, highlight=False)
    if silent:
        say(f"No evidence, missing on a side: {', '.join(silent)}.")
    if explanation.doubts:
        say(f"Not merged by weight alone: {', '.join(explanation.doubts)}.")
    if link.is_outdated:
        say("The records or the model changed since the last run, which wrote another")
        say("weight; the table shows them as they are now.")


def _ruling_text(link: Link) -> str:
    note = link.ruling
    if note is None:
        return ""
    said = "the same" if note.ruling == "must_link" else "different"
    state = {
        "lapsed": " It lapsed: a record has changed since.",
        "waiting": " It waits for a record that is not here.",
    }.get(note.status, "")
    reason = f": “{note.reason}”" if note.reason else ""
    return (
        f"Ruled {said} by {note.author or 'nobody named'} on {note.ruled_at[:16]}"
        f"{reason}.{state}"
    )


def _probability(weight: float) -> str:
    share = 1 / (1 + 2.0 ** -min(max(weight, -1000.0), 1000.0))
    if share > 0.9999:
        return "above 99.99 %"
    return "below 0.01 %" if share < 0.0001 else f"{share:.2%}"


def why_as_dict(answer: Why) -> dict[str, Any]:
    """The whole answer for machines."""
    return {
        "entity": answer.entity,
        "is_one": answer.is_one,
        "purity_probability": answer.purity,
        "least_sure_source_record_key": answer.least_sure,
        "summary": headline(answer),
        "a": asdict(answer.one),
        "b": asdict(answer.other),
        "path": [_link_as_dict(link) for link in answer.path],
        "direct": _link_as_dict(answer.direct) if answer.direct else None,
        "obstacles": [_link_as_dict(link) for link in answer.obstacles],
        "values": {key: dict(found) for key, found in answer.values.items()},
    }


def _link_as_dict(link: Link) -> dict[str, Any]:
    facts = asdict(link)
    explanation = link.explanation
    if explanation is not None:
        facts["explanation"] |= {
            "total": explanation.total,
            "fields": [
                {**asdict(item), "finding": field_phrase(item)}
                for item in explanation.fields
            ],
        }
    return facts


def write_chart(answer: Why, out: Path) -> None:
    """Draw Splink's waterfall for every link of the answer, in one file without network."""
    links = [*answer.path, *([answer.direct] if answer.direct else [])]
    write_waterfall(
        [
            (
                link.explanation,
                answer.values[link.key_l],
                answer.values[link.key_r],
                {
                    item.comparison: (field_name(item.comparison), field_phrase(item))
                    for item in link.explanation.fields
                },
            )
            for link in links
            if link.explanation is not None
        ],
        out,
    )
