"""What to look at next: values on no list, and identifiers that many people share.

Belongs here: two small tables about a whole standardised one, computed after it. They
suggest words for the vocabularies and entries for the blocklist; no record changes by
them, so carrying records over stays exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from hygiene.errors import InputError
from hygiene.standardise.atomic import write_frame
from hygiene.standardise.picklists import load_picklists
from hygiene.standardise.settings import StandardiseSettings

_UNLISTED: Final = {
    # Rule column: (raw column, ending of the rule).
    "job_role_rule": ("job_title", "unclassified"),
    "lead_source_rule": ("lead_source", "off_list"),
    "lifecycle_stage_rule": ("lifecycle_stage", "off_list"),
    "lead_status_rule": ("lead_status", "off_list"),
    "industry_rule": ("industry", "off_list"),
    "account_type_rule": ("account_type", "off_list"),
    "company_size_rule": ("employee_count", "off_list"),
    "country_rule": ("country", "unknown"),
    "state_rule": ("state", "unknown"),
}
UNLISTED_SCHEMA: Final = {
    "field": pl.String(), "value": pl.String(), "records": pl.UInt32(),
    "suggested_label": pl.String(),
}  # fmt: skip
# Nobody reads further than this, and every suggestion looks at a whole vocabulary.
_MOST_SUGGESTIONS: Final = 1_000
SHARED_SCHEMA: Final = {
    "identifier_type": pl.String(), "identifier": pl.String(), "records": pl.UInt32(),
    "distinct_names": pl.UInt32(), "sources": pl.UInt32(),
}  # fmt: skip
COMMENTS: Final = {
    "entity_type": "contact or account.",
    "field": "Field whose vocabulary does not list the value.",
    "value": "The value as received.",
    "records": "Records that hold it.",
    "suggested_label": "Label of the vocabulary that the value probably means; nothing is "
    "changed until somebody lists the value as a spelling of it.",
    "identifier_type": "email, phone or mobile phone.",
    "identifier": "The address or number.",
    "distinct_names": "Differently named people who have it; colleagues who share a number "
    "count once.",
    "sources": "Sources that hold it.",
}


def write_unlisted_values(
    standardised: Path, out: Path, *, settings: StandardiseSettings
) -> int:
    """Write the values that no vocabulary lists, with how many records hold each.

    Args:
        standardised: Parquet of a standardised table.
        out: The file to replace: field, value, records, the label that a frequent value
            probably means; the most frequent first.
        settings: The user's settings, for their vocabularies.

    Returns:
        How many distinct values there are.

    Raises:
        InputError: The table is unreadable.
    """
    scan, columns = _scan(standardised)
    rules = {rule: found for rule, found in _UNLISTED.items() if rule in columns}
    for name in columns:
        raw = name.removesuffix("_rule")
        if name.endswith("_rule") and raw in columns and name not in rules:
            # The user's own fields.
            rules[name] = (raw, "off_list")
    parts = [
        scan.filter(pl.col(rule).str.ends_with(f".{ending}"))
        .group_by(pl.col(raw).cast(pl.String).alias("value"))
        .agg(pl.len().alias("records"), pl.col(rule).first().alias("rule"))
        .select(pl.lit(raw).alias("field"), "value", "records", "rule")
        for rule, (raw, ending) in rules.items()
    ]
    empty = pl.LazyFrame(schema=UNLISTED_SCHEMA).rename({"suggested_label": "rule"})
    found = pl.concat([empty, *parts]).collect()
    found = found.sort("records", "field", "value", descending=[True, False, False])
    picklists = load_picklists(settings.vocabularies)
    labels = [
        picklists[name].suggest(value) if name in picklists else None
        for value, name in found.select(
            "value", pl.col("rule").str.split(".").list.first()
        )
        .head(_MOST_SUGGESTIONS)
        .iter_rows()
    ]
    labels += [None] * (found.height - len(labels))
    frame = found.drop("rule").with_columns(
        pl.Series("suggested_label", labels, dtype=pl.String())
    )
    write_frame(frame, out)
    return frame.height


def join_unlisted_values(parts: Mapping[str, Path], out: Path) -> pl.DataFrame:
    """Write the unlisted values of every kind of record as one table.

    Args:
        parts: Result of `write_unlisted_values` by entity; absent files are empty.
        out: The file to replace; the most frequent first.

    Returns:
        What was written: entity_type, field, value, records, suggested_label.
    """
    frames = [
        pl.read_parquet(path).select(pl.lit(entity).alias("entity_type"), pl.all())
        for entity, path in sorted(parts.items())
        if path.is_file()
    ]
    schema = {"entity_type": pl.String(), **UNLISTED_SCHEMA}
    frame = pl.concat([pl.DataFrame(schema=schema), *frames]).sort(
        ["records", "entity_type", "field", "value"],
        descending=[True, False, False, False],
    )
    write_frame(frame, out)
    return frame


def write_shared_identifiers(standardised: Path, out: Path, *, most_names: int) -> int:
    """Write mailboxes and numbers that too many differently named people have.

    A name counts by its first letter and family name, so that nicknames are one; colleagues
    share the number of their switchboard, and count as one. Role mailboxes and records that are flagged as tests already are left out: nobody has to
    be told.

    Args:
        standardised: Parquet of `standardised_contacts`.
        out: The file to replace; the most shared first.
        most_names: Up to so many names are a family or a secretary.

    Returns:
        How many identifiers there are.

    Raises:
        InputError: The table is unreadable.
    """
    scan, _ = _scan(standardised)
    person = pl.concat_str(
        pl.col("given_name_group").str.slice(0, 1), pl.col("family_name_match")
    )
    colleagues = pl.coalesce("domain_std", "company_name_match", person)
    parts = [
        scan.filter(
            pl.col(column).is_not_null()
            & ~pl.col("is_test_record")
            & (pl.lit(column != "email_match") | ~pl.col("is_role_email"))
        )
        .group_by(pl.col(column).alias("identifier"))
        .agg(
            pl.len().alias("records"),
            (person if column == "email_match" else colleagues)
            .drop_nulls()
            .n_unique()
            .alias("distinct_names"),
            pl.col("source_name").n_unique().alias("sources"),
        )
        .filter(pl.col("distinct_names") > most_names)
        .select(pl.lit(label).alias("identifier_type"), *list(SHARED_SCHEMA)[1:])
        for column, label in (
            ("email_match", "email"),
            ("phone_e164", "phone"),
            ("mobile_phone_e164", "mobile phone"),
        )
    ]
    frame = pl.concat([pl.LazyFrame(schema=SHARED_SCHEMA), *parts]).collect()
    frame = frame.sort(
        "distinct_names",
        "identifier_type",
        "identifier",
        descending=[True, False, False],
    )
    write_frame(frame, out)
    return frame.height


def _scan(standardised: Path) -> tuple[pl.LazyFrame, list[str]]:
    try:
        scan = pl.scan_parquet(standardised)
        return scan, scan.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"looking for suggestions: {standardised.name} could not be read "
            f"({type(error).__name__}); expected a standardised table; standardise again"
        ) from error
