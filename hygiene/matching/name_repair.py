"""Names in the wrong field: repaired for comparing, from what the table itself shows.

What belongs here: moving or dropping words of `facts.given` and `facts.family` before
records are compared. What does not: names for publication, which standardising decides.

- "Mr" or "Sir" in the first-name field is a form of address. It agrees with every other
  "Mr" and contradicts the person's own first name; the first word of the full name that
  is no form of address takes its place.
- A record with one name only often has it in the wrong field ("Pollock" as a first name
  without a surname). It belongs where the complete records of the same table have that
  word; a word that they use in both places stays where it is.
- A record without a name often has it in its mailbox ("ann.lee@..."). It counts if a
  complete record of the same table has such a first name or such a surname.
"""

from __future__ import annotations

import duckdb

from hygiene.parquet_exchange import quote_literal
from hygiene.standardise import default_names

_AMBIGUOUS_FORMS = frozenset({"sir", "lady", "lord", "doctor", "madam", "dame"})
_NAME_IN_MAILBOX = r"^(\pL[\pL-]*)[._](\pL[\pL-]+)$"
_MORE_OFTEN = 3
"""How many times more often a word must stand in the other field to be moved."""


def repair_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Correct the name fields of the table `facts`, in place.

    Args:
        connection: Connection that holds `facts` with given, given_group, family and
            full_name (lower-case text as received, or NULL), and mailbox, the first part
            of the address of records without a name.
    """
    names = default_names()
    forms = (set(names.titles) - set(names.ambiguous_titles)) | _AMBIGUOUS_FORMS
    words = ", ".join(quote_literal(word) for word in sorted(forms))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE addressed AS
        SELECT source_record_key, list_filter(
            string_split_regex(coalesce(full_name, ''), '[^\\pL'']+'),
            word -> length(word) > 1 AND word IS DISTINCT FROM family
                AND NOT list_contains([{words}], word)
        )[1] AS given
        FROM facts WHERE given IN ({words})
        """
    )
    connection.execute(
        "UPDATE facts SET given = addressed.given, given_group = addressed.given "
        "FROM addressed WHERE facts.source_record_key = addressed.source_record_key"
    )
    connection.execute("DROP TABLE addressed")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE lone_names AS
        WITH whole AS (
            SELECT given, family FROM facts
            WHERE given IS NOT NULL AND family IS NOT NULL
        ), as_given AS (SELECT given AS word, count(*) AS n FROM whole GROUP BY ALL),
        as_family AS (SELECT family AS word, count(*) AS n FROM whole GROUP BY ALL)
        SELECT word,
            coalesce(as_family.n, 0) >= {_MORE_OFTEN} * (1 + coalesce(as_given.n, 0))
                AS is_family,
            coalesce(as_given.n, 0) >= {_MORE_OFTEN} * (1 + coalesce(as_family.n, 0))
                AS is_given
        FROM as_given FULL OUTER JOIN as_family USING (word)
        """
    )
    connection.execute(
        "UPDATE facts SET family = given, given = NULL, given_group = NULL "
        "FROM lone_names WHERE family IS NULL AND given = word AND is_family"
    )
    connection.execute(
        "UPDATE facts SET given = family, given_group = family, family = NULL "
        "FROM lone_names WHERE facts.given IS NULL AND family = word AND is_given "
        "AND NOT is_family"
    )
    connection.execute("DROP TABLE lone_names")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE mailbox_names AS
        WITH spelled AS (
            SELECT source_record_key,
                regexp_extract(mailbox, '{_NAME_IN_MAILBOX}', ['given', 'family']) AS name
            FROM facts WHERE given IS NULL AND family IS NULL AND mailbox IS NOT NULL
        ), whole AS (
            SELECT given, family FROM facts
            WHERE given IS NOT NULL AND family IS NOT NULL
        )
        SELECT source_record_key, name.given AS given, name.family AS family
        FROM spelled
        WHERE name.given IN (SELECT given FROM whole)
            OR name.family IN (SELECT family FROM whole)
        """
    )
    connection.execute(
        "UPDATE facts SET given = named.given, given_group = named.given, "
        "family = named.family FROM mailbox_names AS named "
        "WHERE facts.source_record_key = named.source_record_key"
    )
    connection.execute("DROP TABLE mailbox_names")
