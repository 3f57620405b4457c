"""Groups of columns that contacts and accounts standardise alike."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import polars as pl

from hygiene.standardise.address import (
    find_state_code,
    standardise_city,
    standardise_postal_code,
    standardise_state,
    standardise_street,
)
from hygiene.standardise.distinct import map_distinct
from hygiene.standardise.picklists import Picklist, standardise_choice
from hygiene.standardise.vocabulary import Vocabulary

_TEXT: Final = pl.String()


def _verdict(name: str) -> dict[str, pl.DataType]:
    return dict.fromkeys((f"{name}_std", f"{name}_status", f"{name}_rule"), _TEXT)


def standardise_choice_column(
    raw: pl.DataFrame, column: str, picklist: Picklist, words: Vocabulary
) -> pl.DataFrame:
    """Return the labels of one picklist column.

    Args:
        raw: Rows with the raw column.
        column: Its name.
        picklist: Its vocabulary.
        words: The vocabulary of the run.

    Returns:
        `<column>_std`, `<column>_status`, `<column>_rule`, row for row.
    """
    run = partial(standardise_choice, picklist=picklist, vocabulary=words)
    return map_distinct(raw, [column], run, _verdict(column))


def standardise_address_columns(raw: pl.DataFrame, words: Vocabulary) -> pl.DataFrame:
    """Return city, state, postcode and street of contacts or accounts.

    Args:
        raw: Rows with the raw address and country_code.
        words: The vocabulary of the run.

    Returns:
        Value, status and rule of each part, and state_code, row for row.
    """
    city = partial(standardise_city, vocabulary=words)
    street = partial(standardise_street, vocabulary=words)
    postal = partial(standardise_postal_code, vocabulary=words)

    def state(value: str | None, country: str | None) -> tuple[Any, ...]:
        found = standardise_state(value, country=country, vocabulary=words)
        code = find_state_code(value, country=country, vocabulary=words)
        return *found, code if found.value is not None else None

    return pl.concat(
        [
            map_distinct(raw, ["city"], city, _verdict("city")),
            map_distinct(
                raw,
                ["state", "country_code"],
                state,
                _verdict("state") | {"state_code": _TEXT},
            ),
            map_distinct(
                raw,
                ["postal_code", "country_code"],
                lambda value, country: postal(value, country=country),
                _verdict("postal_code"),
            ),
            map_distinct(
                raw,
                ["street", "country_code"],
                lambda value, country: street(value, country=country),
                _verdict("street"),
            ),
        ],
        how="horizontal",
    )
