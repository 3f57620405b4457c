"""How dirty and how big: the knobs of the synthetic CRM, with their defaults.

Belongs here: rates and proportions with their meaning. The code that applies them
lives with the thing that gets dirty. Every rate is a share of the cells or records to
which the defect can apply at all, in [0, 1].
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


class _Knobs(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DirtProfile(_Knobs):
    """Rates of each kind of dirt; the defaults resemble a CRM that nobody cleaned."""

    name_typo: Rate = Field(0.02, description="one slip of the keyboard in a name")
    nickname: Rate = Field(
        0.15, description="a short form instead of the given name, where one is known"
    )
    names_swapped: Rate = Field(0.01, description="given and family name exchanged")
    last_comma_first: Rate = Field(
        0.01, description="'Last, First' in the last-name field (or the full name)"
    )
    upper_case: Rate = Field(0.04, description="the whole name in capitals")
    lower_case: Rate = Field(0.03, description="the whole name in small letters")
    diacritics_lost: Rate = Field(
        0.25, description="Müller as Muller or Mueller; Greek and Japanese romanised"
    )
    mojibake: Rate = Field(
        0.01, description="UTF-8 read as cp1252, of names with diacritics"
    )
    initial_only: Rate = Field(0.02, description="'R.' instead of the given name")
    first_name_missing: Rate = Field(0.03, description="no given name at all")
    title_in_name: Rate = Field(0.01, description="'Dr. ' in front of the given name")
    stray_spaces: Rate = Field(0.02, description="blanks before, behind or doubled")
    placeholder_name: Rate = Field(0.004, description="'Unknown', '-' as family name")

    email_missing: Rate = Field(0.12, description="no e-mail address")
    email_private: Rate = Field(
        0.10, description="free-mail address in place of the business one"
    )
    email_shared: Rate = Field(0.03, description="info@ of the company instead")
    email_upper: Rate = Field(0.06, description="capitals in the address")
    email_typo: Rate = Field(0.012, description="a slip in local part or domain")
    email_decorated: Rate = Field(
        0.01, description="'mailto:', angle brackets, trailing dot or blank"
    )
    email_plus_tag: Rate = Field(0.006, description="local+crm@ form")
    email_two_in_field: Rate = Field(0.004, description="two addresses in one field")
    email_placeholder: Rate = Field(0.008, description="test@test.com, n/a")

    phone_missing: Rate = Field(0.25, description="no business phone")
    mobile_missing: Rate = Field(0.45, description="no mobile phone")
    phone_wrong_digit: Rate = Field(0.006, description="one digit wrong")
    phone_two_in_field: Rate = Field(0.012, description="'A / B' in one field")
    phone_placeholder: Rate = Field(0.012, description="0000, 1234567890, N/A")

    company_missing: Rate = Field(0.08, description="no company text or account link")
    company_placeholder: Rate = Field(0.01, description="'N/A', 'self-employed'")
    legal_form_dropped: Rate = Field(0.25, description="'Quorvex' for 'Quorvex GmbH'")
    legal_form_variant: Rate = Field(0.20, description="'Incorporated' for 'Inc'")
    company_abbreviated: Rate = Field(0.08, description="'Intl', 'Mfg', '&' for 'and'")
    company_the: Rate = Field(0.02, description="'The ' in front")
    company_typo: Rate = Field(0.03, description="one slip in the company name")
    company_upper: Rate = Field(0.05, description="the company name in capitals")
    company_lower: Rate = Field(0.02, description="the company name in small letters")
    company_marked: Rate = Field(0.006, description="'(old)', '- DO NOT USE' appended")
    website_missing: Rate = Field(0.25, description="account without website")
    website_decorated: Rate = Field(0.6, description="https://www. around the domain")

    address_missing: Rate = Field(0.4, description="no street address")
    country_missing: Rate = Field(0.10, description="no country")
    title_missing: Rate = Field(0.3, description="no job title")
    birthdate_missing: Rate = Field(0.85, description="no birth date (where it fits)")
    suffix_missing: Rate = Field(0.8, description="no Jr./Sr. where one applies")

    duplicate_merged: Rate = Field(
        0.25, description="share of duplicates inside Salesforce that users merged"
    )
    deleted: Rate = Field(0.015, description="records in the recycle bin")
    test_record: Rate = Field(0.004, description="test records per real record")
    mailbox_record: Rate = Field(
        0.006, description="contacts that are a mailbox, not a person"
    )
    deal_without_sync_id: Rate = Field(
        0.4, description="of deals in both CRMs: no Salesforce Opportunity ID"
    )
    deal_amount_missing: Rate = Field(
        0.03, description="of won deals that both CRMs sync: no amount in HubSpot"
    )
    deal_closed_too_early: Rate = Field(
        0.03, description="of lost deals only in Salesforce: closed before created"
    )
    deal_probability_stale: Rate = Field(
        0.01, description="of closed Salesforce deals: probability of an open stage"
    )
    refund: Rate = Field(0.06, description="orders refunded, 40 % of them in part")


class Proportions(_Knobs):
    """How many records of each kind a person or company causes on average."""

    people_per_company: float = Field(5.0, gt=0, description="people / companies")
    consumer: Rate = Field(0.15, description="people without a company")
    family: Rate = Field(0.05, description="people who live with the person before")
    same_name_family: Rate = Field(
        0.15, description="of those: father and son with the same name"
    )
    job_change: Rate = Field(0.12, description="employed people with an earlier job")
    subsidiary: Rate = Field(0.07, description="companies owned by another one")
    company_in_both: Rate = Field(0.50, description="companies in both CRMs")
    company_only_salesforce: Rate = Field(0.25, description="only in Salesforce")
    account_duplicate: Rate = Field(0.09, description="further record of a company")
    lead: Rate = Field(0.25, description="leads per person")
    hubspot: Rate = Field(
        0.46, description="people in HubSpot, of those in Salesforce; others: 94 %"
    )
    contact_duplicate: Rate = Field(0.09, description="further record of a person")
    attendee: Rate = Field(0.06, description="people on an attendee list")
    partner: Rate = Field(0.04, description="people on the partner list")
    history_months: int = Field(30, ge=24, le=120, description="months before as_of")
    tasks_per_contact: float = Field(
        2.0, ge=0, description="Salesforce tasks per living contact"
    )
    events_per_contact: float = Field(
        0.6, ge=0, description="Salesforce events per living contact"
    )
