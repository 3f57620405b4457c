"""Canonical values beside the raw ones, each with a verdict and the rule that decided.

The façade: what other packages may import. Raw columns are never changed; hopeless
records are set aside, kept and counted.
"""

from __future__ import annotations

from hygiene.standardise.accounts import ACCOUNT_OUTPUTS
from hygiene.standardise.address import (
    find_state_code,
    infer_country,
    standardise_city,
    standardise_postal_code,
    standardise_state,
    standardise_street,
)
from hygiene.standardise.address_line import AddressLine, parse_address_line
from hygiene.standardise.company import CompanyResult, standardise_company
from hygiene.standardise.contacts import CONTACT_OUTPUTS
from hygiene.standardise.country import CountryResult, standardise_country
from hygiene.standardise.dates import (
    DateResult,
    standardise_birth_date,
    standardise_date,
)
from hygiene.standardise.email_address import (
    EmailResult,
    EmailStandardiser,
    standardise_email,
)
from hygiene.standardise.job_role import (
    JobRole,
    JobRoleClassifier,
    classify_job_title,
)
from hygiene.standardise.job_title import standardise_job_title
from hygiene.standardise.junk_records import (
    RecordIdentity,
    find_reserved_host,
    find_test_rule,
)
from hygiene.standardise.name_parse import PersonName, PersonNameInput
from hygiene.standardise.person_name import (
    PersonNameStandardiser,
    standardise_person_name,
)
from hygiene.standardise.phone import PhoneResult, standardise_phone
from hygiene.standardise.picklists import (
    Picklist,
    list_spellings,
    load_picklists,
    standardise_choice,
    standardise_company_size,
)
from hygiene.standardise.quarantine import (
    QUARANTINE_SCHEMA,
    QuarantineReport,
    collect_quarantine,
)
from hygiene.standardise.settings import (
    Blocklist,
    ExtraPlaceholders,
    FieldRule,
    StandardiseSettings,
)
from hygiene.standardise.stage import (
    StandardiseReport,
    standardise_accounts,
    standardise_contacts,
)
from hygiene.standardise.status import Status
from hygiene.standardise.suggestions import (
    join_unlisted_values,
    write_shared_identifiers,
    write_unlisted_values,
)
from hygiene.standardise.text_result import TextResult
from hygiene.standardise.version import STANDARDISER_VERSION, standardiser_version
from hygiene.standardise.vocabulary import (
    Vocabulary,
    default_names,
    default_vocabulary,
    load_vocabulary,
)
from hygiene.standardise.web_domain import DomainResult, standardise_domain

__all__ = [
    "ACCOUNT_OUTPUTS",
    "CONTACT_OUTPUTS",
    "QUARANTINE_SCHEMA",
    "STANDARDISER_VERSION",
    "AddressLine",
    "Blocklist",
    "CompanyResult",
    "CountryResult",
    "DateResult",
    "DomainResult",
    "EmailResult",
    "EmailStandardiser",
    "ExtraPlaceholders",
    "FieldRule",
    "JobRole",
    "JobRoleClassifier",
    "PersonName",
    "PersonNameInput",
    "PersonNameStandardiser",
    "PhoneResult",
    "Picklist",
    "QuarantineReport",
    "RecordIdentity",
    "StandardiseReport",
    "StandardiseSettings",
    "Status",
    "TextResult",
    "Vocabulary",
    "classify_job_title",
    "collect_quarantine",
    "default_names",
    "default_vocabulary",
    "find_reserved_host",
    "find_state_code",
    "find_test_rule",
    "infer_country",
    "join_unlisted_values",
    "list_spellings",
    "load_picklists",
    "load_vocabulary",
    "parse_address_line",
    "standardise_accounts",
    "standardise_birth_date",
    "standardise_choice",
    "standardise_city",
    "standardise_company",
    "standardise_company_size",
    "standardise_contacts",
    "standardise_country",
    "standardise_date",
    "standardise_domain",
    "standardise_email",
    "standardise_job_title",
    "standardise_person_name",
    "standardise_phone",
    "standardise_postal_code",
    "standardise_state",
    "standardise_street",
    "standardiser_version",
    "write_shared_identifiers",
    "write_unlisted_values",
]
