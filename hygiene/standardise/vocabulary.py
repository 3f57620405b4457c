"""The words that standardisers compare with: shipped reference data plus the user's.

Loads and validates; decides nothing about a value. Country names and legal forms have
indexes of their own (`country_index`, `legal_forms`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from hygiene.errors import ReferenceDataError
from hygiene.reference import read_reference_csv, read_reference_yaml
from hygiene.standardise.address_words import AddressWords, load_address_words
from hygiene.standardise.country_index import CountryIndex, load_country_index
from hygiene.standardise.legal_forms import LegalForms, load_legal_forms
from hygiene.standardise.settings import Blocklist, StandardiseSettings
from hygiene.standardise.text import fold_key, match_form

_KINDS: Final = ("email", "phone", "name", "company", "domain", "country", "text")
# From how many on one repeated character ("xxxx") is filler: AAA and III are companies.
_REPEATED_MINIMUM: Final = {"company": 4, "text": 4, "domain": 4}

_BRACKETS: Final = {"[": "]", "(": ")", "<": ">", "{": "}"}


@dataclass(frozen=True, slots=True)
class Placeholders:
    """Filler values by kind of field, folded with `fold_key`."""

    exact: frozenset[str]
    folded: Mapping[str, frozenset[str]]

    def holds(self, text: str, kind: str) -> bool:
        """Return whether cleaned text is filler for this kind of field.

        Args:
            text: Cleaned, non-empty text.
            kind: One of email, phone, name, company, domain, country, text.

        Returns:
            True for listed fillers, punctuation only, and one repeated character.

        Example:
            >>> default_vocabulary().placeholders.holds("N/A", "name")
            True
        """
        # Cleaned text has its white space collapsed already, so case is all to fold.
        if text.casefold() in self.folded[kind] or text in self.exact:
            return True
        if _BRACKETS.get(text[0]) == text[-1] and (inner := text[1:-1].strip()):
            # A filler in brackets, such as [not provided].
            text = inner
            if text.casefold() in self.folded[kind] or text in self.exact:
                return True
        first = text[0]
        if first != text[-1] and first.casefold() != text[-1].casefold():
            # Ends differ: neither one repeated character nor, usually, punctuation.
            return not (first.isalnum() or any(map(str.isalnum, text)))
        if not any(map(str.isalnum, text)):
            return True
        squeezed = text.replace(" ", "")
        minimum = _REPEATED_MINIMUM.get(kind, 3)
        return len(squeezed) >= minimum and len(set(squeezed.casefold())) == 1


@dataclass(frozen=True, slots=True)
class MailDomains:
    """What is known about mail domains and local parts."""

    free: frozenset[str]
    disposable: frozenset[str]
    typos: Mapping[str, str]
    roles: frozenset[str]
    suffix_typos: Mapping[str, str]
    typo_targets: tuple[str, ...]
    business: frozenset[str]


@dataclass(frozen=True, slots=True)
class NameWords:
    """Titles, suffixes, particles and nicknames around personal names."""

    titles: Mapping[str, str]
    ambiguous_titles: frozenset[str]
    suffixes: Mapping[str, str]
    ambiguous_suffixes: frozenset[str]
    particles: frozenset[str]
    lower_particles: frozenset[str]
    mac_names: frozenset[str]
    compound_surnames: tuple[str, ...]
    surname_characters: frozenset[str]
    given_names: frozenset[str]
    organisation_words: frozenset[str]
    trailing_family_words: frozenset[str]
    nicknames: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TestWords:
    """What gives a test record away."""

    domains: frozenset[str]
    suffixes: frozenset[str]
    local_parts: frozenset[str]
    name_words: frozenset[str]
    full_names: frozenset[str]
    company_names: frozenset[str]
    keyboard_walks: tuple[str, ...]
    walk_starts: frozenset[str]
    blocklist: Blocklist
    has_blocklist: bool
    is_suspicious_by_itself: bool

    __test__ = False  # not a test class, whatever pytest makes of the name


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that standardisers look up."""

    placeholders: Placeholders
    mail: MailDomains
    page_hosts: frozenset[str]
    tenant_hosts: frozenset[str]
    names: NameWords
    legal_forms: LegalForms
    countries: CountryIndex
    tests: TestWords
    addresses: AddressWords
    title_acronyms: Mapping[str, str]
    title_minor_words: frozenset[str]
    company_aliases: Mapping[str, str]
    known_companies: Mapping[str, str]
    domain_redirects: Mapping[str, str]


def _words(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(fold_key(str(value)) for value in values)


def _load_placeholders(settings: StandardiseSettings) -> Placeholders:
    data = read_reference_yaml("placeholders.yaml")
    extra = settings.extra_placeholders
    common = _words(data["any"]) | _words(extra.any)
    return Placeholders(
        exact=frozenset(str(value) for value in data["case_sensitive"]),
        folded={
            kind: common | _words(data.get(kind, ())) | _words(getattr(extra, kind))
            for kind in _KINDS
        },
    )


def _load_mail(settings: StandardiseSettings) -> MailDomains:
    data = read_reference_yaml("email_domains.yaml")
    business = _words(settings.business_domains)
    free = {domain for group in data["free_mail"].values() for domain in group}
    roles = {
        word
        for group in read_reference_yaml("email_roles.yaml").values()
        for word in group
    }
    return MailDomains(
        free=(_words(free) | _words(settings.extra_free_mail_domains)) - business,
        disposable=(
            _words(data["disposable"])
            | frozenset(
                row["domain"] for row in read_reference_csv("disposable_domains.csv")
            )
            | _words(settings.extra_disposable_domains)
        )
        - business,
        typos={typo: meant for meant, typos in data["typos"].items() for typo in typos},
        roles=_words(roles) | _words(settings.extra_role_local_parts),
        suffix_typos=_invert(data["suffix_typos"]),
        typo_targets=tuple(data["typo_targets"]),
        business=business,
    )


def _load_nicknames(settings: StandardiseSettings) -> dict[str, str]:
    nicknames: dict[str, str] = {}
    for row in read_reference_csv("nicknames.csv"):
        if nicknames.setdefault(row["nickname"], row["canonical"]) != row["canonical"]:
            raise ReferenceDataError(
                "reading reference data: nicknames.csv gives one nickname to two "
                "groups; keep it in one group"
            )
    for nickname, canonical in settings.nicknames.items():
        nicknames[fold_key(nickname)] = fold_key(canonical)
    for nickname in sorted(nicknames):
        seen = {nickname}
        canonical = nicknames[nickname]
        while canonical in nicknames and canonical not in seen:
            seen.add(canonical)
            canonical = nicknames[canonical]
        nicknames[nickname] = canonical
    return nicknames


def _invert(groups: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {str(word): label for label, words in groups.items() for word in words}


def _load_names(settings: StandardiseSettings) -> NameWords:
    data = read_reference_yaml("person_names.yaml")
    nicknames = _load_nicknames(settings)
    return NameWords(
        titles=_invert(data["titles"]),
        ambiguous_titles=frozenset(data["ambiguous_titles"]),
        suffixes=_invert(data["suffixes"]),
        ambiguous_suffixes=frozenset(data["ambiguous_suffixes"]),
        particles=frozenset(data["particles"]),
        lower_particles=frozenset(data["lower_particles"]),
        mac_names=frozenset(data["mac_names"]),
        compound_surnames=tuple(data["compound_surnames"]),
        surname_characters=frozenset(data["surname_characters"]),
        given_names=(frozenset(nicknames) | frozenset(nicknames.values()))
        - frozenset(data["given_names_that_begin_family_names"]),
        organisation_words=frozenset(data["organisation_words"]),
        trailing_family_words=frozenset(data["trailing_family_words"]),
        nicknames=nicknames,
    )


def _load_tests(settings: StandardiseSettings) -> TestWords:
    data = read_reference_yaml("test_records.yaml")
    return TestWords(
        domains=_words(data["reserved_domains"]),
        suffixes=_words(data["reserved_suffixes"]),
        local_parts=_words(data["email_local_parts"]),
        name_words=_words(data["name_words"]),
        full_names=_words(data["full_names"]),
        company_names=_words(data["company_names"]),
        keyboard_walks=tuple(data["keyboard_walks"]),
        walk_starts=frozenset(walk[:4] for walk in data["keyboard_walks"]),
        blocklist=Blocklist(
            emails=tuple(sorted(_words(settings.blocklist.emails))),
            domains=tuple(sorted(_words(settings.blocklist.domains))),
            names=tuple(sorted(_words(settings.blocklist.names))),
            companies=tuple(sorted(_words(settings.blocklist.companies))),
        ),
        has_blocklist=settings.blocklist != Blocklist(),
        is_suspicious_by_itself=settings.flag_test_records,
    )


def _follow(
    steps: Mapping[str, str], key: Callable[[str], str | None]
) -> dict[str, str]:
    """Return every start with the end of its chain; a circle ends where it began."""
    ends: dict[str, str] = {}
    for start in sorted(steps):
        seen, end = {start}, steps[start]
        while (following := key(end)) in steps and following not in seen:
            seen.add(following or "")
            end = steps[following or ""]
        if start and key(end) != start:
            ends[start] = end
    return ends


def load_vocabulary(settings: StandardiseSettings) -> Vocabulary:
    """Load the shipped reference data and add the user's own words.

    Args:
        settings: The user's settings.

    Returns:
        The vocabulary, ready for every standardiser.

    Raises:
        ReferenceDataError: A shipped file is missing or malformed.

    Example:
        >>> "gmail.com" in load_vocabulary(StandardiseSettings()).mail.free
        True
    """
    shared = read_reference_yaml("shared_domains.yaml")
    titles = read_reference_yaml("job_titles.yaml")
    return Vocabulary(
        placeholders=_load_placeholders(settings),
        mail=_load_mail(settings),
        page_hosts=_words(shared["page_hosts"]),
        tenant_hosts=_words(shared["tenant_hosts"]),
        names=_load_names(settings),
        legal_forms=load_legal_forms(settings.company_abbreviations),
        countries=load_country_index(settings.country_aliases),
        tests=_load_tests(settings),
        addresses=load_address_words(),
        title_acronyms={word.casefold(): word for word in titles["acronyms"]},
        title_minor_words=frozenset(titles["minor_words"]),
        company_aliases=_follow(
            {
                match_form(alias) or "": name
                for alias, name in settings.company_aliases.items()
            },
            match_form,
        ),
        known_companies=read_reference_yaml("company_aliases.yaml")["aliases"],
        domain_redirects=_follow(
            {
                fold_key(old): fold_key(new)
                for old, new in (
                    shared["redirects"] | dict(settings.domain_redirects)
                ).items()
            },
            fold_key,
        ),
    )


@lru_cache(maxsize=1)
def default_names() -> NameWords:
    """Return the words of names in the default settings, loaded once per process.

    The rest of the vocabulary takes a second to load, most of it names of countries.
    """
    return _load_names(StandardiseSettings())


@lru_cache(maxsize=1)
def default_vocabulary() -> Vocabulary:
    """Return the vocabulary of the default settings, loaded once per process.

    Example:
        >>> default_vocabulary() is default_vocabulary()
        True
    """
    return load_vocabulary(StandardiseSettings())
