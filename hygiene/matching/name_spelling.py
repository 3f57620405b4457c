"""Misspelt names of organisations: compared as the spelling that the table itself prefers.

What belongs here: replacing spellings in `facts.name` before records are compared. What
does not: names for publication, and words in another order, which comparisons know.

A firm with hundreds of records has dozens of spellings ("Electronics", "Electonics"), and
each of these agrees with the others in all but a letter. Weights cannot tell how seldom
that happens by chance: where one firm has many records, most random pairs that are alike
are its own. How often each spelling was written can: an error is rare beside the name
that it was meant to be. Two spellings that are equally common stay two.
"""

from __future__ import annotations

import duckdb

_TIMES = 5
"""How many times more records the right spelling has than an error."""
_LEAST_LETTERS = 8
"""A letter more or less in a shorter name is often another name."""
_SHORT_WORD = 3
"""Of words up to this length each letter counts: "Unit A", "Phase II"."""


def repair_spellings(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace misspelt names in the table `facts`, in place.

    Two kinds: the same letters with blanks elsewhere ("Gist Brocades", "Gistbrocades"),
    and one letter too many, missing, wrong or swapped beside a name with many times the
    records. Names with digits stay: "Store 12" is not a slip of "Store 13".

    Args:
        connection: Connection that holds `facts` with name.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE spellings AS
        WITH written AS (
            SELECT name, replace(name, ' ', '') AS letters, count(*) AS records
            FROM facts WHERE name IS NOT NULL AND NOT regexp_matches(name, '[0-9]')
            GROUP BY name
        )
        SELECT letters, arg_max(name, (records, name)) AS name,
            sum(records)::BIGINT AS records,
            list_sort(list_filter(string_split(arg_max(name, (records, name)), ' '),
                word -> length(word) <= {_SHORT_WORD})) AS short_words
        FROM written GROUP BY letters
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE misspelt AS
        -- One slip leaves the first four letters as they are, or what stands behind the
        -- fifth, moved by at most one place.
        WITH error AS (
            SELECT *, unnest([letters[:4], '-' || letters[5:8], '-' || letters[6:9],
                '-' || letters[7:10]]) AS part
            FROM spellings
        ), meant AS (
            SELECT *, unnest([letters[:4], '-' || letters[6:9]]) AS part
            FROM spellings
            WHERE length(letters) >= {_LEAST_LETTERS} AND records >= {_TIMES}
        )
        SELECT error.letters, arg_max(meant.name, (meant.records, meant.name)) AS name
        FROM error INNER JOIN meant
            ON error.part = meant.part AND meant.records >= {_TIMES} * error.records
        WHERE error.short_words = meant.short_words
            AND abs(length(error.letters) - length(meant.letters)) <= 1
            AND damerau_levenshtein(error.letters, meant.letters) = 1
        GROUP BY error.letters
        """
    )
    connection.execute(
        """
        UPDATE facts SET name = repaired.name FROM (
            -- Two steps: an error may be one of a spelling that is itself an error.
            SELECT spellings.letters,
                coalesce(second.name, first.name, spellings.name) AS name
            FROM spellings
            LEFT JOIN misspelt AS first USING (letters)
            LEFT JOIN misspelt AS second ON replace(first.name, ' ', '') = second.letters
        ) AS repaired
        WHERE replace(facts.name, ' ', '') = repaired.letters
            AND facts.name <> repaired.name
        """
    )
    connection.execute("DROP TABLE misspelt")
    connection.execute("DROP TABLE spellings")
