"""E-mail addresses: the address itself, a match form, and what its domain says.

Deliverability is never asked of anybody. The address is not rewritten beyond case,
spaces and an ASCII domain; what providers ignore is removed in the match form only.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from email_validator import EmailNotValidError, validate_email
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_compatible_text
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary
from hygiene.standardise.web_domain import encode_host, registrable_domain

# Accepted: "ann.lee", "o'neil+x". Rejected: ".ann", "ann..lee". A subset of what
# email-validator accepts, forty times as fast; everything else goes to the library.
_SIMPLE_LOCAL: Final = re.compile(r"[a-z0-9_'+\-]+(?:\.[a-z0-9_'+\-]+)*\Z")
_LONGEST_LOCAL: Final = 64
_LONGEST_ADDRESS: Final = 254
# Accepted: "a@b.com; c@d.com", "a@b.com / c@d.com". Rejected: "a@b.com".
_SEVERAL: Final = re.compile(r"\s*[;,|\s/<>()\[\]]+\s*")
# Accepted: "ann (at) acme.com", "ann[at]acme.com". Rejected: "ann@acme.com".
_SPELT_AT: Final = re.compile(
    r"\s*(?:\(at\)|\[at\]|\{at\}|<at>|\s+at\s+)\s*", re.IGNORECASE
)
_SPELT_DOT: Final = re.compile(
    r"\s*(?:\(dot\)|\[dot\]|\{dot\}|\s+dot\s+)\s*", re.IGNORECASE
)
_ROLE_SPLIT: Final = re.compile(r"[._\-]")
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})


class EmailResult(NamedTuple):
    """Verdict on one address. A tuple, because millions are made."""

    value: str | None
    status: Status
    rule: str
    match: str | None = None
    domain: str | None = None
    is_role: bool = False
    is_free: bool = False
    is_disposable: bool = False
    suggestion: str | None = None


class _DomainFacts(NamedTuple):
    host: str
    registrable: str
    rule: str
    is_free: bool
    is_disposable: bool
    suggestion: str | None


class EmailStandardiser:
    """Standardises addresses and remembers the domains it has seen.

    One instance per run: the memory is bounded by the distinct domains of that run.
    """

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._words = vocabulary or default_vocabulary()
        self._domains: dict[str, _DomainFacts | None] = {}

    def __call__(self, raw: str | None) -> EmailResult:
        """Return the verdict on one address.

        Args:
            raw: The address as received.

        Returns:
            Canonical address, status, rule, match form and flags.

        Example:
            >>> EmailStandardiser()("Ann.Lee@Gmail.com").match
            'annlee@gmail.com'
        """
        text = clean_compatible_text(raw)
        if not text:
            return EmailResult(None, Status.MISSING, "email.missing")
        if self._words.placeholders.holds(text, "email"):
            return EmailResult(None, Status.PLACEHOLDER, "email.placeholder")
        lower = text.lower()
        result = self._accept(lower, Status.VALID, "email.valid")
        if result is None:
            result = self._repair(lower)
        elif result.value == lower:
            return result
        if result.value is not None and self._words.placeholders.holds(
            result.value, "email"
        ):
            return EmailResult(None, Status.PLACEHOLDER, "email.placeholder")
        return result

    def _facts(self, domain: str) -> _DomainFacts | None:
        if domain not in self._domains:
            self._domains[domain] = self._look_at(domain)
        return self._domains[domain]

    def _look_at(self, domain: str) -> _DomainFacts | None:
        if domain != domain.strip(". "):
            return None
        host = encode_host(domain)
        if host is None or "." not in host:
            return None
        mail = self._words.mail
        registrable = registrable_domain(host) or ""
        # An ordinary host below a public suffix is what the library accepts too; only
        # encoded labels and unknown suffixes (.test, .local) need its opinion.
        if not registrable or "--" in host:
            try:
                validate_email(f"a@{host}", check_deliverability=False)
            except EmailNotValidError:
                return None
        suggestion = mail.typos.get(host) or self._suggest(host, registrable)
        if not registrable:
            rule = "email.unknown_suffix"
        else:
            rule = "email.likely_typo" if suggestion else ""
        return _DomainFacts(
            host=host,
            registrable=registrable,
            rule=rule,
            is_free=host in mail.free or registrable in mail.free,
            is_disposable=host in mail.disposable or registrable in mail.disposable,
            suggestion=suggestion,
        )

    def _suggest(self, host: str, registrable: str) -> str | None:
        """Return the domain that was probably meant; flagged only, never put in place."""
        mail = self._words.mail
        name, _, suffix = host.rpartition(".")
        if not registrable:
            meant = mail.suffix_typos.get(suffix)
            return f"{name}.{meant}" if meant else None
        if host in mail.free or host in mail.disposable or host in mail.business:
            return None
        # One slip away from a mailbox provider that millions use. Shorter names than
        # gmail.com have neighbours that are companies.
        near = process.extract(
            host, mail.typo_targets, scorer=OSA.distance, score_cutoff=1, limit=2
        )
        return near[0][0] if len(near) == 1 else None

    def _accept(self, text: str, status: Status, rule: str) -> EmailResult | None:
        local, at, domain = text.rpartition("@")
        if not at:
            return None
        facts = self._facts(domain)
        if facts is None:
            return None
        if not (_SIMPLE_LOCAL.match(local) and len(local) <= _LONGEST_LOCAL):
            try:
                checked = validate_email(
                    f"{local}@{facts.host}", check_deliverability=False
                )
            except EmailNotValidError:
                return None
            local = checked.local_part.lower()
        value = f"{local}@{facts.host}"
        if len(value) > _LONGEST_ADDRESS:
            return None
        if not facts.registrable:
            meant = f"{local}@{facts.suggestion}" if facts.suggestion else None
            return EmailResult(None, Status.INVALID, facts.rule, suggestion=meant)
        return EmailResult(
            value,
            status,
            facts.rule or rule,
            _match_address(local, facts.host),
            facts.registrable,
            self._is_role(local),
            facts.is_free,
            facts.is_disposable,
            f"{local}@{facts.suggestion}" if facts.suggestion else None,
        )

    def _is_role(self, local: str) -> bool:
        roles = self._words.mail.roles
        name = local.partition("+")[0]
        if name in roles or name.rstrip("0123456789") in roles:
            return True
        first = _ROLE_SPLIT.split(name, maxsplit=1)[0]
        # sales-emea is a role; "it.smith" and "pr.jones" are people.
        return len(first) > 3 and first in roles

    def _repair(self, text: str) -> EmailResult:
        """Try the repairs from the least to the most intrusive."""
        unwrapped = text.removeprefix("mailto:").strip("\"'<>()[]{}.,;: ")
        for candidate, rule in (
            (unwrapped, "email.wrapped"),
            # The rest of a mailto link: "?subject=Hello".
            (unwrapped.partition("?")[0], "email.wrapped"),
            (_SPELT_DOT.sub(".", _SPELT_AT.sub("@", unwrapped)), "email.spelt_out"),
        ):
            if result := self._accept(candidate, Status.CORRECTED, rule):
                return result
        for part in _SEVERAL.split(unwrapped):
            if "@" in part and (
                result := self._accept(
                    part.removeprefix("mailto:").strip("\"'.,:"),
                    Status.CORRECTED,
                    "email.first_of_several",
                )
            ):
                return result
        squeezed = re.sub(r"\s+", "", unwrapped)
        local, _, domain = squeezed.rpartition("@")
        tidy = re.sub(r"\.{2,}", ".", domain.replace(",", ".")).strip(".")
        for candidate, rule in (
            (squeezed, "email.inner_space"),
            (f"{local}@{tidy}", "email.domain_punctuation"),
            (f"{local.rstrip('@')}@{tidy}", "email.repeated_at"),
            (
                f"{re.sub(r'[.]{2,}', '.', local).strip('.')}@{tidy}",
                "email.repeated_dot",
            ),
        ):
            if result := self._accept(candidate, Status.CORRECTED, rule):
                return result
        rule = "email.syntax" if "@" in text else "email.no_at"
        return EmailResult(None, Status.INVALID, rule)


def _match_address(local: str, host: str) -> str:
    name = local.partition("+")[0] or local
    if host in _GMAIL:
        return f"{name.replace('.', '') or name}@gmail.com"
    return f"{name}@{host}"


def standardise_email(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> EmailResult:
    """Return the verdict on one e-mail address.

    Args:
        raw: The address as received.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Canonical address, status, rule, match form and flags.

    Example:
        >>> standardise_email(" Ann@ACME.com ").value
        'ann@acme.com'
    """
    return EmailStandardiser(vocabulary)(raw)
