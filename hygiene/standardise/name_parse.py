"""The shapes of personal names, and splitting one text into its parts."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hygiene.standardise.status import Status
from hygiene.standardise.text import match_form
from hygiene.standardise.vocabulary import NameWords

# Han, Hiragana, Katakana and Hangul: the family name comes first.
_EAST_ASIAN: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u3005\u30fb\uff65-\uff9f]+\Z"
)
_CHINESE_OR_HANGUL: Final = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff]+\Z|[\uac00-\ud7af]+\Z"
)
_FAMILY_BEGINS: Final = frozenset({"van", "von"})
_JOINING: Final = frozenset({"y", "e", "i"})
_LONGEST_UNSPACED: Final = 3
_LONGEST_TITLE_WORDS: Final = 3


class PersonNameInput(NamedTuple):
    """The name columns of one record, as received."""

    full_name: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    suffix: str | None = None


class PersonName(NamedTuple):
    """Verdict on one person's name. A tuple, because millions are made."""

    title: str | None
    given: str | None
    middle: str | None
    family: str | None
    suffix: str | None
    full: str | None
    status: Status
    rule: str
    given_match: str | None = None
    family_match: str | None = None
    given_group: str | None = None


class NameParts(NamedTuple):
    """The parts found in a text, in the case and script in which they stood."""

    title: str | None = None
    given: str | None = None
    middle: str | None = None
    family: str | None = None
    suffix: str | None = None


def name_tokens(text: str) -> list[str]:
    """Return the words of a name; commas are the caller's business.

    Example:
        >>> name_tokens("Anne-Marie  de Lima")
        ['Anne-Marie', 'de', 'Lima']
    """
    return text.split()


def is_east_asian(text: str) -> bool:
    """Return whether every character is Han, kana or Hangul.

    Example:
        >>> is_east_asian("\u674e\u660e"), is_east_asian("Li")
        (True, False)
    """
    return bool(_EAST_ASIAN.match(text.replace(" ", "")))


def _plain(token: str) -> str:
    return token.casefold().replace(".", "").strip(",")


def take_title(tokens: list[str], names: NameWords) -> tuple[str | None, list[str]]:
    """Remove titles from the front.

    Args:
        tokens: Words of the name.
        names: Known titles.

    Returns:
        The canonical title, if any, and the remaining words (at least one).

    Example:
        >>> from hygiene.standardise.vocabulary import default_vocabulary
        >>> take_title(["Dr.", "Ann", "Lee"], default_vocabulary().names)
        ('Dr', ['Ann', 'Lee'])
    """
    title: str | None = None
    rest = list(tokens)
    while len(rest) > 1:
        for length in range(min(_LONGEST_TITLE_WORDS, len(rest) - 1), 0, -1):
            key = " ".join(_plain(token) for token in rest[:length])
            found = names.titles.get(key)
            is_dotted = rest[length - 1].endswith(".")
            if found and (key not in names.ambiguous_titles or is_dotted):
                title = found if title is None else _combine(title, found, names)
                rest = rest[length:]
                break
        else:
            break
    return title, rest


def _combine(title: str, found: str, names: NameWords) -> str:
    """Return the weightier of two titles; "Prof Dr" is one of its own."""
    both = names.titles.get(f"{title} {found}".casefold())
    if both:
        return both
    return found if title in {"Mr", "Mrs", "Ms", "Mx"} else title


def take_suffix(
    tokens: list[str], names: NameWords, *, is_sure: bool
) -> tuple[str | None, list[str]]:
    """Remove generation and degree words from the end.

    Args:
        tokens: Words of the name.
        names: Known suffixes.
        is_sure: Whether a comma shows that suffixes follow.

    Returns:
        The first canonical suffix, if any, and the remaining words.

    Example:
        >>> from hygiene.standardise.vocabulary import default_vocabulary
        >>> take_suffix(["Lee", "Jr."], default_vocabulary().names, is_sure=False)
        ('Jr', ['Lee'])
    """
    suffix: str | None = None
    rest = list(tokens)
    while rest and (len(rest) > 1 or is_sure):
        key = _plain(rest[-1])
        found = names.suffixes.get(key)
        if not found:
            break
        is_marked = is_sure or "." in rest[-1] or rest[-2].endswith(",")
        if key in names.ambiguous_suffixes and not is_marked:
            break
        suffix = found
        rest = rest[:-1]
    if rest:
        rest[-1] = rest[-1].rstrip(",")
    return suffix, rest


def _split_east_asian(text: str, names: NameWords) -> NameParts:
    words = text.replace("\u30fb", " ").split()
    if len(words) > 1:
        return NameParts(family=words[0], given=" ".join(words[1:]))
    word = words[0]
    compound = next((c for c in names.compound_surnames if word.startswith(c)), None)
    if compound and len(word) > len(compound):
        return NameParts(family=compound, given=word[len(compound) :])
    if (
        1 < len(word) <= _LONGEST_UNSPACED
        and word[0] in names.surname_characters
        and _CHINESE_OR_HANGUL.match(word)
    ):
        return NameParts(family=word[0], given=word[1:])
    # Japanese names have no space and no rule that says where to cut.
    return NameParts(family=word)


def parse_name(text: str, names: NameWords) -> NameParts:
    """Split a whole name in the order given-family, or family-given with a comma.

    Args:
        text: Cleaned text.
        names: Titles, suffixes and particles.

    Returns:
        The parts. One lone word is a given name.

    Example:
        >>> from hygiene.standardise.vocabulary import default_vocabulary
        >>> parse_name("van der Berg, Jan P.", default_vocabulary().names)[1:4]
        ('Jan', 'P.', 'van der Berg')
    """
    if is_east_asian(text):
        return _split_east_asian(text, names)
    head, comma, tail = text.partition(",")
    if not comma:
        return _parse_in_order(name_tokens(text), names)
    before, after = name_tokens(head), name_tokens(tail.replace(",", " "))
    if not before or not after:
        return _parse_in_order(before or after, names)
    suffix, rest = take_suffix(after, names, is_sure=True)
    if not rest:
        parsed = _parse_in_order(before, names)
        if len(before) == 1:
            parsed = parsed._replace(given=None, family=parsed.given or parsed.family)
        # "John Smith III, PhD": the generation tells people apart, not the degree.
        return parsed._replace(suffix=parsed.suffix or suffix)
    title, rest = take_title(rest, names)
    front_title, before = take_title(before, names)
    front_suffix, before = take_suffix(before, names, is_sure=False)
    particles: list[str] = []
    # "Berg, Jan van der": the particles belong before the family name.
    while len(rest) > 1 and rest[-1].casefold() in names.lower_particles:
        particles.insert(0, rest.pop())
    return NameParts(
        title=title or front_title,
        given=rest[0],
        middle=" ".join(rest[1:]) or None,
        family=" ".join((*particles, *before)),
        suffix=front_suffix or suffix,
    )


def _parse_in_order(tokens: list[str], names: NameWords) -> NameParts:
    title, tokens = take_title(tokens, names)
    suffix, tokens = take_suffix(tokens, names, is_sure=False)
    tokens = [token.strip(",") for token in tokens]
    tokens = [token for token in tokens if token]
    if not tokens:
        return NameParts(title=title, suffix=suffix)
    if len(tokens) == 1:
        if title:
            # "Mr Smith" names the family, "Ann" the person.
            return NameParts(title=title, family=tokens[0], suffix=suffix)
        return NameParts(title=title, given=tokens[0], suffix=suffix)
    start = len(tokens) - 1
    if start > 1 and _plain(tokens[start]) in names.trailing_family_words:
        start -= 1
    while start > 1 and _is_particle(tokens[start - 1], names):
        start -= 1
        if tokens[start].casefold() in _JOINING and start > 1:
            # "Ortega y Gasset", "de Oliveira e Silva": two names joined are one.
            start -= 1
    # "Fabian van Kuijk van Malsen": the first of these begins the family name.
    start = next(
        (i for i in range(1, start) if tokens[i].casefold() in _FAMILY_BEGINS), start
    )
    return NameParts(
        title=title,
        given=tokens[0],
        middle=" ".join(tokens[1:start]) or None,
        family=" ".join(tokens[start:]),
        suffix=suffix,
    )


def _is_particle(token: str, names: NameWords) -> bool:
    return token.casefold() in names.particles and (
        # A lone capital with a dot is an initial: "Ann E. Lee".
        len(token) > 1 or token.islower()
    )


def is_inverted(text: str, parsed: NameParts) -> bool:
    """Return whether the family name stood before a comma ("Lee, Ann", not "Lee, PhD").

    Args:
        text: The whole text.
        parsed: What `parse_name` made of it.

    Returns:
        Whether the order was turned.

    Example:
        >>> is_inverted("Lee, Ann", NameParts(given="Ann", family="Lee"))
        True
    """
    head, comma, _ = text.partition(",")
    return bool(comma and parsed.given and parsed.given not in head.split())


def is_family_name(text: str, names: NameWords) -> bool:
    """Return whether a lone last name is a family name of several words.

    "van der Berg" begins with a particle, and "Sarmiento Barcelo" with no given name that
    is known; "Marcos Prieto" may be two Spanish family names, and nothing is guessed; "John
    Smith" is a whole name in the wrong field.

    Args:
        text: Cleaned text of the last-name field, the first-name field being empty.
        names: Particles, titles and known given names.

    Returns:
        Whether the text is to be kept as it is.

    Example:
        >>> from hygiene.standardise.vocabulary import default_vocabulary
        >>> is_family_name("van der Berg", default_vocabulary().names)
        True
    """
    if "," in text:
        return False
    first = text.split(maxsplit=1)[0]
    if first.casefold() in names.particles:
        return True
    if is_east_asian(text) or not first[:1].isalpha():
        return False
    title, rest = take_title(name_tokens(text), names)
    known = (match_form(rest[0]) or "").partition(" ")[0]
    return title is None and known not in names.given_names and "." not in text
