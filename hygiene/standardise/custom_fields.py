"""The user's further columns, standardised beside ours by vocabularies and hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import polars as pl

from hygiene.errors import InputError
from hygiene.standardise.distinct import map_distinct
from hygiene.standardise.hooks import load_hook
from hygiene.standardise.picklists import (
    Picklist,
    load_picklists,
    standardise_choice,
    standardise_company_size,
)
from hygiene.standardise.settings import FieldRule, StandardiseSettings

_TEXT: Final = pl.String()


class Standardiser(Protocol):
    """What contacts and accounts have in common."""

    inputs: tuple[str, ...]
    outputs: dict[str, pl.DataType]
    reason_code: str
    rule_id: str
    reason_detail: str

    def has_identity(self) -> pl.Expr:
        """Return the condition under which a record is worth keeping in the flow."""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the canonical columns, row for row."""


def _field_outputs(column: str) -> tuple[str, str, str]:
    return f"{column}_std", f"{column}_status", f"{column}_rule"


class WithCustomFields:
    """A standardiser with the user's columns added; the rest is the core's."""

    def __init__(
        self,
        core: Standardiser,
        fields: tuple[FieldRule, ...],
        settings: StandardiseSettings,
    ) -> None:
        """Prepare the user's columns.

        Raises:
            InputError: A column is standardised already, or a vocabulary is unknown.
            HookError: A hook cannot be loaded.
        """
        self._core = core
        self._fields = fields
        picklists = load_picklists(settings.vocabularies)
        self._functions = [_function_of(field, picklists) for field in fields]
        self.reason_code = core.reason_code
        self.rule_id = core.rule_id
        self.reason_detail = core.reason_detail
        self.outputs = dict(core.outputs)
        for field in fields:
            for name in _field_outputs(field.column):
                if name in self.outputs:
                    raise InputError(
                        f"standardising: the settings add the field {field.column}, whose "
                        f"result {name} exists already; name a column that tidycrm "
                        "does not standardise itself, and each only once"
                    )
                self.outputs[name] = _TEXT
        further = [
            name
            for field in fields
            for name in (field.column, *field.with_columns)
            if name not in core.outputs
        ]
        self.inputs = tuple(dict.fromkeys((*core.inputs, *further)))

    def has_identity(self) -> pl.Expr:
        """Return the core's condition."""
        return self._core.has_identity()

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the core's columns and the user's, row for row."""
        result = self._core(frame)
        raw = frame.select(pl.col(self.inputs).cast(_TEXT))
        for field, function in zip(self._fields, self._functions, strict=True):
            names = (field.column, *field.with_columns)
            rows = pl.DataFrame(
                [
                    (raw if name in raw.columns else result)[name].cast(_TEXT)
                    for name in names
                ]
            )
            result = result.hstack(
                map_distinct(
                    rows, names, function,
                    dict.fromkeys(_field_outputs(field.column), _TEXT),
                )
            )  # fmt: skip
        return result.select(list(self.outputs))


def _function_of(
    field: FieldRule, picklists: dict[str, Picklist]
) -> Callable[..., tuple[Any, ...]]:
    if field.hook is not None:
        return load_hook(field.hook)
    picklist = picklists.get(field.vocabulary or "")
    if picklist is None:
        raise InputError(
            f"standardising: the field {field.column} asks for the vocabulary "
            f"{field.vocabulary}; known are {', '.join(sorted(picklists))}; add it below "
            "`vocabularies` or correct the name"
        )
    if picklist.name == "company_size":
        return lambda value: standardise_company_size(value, picklist)
    return lambda value: standardise_choice(value, picklist)
