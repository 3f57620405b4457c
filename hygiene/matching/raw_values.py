"""Values that could not be made canonical but can still be compared.

What belongs here: SQL that falls back on the raw value where standardising found no
canonical one. What does not: repairing values for publication; these never leave
matching.

A phone number without a known country has no international form, and 03/04/1980 is two
days. Two records with the same digits agree all the same, and a table whose phones are
all national, or whose dates all have one order, loses nothing.
"""

from __future__ import annotations

import duckdb

_LEAST_DIGITS = 7
_TAIL = 9
_EXTENSION = r"\s*(x|ext\.?|extension|#)\s*\d{1,6}\s*$"
_LEAST_MAILBOX = 5

_LATEST_BIRTH_YEAR = 25
"""A birth year of two digits up to this one is of this century."""
_SHORT_DATES = ("%d %b %y", "%d %B %y", "%b %d %y", "%B %d %y")
"""Dates with a name of a month and a year of two digits, separated by blanks."""

_FORMS = {
    "jr": "jr",
    "jnr": "jr",
    "junior": "jr",
    "sr": "sr",
    "snr": "sr",
    "senior": "sr",
    "ii": "ii",
    "iii": "iii",
    "iv": "iv",
    "v": "v",
}
_GENERATION = f" ({'|'.join(word for word in _FORMS if word != 'v')})$"

_ORDINALS = {
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "fourth": "4th",
    "fifth": "5th",
    "sixth": "6th",
    "seventh": "7th",
    "eighth": "8th",
    "ninth": "9th",
    "tenth": "10th",
    "eleventh": "11th",
    "twelfth": "12th",
}


_STREET_WORDS = {
    "street": "st",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "road": "rd",
    "drive": "dr",
    "place": "pl",
    "lane": "ln",
    "court": "ct",
    "square": "sq",
    "highway": "hwy",
    "parkway": "pkwy",
    "terrace": "ter",
    "suite": "ste",
    "floor": "fl",
    "building": "bldg",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
}
"""Words of addresses whose short and long form are one; a word is enough to compare."""


def phone_sql(canonical: str, raw: str, status: str) -> str:
    """Return SQL of a comparable phone number.

    Args:
        canonical: Column with the international form.
        raw: Column with the number as received.
        status: Column with the verdict; fillers stay missing.

    Returns:
        The last nine digits before an extension, so that a national number agrees with the
        same number in its international form; of numbers with at least seven digits only.
    """
    digits = (
        f"ltrim(regexp_replace(regexp_replace({raw}, '{_EXTENSION}', '', 'i'), "
        "'[^0-9]', '', 'g'), '0')"
    )
    return (
        f"right(coalesce(nullif({canonical}, ''), CASE "
        f"WHEN coalesce({status}, 'invalid') = 'invalid' "
        f"AND length({digits}) BETWEEN {_LEAST_DIGITS} AND 15 "
        f"AND replace({digits}, {digits}[1], '') <> '' THEN {digits} END), {_TAIL})"
    )


def email_sql(canonical: str, raw: str, status: str) -> str:
    """Return SQL of a comparable mail address.

    Args:
        canonical: Column with the form to match on.
        raw: Column with the address as received.
        status: Column with the verdict; fillers stay missing.

    Returns:
        An address that cannot be delivered ("...@yahoo.d") as it was written, if it has the
        shape of one: it still tells who meant to write it. Short mailboxes are left out,
        for nobody has looked whether they are roles.
    """
    text = f"lower(trim({raw}))"
    return (
        f"coalesce(nullif({canonical}, ''), CASE WHEN {status} = 'invalid' "
        f"AND regexp_full_match({text}, '[^@\\s]{{{_LEAST_MAILBOX},}}@[^@\\s]+\\.[^@\\s]+') "
        f"THEN {text} END)"
    )


def without_generation_sql(name: str) -> str:
    """Return SQL of a name without "Junior", "Sr" or "III" at its end.

    Args:
        name: SQL of a name's match form; nothing is taken from a single word.
    """
    return (
        f"CASE WHEN {name} LIKE '% %' "
        f"THEN regexp_replace({name}, '{_GENERATION}', '') ELSE {name} END"
    )


def generation_sql(suffix: str, *names: str) -> str:
    """Return SQL of what tells a father from his son of the same name.

    Standardising leaves a word such as "Senior" in a name, because it is a surname too.
    Compared, it only ever keeps people apart, so it may be read as what it usually is.

    Args:
        suffix: Column with the canonical suffix; degrees do not count.
        names: SQL of the names' match forms that may end with it.

    Returns:
        jr, sr, ii, iii, iv or v; NULL where nothing is said.
    """
    words = " ".join(f"WHEN '{word}' THEN '{form}'" for word, form in _FORMS.items())
    found = [f"lower({suffix})"]
    found += [
        f"CASE WHEN {name} LIKE '% %' THEN regexp_extract({name}, '{_GENERATION}', 1) END"
        for name in names
    ]
    forms = (f"CASE {text} {words} END" for text in found)
    return f"coalesce({', '.join(forms)})"


def street_sql(column: str) -> str:
    """Return SQL of a comparable street: letters and digits, one blank in between.

    Numbered streets compare by number ("Fifth Avenue" as "5th avenue"), and the streets
    between which a house lies are left out: only some writers name them.
    """
    words = f"regexp_replace(lower({column}), '[^\\pL\\pN]+', ' ', 'g')"
    words = f"regexp_replace({words}, '([0-9].*) between .* and .*', '\\1')"
    numbered = words
    for word, number in _ORDINALS.items():
        numbered = f"replace({numbered}, ' {word} ', ' {number} ')"
    named = "|".join(_ORDINALS)
    return (
        f"nullif(trim(CASE WHEN regexp_matches({words}, ' ({named}) (st|ave?|road|rd|"
        f"street|avenue)\\b') THEN {numbered} ELSE {words} END), '')"
    )


def short_street_sql(street: str) -> str:
    """Return SQL of a street with its kind and direction abbreviated, for premises.

    Without a known country nobody can say whether "St" is a street or a saint, so that
    standardising leaves both; compared, both are "st".

    Args:
        street: SQL of a comparable street, as `street_sql` gives it.
    """
    short = f"' ' || {street} || ' '"
    for long, abbreviation in _STREET_WORDS.items():
        short = f"replace({short}, ' {long} ', ' {abbreviation} ')"
    return f"trim({short})"


def birth_date_sql(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return SQL of a comparable birth date, `YYYY-MM-DD` as text.

    Impossible dates (a thirteenth month) are kept: they are usually one typing error
    away from the truth. For dates such as 03/04/1980 or 03041980 the order of day and
    month is taken from the numbers above twelve in the whole column. A year of two
    digits is one of the last hundred; that is a guess, and good enough to compare.

    Args:
        connection: An open connection.
        table: Standardised records with birth_date and birth_date_std.

    Returns:
        The expression; NULL where nothing looks like a date.
    """
    # 03041980 as 03/04/1980. No date that begins with its year has this form: its month
    # would be 18 to 20.
    number = "(0[1-9]|[12][0-9]|3[01])"
    written = (
        f"regexp_replace(birth_date, '^\\s*{number}{number}((?:18|19|20)[0-9]{{2}})\\s*$', "
        "'\\1/\\2/\\3')"
    )
    slashed = "'^\\s*([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4}|[0-9]{2}\\s*$)'"
    row = connection.execute(
        "SELECT count(*) FILTER (a > 12) >= count(*) FILTER (b > 12) FROM (SELECT "
        f"try_cast(regexp_extract({written}, {slashed}, 1) AS INTEGER) AS a, "
        f"try_cast(regexp_extract({written}, {slashed}, 2) AS INTEGER) AS b "
        f"FROM {table} WHERE regexp_matches({written}, {slashed}))"
    ).fetchone()
    day, month = (1, 2) if row is None or row[0] else (2, 1)

    def part(pattern: str, number: int) -> str:
        return f"lpad(regexp_extract({written}, {pattern}, {number}), 2, '0')"

    iso = "'^\\s*([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})([^0-9].*)?$'"
    spaced = "'^\\s*([0-9]{4})[-/. ]([0-9]{1,2})[-/. ]([0-9]{1,2})([^0-9].*)?$'"
    year = f"regexp_extract({written}, {slashed}, 3)"
    # A month above twelve is the day: standardising looked at whole years only.
    is_swapped = (
        f"length(trim({year})) = 2 "
        f"AND try_cast(regexp_extract({written}, {slashed}, {month}) AS INTEGER) > 12"
    )
    named = "regexp_replace(trim(birth_date), '[^0-9A-Za-z]+', ' ', 'g')"
    formats = ", ".join(f"'{item}'" for item in _SHORT_DATES)
    short = (
        f"CASE WHEN regexp_matches({named}, '^[0-9A-Za-z]+ [0-9A-Za-z]+ [0-9]{{2}}$') "
        f"THEN try_strptime({named}, [{formats}]) END"
    )
    short_year = f"strftime({short}, '%y')"
    return (
        "CASE WHEN birth_date_std IS NOT NULL "
        "THEN strftime(birth_date_std, '%Y-%m-%d') "
        f"WHEN regexp_matches({written}, {iso}) "
        f"THEN regexp_replace({written}, {iso}, '\\1-\\2-\\3') "
        f"WHEN regexp_matches({written}, {spaced}) THEN "
        f"regexp_extract({written}, {spaced}, 1) || '-' || {part(spaced, 2)} "
        f"|| '-' || {part(spaced, 3)} "
        f"WHEN regexp_matches({written}, {slashed}) THEN {_whole_year_sql(year)} || '-' || "
        f"CASE WHEN {is_swapped} THEN {part(slashed, day)} || '-' || {part(slashed, month)} "
        f"ELSE {part(slashed, month)} || '-' || {part(slashed, day)} END "
        f"WHEN {short} IS NOT NULL "
        f"THEN {_whole_year_sql(short_year)} || strftime({short}, '-%m-%d') END"
    )


def _whole_year_sql(year: str) -> str:
    """Return SQL of a year of four digits from one of two or four."""
    short = f"trim({year})"
    return (
        f"CASE WHEN length({short}) = 4 THEN {short} "
        f"WHEN {short}::INTEGER <= {_LATEST_BIRTH_YEAR} THEN '20' || {short} "
        f"ELSE '19' || {short} END"
    )
