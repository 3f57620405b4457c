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

_ALIKE = 0.9
"""Jaro-Winkler similarity from which letters are a spelling of the owner's name."""
_LEAST_LETTERS = 6
"""Shorter words are alike by chance."""


_MAILBOX = "split_part(email, '@', 1)"


def contact_features_sql(table: str, judged: str) -> str:
    """Return the query that derives the features of contacts from their facts.

    Args:
        table: Table of facts.
        judged: Table with `mark` and `is_own` for every mark (`mark_sql`).

    Returns:
        A select statement: the columns of the facts without full_name and
        is_other_script, and email_handle (NULL where it only repeats the name),
        handle_digits and birth_date_swapped.
    """
    digits = _digits(_MAILBOX)
    return f"""
    SELECT
        facts.* EXCLUDE (full_name, is_other_script),
        CASE WHEN is_own THEN {_MAILBOX} END AS email_handle,
        CASE WHEN length({digits}) >= 2 THEN {digits} END AS handle_digits,
        birth_date[1:5] || birth_date[9:10] || '-' || birth_date[6:7]
            AS birth_date_swapped
    FROM {table} AS facts LEFT JOIN {judged} AS judged ON {mark_sql()} = judged.mark
    """


def judge_sql(table: str) -> str:
    """Return the query that tells which mailboxes say more than their owner's name.

    Args:
        table: Table with mark, email, given, given_group, family and is_other_script.

    Returns:
        A select statement of mark and is_own.
    """
    return f"SELECT mark, {_IS_OWN} AS is_own FROM ({_spelled_sql(table)})"


def mark_sql() -> str:
    """Return SQL of a digest of all that the verdict on a mailbox depends on.

    Returns:
        A 128-bit number over the columns of `facts`; NULL without an e-mail address.
    """
    # Two digests of 64 bits in different orders: a chance collision is out of the question.
    names = ["email", "given", "given_group", "family", "is_other_script"]
    return (
        f"CASE WHEN email IS NOT NULL THEN hash({', '.join(names)})::UHUGEINT "
        f"* 18446744073709551616 + hash({', '.join(reversed(names))}) END"
    )


def other_script_sql(name: str) -> str:
    """Return SQL of whether a name has letters that are not Latin ones.

    Args:
        name: SQL of the name in its own script.

    Returns:
        A boolean expression; NULL without a name.
    """
    return f"regexp_matches({name}, '[^\\P{{L}}\\p{{Latin}}]')"


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


def _spelled_sql(table: str) -> str:
    """Return a query of a table's rows with mailbox and names spelled for comparing."""
    return f"""
    SELECT
        *,
        {_letters("translate(mailbox, '._-0123456789', '')")} AS letters,
        {_letters("given")} AS first,
        {_letters("given_group")} AS nick,
        {_letters("family")} AS last
    FROM (
        SELECT *, {_MAILBOX} AS mailbox, {_digits(_MAILBOX)} AS digits FROM {table}
    )
    """


_IS_OWN = f"""(CASE
    WHEN length(digits) >= 2 THEN true
    WHEN coalesce(is_other_script, false) THEN false
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
