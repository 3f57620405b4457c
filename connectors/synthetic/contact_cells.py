"""How people are written down: names, addresses and numbers of contact records.

Belongs here: dirty columns that describe a person in one record. Which records exist
is decided elsewhere; files are written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.columns import (
    blank,
    by_group,
    choose,
    gather,
    join,
    patch,
    texts,
)
from connectors.synthetic.company_cells import (
    company_name,
    country_name,
    street_line,
)
from connectors.synthetic.dirt import Column, Kind, garble, slip
from connectors.synthetic.people import family_name
from connectors.synthetic.phones import international, national_numbers, written
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.world import DAY, Chunk

_NOTATION = {
    "phone_national": Kind.PHONE_NATIONAL,
    "phone_international": Kind.PHONE_INTERNATIONAL,
}


@dataclass(frozen=True, slots=True)
class Who:
    """The people behind some records, and the job each record knows of."""

    person: IntArray
    firm: IntArray
    earlier_job: BoolArray

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True)
class ContactCells:
    """Dirty columns of contact records, and what their clean e-mail really is.

    `mail_code` identifies the clean address (equal code, equal address); -1 for none.
    """

    columns: dict[str, Column]
    mail_code: IntArray


def _names(rng: np.random.Generator, chunk: Chunk, who: Who) -> dict[str, Column]:
    world, dirt, size = chunk.world, chunk.world.dirt, len(who)
    vocabulary = world.vocabulary
    at = who.person
    first_at = chunk.people.first[at]
    first = Column.of(gather(vocabulary.first.text, first_at))
    rows = pl.Series(at)
    last = Column.of(family_name(chunk.people, vocabulary).gather(rows))

    options = vocabulary.nickname_count[first_at]
    nick = np.where(
        options > 0,
        vocabulary.nickname_start[first_at]
        + (rng.random(size) * options).astype(np.int64),
        -1,
    )
    short = gather(vocabulary.nickname, nick)
    use = chance(rng, size, dirt.nickname) & (nick >= 0)
    first.put(use, Kind.NICKNAME, lambda s: short.filter(pl.Series(use)))

    lost = chance(rng, size, dirt.diacritics_lost)
    expand = chance(rng, size, 0.5)
    for form, mask in (("plain", lost & ~expand), ("expanded", lost & expand)):
        table: pl.Series = getattr(vocabulary.first, form)
        whole = gather(table, first_at)
        keep = mask & ~use
        family = family_name(chunk.people, vocabulary, form).gather(rows)
        first.put(
            keep,
            Kind.DIACRITICS_LOST,
            lambda s, k=keep, w=whole: w.filter(pl.Series(k)),
        )
        last.put(
            mask,
            Kind.DIACRITICS_LOST,
            lambda s, m=mask, f=family: f.filter(pl.Series(m)),
        )
    wrong = chance(rng, size, dirt.mojibake) & ~lost
    first.put(wrong, Kind.MOJIBAKE, garble)
    last.put(wrong, Kind.MOJIBAKE, garble)
    for column in (first, last):
        column.put(chance(rng, size, dirt.name_typo), Kind.TYPO, lambda s: slip(rng, s))
    first.put(
        chance(rng, size, dirt.initial_only),
        Kind.INITIAL_ONLY,
        lambda s: join(s.str.slice(0, 1), "."),
    )
    first.drop(chance(rng, size, dirt.first_name_missing))
    case = rng.random(size)
    upper = case < dirt.upper_case
    lower = ~upper & (case < dirt.upper_case + dirt.lower_case)
    for column in (first, last):
        column.put(upper, Kind.UPPER_CASE, lambda s: s.str.to_uppercase())
        column.put(lower, Kind.LOWER_CASE, lambda s: s.str.to_lowercase())
    first.put(
        chance(rng, size, dirt.title_in_name),
        Kind.TITLE_IN_NAME,
        lambda s: join("Dr. ", s),
    )
    first.put(
        chance(rng, size, dirt.stray_spaces), Kind.STRAY_SPACES, lambda s: join(s, "  ")
    )
    last.put(
        chance(rng, size, dirt.stray_spaces), Kind.STRAY_SPACES, lambda s: join(" ", s)
    )
    last.put(
        chance(rng, size, dirt.placeholder_name),
        Kind.PLACEHOLDER,
        lambda s: choose(rng, vocabulary.people["placeholder_names"], len(s)),
    )
    both = first.value.is_not_null().to_numpy()
    swap = both & chance(rng, size, dirt.names_swapped)
    given, family = first.value, last.value
    first.put(swap, Kind.NAMES_SWAPPED, lambda s: family.filter(pl.Series(swap)))
    last.put(swap, Kind.NAMES_SWAPPED, lambda s: given.filter(pl.Series(swap)))
    comma = both & ~swap & chance(rng, size, dirt.last_comma_first)
    last.put(
        comma,
        Kind.LAST_COMMA_FIRST,
        lambda s: join(s, ", ", given.filter(pl.Series(comma))),
    )
    first.drop(comma, Kind.LAST_COMMA_FIRST)

    letters = texts([f"{chr(65 + i)}." for i in range(26)])
    middle = Column.of(gather(letters, chunk.people.middle[at].astype(np.int64)))
    middle.drop(chance(rng, size, 0.5))
    generation = chunk.people.generation[at].astype(np.int64)
    suffix = Column.of(gather(texts(["Sr.", "Jr."]), generation - 1))
    suffix.drop(chance(rng, size, dirt.suffix_missing))
    return {
        "first_name": first,
        "middle_name": middle,
        "last_name": last,
        "suffix": suffix,
        "salutation": Column.of(_salutation(rng, chunk, who)),
    }


def _salutation(rng: np.random.Generator, chunk: Chunk, who: Who) -> pl.Series:
    words = chunk.world.vocabulary.people["salutations"]
    countries = chunk.world.vocabulary.countries
    gender = chunk.people.gender[who.person]

    def make(country: int, rows: IntArray) -> pl.Series:
        pairs = words[countries[country].language]
        pair = rng.integers(0, len(pairs), len(rows))
        flat = texts([word or None for both in pairs for word in both])
        return flat.gather(pl.Series(2 * pair + gender[rows]))

    values = by_group(chunk.people.country[who.person], len(who), make)
    return blank(values, chance(rng, len(who), 0.4))


def _email(rng: np.random.Generator, chunk: Chunk, who: Who) -> tuple[Column, IntArray]:
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
    column.put(shared, Kind.SHARED_MAILBOX, lambda s: mailbox.filter(pl.Series(shared)))
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
    other = rng.integers(0, 10, len(numbers))
    frame = pl.DataFrame({"s": numbers, "p": place, "d": other})
    cut = pl.col("s").str.len_chars() - pl.col("p")
    return frame.select(
        pl.col("s").str.slice(0, cut)
        + pl.col("d").cast(pl.String)
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
        column.put(
            has,
            Kind.PHONE_EXTENSION,
            lambda s: join(
                s,
                choose(rng, [" ext. ", " x", " Ext ", " ext "], len(s)),
                number.filter(pl.Series(has & value.is_not_null().to_numpy())),
            ),
        )
    column.put(
        chance(rng, size, dirt.phone_placeholder),
        Kind.PLACEHOLDER,
        lambda s: choose(
            rng, chunk.world.vocabulary.people["placeholder_phones"], len(s)
        ),
    )
    column.drop(chance(rng, size, missing))
    return column


def _phones(rng: np.random.Generator, chunk: Chunk, who: Who) -> dict[str, Column]:
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
    two = chance(rng, size, dirt.phone_two_in_field)
    also = international(mobile, own_country, world.vocabulary.countries)
    phone.put(
        two,
        Kind.TWO_VALUES,
        lambda s: join(
            s,
            choose(rng, [" / ", "; ", ", "], len(s)),
            also.filter(pl.Series(two & phone.value.is_not_null().to_numpy())),
        ),
    )
    private = phone_column(rng, chunk, home, own_country, missing=0.93)
    private.drop(~employed & phone.value.is_not_null().to_numpy())
    return {"phone": phone, "mobile_phone": cell, "home_phone": private}


def _place(rng: np.random.Generator, chunk: Chunk, who: Who) -> dict[str, Column]:
    world, people, companies = chunk.world, chunk.people, chunk.world.companies
    employed, at, size = who.firm >= 0, who.person, len(who)
    own = people.country[at].astype(np.int64)
    country = np.where(employed, companies.country[who.firm], own)
    city = np.where(employed, companies.city[who.firm], people.city[at])
    street = np.where(employed, companies.street[who.firm], people.street[at])
    house = np.where(employed, companies.house[who.firm], people.house[at])
    line = street_line(rng, world, country, street, house)
    columns = {
        "street": line,
        "city": Column.of(gather(world.vocabulary.city.text, city)),
        "state": Column.of(gather(world.vocabulary.state, city)),
        "postal_code": Column.of(gather(world.vocabulary.postcode, city)),
    }
    columns["city"].put(
        chance(rng, size, world.dirt.upper_case),
        Kind.UPPER_CASE,
        lambda s: s.str.to_uppercase(),
    )
    none = chance(rng, size, world.dirt.address_missing)
    for column in columns.values():
        column.drop(none)
    columns["country"] = country_name(rng, world, country)
    return columns


def birth_date(chunk: Chunk, person: IntArray) -> pl.Series:
    """Return ISO birth dates."""
    seconds = (
        chunk.world.clock.end - chunk.people.birth_day[person].astype(np.int64) * DAY
    )
    text = pl.select(
        pl.from_epoch(pl.lit(pl.Series(seconds)), time_unit="s").dt.strftime("%Y-%m-%d")
    )
    return text.to_series()


def describe(rng: np.random.Generator, chunk: Chunk, who: Who) -> ContactCells:
    """Write everything that one record per row may say about its person."""
    world, dirt, size = chunk.world, chunk.world.dirt, len(who)
    columns = _names(rng, chunk, who)
    email, code = _email(rng, chunk, who)
    columns["email"] = email
    columns |= _phones(rng, chunk, who)
    columns |= _place(rng, chunk, who)
    company = company_name(rng, world, who.firm)
    company.put(
        chance(rng, size, dirt.company_placeholder),
        Kind.PLACEHOLDER,
        lambda s: choose(rng, world.vocabulary.people["placeholder_companies"], len(s)),
    )
    company.drop(chance(rng, size, dirt.company_missing))
    columns["company_name"] = company
    title = np.where(
        who.earlier_job,
        chunk.people.previous_title[who.person],
        chunk.people.title[who.person],
    )
    job = Column.of(
        gather(world.vocabulary.title.text, np.where(who.firm < 0, -1, title))
    )
    job.drop(chance(rng, size, dirt.title_missing))
    columns["job_title"] = job
    born = Column.of(birth_date(chunk, who.person))
    born.drop(chance(rng, size, dirt.birthdate_missing))
    columns["birth_date"] = born
    return ContactCells(columns=columns, mail_code=code)
