"""Repairs and flags of standardising against the generator's list of dirtied values.

What belongs here: counting, cell by cell, whether a canonical value is the true one. What
does not: standardising; the expected form of a true value is what the standardisers make
of the clean text, so a repair is right when the dirty text leads to the same form.

A cell is *clean* when the generator dirtied only other cells of its column; a clean cell
whose canonical value is missing or another one is a *false repair*. A part that moved to
the column of its own (a suffix, a middle initial) is not: nothing of the cell is lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from hygiene.accuracy.repair_fields import (
    KEPT_IN_PARTS,
    TEXT,
    RepairedField,
    account_fields,
    contact_fields,
)
from hygiene.accuracy.repair_report import (
    FieldScore,
    FlagScore,
    KindScore,
    RepairReport,
)
from hygiene.errors import InputError

KEY: Final = "source_record_key"
_OBJECT: Final = pl.col(KEY).str.extract(r"^([^:]+:[^:]+):")
# What integrations write into the required company of a lead that has none.
_FILLED_IN: Final = "[not provided]"
# Dirt after which the text still says what was meant; the rest destroyed information.
REPAIRABLE: Final = frozenset(
    {
        "nickname", "last_comma_first", "upper_case", "lower_case", "mojibake",
        "title_in_name", "stray_spaces", "email_decorated", "plus_tag", "two_values",
        "phone_national", "phone_international", "phone_extension", "legal_form_dropped",
        "legal_form_variant", "the_prefix", "marked_old", "country_spelling",
        "website_decorated", "street_abbreviated", "date_notation",
    }
)  # fmt: skip


def score_repairs(contacts: Path, accounts: Path, truth: Path) -> RepairReport:
    """Compare standardised tables of a made-up CRM with its generator's truth.

    Args:
        contacts: Parquet of `standardised_contacts`.
        accounts: Parquet of `standardised_accounts`.
        truth: Folder with truth_values, truth_contacts, truth_accounts and
            truth_test_records.

    Returns:
        Scores by field, kind and flag. Records that were set aside take no part.

    Raises:
        InputError: A file is missing or unreadable.
    """
    values = _read(truth / "truth_values.parquet")
    tests = _read(truth / "truth_test_records.parquet")
    fields: list[FieldScore] = []
    kinds: list[KindScore] = []
    flags: list[FlagScore] = []
    for entity, path, columns, label in (
        ("contact", contacts, contact_fields(), "person_id"),
        ("account", accounts, account_fields(), "company_id"),
    ):
        table = _read(path)
        known = _read(truth / f"truth_{entity}s.parquet").filter(
            # Mailboxes and tests were made up without a list of their dirt.
            pl.col(label).str.contains(r"^[pc]\d+$")
        )
        real = table.join(known.select(KEY), on=KEY, how="semi").sort(KEY)
        for column in columns:
            cells = _cells(real, values, column)
            if cells.is_empty():
                continue
            fields.append(_score_field(f"{entity}.{column.column}", cells))
            kinds += _score_kinds(f"{entity}.{column.column}", cells)
            flags.append(_score_placeholder(f"{entity}.{column.column}", cells))
        flags.append(
            _flag(
                f"{entity} is a test record",
                table.select(
                    pl.col(KEY).is_in(tests[KEY].implode()).alias("actual"),
                    pl.col("is_test_record").alias("flagged"),
                ),
            )
        )
        if entity == "contact":
            flags += _score_email_flags(real, values)
    return RepairReport(
        tuple(fields), tuple(kinds), tuple(f for f in flags if f.actual or f.flagged)
    )


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"scoring repairs: {path.name} could not be read ({type(error).__name__}); "
            "expected it after a demo; run the demo again"
        ) from error


def _cells(
    real: pl.DataFrame, values: pl.DataFrame, column: RepairedField
) -> pl.DataFrame:
    """Return one row per filled cell, of objects about whose column the truth tells."""
    told = values.filter(pl.col("field") == column.column).with_columns(at=_OBJECT)
    rows = (
        real.with_columns(at=_OBJECT)
        .join(told.select("at").unique(), on="at", how="semi")
        .select(
            KEY,
            raw=pl.col(column.column).cast(TEXT),
            found=column.found.cast(TEXT),
            shown=column.shown.cast(TEXT),
            parted=column.parted.cast(TEXT),
            status=pl.col(column.status),
            counts=column.counts,
        )
        .filter(pl.col("raw").is_not_null())
        .join(
            told.select(KEY, "clean_value", "dirt_kind"),
            on=KEY,
            how="left",
            maintain_order="left",
        )
        .with_columns(
            dirt_kind=pl.when(
                pl.col("dirt_kind").is_null() & (pl.col("raw") == _FILLED_IN)
            )
            .then(pl.lit("placeholder"))
            .otherwise("dirt_kind")
        )
        .filter(pl.col("dirt_kind").is_not_null() | pl.col("counts"))
        .with_columns(truth=pl.coalesce("clean_value", "raw"))
    )
    if column.column in {"first_name", "last_name"}:
        rows = _without_crossed_names(rows, values, column.column)
    distinct = rows["truth"].unique().sort()
    expected = pl.Series(
        [column.expect(text) for text in distinct.to_list()], dtype=TEXT
    )
    return rows.join(
        pl.DataFrame({"truth": distinct, "expected": expected}),
        on="truth",
        how="left",
        maintain_order="left",
    ).with_columns(
        # What came right has to stay as it came, layout aside; comparing it with the
        # standardisers' own form of it would prove nothing.
        is_right=pl.when(pl.col("dirt_kind").is_null())
        .then(column.kept | KEPT_IN_PARTS)
        .otherwise(pl.col("found").eq_missing(pl.col("expected")))
        .fill_null(False)
    )


def _without_crossed_names(
    rows: pl.DataFrame, values: pl.DataFrame, column: str
) -> pl.DataFrame:
    """Leave out clean names whose other half holds them ("Lee, Ann" as last name)."""
    other = "last_name" if column == "first_name" else "first_name"
    crossed = values.filter(
        (pl.col("field") == other)
        & pl.col("dirt_kind").str.contains("last_comma_first|names_swapped")
    )
    return rows.join(
        crossed.select(KEY, crossed=pl.lit(True)), on=KEY, how="left"
    ).filter(pl.col("dirt_kind").is_not_null() | pl.col("crossed").is_null())


def _score_field(name: str, cells: pl.DataFrame) -> FieldScore:
    is_clean = pl.col("dirt_kind").is_null()
    is_changed = (
        ~is_clean
        & pl.col("shown").is_not_null()
        & pl.col("shown").ne_missing(pl.col("raw").str.strip_chars())
    )
    counts = cells.with_columns(can=_is_repairable()).select(
        clean=is_clean.sum(),
        false=(is_clean & ~pl.col("is_right")).sum(),
        dirty=(~is_clean & pl.col("can")).sum(),
        repaired=(~is_clean & pl.col("can") & pl.col("is_right")).sum(),
        changed=is_changed.sum(),
        changed_right=(is_changed & pl.col("is_right")).sum(),
    )
    return FieldScore(name, *(int(value) for value in counts.row(0)))


def _is_repairable() -> pl.Expr:
    return (
        pl.col("dirt_kind")
        .str.split("+")
        .list.eval(pl.element().is_in(sorted(REPAIRABLE)))
        .list.all()
        .fill_null(False)
    )


def _score_kinds(name: str, cells: pl.DataFrame) -> list[KindScore]:
    counted = (
        cells.filter(pl.col("dirt_kind").is_not_null())
        .with_columns(can=_is_repairable())
        .group_by("dirt_kind")
        .agg(pl.len().alias("cells"), pl.col("is_right").sum(), pl.col("can").first())
        .sort("cells", "dirt_kind", descending=[True, False])
    )
    return [
        KindScore(name, kind, cells_, right, can)
        for kind, cells_, right, can in counted.iter_rows()
    ]


def _flag(name: str, frame: pl.DataFrame) -> FlagScore:
    actual, flagged = pl.col("actual"), pl.col("flagged").fill_null(False)
    counts = frame.select(
        actual.sum(), flagged.sum(), (actual & flagged).sum().alias("right")
    )
    return FlagScore(name, *(int(value) for value in counts.row(0)))


def _score_placeholder(name: str, cells: pl.DataFrame) -> FlagScore:
    """Score fillers by whether they were kept from being a value."""
    is_filler = pl.col("dirt_kind").fill_null("").str.contains("placeholder")
    return _flag(
        f"{name} is a filler",
        cells.select(
            actual=is_filler,
            flagged=pl.col("status").is_in(["placeholder", "missing"])
            # One half of a name may be filler while the other half is a name.
            | (is_filler & pl.col("found").is_null())
            | (
                is_filler
                & (pl.col("status") == "corrected")
                & (pl.col("shown").str.len_chars() < pl.col("raw").str.len_chars())
            ),
        ),
    )


def _score_email_flags(real: pl.DataFrame, values: pl.DataFrame) -> list[FlagScore]:
    told = values.filter(pl.col("field") == "email")
    host = pl.col("clean_value").str.extract("@(.+)$")
    mistyped = told.filter(
        pl.col("dirt_kind").str.contains("typo")
        & (pl.col("dirty_value").str.extract("@(.+)$").str.to_lowercase() != host)
    )
    shared = told.filter(pl.col("dirt_kind").str.contains("shared_mailbox"))
    there = real.filter(
        pl.col("email").is_not_null()
        & _OBJECT.is_in(told.select(at=_OBJECT)["at"].unique().implode())
    )
    return [
        _flag(
            "email has a mistyped domain",
            there.select(
                actual=pl.col(KEY).is_in(mistyped[KEY].implode()),
                flagged=pl.col("email_suggestion").is_not_null(),
            ),
        ),
        _flag(
            "email is a shared mailbox",
            there.select(
                actual=pl.col(KEY).is_in(shared[KEY].implode()),
                flagged=pl.col("is_role_email"),
            ),
        ),
    ]
