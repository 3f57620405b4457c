"""What is searched for: identifiers of one person in every spelling they are stored in.

Belongs here: building one pattern out of a subject, and searching and replacing in text.
Only identifiers that nobody else has are needles: a name or a number that others share
cannot be taken out of their records.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from connectors.landing.suppression import ERASED
from orchestration.privacy.subject import Subject

_DIGITS = re.compile(r"\D")
_SHORTEST = 6
_PIECE = 32 * 1024 * 1024
_WORD = re.compile(r"^\w.*\w$", re.ASCII | re.DOTALL)
# RE2 and Python both take a backslash before any of these.
_PUNCTUATION = re.compile(r"[!-/:-?\[-^`{-~]")
# Ids that are long and mixed enough to mean one record wherever they stand.
_TELLING = re.compile(r"^(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9_-]{12,}$")


@dataclass(frozen=True, slots=True)
class Needles:
    """Everything that must not be found any more.

    Attributes:
        words: Every spelling, longest first.
        ids: Record keys and golden ids that rows are recognised by.
    """

    words: tuple[str, ...]
    ids: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The words as a pattern of RE2, which DuckDB uses; matches any of them."""
        return "(?i)" + "|".join(map(_bounded, self.words))

    @property
    def pattern(self) -> re.Pattern[str]:
        """The words as a pattern of Python."""
        return re.compile("|".join(map(_bounded, self.words)), re.IGNORECASE)

    def found_in(self, text: str) -> bool:
        """Whether a text holds any of them."""
        # Plain search first: it is many times as fast as the pattern.
        folded = text.lower()
        if not any(word.lower() in folded for word in self.words):
            return False
        return self.pattern.search(text) is not None

    def taken_out(self, text: str) -> str:
        """The text without them."""
        return self.pattern.sub(ERASED, text) if self.found_in(text) else text

    def count_in(self, text: str) -> int:
        """How often a text holds any of them."""
        return len(self.pattern.findall(text)) if self.found_in(text) else 0

    def count_in_bytes(self, content: bytes) -> int:
        """How often bytes hold any of them, in the encodings that files use."""
        folded = content.lower()
        return sum(
            sum(1 for _ in _places(folded, spelling))
            for spelling in self._byte_spellings()
        )

    def count_in_file(self, path: Path) -> int:
        """How often the bytes of a file hold any of them; read piece by piece."""
        overlap = max((len(each) for each in self._byte_spellings()), default=0)
        found, tail = 0, b""
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                found += self.count_in_bytes(tail + piece)
                tail = piece[-overlap:] if overlap else b""
        return found

    def taken_out_of_bytes(self, content: bytes) -> bytes:
        """Bytes without them; what stood there is overwritten, so that lengths stay."""
        folded = content.lower()
        clean = bytearray(content)
        for spelling in self._byte_spellings():
            for place in _places(folded, spelling):
                clean[place : place + len(spelling)] = b"." * len(spelling)
        return bytes(clean)

    def _byte_spellings(self) -> list[bytes]:
        spellings = {
            spelling.encode(encoding).lower()
            for word in self.words
            for spelling in (word, word.lower(), word.upper())
            for encoding in ("utf-8", "utf-16-le", "latin-1")
            if _encodable(spelling, encoding)
        }
        return sorted(spellings, key=lambda each: (-len(each), each))


def _places(content: bytes, spelling: bytes) -> Iterator[int]:
    """Where bytes stand as a word of their own: "ann lee" is not in "joann leeds"."""
    place = content.find(spelling)
    while place >= 0:
        end = place + len(spelling)
        before = content[place - 1 : place]
        within = (before.isalpha() and spelling[:1].isalpha()) or (
            content[end : end + 1].isalnum() and spelling[-1:].isalnum()
        )
        if not within:
            yield place
        place = content.find(spelling, end)


def needles_of(subject: Subject) -> Needles:
    """Build the needles of one person."""
    words: set[str] = {*subject.emails, *subject.keys}
    for key in subject.keys:
        record = key.split(":", 2)[2]
        if _TELLING.match(record):
            words.add(record)
            # Salesforce writes one id in 15 or 18 characters.
            if record[:3] in {"003", "00Q"} and len(record) in {15, 18}:
                words.add(record[:15])
    for phone in subject.phones:
        digits = _DIGITS.sub("", phone)
        words.add(phone)
        if len(digits) >= 9:
            words.update({digits, digits[-9:]})
    words.update(subject.names)
    words.update(subject.streets)
    spelt = {each for word in words for each in _spellings(word)}
    long_enough = {word for word in spelt if len(word) >= _SHORTEST}
    ordered = sorted(long_enough, key=lambda word: (-len(word), word))
    return Needles(tuple(ordered), (*subject.keys, *subject.golden_ids))


def _spellings(word: str) -> Iterable[str]:
    """A word as it stands in JSON, HTML, XML and addresses of pages."""
    yield word
    yield json.dumps(word)[1:-1]
    yield html.escape(word)
    yield html.escape(word, quote=False)
    if "@" in word:
        yield quote(word)


def _bounded(word: str) -> str:
    escaped = _PUNCTUATION.sub(r"\\\g<0>", word)
    if word.isdigit():  # the end of a number, whatever prefix it is written with
        return rf"{escaped}\b"
    # Others may be called "Joann Leeds" where the subject is "Ann Lee".
    return rf"\b{escaped}\b" if _WORD.match(word) else escaped


def _encodable(word: str, encoding: str) -> bool:
    try:
        word.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
