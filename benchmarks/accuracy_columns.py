"""Which column of a foreign table is which attribute of a person or an organisation.

What belongs here: names and their usual synonyms, chosen by the name alone. What does
not: looking at values, or knowing any particular file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Entity = Literal["contact", "account"]

# Attribute, as a user names it -> column of the union that standardising reads.
PERSON_ATTRIBUTES: Final[dict[str, str]] = {
    "given_name": "first_name",
    "middle_name": "middle_name",
    "family_name": "last_name",
    "full_name": "full_name",
    "salutation": "salutation",
    "suffix": "suffix",
    "email": "email",
    "phone": "phone",
    "mobile_phone": "mobile_phone",
    "job_title": "job_title",
    "company_name": "company_name",
    "website": "website",
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "postal_code",
    "country": "country",
    "birth_date": "birth_date",
    "identifier": "external_id",
}
ORGANISATION_ATTRIBUTES: Final[dict[str, str]] = {
    "company_name": "account_name",
    "domain": "domain",
    "website": "website",
    "phone": "phone",
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "postal_code",
    "country": "country",
    "industry": "industry",
    "identifier": "external_id",
}
OTHER: Final = "other_"
"""Prefix of attributes that only this table has; matching compares them generically."""

_SYNONYMS: Final[dict[str, str]] = {
    "given_name": "given_names first_name firstname fname first forename forenames "
    "christian_name name_first given",
    "middle_name": "middlename mname midl_name middle second_name name_middle "
    "middle_initial",
    "family_name": "familyname last_name lastname lname last surname name_last "
    "second_surname family sur_name",
    "full_name": "fullname person_name contact_name name_full display_name complete_name",
    "salutation": "name_prefix honorific",
    "suffix": "name_suffix generational_suffix name_sufx_cd",
    "email": "e_mail mail email_address emailaddress",
    "phone": "phone_number phonenumber telephone telephone_number tel phone_num "
    "home_phone work_phone phone1 full_phone_num",
    "mobile_phone": "mobile cell cell_phone mobile_number cellphone phone2",
    "job_title": "occupation profession position job role",
    "company_name": "company organisation organization organisation_name "
    "organization_name org_name business_name firm employer account_name companyname "
    "legal_name entity_name trading_name",
    "domain": "web_domain email_domain",
    "website": "url homepage web web_site site",
    "street": "street_address address addr address_1 address1 address_line_1 addr1 "
    "street_name address_line1 residential_address res_street_address mail_addr1",
    "city": "suburb town locality place municipality res_city_desc city_name "
    "residence birth_place birthplace place_of_birth",
    "state": "province region county state_code state_cd state_province",
    "postal_code": "postcode postalcode zip zip_code zipcode zip5 post_code plz "
    "postcode_fake",
    "country": "country_code country_name nation",
    "birth_date": "birthdate date_of_birth dob birthday born dateofbirth birth_dt",
    "industry": "sector",
    "identifier": "ssn soc_sec_id social_security_number national_id tax_id taxid vat "
    "vat_number vat_id ein nin passport passport_number licence_number license_number "
    "external_id registration_number company_number duns npi national_insurance_number",
}
_KNOWN: Final[dict[str, str]] = {
    word: attribute
    for attribute, words in _SYNONYMS.items()
    for word in (attribute, *words.split())
}
_PREFERENCE: Final[dict[str, tuple[str, ...]]] = {
    attribute: (attribute, *words.split()) for attribute, words in _SYNONYMS.items()
}
_PARTS_BEFORE: Final[dict[str, tuple[str, ...]]] = {
    "street": ("house_number", "house_num", "street_number", "street_no", "building")
}
"""Columns that are written in front of an attribute, as in "12" + "High Street"."""
_BIRTH_DATE_PARTS: Final = (
    ("birth_year", "year_of_birth", "yob", "byear", "dob_year"),
    ("birth_month", "month_of_birth", "bmonth", "dob_month"),
    ("birth_day", "day_of_birth", "bday", "dob_day"),
)
"""Columns that together are a birth date, as in 1980 + 2 + 29."""

_BOOKKEEPING: Final = re.compile(
    r"^(_.*|id|idx|index|row|rownum|row_number|unique_id|uid|uuid|guid|rec_id|record_id"
    r"|recid|source_id|record_key|key|cluster|cluster_id|true_cluster|label|labels"
    r"|entity|entity_id|ent_id|truth|ground_truth|match_id|group_id|duplicate_of"
    r"|source|source_dataset|source_name|dataset|data_source|split|fold)$"
)
"""Record keys and labels: never evidence, whatever they would agree on."""

_WHICH: Final = frozenset(
    [
        "primary",
        "main",
        "home",
        "current",
        "customer",
        "client",
        "residential",
        "mailing",
        "registered",
        "raw",
        "original",
        "orig",
        "clean",
        "std",
        "value",
        "text",
        "str",
    ]
)
_WHOSE: Final = frozenset(
    [
        "contact",
        "patient",
        "person",
        "individual",
        "applicant",
        "member",
        "voter",
        "resident",
        "user",
    ]
)
"""Words beside an attribute that say which or whose it is, not what."""
_OF_PEOPLE: Final = _WHOSE - {"contact", "user", "member"}
"""Nobody has these columns in a table of organisations."""
_OF_ADDRESSES: Final = frozenset({"addr", "address"})
_IN_ADDRESSES: Final = frozenset({"street", "city", "state", "postal_code", "country"})


_OF_AN_ORGANISATION: Final = re.compile(
    r"^(?!.*(file|program|product|user|person|contact|director|owner|first|last|given"
    r"|family|middle|street|city|county|state|country|region|host|column))\w+_name$"
)


class MappingError(ValueError):
    """A column that cannot be read as asked."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How a table is read.

    Attributes:
        entity: contact or account.
        columns: Column of the union -> the table's columns, joined by a blank.
        used: Attribute -> the table's column(s), for the report.
        unused: Columns that are not read, with the reason.
    """

    entity: Entity
    columns: Mapping[str, tuple[str, ...]]
    used: Mapping[str, str]
    unused: Mapping[str, str] = field(default_factory=dict)


def plan_columns(
    columns: Sequence[str],
    *,
    truth: str,
    mapping: Mapping[str, str],
    entity: str | None = None,
    file: str = "the table",
) -> ColumnPlan:
    """Decide what each column is.

    Args:
        columns: The table's columns, in file order.
        truth: The column with the true entity; never read.
        mapping: Attribute -> column as given by the user; several columns are joined
            with "+"; an attribute `other_<name>` is an extra attribute.
        entity: person or organisation; guessed from the columns if omitted.
        file: Name of the file for messages.

    Returns:
        The plan.

    Raises:
        MappingError: The truth or a mapped column is missing, or an attribute is unknown.
    """
    if truth not in columns:
        raise MappingError(
            f"reading {file}: there is no truth column {truth!r}; the columns are "
            f"{', '.join(columns)}; name one of them with --truth"
        )
    slugs = {name: _slug(name) for name in columns}
    kind = _guess_entity(slugs.values(), mapping) if entity is None else entity
    attributes = PERSON_ATTRIBUTES if kind == "person" else ORGANISATION_ATTRIBUTES
    used: dict[str, tuple[str, ...]] = {}
    for attribute, text in mapping.items():
        if attribute not in attributes and not attribute.startswith(OTHER):
            raise MappingError(
                f"reading {file}: {attribute!r} is no attribute of a {kind}; expected "
                f"one of {', '.join(attributes)} or {OTHER}<name>; correct --map"
            )
        parts = tuple(part.strip() for part in text.split("+"))
        missing = [part for part in parts if part not in columns]
        if missing:
            raise MappingError(
                f"reading {file}: --map {attribute}={text} names the column(s) "
                f"{', '.join(missing)}, which the table lacks; it has "
                f"{', '.join(columns)}; correct --map"
            )
        if truth in parts:
            raise MappingError(
                f"reading {file}: --map {attribute}={text} would read the truth "
                f"{truth!r} as evidence; expected another column; correct --map"
            )
        used[attribute] = parts
    taken = {truth, *(part for parts in used.values() for part in parts)}
    free = [name for name in columns if name not in taken]
    for attribute in attributes:
        if attribute in used:
            continue
        found = _find(attribute, kind, free, slugs)
        if found is not None:
            front = [
                name
                for name in free
                if name != found
                and _core(slugs[name], attribute, kind)
                in (
                    _core(word, attribute, kind)
                    for word in _PARTS_BEFORE.get(attribute, ())
                )
            ]
            used[attribute] = (*front[:1], found)
            free = [name for name in free if name not in used[attribute]]
    if "birth_date" in attributes and "birth_date" not in used:
        by_slug = {slugs[name]: name for name in reversed(free)}
        found_parts = [
            next((by_slug[word] for word in words if word in by_slug), None)
            for words in _BIRTH_DATE_PARTS
        ]
        date_parts = tuple(name for name in found_parts if name is not None)
        if len(date_parts) == len(_BIRTH_DATE_PARTS):
            used["birth_date"] = date_parts
            free = [name for name in free if name not in date_parts]
    unused = {
        name: "record key or label"
        for name in free
        if _BOOKKEEPING.match(slugs[name]) is not None
    }
    for name in free:
        if name not in unused:
            used.setdefault(f"{OTHER}{slugs[name]}", (name,))
    if all(attribute.startswith(OTHER) for attribute in used):
        raise MappingError(
            f"reading {file}: none of its columns {', '.join(columns)} is known as an "
            f"attribute of a {kind}; expected one of {', '.join(attributes)}; say which "
            "column is which with --map"
        )
    return ColumnPlan(
        "contact" if kind == "person" else "account",
        {attributes.get(name, name): parts for name, parts in used.items()},
        {name: " + ".join(parts) for name, parts in used.items()},
        unused,
    )


def _slug(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_") or "column"


def _find(
    attribute: str, kind: str, free: Sequence[str], slugs: Mapping[str, str]
) -> str | None:
    """Return the free column that an attribute's best synonym names."""
    words = _PREFERENCE.get(attribute, (attribute,))
    if attribute == ("full_name" if kind == "person" else "company_name"):
        words = (*words, "name", "title") if kind != "person" else (*words, "name")
    for word in words:
        for name in free:
            if slugs[name] == word:
                return name
    wanted = [_core(word, attribute, kind) for word in words]
    for word_core in wanted:
        for name in free:
            if _core(slugs[name], attribute, kind) == word_core:
                return name
    if attribute == "company_name" and kind != "person":
        # "Site name", "vendor_name": whose name it is, the table's subject says.
        named = (name for name in free if _OF_AN_ORGANISATION.match(slugs[name]))
        return next(named, None)
    return None


def _core(slug: str, attribute: str, kind: str) -> frozenset[str]:
    """Return the words of a name that say what it is: "PRIMARY_NAME_LAST" is a last name."""
    words = frozenset(slug.split("_"))
    core = words - _WHICH - (_WHOSE if kind == "person" else frozenset())
    if attribute in _IN_ADDRESSES:
        core = (core - _OF_ADDRESSES) or core
    return core or words


def _guess_entity(slugs: Iterable[str], mapping: Mapping[str, str]) -> str:
    found = list(slugs)
    names = {_KNOWN.get(slug) for slug in found} | set(mapping)
    personal = {"given_name", "family_name", "full_name", "birth_date", "middle_name"}
    if names & personal:
        return "person"
    cores = {
        _core(word, attribute, "person")
        for attribute in personal - {"full_name"}
        for word in _PREFERENCE[attribute]
    }
    is_personal = any(
        _core(slug, "", "person") in cores or set(slug.split("_")) & _OF_PEOPLE
        for slug in found
    )
    return "person" if is_personal else "organisation"
