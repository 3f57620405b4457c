"""How people are reached: e-mail addresses and telephone numbers as written down.

Belongs here: the dirty columns of addresses and numbers. Which clean address or number
a person has is decided in `people`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.columns import by_group, choose, gather, join, patch, texts
from connectors.synthetic.dirt import Column, Kind, slip
from connectors.synthetic.phones import international, national_numbers, written
from connectors.synthetic.rng import IntArray, chance
from connectors.synthetic.viewpoint import Who
from connectors.synthetic.world import Chunk

_NOTATION = {
    "phone_national": Kind.PHONE_NATIONAL,
    "phone_international": Kind.PHONE_INTERNATIONAL,
}


def email_column(
    rng: np.random.Generator, chunk: Chunk, who: Who
) -> tuple[Column, IntArray]:
    """Write e-mail addresses; also returns which clean address each one is."""
    world, dirt, size = chunk.world, chunk.world.dirt, len(who)
    words = world.vocabulary.people
    at, addresses = who.person, chunk.addresses
    everyone = pl.concat(
        [addresses.work_mail, addresses.previous_mail, addresses.free_mail]
    )
    count = len(chunk.people)
    private = chance(rng, size, dirt.email_private) & ~who.earlier_job
    slot = np.where((who.firm < 0) | private, 2, np.where(who.earlier_job, 1, 0))
    column = Column.of(gather(everyone, slot * count + at))
    owner = np.where(
        (slot == 2) & chunk.people.shares_mail[at],
        chunk.people.head[at] - chunk.first_person,
        at,
    )
    code = owner * 3 + slot

    column.put(
        chance(rng, size, dirt.email_upper),
        Kind.UPPER_CASE,
        lambda s: s.str.to_uppercase().zip_with(
            pl.Series(chance(rng, len(s), 0.5)), s.str.to_titlecase()
        ),
    )
    wrong = words["email_typo_domains"]
    column.put(
        chance(rng, size, dirt.email_typo),
        Kind.TYPO,
        lambda s: _mistype(rng, s, wrong),
    )
    column.put(
        chance(rng, size, dirt.email_plus_tag),
        Kind.PLUS_TAG,
        lambda s: s.str.replace("@", "+crm@", literal=True),
    )
    column.put(
        chance(rng, size, dirt.email_decorated),
        Kind.EMAIL_DECORATED,
        lambda s: _decorate(rng, s),
    )
    column.put(
        chance(rng, size, dirt.email_two_in_field),
        Kind.TWO_VALUES,
        lambda s: join(s, "; ", s.str.replace("@", ".old@", literal=True)),
    )
    mailbox = shared_mailbox(chunk, who.firm)
    shared = chance(rng, size, dirt.email_shared) & (who.firm >= 0)
    column.swap_in(shared, Kind.SHARED_MAILBOX, mailbox)
    column.put(
        chance(rng, size, dirt.email_placeholder),
        Kind.PLACEHOLDER,
        lambda s: choose(rng, words["placeholder_emails"], len(s)),
    )
    column.drop(chance(rng, size, dirt.email_missing))
    return column, code


def shared_mailbox(chunk: Chunk, firm: IntArray) -> pl.Series:
    """Return the one shared mailbox of each company (null without a company)."""
    boxes = texts(chunk.world.vocabulary.people["mailboxes"])
    local = gather(boxes, np.where(firm >= 0, firm % len(boxes), -1))
    return join(local, "@", gather(chunk.world.companies.domain, firm))


def _mistype(
    rng: np.random.Generator, values: pl.Series, wrong: dict[str, list[str]]
) -> pl.Series:
    parts = pl.DataFrame({"v": values}).select(
        local=pl.col("v").str.extract(r"^([^@]+)@"),
        domain=pl.col("v").str.extract(r"@(.+)$"),
    )
    local, domain = parts["local"], parts["domain"]
    which = rng.integers(0, 12, len(values))
    misspelt = domain
    for right, options in wrong.items():
        choice = texts(options).gather(pl.Series(which % len(options)))
        misspelt = misspelt.zip_with(domain != right, choice)
    in_domain = misspelt.ne_missing(domain) & pl.Series(chance(rng, len(values), 0.6))
    return join(local, "@", misspelt).zip_with(
        in_domain, join(slip(rng, local), "@", domain)
    )


def _decorate(rng: np.random.Generator, values: pl.Series) -> pl.Series:
    style = rng.integers(0, 4, len(values))
    forms = [
        join("mailto:", values),
        join("<", values, ">"),
        join(values, "."),
        join(" ", values, " "),
    ]
    return by_group(style, len(values), lambda k, r: forms[k].gather(pl.Series(r)))


def _wrong_digit(rng: np.random.Generator, numbers: pl.Series) -> pl.Series:
    place = rng.integers(1, 4, len(numbers))
    other = rng.integers(1, 10, len(numbers))
    frame = pl.DataFrame({"s": numbers, "p": place, "d": other})
    cut = pl.col("s").str.len_chars() - pl.col("p")
    return frame.select(
        pl.col("s").str.slice(0, cut)
        + ((pl.col("s").str.slice(cut, 1).cast(pl.Int64) + pl.col("d")) % 10).cast(
            pl.String
        )
        + pl.col("s").str.slice(cut + 1)
    ).to_series()


def phone_column(
    rng: np.random.Generator,
    chunk: Chunk,
    numbers: pl.Series,
    country: IntArray,
    *,
    missing: float,
    extension: IntArray | None = None,
) -> Column:
    """Write national numbers with all the usual notations and defects."""
    dirt, size = chunk.world.dirt, len(numbers)
    countries = chunk.world.vocabulary.countries
    clean = international(numbers, country, countries)
    wrong = chance(rng, size, dirt.phone_wrong_digit)
    dialled = patch(
        numbers,
        np.flatnonzero(wrong),
        _wrong_digit(rng, numbers.filter(pl.Series(wrong))),
    )
    value, notation = written(rng, dialled, country, countries)
    column = Column.of(clean)
    column.value = value
    for text, kind in _NOTATION.items():
        column.bits[(notation == text).to_numpy()] |= np.uint64(kind)
    column.bits[wrong] |= np.uint64(Kind.WRONG_DIGIT)
    if extension is not None:
        number = pl.Series(extension).cast(pl.String)
        has = extension >= 0
        column.clean = clean.zip_with(pl.Series(~has), join(clean, ";ext=", number))
        word = choose(rng, [" ext. ", " x", " Ext ", " ext "], size)
        column.swap_in(has, Kind.PHONE_EXTENSION, join(value, word, number))
    column.put(
        chance(rng, size, dirt.phone_placeholder),
        Kind.PLACEHOLDER,
        lambda s: choose(
            rng, chunk.world.vocabulary.people["placeholder_phones"], len(s)
        ),
    )
    column.drop(chance(rng, size, missing))
    return column


def phone_columns(
    rng: np.random.Generator, chunk: Chunk, who: Who
) -> dict[str, Column]:
    """Write business, mobile and home numbers."""
    world, dirt, size = chunk.world, chunk.world.dirt, len(who)
    at, companies = who.person, world.companies
    own_country = chunk.people.country[at].astype(np.int64)
    employed = who.firm >= 0
    country = np.where(employed, companies.country[who.firm], own_country)
    board = national_numbers(
        np.where(employed, companies.switchboard[who.firm], -1),
        country,
        world.vocabulary.countries,
        kind="land",
    )
    rows = pl.Series(at)
    home = chunk.addresses.home_phone.gather(rows)
    number = board.fill_null(home)
    extension = np.where(
        employed & ~who.earlier_job & chance(rng, size, 0.6),
        chunk.people.extension[at],
        -1,
    ).astype(np.int64)
    mobile = chunk.addresses.mobile.gather(rows)
    phone = phone_column(
        rng, chunk, number, country, missing=dirt.phone_missing, extension=extension
    )
    cell = phone_column(rng, chunk, mobile, own_country, missing=dirt.mobile_missing)
    two = chance(rng, size, dirt.phone_two_in_field) & phone.known()
    also = international(mobile, own_country, world.vocabulary.countries)
    between = choose(rng, [" / ", "; ", ", "], size)
    phone.swap_in(two, Kind.TWO_VALUES, join(phone.value, between, also))
    private = phone_column(rng, chunk, home, own_country, missing=0.93)
    private.drop(~employed & phone.value.is_not_null().to_numpy())
    return {"phone": phone, "mobile_phone": cell, "home_phone": private}
