"""Which records somebody made to try something out.

Judged on standardised values of one record; suspicion over many records (a value shared
by many names) belongs to matching. Records are flagged, never dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from hygiene.standardise.text import fold_key
from hygiene.standardise.vocabulary import TestWords, Vocabulary, default_vocabulary
from hygiene.standardise.web_domain import is_reserved_host

_TRAILING_DIGITS: Final = re.compile(r"[\d._\-+]+\Z")
# Accepted: "asdf", "asdfgh", "qwer123". Rejected: "asdrubal", "wert".
_SHORTEST_WALK: Final = 4


class RecordIdentity(NamedTuple):
    """What a record says it is, standardised."""

    email: str | None = None
    email_domain: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    full_name: str | None = None
    company: str | None = None
    company_match: str | None = None
    domain: str | None = None


@lru_cache(maxsize=4)
def _walk_pattern(walks: tuple[str, ...]) -> re.Pattern[str]:
    rows = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop")
    return re.compile(
        "|".join(
            re.escape(row[start:end])
            for row in rows
            for start in range(len(row))
            for end in range(len(row), start + _SHORTEST_WALK - 1, -1)
            if any(row[start:end].startswith(walk) for walk in walks)
        )
    )


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
    letters = _TRAILING_DIGITS.sub("", word)
    if len(letters) < _SHORTEST_WALK or letters in {"wert", "were", "tree"}:
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
        Rule id or None. The user's blocklist is asked first.

    Example:
        >>> find_test_rule(RecordIdentity(given_name="Test", family_name="Test"))
        'test.name'
    """
    words = vocabulary or default_vocabulary()
    tests = words.tests
    full_name = fold_key(record.full_name or "")
    rule = _find_on_blocklist(record, full_name, tests)
    if rule is not None or not tests.is_suspicious_by_itself:
        return rule
    domain = (record.email or "").rpartition("@")[2]
    for host in (domain, record.domain or ""):
        if host and is_reserved_host(host, words):
            return "test.reserved_domain"
    if record.email:
        local = record.email.partition("@")[0].partition("+")[0]
        bare = _TRAILING_DIGITS.sub("", local)
        if local in tests.local_parts or bare in tests.local_parts:
            return "test.email"
        if is_keyboard_walk(local, tests):
            return "test.keyboard_walk"
    return _find_in_names(record, full_name, tests)


def _find_on_blocklist(
    record: RecordIdentity, full_name: str, tests: TestWords
) -> str | None:
    blocked = tests.blocklist
    if record.email and record.email in blocked.emails:
        return "test.blocklist_email"
    host = (record.email or "").rpartition("@")[2]
    domains = (host, record.email_domain, record.domain)
    if any(domain and domain in blocked.domains for domain in domains):
        return "test.blocklist_domain"
    if full_name and full_name in blocked.names:
        return "test.blocklist_name"
    company = fold_key(record.company or "")
    if company and company in blocked.companies:
        return "test.blocklist_company"
    return None


def _find_in_names(
    record: RecordIdentity, full_name: str, tests: TestWords
) -> str | None:
    given = _TRAILING_DIGITS.sub("", fold_key(record.given_name or ""))
    family = _TRAILING_DIGITS.sub("", fold_key(record.family_name or ""))
    names = [name for name in (given, family) if name]
    if names and all(name in tests.name_words for name in names):
        return "test.name"
    if full_name in tests.full_names:
        return "test.name"
    if "lorem ipsum" in full_name:
        return "test.lorem_ipsum"
    if names and all(is_keyboard_walk(name, tests) for name in names):
        return "test.keyboard_walk"
    company = fold_key(record.company or "")
    if company and (
        company in tests.company_names or record.company_match in tests.company_names
    ):
        return "test.company"
    if "lorem ipsum" in company:
        return "test.lorem_ipsum"
    if company and is_keyboard_walk(company, tests):
        return "test.keyboard_walk"
    return None
