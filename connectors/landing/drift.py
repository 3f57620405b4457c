"""The drift ledger: how the shape of an object changed from load to load.

Belongs here: comparing the columns of a batch with those of earlier manifests. Drift
never costs a row: an added column lands, a removed one turns null, a retyped one stays
text. It is recorded so that people can ask the vendor's admin what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.landing.model import (
    ColumnInfo,
    DeclaredDrift,
    DriftEvent,
    DriftKind,
    Manifest,
)
from connectors.landing.schema import TypeHint


@dataclass(frozen=True, slots=True)
class KnownColumns:
    """Columns of the latest load and the last hint that was not `empty` for each."""

    present: frozenset[str]
    hints: dict[str, TypeHint]


def known_columns(manifests: Sequence[Manifest]) -> KnownColumns | None:
    """Fold manifests, oldest first; None when nothing has landed yet."""
    if not manifests:
        return None
    hints: dict[str, TypeHint] = {}
    for manifest in manifests:
        for column in manifest.columns:
            if column.type_hint is not TypeHint.EMPTY:
                hints[column.name] = column.type_hint
    present = frozenset(column.name for column in manifests[-1].columns)
    return KnownColumns(present=present, hints=hints)


def detect_drift(
    known: KnownColumns | None,
    columns: Sequence[ColumnInfo],
    *,
    declared: Sequence[DeclaredDrift] = (),
    source_type: str,
    object_name: str,
    source_name: str,
    load_id: str,
) -> tuple[DriftEvent, ...]:
    """Compare the columns of a batch with what was known; the first load has no drift."""
    if known is None:
        return ()

    def event(
        kind: DriftKind, column: str, before: str | None, after: str | None
    ) -> DriftEvent:
        return DriftEvent(
            kind=kind,
            column=column,
            before=before,
            after=after,
            source_type=source_type,
            object=object_name,
            source_name=source_name,
            load_id=load_id,
        )

    events = []
    for column in columns:
        before = known.hints.get(column.name)
        if column.name not in known.present:
            events.append(
                event(DriftKind.COLUMN_ADDED, column.name, None, column.type_hint)
            )
        elif (
            before is not None
            and column.type_hint is not TypeHint.EMPTY
            and column.type_hint is not before
        ):
            events.append(
                event(DriftKind.COLUMN_RETYPED, column.name, before, column.type_hint)
            )
    names = {column.name for column in columns}
    for name in sorted(known.present - names):
        hint = known.hints.get(name, TypeHint.EMPTY)
        events.append(event(DriftKind.COLUMN_REMOVED, name, hint, None))
    events += [
        event(item.kind, item.column, item.before, item.after) for item in declared
    ]
    return tuple(sorted(events, key=lambda item: (item.kind, item.column)))
