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
from hygiene.standardise.address_line import (
    CANDIDATE,
    AddressLine,
    parse_address_line,
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


def take_address_lines_apart(raw: pl.DataFrame, words: Vocabulary) -> pl.DataFrame:
    """Put the parts of whole addresses in the street column into their own columns.

    Args:
        raw: Rows with the raw address and country_code.
        words: The vocabulary of the run.

    Returns:
        The rows with street shortened and missing parts filled in, and for each part
        whether it `<part>_is_of_line`; the rows as they are where no cell is a line.
    """
    is_candidate = pl.col("street").str.contains(CANDIDATE).fill_null(False)
    rows = raw.with_row_index("_row").filter(is_candidate)
    if rows.is_empty():
        return raw
    found = map_distinct(
        rows,
        ["street", "city", "state", "postal_code", "country_code"],
        partial(parse_address_line, vocabulary=words),
        {f"_{part}": _TEXT for part in AddressLine._fields},
    )
    found = rows.select("_row").hstack(found).filter(pl.col("_street").is_not_null())
    if found.is_empty():
        return raw
    columns = {part: part for part in AddressLine._fields} | {"country": "country_code"}
    is_blank = {
        part: pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")
        for part, column in columns.items()
    } | {"street": pl.lit(True)}
    takes = {
        part: pl.col(f"_{part}").is_not_null() & is_blank[part] for part in columns
    }
    return (
        raw.with_row_index("_row")
        .join(found, on="_row", how="left", maintain_order="left")
        .with_columns(
            *(take.alias(f"{part}_is_of_line") for part, take in takes.items()),
            *(
                pl.when(takes[part]).then(f"_{part}").otherwise(column).alias(column)
                for part, column in columns.items()
            ),
        )
        .drop("_row", *(f"_{part}" for part in columns))
    )


def tell_country_of_line(country: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Give records without a country the one that ends their address line.

    Args:
        country: `country_code`, `country_status`, `country_rule`, row for row.
        raw: Result of `take_address_lines_apart`.

    Returns:
        The country columns.
    """
    if "country_is_of_line" not in raw.columns:
        return country
    return _tell_lines(
        country.with_columns(raw["country_code"]), raw, "country", "country"
    )


def _tell_lines(
    found: pl.DataFrame, raw: pl.DataFrame, part: str, prefix: str
) -> pl.DataFrame:
    """Say of values that come from a line that they do; verdicts of bad ones stay."""
    flag = f"{part}_is_of_line"
    status = pl.col(f"{prefix}_status")
    is_told = pl.col(flag) & (
        status.is_in(["valid", "corrected"]) | pl.lit(part == "country")
    )
    return (
        found.with_columns(raw[flag])
        .with_columns(
            pl.when(is_told)
            .then(pl.lit("corrected"))
            .otherwise(status)
            .alias(f"{prefix}_status"),
            pl.when(is_told)
            .then(pl.lit(f"{part}.address_line"))
            .otherwise(f"{prefix}_rule")
            .alias(f"{prefix}_rule"),
        )
        .drop(flag)
    )


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

    parts = {
        "city": map_distinct(raw, ["city"], city, _verdict("city")),
        "state": map_distinct(
            raw,
            ["state", "country_code"],
            state,
            _verdict("state") | {"state_code": _TEXT},
        ),
        "postal_code": map_distinct(
            raw,
            ["postal_code", "country_code"],
            lambda value, country: postal(value, country=country),
            _verdict("postal_code"),
        ),
        "street": map_distinct(
            raw,
            ["street", "country_code"],
            lambda value, country: street(value, country=country),
            _verdict("street"),
        ),
    }
    if "street_is_of_line" in raw.columns:
        parts = {
            part: _tell_lines(found, raw, part, part) for part, found in parts.items()
        }
    return pl.concat(parts.values(), how="horizontal")
