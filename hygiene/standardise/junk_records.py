"""Which records somebody made to try something out.

Judged on standardised values of one record; suspicion over many records (a value shared
by many names) belongs to matching. Records are flagged, never dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from hygiene.standardise.vocabulary import TestWords, Vocabulary, default_vocabulary
from hygiene.standardise.web_domain import is_reserved_host, registrable_domain

_DIGITS_AND_SIGNS: Final = "0123456789._-+"
# Accepted: "asdf", "asdfgh", "qwer123". Rejected: "asdrubal", "wert".
_SHORTEST_WALK: Final = 4
_WORDS_LIKE_WALKS: Final = frozenset({"wert"})


class RecordIdentity(NamedTuple):
    """What a record says it is, standardised."""

    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    full_name: str | None = None
    company: str | None = None
    company_match: str | None = None
    domain: str | None = None


@lru_cache(maxsize=4)
def _walk_pattern(walks: tuple[str, ...]) -> re.Pattern[str]:
    rows = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop")
    pieces = {
        row[start:end]
        for row in rows
        for start in range(len(row))
        for end in range(start + _SHORTEST_WALK, len(row) + 1)
        if any(row[start:end].startswith(walk) for walk in walks)
    }
    # The longest first, so that "qwertz" is not read as "qwert" and a rest.
    ordered = sorted(pieces, key=lambda piece: (-len(piece), piece))
    return re.compile("|".join(ordered))


def is_keyboard_walk(word: str, tests: TestWords) -> bool:
    """Return whether a word is nothing but neighbouring keys, digits aside.

    Args:
        word: Lower-case word.
        tests: Known walks.

    Returns:
        True for asdf, qwertz12, asdfasdf; False for words that contain a walk.

    Example:
        >>> is_keyboard_walk("asdfasdf1", default_vocabulary().tests)
        True
    """
    # Nearly every word ends here: few begin with four neighbouring keys.
    if word[:_SHORTEST_WALK] not in tests.walk_starts:
        return False
    letters = word.rstrip(_DIGITS_AND_SIGNS)
    if len(letters) < _SHORTEST_WALK or letters in _WORDS_LIKE_WALKS:
        return False
    pattern = _walk_pattern(tests.keyboard_walks)
    position = 0
    while position < len(letters):
        match = pattern.match(letters, position)
        if match is None:
            return False
        position = match.end()
    return True


def find_test_rule(
    record: RecordIdentity, *, vocabulary: Vocabulary | None = None
) -> str | None:
    """Return the rule by which a record is a test, if one holds.

    Args:
        record: Standardised values of one record.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Rule id of the first part that gives the record away (mail address, domain, name,
        company; the user's blocklist before suspicion), or None.

    Example:
        >>> find_test_rule(RecordIdentity(given_name="Test", family_name="Test"))
        'test.name'
    """
    words = vocabulary or default_vocabulary()
    return (
        find_test_email(record.email, words)
        or find_test_domain(record.domain, words)
        or find_test_name(
            record.given_name, record.family_name, record.full_name, words
        )
        or find_test_company(record.company, record.company_match, words)
    )


def find_test_email(email: str | None, words: Vocabulary) -> str | None:
    """Return the rule by which a mail address belongs to a test, if one holds.

    Args:
        email: Standardised address.
        words: Words to compare with.

    Returns:
        Rule id or None.

    Example:
        >>> find_test_email("qa-test@acme.com", default_vocabulary())
        'test.email'
    """
    if email is None:
        return None
    tests = words.tests
    if tests.has_blocklist and email in tests.blocklist.emails:
        return "test.blocklist_email"
    local, _, host = email.rpartition("@")
    if rule := find_test_domain(host, words):
        return rule
    if not tests.is_suspicious_by_itself:
        return None
    local = local.partition("+")[0]
    if local in tests.local_parts or (
        local.rstrip(_DIGITS_AND_SIGNS) in tests.local_parts
    ):
        return "test.email"
    return "test.keyboard_walk" if is_keyboard_walk(local, tests) else None


def find_test_domain(host: str | None, words: Vocabulary) -> str | None:
    """Return the rule by which a domain can only be a test, if one holds.

    Args:
        host: Registrable domain, or the host of a mail address.
        words: Words to compare with.

    Returns:
        Rule id or None.

    Example:
        >>> find_test_domain("example.com", default_vocabulary())
        'test.reserved_domain'
    """
    if not host:
        return None
    tests = words.tests
    if tests.has_blocklist and any(
        host == blocked or host.endswith("." + blocked)
        for blocked in tests.blocklist.domains
    ):
        return "test.blocklist_domain"
    if tests.is_suspicious_by_itself and is_reserved_host(host, words):
        return "test.reserved_domain"
    return None


def find_reserved_host(raw: str | None, words: Vocabulary | None = None) -> str | None:
    """Return the rule by which a text that is no usable address still tells a test.

    A name below `.test` or `.invalid` is no domain that exists, so standardising gives no
    value that could be judged.

    Args:
        raw: A mail address or website as received, which had no canonical form.
        words: Words to compare with; the shipped ones by default.

    Returns:
        Rule id or None.

    Example:
        >>> find_reserved_host("dora@shop.test")
        'test.reserved_domain'
    """
    if not raw or "." not in raw:
        return None
    rest = raw.strip().lower().partition("://")[2] or raw.strip().lower()
    host = rest.rpartition("@")[2].partition("/")[0].partition(":")[0].strip(" .>\"'")
    head = host.rpartition(".")[0]
    # "acme.com.invalid" is how sandboxes keep mail from people who exist.
    is_masked = "." in head and registrable_domain(head) is not None
    if " " in host or is_masked:
        return None
    return find_test_domain(host, words or default_vocabulary())


def find_test_name(
    given: str | None, family: str | None, full: str | None, words: Vocabulary
) -> str | None:
    """Return the rule by which a personal name is made up, if one holds.

    Args:
        given: Standardised given name.
        family: Standardised family name.
        full: Standardised full name.
        words: Words to compare with.

    Returns:
        Rule id or None.

    Example:
        >>> find_test_name("Mickey", "Mouse", "Mickey Mouse", default_vocabulary())
        'test.name'
    """
    if not (given or family or full):
        return None
    tests = words.tests
    whole = (full or "").casefold()
    if tests.has_blocklist and whole in tests.blocklist.names:
        return "test.blocklist_name"
    if not tests.is_suspicious_by_itself:
        return None
    if whole in tests.full_names:
        return "test.name"
    if whole.startswith("lorem ipsum"):
        return "test.lorem_ipsum"
    are_words = are_walks = bool(given or family)
    for name in (given, family):
        if not name:
            continue
        key = name.casefold().rstrip(_DIGITS_AND_SIGNS)
        are_words = are_words and key in tests.name_words
        are_walks = are_walks and is_keyboard_walk(key, tests)
        if not (are_words or are_walks):
            # Nearly every name ends here, at its first part.
            return None
    if are_words:
        return "test.name"
    return "test.keyboard_walk" if are_walks else None


def find_test_company(
    company: str | None, match: str | None, words: Vocabulary
) -> str | None:
    """Return the rule by which a company name is made up, if one holds.

    Args:
        company: Standardised company name.
        match: Its match form.
        words: Words to compare with.

    Returns:
        Rule id or None.

    Example:
        >>> find_test_company("Test GmbH", "test", default_vocabulary())
        'test.company'
    """
    if company is None:
        return None
    tests = words.tests
    name = company.casefold()
    if tests.has_blocklist and name in tests.blocklist.companies:
        return "test.blocklist_company"
    if not tests.is_suspicious_by_itself:
        return None
    if name in tests.company_names or match in tests.company_names:
        return "test.company"
    if name.startswith("lorem ipsum"):
        return "test.lorem_ipsum"
    return "test.keyboard_walk" if is_keyboard_walk(name, tests) else None
