"""Accuracy of the standardisers on labelled real-world values, by field type.

Reads the tables in `tests/hygiene/standardise/cases`, whose expected values people wrote
down with their reasons, and compares every column that a table expects. A row is right
when all of them are.

    python -m benchmarks.labelled_cases            print the section of the docs
    python -m benchmarks.labelled_cases --write    put it into docs/standardising.md
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hygiene.standardise import (
    PersonNameInput,
    Picklist,
    RecordIdentity,
    Status,
    classify_job_title,
    find_reserved_host,
    find_state_code,
    find_test_rule,
    load_picklists,
    parse_address_line,
    standardise_choice,
    standardise_city,
    standardise_company,
    standardise_company_size,
    standardise_country,
    standardise_date,
    standardise_domain,
    standardise_email,
    standardise_person_name,
    standardise_phone,
    standardise_postal_code,
    standardise_state,
    standardise_street,
)

_ROOT = Path(__file__).resolve().parent.parent
CASES = _ROOT / "tests" / "hygiene" / "standardise" / "cases"
DOCUMENT = _ROOT / "docs" / "standardising.md"
_BEGIN = (
    "<!-- labelled cases: written by `python -m benchmarks.labelled_cases --write` -->"
)
_END = "<!-- end of labelled cases -->"
Row = Mapping[str, str]


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def _email(row: Row) -> dict[str, str | None]:
    found = standardise_email(row["raw"])
    return {
        "value": found.value,
        "status": found.status,
        "match": found.match,
        "is_role": _flag(found.is_role),
        "is_free": _flag(found.is_free),
        "is_disposable": _flag(found.is_disposable),
    }


def _phone(row: Row) -> dict[str, str | None]:
    found = standardise_phone(row["raw"], region=row["region"] or None)
    return {
        "value": found.value,
        "status": found.status,
        "extension": found.extension,
        "type": found.type,
    }


def _country(row: Row) -> dict[str, str | None]:
    found = standardise_country(row["raw"])
    return {"value": found.value, "status": found.status}


def _domain(row: Row) -> dict[str, str | None]:
    found = standardise_domain(row["raw"])
    return {"value": found.value, "status": found.status}


def _company(row: Row) -> dict[str, str | None]:
    found = standardise_company(row["raw"])
    return {
        "value": found.value,
        "status": found.status,
        "match": found.match,
        "legal_form": found.legal_form,
    }


def _person_name(row: Row) -> dict[str, str | None]:
    columns = (
        "full_name", "salutation", "first_name", "middle_name", "last_name", "suffix",
    )  # fmt: skip
    found = standardise_person_name(
        PersonNameInput(*(row[name] or None for name in columns))
    )
    return {
        "title": found.title,
        "given": found.given,
        "middle": found.middle,
        "family": found.family,
        "suffix_std": found.suffix,
        "status": found.status,
    }


def _address(row: Row) -> dict[str, str | None]:
    raw, country = row["raw"], row["country"]
    if row["field"] == "state":
        found = standardise_state(raw, country=country)
        code = find_state_code(raw, country=country)
    else:
        code = None
        found = {
            "postal_code": lambda: standardise_postal_code(raw, country=country),
            "street": lambda: standardise_street(raw, country=country),
            "city": lambda: standardise_city(raw),
        }[row["field"]]()
    return {"value": found.value, "code": code, "status": found.status}


def _job_title(row: Row) -> dict[str, str | None]:
    found = classify_job_title(row["raw"])
    return {"seniority": found.seniority, "function": found.function}


def _address_line(row: Row) -> dict[str, str | None]:
    found = parse_address_line(row["raw"], country=row["country"] or None)
    return {
        name: getattr(found, name)
        for name in ("street", "city", "state", "postal_code")
    }


def _date(row: Row) -> dict[str, str | None]:
    found = standardise_date(row["raw"])
    return {
        "value": found.value.isoformat() if found.value else None,
        "status": found.status,
    }


def _test_record(row: Row) -> dict[str, str | None]:
    name = standardise_person_name(PersonNameInput(full_name=row["full_name"] or None))
    company = standardise_company(row["company"])
    email = standardise_email(row["email"])
    record = RecordIdentity(
        email=email.value,
        given_name=name.given,
        family_name=name.family,
        full_name=name.full,
        company=company.value,
        company_match=company.match,
        domain=standardise_domain(row["website"]).value,
    )
    rule = find_test_rule(record)
    if email.status is Status.INVALID:
        rule = rule or find_reserved_host(row["email"])
    return {"is_test": _flag(rule is not None)}


@lru_cache(maxsize=1)
def _picklists() -> Mapping[str, Picklist]:
    return load_picklists({})


def _picklist(row: Row) -> dict[str, str | None]:
    run = (
        standardise_company_size
        if row["picklist"] == "company_size"
        else standardise_choice
    )
    found = run(row["raw"], _picklists()[row["picklist"]])
    return {"value": found.value, "status": found.status}


RUNNERS: Mapping[str, Callable[[Row], dict[str, str | None]]] = {
    "email": _email,
    "phone": _phone,
    "person_name": _person_name,
    "company": _company,
    "domain": _domain,
    "country": _country,
    "address": _address,
    "address_line": _address_line,
    "job_title": _job_title,
    "date": _date,
    "picklist": _picklist,
    "test_record": _test_record,
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One row whose result is not the expected one."""

    line: int
    raw: str
    expected: str
    found: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Measured:
    """How a field type did."""

    name: str
    rows: int
    wrong: tuple[Wrong, ...]

    @property
    def accuracy(self) -> float:
        """Share of the rows that are right in every column."""
        return 1 - len(self.wrong) / self.rows


def read_cases(name: str) -> list[dict[str, str]]:
    """Return the rows of one labelled table.

    Args:
        name: Field type.

    Returns:
        One mapping per row; what was not written is an empty text.
    """
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measure(name: str) -> Measured:
    """Compare one field type with its table.

    Args:
        name: Field type.

    Returns:
        Rows and the wrong ones among them.
    """
    cases = read_cases(name)
    wrong: list[Wrong] = []
    for line, row in enumerate(cases, start=2):
        result = RUNNERS[name](row)
        differing = [key for key, value in result.items() if (value or "") != row[key]]
        if differing:
            inputs = [
                row[key] for key in row if key not in result and key != "reasoning"
            ]
            wrong.append(
                Wrong(
                    line=line,
                    raw=", ".join(filter(None, inputs)),
                    expected=", ".join(f"{key} {row[key] or '-'}" for key in differing),
                    found=", ".join(f"{key} {result[key] or '-'}" for key in differing),
                    reasoning=row["reasoning"],
                )
            )
    return Measured(name, len(cases), tuple(wrong))


def as_markdown(results: Sequence[Measured]) -> str:
    """Return the section of the docs.

    Args:
        results: Every field type.

    Returns:
        A table of accuracies and one of wrong rows.
    """
    lines = [
        "| field type | labelled rows | right | accuracy |",
        "|---|---:|---:|---:|",
        *(
            f"| {result.name.replace('_', ' ')} | {result.rows} "
            f"| {result.rows - len(result.wrong)} | {result.accuracy:.1%} |"
            for result in results
        ),
        "",
        "Wrong ones, all of them:",
        "",
        "| table, line | value | expected | found | why it is expected |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        for wrong in result.wrong:
            cells = (
                f"{result.name}, {wrong.line}",
                wrong.raw,
                wrong.expected,
                wrong.found,
                wrong.reasoning,
            )
            lines.append(
                "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
            )
    return "\n".join(lines)


def put_into(document: str, section: str) -> str:
    """Return a document with its generated section replaced.

    Args:
        document: The whole text.
        section: The new section.

    Returns:
        The document.

    Raises:
        ValueError: The document has no marks around a generated section.
    """
    head, begin, rest = document.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(
            f"writing the labelled cases: the document lacks {_BEGIN} or {_END}; expected "
            "both, in this order; put them where the section belongs"
        )
    return f"{head}{_BEGIN}\n\n{section}\n\n{_END}{tail}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labelled_cases",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", action="store_true", help="write the docs")
    options = parser.parse_args(arguments)
    section = as_markdown([measure(name) for name in RUNNERS])
    if options.write:
        text = put_into(DOCUMENT.read_text(encoding="utf-8"), section)
        DOCUMENT.write_text(text, encoding="utf-8")
    else:
        print(section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
