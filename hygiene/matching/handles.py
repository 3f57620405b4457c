"""Mailbox names: which of them only repeat the name of their owner.

What belongs here: SQL that tells "maren.froehlich" of Maren Fröhlich from a handle that
somebody chose. What does not: comparing handles (`contacts.py`).

A mailbox named after its owner says nothing that the name has not said: namesakes at two
firms have the same one. So it must be recognised however it is spelled: umlauts as two
letters, one of several surnames left out, a slip in either spelling, a nickname, initials. A
name in another script cannot be compared; there a mailbox of letters is taken for the
romanised name, which it nearly always is. A mailbox with a number of two or more digits
has something of its own ("jsmith77").
"""

from __future__ import annotations

import duckdb

_ALIKE = 0.9
"""Jaro-Winkler similarity from which letters are a spelling of the owner's name."""
_LEAST_LETTERS = 6
"""Shorter words are alike by chance."""


HANDLES = "own_handles"
"""Table that `find_handles` creates."""


def find_handles(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Create `own_handles`: the mailboxes that say more than their owner's name.

    Args:
        connection: Connection that holds the table.
        table: Table of numbered facts.
    """
    unmarked = "mailbox"
    for mark in "._-":
        unmarked = f"replace({unmarked}, '{mark}', '')"
    # Materialised: a condition that is pushed down spells the texts at every mention.
    # Most mailboxes repeat the name letter for letter and need no closer look.
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {HANDLES} AS
        WITH mailboxes AS MATERIALIZED (
            SELECT *, {_digits("mailbox")} AS digits, {unmarked} AS unmarked FROM (
                SELECT unique_id, split_part(email, '@', 1) AS mailbox, given,
                    given_group, family, is_other_script
                FROM {table} WHERE email IS NOT NULL
            )
        ), spelled AS MATERIALIZED (
            SELECT
                *,
                {_letters("unmarked")} AS letters,
                {_letters("given")} AS first,
                {_letters("given_group")} AS nick,
                {_letters("family")} AS last
            FROM mailboxes
            WHERE length(digits) >= 2
                OR coalesce(unmarked NOT IN (given || family, family || given), true)
        ), judged AS MATERIALIZED (
            SELECT unique_id, mailbox, digits, {_IS_OWN} AS is_own FROM spelled
        )
        SELECT unique_id, mailbox AS email_handle,
            CASE WHEN length(digits) >= 2 THEN digits END AS handle_digits
        FROM judged WHERE is_own
        """
    )


def contact_features_sql(table: str) -> str:
    """Return the query that derives the features of contacts from their facts.

    Args:
        table: Table of numbered facts; `own_handles` has been made of it.

    Returns:
        A select statement: the columns of the facts without full_name,
        is_other_script and mailbox, and email_handle (NULL where it only repeats the name),
        handle_digits, birth_date_swapped and name_code, a number of the name's start.
    """
    return f"""
    SELECT
        facts.* EXCLUDE (full_name, is_other_script, mailbox),
        email_handle,
        handle_digits,
        birth_date[1:5] || birth_date[9:10] || '-' || birth_date[6:7]
            AS birth_date_swapped,
        CASE WHEN given_group IS NOT NULL AND family IS NOT NULL
            THEN hash(substr(given_group, 1, 3) || substr(family, 1, 4)) END AS name_code
    FROM {table} AS facts LEFT JOIN {HANDLES} USING (unique_id)
    """


def other_script_sql(name: str) -> str:
    """Return SQL of whether a name has letters that are not Latin ones.

    Args:
        name: SQL of the name in its own script.

    Returns:
        A boolean expression; NULL without a name.
    """
    # As many bytes as characters: nothing but ASCII, and no need to look further.
    return (
        f"CASE WHEN strlen({name}) = length({name}) THEN false "
        f"ELSE regexp_matches({name}, '[^\\P{{L}}\\p{{Latin}}]') END"
    )


def _digits(text: str) -> str:
    """Return SQL of the digits of a text; most mailbox names have none."""
    return (
        f"CASE WHEN regexp_matches({text}, '[0-9]') "
        f"THEN regexp_replace({text}, '[^0-9]', '', 'g') "
        f"WHEN {text} IS NOT NULL THEN '' END"
    )


def _letters(text: str) -> str:
    """Return SQL of the folded letters of a text; most texts need no replacement."""
    return _folded(
        f"CASE WHEN regexp_full_match({text}, '[a-z]*') THEN {text} "
        f"ELSE regexp_replace({text}, '[^a-z]', '', 'g') END"
    )


def _folded(text: str) -> str:
    """Return SQL of a text with umlauts in two letters written as one."""
    for two, one in (("ae", "a"), ("oe", "o"), ("ue", "u")):
        text = f"replace({text}, '{two}', '{one}')"
    return text


_IS_OWN = f"""(CASE
    WHEN length(digits) >= 2 THEN true
    WHEN coalesce(is_other_script, false) THEN false
    -- Before umlauts are folded: the "ae" of "aevans" is none.
    WHEN unmarked IN (given[1] || family, family || given[1], given || family[1])
        THEN false
    WHEN letters IN (
        first || last, last || first, first, last,
        first[1] || last, last || first[1], first || last[1],
        last[1] || first, first[1] || last[1], nick || last, nick
    ) THEN false
    WHEN length(letters) >= {_LEAST_LETTERS} AND (
        jaro_winkler_similarity(letters, first || last) >= {_ALIKE}
        OR jaro_winkler_similarity(letters, last || first) >= {_ALIKE}
    ) THEN false
    WHEN list_has_all(
        string_split({_folded("given || ' ' || family")}, ' ')
            || [first[1], last[1]],
        list_filter(
            string_split_regex({_folded("mailbox")}, '[^a-z]+'), w -> w <> ''
        )
    ) THEN false
    ELSE true
END)"""
