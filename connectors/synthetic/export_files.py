"""CSV and ZIP files as vendors write them, streamed and byte-identical.

Belongs here: formats without meaning. Rows arrive chunk by chunk and go to disk; ZIP
members carry a fixed time, so that the same rows give the same bytes.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
COMPRESSION_LEVEL = 1  # the files are large and read once: speed before size


@dataclass(slots=True)
class CsvSpool:
    """A CSV file that grows chunk by chunk."""

    path: Path
    quote_all: bool = False
    separator: str = ","
    encoding: str = "utf-8"
    rows: int = 0

    def append(self, frame: pl.DataFrame, labels: Sequence[str] = ()) -> None:
        """Write rows; the first call also writes the header.

        Args:
            frame: The rows.
            labels: Header to show in place of the column names (labels may repeat).
        """
        first = not self.path.exists()
        if first:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        end = "\n" if self.quote_all else "\r\n"
        text = frame.write_csv(
            include_header=first and not labels,
            quote_style="always" if self.quote_all else "necessary",
            separator=self.separator,
            line_terminator=end,
        )
        if first and labels:
            text = self.separator.join(labels) + end + text
        # utf-8-sig would repeat its mark in every chunk.
        mark = self.encoding == "utf-8-sig"
        codec = "utf-8" if mark else self.encoding
        with self.path.open("ab") as file:
            if first and mark:
                file.write(b"\xef\xbb\xbf")
            file.write(text.encode(codec))
        self.rows += len(frame)


def zip_files(target: Path, members: Iterable[tuple[str, Path]]) -> Path:
    """Pack files into a ZIP with fixed times, streaming; returns the ZIP."""
    with zipfile.ZipFile(
        target, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL
    ) as z:
        for name, path in members:
            add_file(z, name, path)
    return target


def member(name: str) -> zipfile.ZipInfo:
    """Describe a ZIP member with a fixed time."""
    info = zipfile.ZipInfo(name, _ZIP_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def add_file(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    """Stream a file into an open ZIP."""
    info = member(name)
    info.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(info, "w") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
