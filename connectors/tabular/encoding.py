"""From bytes to clean UTF-8 text on disk.

Belongs here: byte-order marks, encodings, NUL bytes, old line endings. Not here: rows.

Order of trust: byte-order mark, the encoding that was asked for, UTF-16 by its NUL
pattern, UTF-8, then cp1252 (what Excel and Salesforce's Data Loader write in the west).
charset-normalizer only adds a hint to the note: on short or mostly ASCII text it
guesses, and a wrong guess would turn names into other names without anybody noticing.
"""

from __future__ import annotations

import codecs
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import charset_normalizer

from connectors.errors import EncodingError, SourceFileMissingError
from connectors.tabular.model import Note, NoteCode

_BLOCK = 8 * 1024 * 1024
_SAMPLE = 256 * 1024
# A text with more than this share of control characters is a picture or an archive.
_MAX_CONTROL_SHARE = 0.10
_CONTROLS = bytes(set(range(32)) - {0, 7, 9, 10, 12, 13, 26, 27})
_BOMS: tuple[tuple[bytes, str], ...] = (
    # UTF-32 first: its little-endian mark begins with the one of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CP1252 = "cp1252"
_FIX = "set `encoding` for this table (for example cp1250, shift_jis, utf-16)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanText:
    """A text file in UTF-8 with neither BOM nor NUL; `path` may be the original."""

    path: Path
    name: str
    encoding: str
    notes: tuple[Note, ...]


@dataclass(slots=True)
class _Survey:
    """What one pass over the bytes found."""

    nul: int = 0
    line_feeds: int = 0
    carriage_returns: int = 0
    is_utf8: bool = True
    notes: list[Note] = field(default_factory=list)


def spool(source: Path | BinaryIO | bytes, workdir: Path) -> Path:
    """Give the path of a source, writing streams and bytes to the working folder."""
    if isinstance(source, Path):
        if not source.is_file():
            raise SourceFileMissingError(
                f"reading {source}: there is no such file; check the path"
            )
        return source
    target = workdir / f"spool-{uuid.uuid4().hex}"
    with target.open("wb") as out:
        if isinstance(source, bytes):
            out.write(source)
        else:
            shutil.copyfileobj(source, out, _BLOCK)
    return target


def clean_text(
    path: Path, workdir: Path, *, name: str, encoding: str | None = None
) -> CleanText:
    """Find the encoding of a file and give it as clean UTF-8.

    Args:
        path: The file as received; never changed.
        workdir: Folder for a converted copy, when one is needed.
        name: How messages call the file.
        encoding: Codec that the configuration names, if any.

    Raises:
        EncodingError: The bytes are no text, or not in the encoding that was asked for.
    """
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
    mark, codec = _byte_order_mark(sample)
    notes: list[Note] = []
    if mark:
        notes.append(Note(NoteCode.BYTE_ORDER_MARK, f"{codec}, removed"))
    elif encoding is not None:
        codec = _known_codec(encoding, name)
    else:
        codec = _utf32_by_nul(sample) or _utf16_by_nul(sample)
        if codec:
            notes.append(
                Note(NoteCode.ENCODING_GUESSED, f"{codec} without mark, by NUL bytes")
            )
    if codec is None or codec == "utf-8":
        _refuse_binary(sample, name)
    survey = _survey(path, len(mark))
    if codec is None:
        codec = "utf-8" if survey.is_utf8 else _legacy_codec(path, sample, name, notes)
    is_wide = codec.startswith(("utf-16", "utf-32"))
    if survey.nul and not is_wide:
        notes.append(Note(NoteCode.NUL_BYTES_REMOVED, f"{survey.nul} NUL bytes"))
    has_old_lines = survey.carriage_returns > 0 and survey.line_feeds == 0
    if has_old_lines and not is_wide:
        notes.append(Note(NoteCode.LINE_ENDINGS, "carriage returns only, converted"))
    is_clean = (
        codec in ("utf-8", "ascii")
        and survey.is_utf8
        and not (mark or survey.nul or has_old_lines)
    )
    if not is_clean:
        target = workdir / f"text-{uuid.uuid4().hex}"
        _convert(
            path, target, codec, skip=len(mark), old_lines=has_old_lines, name=name
        )
        path = target
    return CleanText(path=path, name=name, encoding=codec, notes=tuple(notes))


def _byte_order_mark(sample: bytes) -> tuple[bytes, str | None]:
    for mark, codec in _BOMS:
        if sample.startswith(mark):
            # Some tools (Data Loader among them) write a two-byte mark before UTF-32.
            return mark, _utf32_by_nul(sample[len(mark) :]) or codec
    return b"", None


def _known_codec(encoding: str, name: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
    except LookupError as error:
        raise EncodingError(
            f"reading {name}: encoding {encoding!r} is not known to Python; {_FIX}"
        ) from error
    return "utf-8" if codec == "utf-8-sig" else codec


def _utf32_by_nul(sample: bytes) -> str | None:
    """Western text in UTF-32 has three NULs in every group of four bytes."""
    if len(sample) < 8:
        return None
    quarter = len(sample) // 4
    empty = [sample[place::4].count(0) > 0.9 * quarter for place in range(4)]
    if empty == [False, True, True, True]:
        return "utf-32-le"
    return "utf-32-be" if empty == [True, True, True, False] else None


def _utf16_by_nul(sample: bytes) -> str | None:
    """Western text in UTF-16 has a NUL in every second byte."""
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _refuse_binary(sample: bytes, name: str) -> None:
    if not sample:
        return
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    share = controls / len(sample)
    if share > _MAX_CONTROL_SHARE or sample.count(0) > len(sample) / 4:
        raise EncodingError(
            f"reading {name}: this is not a text file ({share:.0%} control characters); "
            "expected CSV or another delimited text. Export it again as CSV UTF-8, or "
            "give it its right extension if it is a workbook or ZIP"
        )


def _blocks(path: Path, skip: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(skip)
        while block := stream.read(_BLOCK):
            yield block


def _survey(path: Path, skip: int) -> _Survey:
    survey = _Survey()
    decoder = codecs.getincrementaldecoder("utf-8")()
    for block in _blocks(path, skip):
        survey.nul += block.count(0)
        survey.line_feeds += block.count(b"\n")
        survey.carriage_returns += block.count(b"\r")
        if survey.is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                survey.is_utf8 = False
    if survey.is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            survey.is_utf8 = False
    return survey


def _legacy_codec(path: Path, sample: bytes, name: str, notes: list[Note]) -> str:
    """Choose between cp1252 and UTF-8 with foreign bytes in it."""
    valid = wrong = undefined = 0
    for block in _blocks(path, 0):
        kept = block.decode("utf-8", errors="ignore")
        valid += len(kept) - len(kept.encode("ascii", errors="ignore"))
        replaced = block.decode("utf-8", errors="replace")
        wrong += replaced.count("\ufffd") - kept.count("\ufffd")
        undefined += sum(block.count(byte) for byte in b"\x81\x8d\x8f\x90\x9d")
    if valid > 10 * wrong:
        notes.append(
            Note(
                NoteCode.MIXED_ENCODING,
                f"UTF-8 with {wrong} bytes of another encoding, read as cp1252",
            )
        )
        return "utf-8"
    hint = charset_normalizer.from_bytes(_around_non_ascii(sample)).best()
    hinted = hint.encoding if hint else "none"
    if undefined:
        raise EncodingError(
            f"reading {name}: the bytes are neither UTF-8 nor cp1252 ({undefined} bytes "
            f"have no meaning there; charset-normalizer suggests {hinted}); {_FIX}"
        )
    notes.append(
        Note(
            NoteCode.ENCODING_GUESSED,
            f"cp1252, because the bytes are not UTF-8 (charset-normalizer: {hinted})",
        )
    )
    return _CP1252


def _around_non_ascii(sample: bytes) -> bytes:
    lines = [line for line in sample.splitlines() if not line.isascii()]
    return b"\n".join(lines[:200]) or sample[:4096]


def _foreign_byte(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as cp1252, one at a time."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start : error.start + 1]
    return byte.decode(_CP1252, errors="replace"), error.start + 1


codecs.register_error("tidycrm-foreign-byte", _foreign_byte)


def _convert(
    path: Path, target: Path, codec: str, *, skip: int, old_lines: bool, name: str
) -> None:
    errors = "tidycrm-foreign-byte" if codec == "utf-8" else "strict"
    decoder = codecs.getincrementaldecoder(codec)(errors)
    try:
        with target.open("w", encoding="utf-8", newline="") as out:
            for block in _blocks(path, skip):
                out.write(_tidy(decoder.decode(block), old_lines))
            out.write(_tidy(decoder.decode(b"", final=True), old_lines))
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"reading {name} as {codec}: {error.reason} near byte {error.start} of a "
            f"block; the file is truncated or in another encoding; {_FIX}"
        ) from error


def _tidy(text: str, old_lines: bool) -> str:
    text = text.replace("\x00", "")
    return text.replace("\r", "\n") if old_lines else text
