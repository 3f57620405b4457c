"""Read reference files: YAML and CSV with a header comment of source, licence, date.

No meaning is given to the data here; only missing and malformed files are reported.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hygiene.errors import ReferenceDataError

FOLDER = Path(__file__).resolve().parent
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DATA_SUFFIXES = (".csv", ".yaml")
_HEADER_FIELD = re.compile(r"^#\s*(source|licence|date):\s*(\S.*)$")


@dataclass(frozen=True, slots=True)
class ReferenceFile:
    """What a reference file says about itself."""

    name: str
    source: str
    licence: str
    date: str


def _read_text(name: str) -> str:
    path = FOLDER / name
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReferenceDataError(
            f"reading reference data: {name} could not be read as UTF-8 text; "
            "reinstall tidycrm, the file is part of the package"
        ) from error


def reference_header(name: str) -> ReferenceFile:
    """Return what the header comment of a reference file states.

    Args:
        name: File name inside the reference folder.

    Returns:
        Source, licence and date of the file.

    Raises:
        ReferenceDataError: The file is missing or its header lacks a field.

    Example:
        >>> reference_header("countries.csv").licence
        'Apache-2.0'
    """
    found: dict[str, str] = {}
    for line in _read_text(name).splitlines():
        if not line.startswith("#"):
            break
        if match := _HEADER_FIELD.match(line):
            found[match[1]] = match[2].strip()
    missing = [key for key in ("source", "licence", "date") if key not in found]
    if missing:
        raise ReferenceDataError(
            f"reading reference data: the header comment of {name} lacks "
            f"{', '.join(missing)}; add a line `# {missing[0]}: ...` at its top"
        )
    return ReferenceFile(name, found["source"], found["licence"], found["date"])


def read_reference_yaml(name: str) -> dict[str, Any]:
    """Return the mapping that a YAML reference file holds.

    Args:
        name: File name inside the reference folder.

    Returns:
        The file's top-level mapping.

    Raises:
        ReferenceDataError: The file is missing, not YAML, or not a mapping.

    Example:
        >>> sorted(read_reference_yaml("job_titles.yaml"))
        ['acronyms', 'minor_words']
    """
    try:
        # As safe as SafeLoader and ten times as fast; every process of a run loads them.
        data = yaml.load(_read_text(name), Loader=_LOADER)  # noqa: S506
    except yaml.YAMLError as error:
        raise ReferenceDataError(
            f"reading reference data: {name} is not valid YAML; correct its syntax"
        ) from error
    if not isinstance(data, dict):
        raise ReferenceDataError(
            f"reading reference data: {name} holds no mapping at its top level; "
            "write `key: value` pairs"
        )
    return data


def read_reference_csv(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV reference file, comment lines left out.

    Args:
        name: File name inside the reference folder.

    Returns:
        One dictionary per row, keyed by the header line.

    Raises:
        ReferenceDataError: The file is missing or a row has the wrong width.

    Example:
        >>> read_reference_csv("countries.csv")[0]["alpha2"]
        'AD'
    """
    lines = [line for line in _read_text(name).splitlines() if line and line[0] != "#"]
    rows = list(csv.DictReader(lines))
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise ReferenceDataError(
                f"reading reference data: data row {number} of {name} has a different "
                "number of fields than its header; quote fields that contain commas"
            )
    return rows


def reference_files() -> tuple[str, ...]:
    """Return the names of the shipped reference files, folders included, in order.

    Example:
        >>> "vocabularies/boolean.yaml" in reference_files()
        True
    """
    return tuple(
        sorted(
            path.relative_to(FOLDER).as_posix()
            for path in FOLDER.rglob("*")
            if path.suffix in _DATA_SUFFIXES
        )
    )


def reference_fingerprint() -> str:
    """Return a hash over every shipped reference file, independent of the machine.

    Returns:
        Hexadecimal sha256 of the names and contents in name order.

    Example:
        >>> len(reference_fingerprint())
        64
    """
    digest = hashlib.sha256()
    for name in reference_files():
        path = FOLDER / name
        digest.update(name.encode())
        digest.update(b"\0")
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()
