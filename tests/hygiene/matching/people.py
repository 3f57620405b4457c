"""A few hundred made-up records with the traps of real CRMs, and their standardised form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

_GIVEN = [
    "anna",
    "bruno",
    "clara",
    "david",
    "elena",
    "felix",
    "greta",
    "henrik",
    "irene",
    "jonas",
    "karla",
    "louis",
    "maria",
    "nils",
    "olga",
    "peter",
    "rosa",
    "simon",
    "tessa",
    "ursula",
    "viktor",
    "wanda",
    "xenia",
    "yann",
    "zoe",
]
_FAMILY = [
    "adler",
    "bishop",
    "carlsen",
    "dupont",
    "eriksen",
    "fischer",
    "grimaldi",
    "haugen",
    "ivanov",
    "jansen",
    "keller",
    "lindqvist",
    "moreau",
    "nowak",
    "oliveira",
    "petrov",
    "quintero",
    "rossi",
    "schmidt",
    "tanaka",
    "ulrich",
    "vandermeer",
    "weber",
    "ximenes",
    "yilmaz",
    "zimmer",
]

CONTACT_SCHEMA: Mapping[str, Any] = {
    "source_record_key": pl.String,
    "source_name": pl.String,
    "given_name_match": pl.String,
    "given_name_group": pl.String,
    "family_name_match": pl.String,
    "middle_name_std": pl.String,
    "suffix_std": pl.String,
    "email_match": pl.String,
    "email_domain": pl.String,
    "is_role_email": pl.Boolean,
    "is_free_email": pl.Boolean,
    "phone_e164": pl.String,
    "mobile_phone_e164": pl.String,
    "company_name_match": pl.String,
    "domain_std": pl.String,
    "street_std": pl.String,
    "postal_code_std": pl.String,
    "city_std": pl.String,
    "birth_date_std": pl.Date,
    "job_title_std": pl.String,
    "is_test_record": pl.Boolean,
    "created_at": pl.Datetime("us"),
}

LINK_SCHEMA: Mapping[str, Any] = {
    "source_record_key_l": pl.String,
    "source_record_key_r": pl.String,
    "evidence": pl.String,
    "evidence_at": pl.Datetime("us"),
}


def contact(
    key: str, given: str | None, family: str | None, **values: Any
) -> dict[str, Any]:
    """One standardised contact; what is not named is missing."""
    email = values.pop("email", None)
    record: dict[str, Any] = {
        "source_record_key": key,
        "source_name": key.split(":", 1)[0],
        "given_name_match": given,
        "given_name_group": values.pop("group", given),
        "family_name_match": family,
        "email_match": email,
        "email_domain": email.split("@")[1] if email else None,
        "is_role_email": False,
        "is_free_email": bool(email) and email.endswith("@gmail.com"),
        "is_test_record": False,
    }
    names = {
        "phone": "phone_e164",
        "mobile": "mobile_phone_e164",
        "company": "company_name_match",
        "domain": "domain_std",
        "street": "street_std",
        "postcode": "postal_code_std",
        "city": "city_std",
        "title": "job_title_std",
        "born": "birth_date_std",
    }
    return record | {names.get(name, name): value for name, value in values.items()}


def crowd(count: int) -> list[dict[str, Any]]:
    """People who have nothing to do with each other, as a background."""
    people = []
    for number in range(count):
        given = _GIVEN[number % len(_GIVEN)]
        family = _FAMILY[(number * 7 + number // len(_GIVEN)) % len(_FAMILY)]
        firm = f"{_FAMILY[number % 26]} {_GIVEN[(number * 3) % 25]} works {number // 6}"
        people.append(
            contact(
                f"crowd:contact:{number:04d}",
                given,
                family,
                email=f"{given}.{family}@firm{number // 6}.com",
                mobile=f"+4915{number:08d}",
                phone=f"+4930{number // 6:08d}",
                company=firm,
                street=f"{number // 6} high street",
                postcode=f"{10000 + number // 6}",
                city=f"town{number % 40}",
            )
        )
    return people


def write_contacts(folder: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    path = folder / "standardised_contacts.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(list(records), schema=CONTACT_SCHEMA).write_parquet(path)
    return path


def write_links(folder: Path, links: Iterable[tuple[str, str, str]] = ()) -> Path:
    path = folder / "links.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        [(min(a, b), max(a, b), evidence, None) for a, b, evidence in links],
        schema=LINK_SCHEMA,
        orient="row",
    ).write_parquet(path)
    return path


def write_rulings(folder: Path, rulings: Iterable[tuple[str, str, str]]) -> Path:
    path = folder / "rulings.csv"
    lines = ["source_record_key_l,source_record_key_r,ruling,author,ruled_at,reason"]
    lines += [f"{a},{b},{ruling},sam,2026-01-02,checked" for a, b, ruling in rulings]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def clusters_of(edges: pl.DataFrame, keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """Connected components over auto_match edges, straightforwardly."""
    group = {key: {key} for key in keys}
    for left, right in (
        edges.filter(pl.col("decision") == "auto_match")
        .select("source_record_key_l", "source_record_key_r")
        .rows()
    ):
        if group[left] is not group[right]:
            joined = group[left] | group[right]
            for key in joined:
                group[key] = joined
    return {key: frozenset(members) for key, members in group.items()}
