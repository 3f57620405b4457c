"""The fields of golden records: where each value comes from and what survives together.

What belongs here: the catalogue of fields per entity. What does not: which value wins.
"""

from __future__ import annotations

from dataclasses import dataclass

from hygiene.parquet_exchange import quote_identifier


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a golden record.

    Attributes:
        name: Name in the golden table and in the lineage.
        source: SQL over the standardised columns that gives a record's value.
        kind: DuckDB type in the golden table.
    """

    name: str
    source: str
    kind: str = "VARCHAR"


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that survive together: all from one record, or from none.

    A postcode of one address in the city of another would be worse than none. A field
    that stands alone is a group of one.

    Attributes:
        name: Name in the rules; the field's own name if it stands alone.
        fields: The fields.
        status: Column with the standardiser's verdict, if there is one.
        default: Strategies unless the rules say otherwise.
    """

    name: str
    fields: tuple[Field, ...]
    status: str | None = None
    default: tuple[str, ...] = ("source_priority", "most_recent")

    @property
    def is_flag(self) -> bool:
        """Whether the group is a single boolean field."""
        return len(self.fields) == 1 and self.fields[0].kind == "BOOLEAN"


def _alone(
    name: str,
    source: str,
    kind: str = "VARCHAR",
    *,
    status: str | None = None,
    default: tuple[str, ...] = ("source_priority", "most_recent"),
) -> FieldGroup:
    return FieldGroup(name, (Field(name, source, kind),), status, default)


_VALID_THEN_RECENT = ("validated_first", "source_priority", "most_recent")
_ADDRESS = FieldGroup(
    "address",
    (
        Field("street", "street_std"),
        Field("city", "city_std"),
        Field("state", "state_std"),
        Field("postal_code", "postal_code_std"),
        Field("country_code", "country_code"),
    ),
    "country_status",
    ("most_complete", "validated_first", "source_priority", "most_recent"),
)

CONTACT_GROUPS: tuple[FieldGroup, ...] = (
    FieldGroup(
        "name",
        (
            Field("full_name", "full_name_std"),
            Field("salutation", "title_std"),
            Field("given_name", "given_name_std"),
            Field("middle_name", "middle_name_std"),
            Field("family_name", "family_name_std"),
            Field("suffix", "suffix_std"),
        ),
        "name_status",
        (
            "validated_first",
            "most_frequent",
            "most_complete",
            "source_priority",
            "most_recent",
        ),
    ),
    _alone("email", "email_std", status="email_status", default=_VALID_THEN_RECENT),
    _alone("phone", "phone_e164", status="phone_status", default=_VALID_THEN_RECENT),
    _alone(
        "mobile_phone",
        "mobile_phone_e164",
        status="mobile_phone_status",
        default=_VALID_THEN_RECENT,
    ),
    _alone("job_title", "job_title_std", default=("most_recent", "source_priority")),
    _alone("company_name", "company_name_std", status="company_status"),
    _ADDRESS,
    _alone("birth_date", "birth_date_std", "DATE", default=("most_frequent",)),
    _alone("lead_source", "lead_source", default=("oldest",)),
    _alone("lifecycle_stage", "lifecycle_stage", default=("most_recent",)),
    _alone("email_opt_out", "email_opt_out", "BOOLEAN", default=("restrictive_wins",)),
    _alone("do_not_call", "do_not_call", "BOOLEAN", default=("restrictive_wins",)),
    _alone("owner_name", "owner_name"),
    _alone(
        "account_source_record_key",
        "account_source_record_key",
        default=("most_recent", "source_priority"),
    ),
)

ACCOUNT_GROUPS: tuple[FieldGroup, ...] = (
    FieldGroup(
        "account_name",
        (Field("account_name", "account_name_std"), Field("legal_form", "legal_form")),
        "account_name_status",
        ("validated_first", "source_priority", "most_frequent", "most_recent"),
    ),
    FieldGroup(
        "website",
        (Field("domain", "domain_std"), Field("website", "website")),
        "domain_status",
        ("validated_first", "most_complete", "source_priority", "most_recent"),
    ),
    _alone("phone", "phone_e164", status="phone_status", default=_VALID_THEN_RECENT),
    _ADDRESS,
    _alone("industry", "coalesce(industry_std, industry)"),
    _alone("employee_count", "employee_count", "BIGINT", default=("most_recent",)),
    _alone(
        "annual_revenue", "annual_revenue", "DECIMAL(18, 2)", default=("most_recent",)
    ),
    _alone("account_type", "account_type"),
    _alone("parent_source_record_key", "parent_source_record_key"),
    _alone("owner_name", "owner_name"),
)

GROUPS: dict[str, tuple[FieldGroup, ...]] = {
    "contact": CONTACT_GROUPS,
    "account": ACCOUNT_GROUPS,
}

_SHARED_COLUMNS = {
    "source_record_key": "VARCHAR",
    "source_name": "VARCHAR",
    "source_type": "VARCHAR",
    "is_deleted": "BOOLEAN",
    "delete_kind": "VARCHAR",
    "created_at": "TIMESTAMP",
    "modified_at": "TIMESTAMP",
    "_extracted_at": "TIMESTAMP",
    "is_test_record": "BOOLEAN",
}
_EXTRA_COLUMNS = {
    "contact": {
        "email_domain": "VARCHAR",
        "is_role_email": "BOOLEAN",
        "is_free_email": "BOOLEAN",
    },
    "account": {"industry": "VARCHAR", "industry_std": "VARCHAR"},
}

COLUMN_ORDER: dict[str, tuple[str, ...]] = {
    "contact": (
        "full_name",
        "salutation",
        "given_name",
        "middle_name",
        "family_name",
        "suffix",
        "email",
        "email_domain",
        "is_role_email",
        "is_free_email",
        "phone",
        "mobile_phone",
        "job_title",
        "company_name",
        "street",
        "city",
        "state",
        "postal_code",
        "country_code",
        "birth_date",
        "lead_source",
        "lifecycle_stage",
        "email_opt_out",
        "do_not_call",
        "owner_name",
        "account_source_record_key",
    ),
    "account": (
        "account_name",
        "legal_form",
        "domain",
        "website",
        "phone",
        "street",
        "city",
        "state",
        "postal_code",
        "country_code",
        "industry",
        "employee_count",
        "annual_revenue",
        "account_type",
        "parent_source_record_key",
        "owner_name",
    ),
}
"""Columns of the golden table between the id and the counts."""


def value_column(field: Field) -> str:
    """Name the column of `members` that holds a record's value as text.

    Args:
        field: The field.

    Returns:
        A quoted identifier.

    Example:
        >>> print(value_column(Field("phone", "phone_e164")))
        "value_phone"
    """
    return quote_identifier(f"value_{field.name}")


def expected_columns(entity: str) -> dict[str, str]:
    """List the standardised columns that merging reads, with their types.

    Args:
        entity: contact or account.

    Returns:
        Type by column name.

    Example:
        >>> expected_columns("account")["annual_revenue"]
        'DECIMAL(18, 2)'
    """
    columns = dict(_SHARED_COLUMNS)
    columns |= _EXTRA_COLUMNS[entity]
    for group in GROUPS[entity]:
        if group.status is not None:
            columns[group.status] = "VARCHAR"
        for field in group.fields:
            if field.source.isidentifier():
                columns[field.source] = field.kind
    return columns


def made_from(entity: str) -> dict[str, str]:
    """Tell what each field of a golden record is made of.

    Args:
        entity: contact or account.

    Returns:
        SQL over the standardised columns by name of the field.

    Example:
        >>> made_from("contact")["phone"]
        'phone_e164'
    """
    return {
        field.name: field.source for group in GROUPS[entity] for field in group.fields
    }
