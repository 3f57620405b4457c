"""Websites, hosts and mail domains to the registrable domain, offline.

The public suffix list is the snapshot that ships with tldextract; private suffixes
(github.io, myshopify.com) count, so that each tenant is a domain of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import idna
import tldextract

from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_compatible_text
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

# Accepted: "https://", "HTTP:/", "http//", "ftp://". Rejected: "acme.com".
_SCHEME: Final = re.compile(
    r"^[a-z][a-z0-9+.\-]*:/{1,3}|^https?/{2}|^https?;//", re.IGNORECASE
)
# Accepted: "acme.com, acme.de". Rejected: "acme.com".
_SEVERAL: Final = re.compile(r"[\s,;|]+")
# Accepted: "acme", "xn--mnchen-3ya". Rejected: "-acme", "a_b".
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")
_LONGEST_HOST: Final = 253


class DomainResult(NamedTuple):
    """Verdict on one website or domain. A tuple, because many are made."""

    value: str | None
    status: Status
    rule: str
    host: str | None = None
    is_free: bool = False


@lru_cache(maxsize=1)
def _extractor() -> tldextract.TLDExtract:
    # No suffix list URLs and no cache folder: never the network, never the disk.
    return tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
    )


def encode_host(host: str) -> str | None:
    """Return a host name in lower-case ASCII, or None when it is not one.

    Args:
        host: Host as typed, possibly international.

    Returns:
        The A-label form.

    Example:
        >>> encode_host("M\u00fcnchen.DE")
        'xn--mnchen-3ya.de'
    """
    host = host.strip().strip(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError, IndexError):
            return None
    if not host or len(host) > _LONGEST_HOST or _ADDRESS.match(host):
        return None
    if not all(_LABEL.match(label) for label in host.split(".")):
        return None
    return host


def registrable_domain(host: str) -> str | None:
    """Return the part of a host that somebody registered.

    Args:
        host: Result of `encode_host`.

    Returns:
        The domain below a public suffix; None for bare suffixes and unknown ones.

    Example:
        >>> registrable_domain("www.shop.acme.co.uk")
        'acme.co.uk'
    """
    found = _extractor()(host)
    if not found.domain or not found.suffix:
        return None
    return f"{found.domain}.{found.suffix}"


def standardise_domain(
    raw: str | None, *, vocabulary: Vocabulary | None = None
) -> DomainResult:
    """Return the registrable domain of an organisation's website.

    Args:
        raw: A URL, host, domain or mail address, as typed.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        Domain in lower-case ASCII, status, rule and host. Free-mail domains and pages on
        somebody else's site (facebook.com/acme) are never the organisation's domain.

    Example:
        >>> standardise_domain("https://www.Acme.co.uk/about").value
        'acme.co.uk'
    """
    words = vocabulary or default_vocabulary()
    text = clean_compatible_text(raw).strip("\"'<>()[] ")
    if not text:
        return DomainResult(None, Status.MISSING, "domain.missing")
    if words.placeholders.holds(text, "domain"):
        return DomainResult(None, Status.PLACEHOLDER, "domain.placeholder")
    result = _standardise_one(text, words)
    if result.rule != "domain.syntax":
        return result
    for piece in _SEVERAL.split(text):
        part = piece.strip("()[]<>\"'")
        if "." in part and part != text:
            result = _standardise_one(part, words)
            if result.value is not None:
                return result._replace(
                    status=Status.CORRECTED, rule="domain.first_of_several"
                )
    return DomainResult(None, Status.INVALID, "domain.syntax")


def _standardise_one(text: str, words: Vocabulary) -> DomainResult:
    repaired: str | None = None
    rest = _SCHEME.sub("", text)
    rest = _SCHEME.sub("", rest).lstrip("/\\")
    if rest.lower().startswith("mailto:"):
        rest = rest[7:]
    authority, _, path = rest.replace("\\", "/").partition("/")
    authority, _, query = authority.partition("?")
    authority = authority.partition("#")[0]
    if "@" in authority:
        # User information of a URL, or a mail address in the wrong field.
        authority = authority.rpartition("@")[2]
        repaired = "domain.from_email"
    authority = authority.partition(":")[0]
    if "," in authority and "." not in authority:
        authority = authority.replace(",", ".")
        repaired = "domain.comma_for_dot"
    if ".." in authority:
        authority = re.sub(r"\.{2,}", ".", authority)
        repaired = "domain.repeated_dot"
    host = encode_host(authority)
    if host is None:
        return DomainResult(None, Status.INVALID, "domain.syntax")
    # Accepted: "www.", "www2.", "wwww.", "ww.". A domain of that name keeps it.
    bare = re.sub(r"^w{2,4}\d?\.(?=[^.]+\.)", "", host)
    domain = registrable_domain(bare)
    if domain is None:
        shared = bare in words.tenant_hosts or _extractor()(bare).suffix == bare
        rule = "domain.bare_suffix" if shared else "domain.unknown_suffix"
        if "." not in bare:
            rule = "domain.syntax"
        return DomainResult(None, Status.INVALID, rule)
    return _judge(domain, bare, words, has_path=bool(path or query), repaired=repaired)


def _judge(
    domain: str, host: str, words: Vocabulary, *, has_path: bool, repaired: str | None
) -> DomainResult:
    if domain in words.mail.free:
        return DomainResult(
            None, Status.INVALID, "domain.free_mail", host, is_free=True
        )
    if domain in words.mail.disposable:
        return DomainResult(None, Status.INVALID, "domain.disposable", host)
    if words.placeholders.holds(domain, "domain"):
        return DomainResult(None, Status.PLACEHOLDER, "domain.placeholder")
    if host in words.tenant_hosts:
        return DomainResult(None, Status.INVALID, "domain.shared_host", host)
    if domain in words.tenant_hosts:
        # Like a public suffix: the label before it belongs to one tenant.
        tenant = host.removesuffix(f".{domain}").rpartition(".")[2]
        domain = f"{tenant}.{domain}"
    if has_path and domain in words.page_hosts:
        return DomainResult(None, Status.INVALID, "domain.shared_host", host)
    current = words.domain_redirects.get(domain)
    if current is not None:
        return DomainResult(current, Status.CORRECTED, "domain.redirect", host)
    if repaired:
        return DomainResult(domain, Status.CORRECTED, repaired, host)
    return DomainResult(domain, Status.VALID, "domain.valid", host)


def is_reserved_host(host: str, vocabulary: Vocabulary) -> bool:
    """Return whether a host can only be a test (RFC 2606 names and listed ones).

    Args:
        host: Lower-case host or registrable domain.
        vocabulary: Words to compare with.

    Returns:
        True for example.com, mail.example.com, anything.test and the like.

    Example:
        >>> is_reserved_host("example.com", default_vocabulary())
        True
    """
    tests = vocabulary.tests
    head, _, suffix = host.rpartition(".")
    above = f"{head.rpartition('.')[2]}.{suffix}"
    return host in tests.domains or above in tests.domains or suffix in tests.suffixes
