"""The suppression list: people who were erased and must not come back.

Belongs here: keyed hashes of identifiers, and what happens to one row that speaks of
somebody on the list. No I/O, no Parquet: `scrubbing` applies this to files.

The list holds no personal data. Identifiers are normalised and hashed with a secret that
stays in the home, so that the list can be compared but neither read nor guessed without
it. Three kinds are known: `email`, `record` (the id of a source record) and `person` (a
phone number together with a first and a last name; a number alone may be a switchboard).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ERASED = "[erased]"

# Accepted: "a.b+c@x.co". Rejected: "@handle", "a b".
EMAIL_PATTERN = r"[^\s\x00-\x1f@<>;,:\"'()\[\]|]+@[^\s\x00-\x1f@<>;,:\"'()\[\]|]+\.[^\s\x00-\x1f@<>;,:\"'()\[\]|.]+"
# Ids of Salesforce contacts (003) and leads (00Q), in 15 or 18 characters.
PERSON_ID_PATTERN = r"\b00[3Q][0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?\b"
_EMAIL = re.compile(EMAIL_PATTERN)
_PERSON_ID = re.compile(PERSON_ID_PATTERN)
_NUMBER = re.compile(r"\d+")
_NOT_DIGIT = re.compile(r"\D")

PHONE_DIGITS = 9
"""Last digits that two spellings of one number share, whatever prefix they have."""

_PEOPLE = frozenset({"contact", "contacts", "lead", "leads"})
"""Objects whose rows are people: such a row goes as a whole."""

HUBSPOT_ENGAGEMENTS = (
    "calls",
    "emails",
    "meetings",
    "notes",
    "tasks",
    "communications",
)
"""Activities of HubSpot, which name people in associations and not in their rows."""

_ACTIVITIES = frozenset(
    {
        *("task", "event", "events", "campaignmember", "emailmessage"),
        *("contacthistory", "leadhistory", "email_events", "duplicaterecorditem"),
        *HUBSPOT_ENGAGEMENTS,
    }
)
"""Objects whose rows exist because of one person: they go with the person."""

_BYSTANDERS = frozenset({"account", "companies", "company", "user", "campaign"})
"""Objects that are about somebody else: only the mention goes."""

# Accepted: "email", "suppliedname", "description". Rejected: "hs_email_optout", "amount".
_PERSONAL = re.compile(
    r"mail|phone|mobile|fax|full_?name|first_?name|last_?name|middle_?name|salutation|"
    r"supplied|birth|street|postal|address|description|subject|content|comment|body|"
    r"notes?$"
)
_NOT_PERSONAL = re.compile(r"opt|^is_|^has|mailing_?(list|count)")
# Accepted: "associated_contact_ids", "associatedcontactid", "hs_merged_object_ids".
_CONTACT_IDS = re.compile(r"contact_?ids?(_|$)|^hs_merged_object_ids$|_merged_vids$")
_ID_COLUMN = re.compile(r"ids?$")


@dataclass(frozen=True, slots=True)
class Origin:
    """Which source and object a row belongs to."""

    source_type: str
    object: str
    source_name: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """Who must not come back.

    Attributes:
        secret: Key of the hashes.
        hashes: Keyed hashes of every kind.
    """

    secret: str = field(repr=False)
    hashes: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.hashes)

    @property
    def keys(self) -> tuple[str, str]:
        """Inner and outer key, as a keyed hash in SQL needs them."""
        return derive_keys(self.secret)

    def holds(self, kind: str, value: str) -> bool:
        """Whether a normalised identifier is on the list."""
        return keyed_hash(self.secret, f"{kind}|{value}") in self.hashes


def derive_keys(secret: str) -> tuple[str, str]:
    """Two independent keys of one secret: inside and outside, as HMAC has them."""
    inner, outer = (
        hmac.new(secret.encode(), part, hashlib.sha256).hexdigest()
        for part in (b"inner", b"outer")
    )
    return inner, outer


def keyed_hash(secret: str, text: str) -> str:
    """Hash text with a secret; DuckDB computes the same as `sha256(o || sha256(i || t))`.

    Example:
        >>> keyed_hash("secret", "a") == keyed_hash("other", "a")
        False
    """
    inner, outer = derive_keys(secret)
    digest = hashlib.sha256((inner + text).encode()).hexdigest()
    return hashlib.sha256((outer + digest).encode()).hexdigest()


def record_reference(origin: Origin, record_id: str) -> str:
    """Normalised reference to a source record; Salesforce ids in 15 characters."""
    if origin.source_type == "salesforce":
        return f"salesforce|{record_id[:15]}"
    return f"{origin.source_type}|{origin.source_name}|{origin.object}|{record_id}"


def contact_reference_prefix(origin: Origin) -> str:
    """What stands before the number of a contact that a row of HubSpot refers to."""
    return f"{origin.source_type}|{origin.source_name}|contacts|"


@dataclass(frozen=True, slots=True)
class Tie:
    """A column of HubSpot whose row says something about one other record.

    Attributes:
        column: Holds the number of the record.
        object: Its object; none where the column `object_type` of the row says it.
    """

    column: str
    object: str | None


def ties_of(origin: Origin) -> tuple[Tie, ...]:
    """Columns of HubSpot's associations, histories and lists that name a record of a person.

    Such a row holds nothing but the tie, and goes with either record.
    """
    if origin.source_type != "hubspot":
        return ()
    if origin.object == "property_history":
        return (Tie("object_id", None),)
    if origin.object == "contact_list_members":
        return (Tie("contact_id", "contacts"),)
    pair = origin.object.removeprefix("associations_")
    if pair == origin.object:
        return ()
    left = next(
        (
            name
            for name in ("contacts", *HUBSPOT_ENGAGEMENTS)
            if pair.startswith(f"{name}_")
        ),
        None,
    )
    ties = [Tie("from_object_id", left)] if left else []
    if pair.endswith("_contacts"):
        ties.append(Tie("to_object_id", "contacts"))
    return tuple(ties)


def normal_email(text: str) -> str:
    """Address as it is compared.

    Example:
        >>> normal_email(" Ada@Example.COM ")
        'ada@example.com'
    """
    return text.strip().lower()


def normal_name(text: str) -> str:
    """Name as it is compared: lower case, without accents and spaces around.

    Example:
        >>> normal_name(" Zoë ")
        'zoe'
    """
    apart = unicodedata.normalize("NFD", text.strip().lower())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def person_reference(given: str, family: str, phone: str) -> str | None:
    """Normalised first name, last name and number; None where one of them is missing."""
    digits = _NOT_DIGIT.sub("", phone)[-PHONE_DIGITS:]
    if len(digits) < 7 or not given.strip() or not family.strip():
        return None
    return f"{normal_name(given)}|{normal_name(family)}|{digits}"


def names_of(row: Mapping[str, object]) -> tuple[str, str] | None:
    """First and last name of a row, from two columns or from one."""

    def text(*names: str) -> str:
        found = (row.get(name) for name in names)
        return next((str(value) for value in found if value), "")

    given, family = text("firstname", "first_name"), text("lastname", "last_name")
    if not (given and family):
        words = text("full_name", "fullname", "name").split()
        if len(words) < 2:
            return None
        given, family = words[0], words[-1]
    return given, family


def is_email_column(name: str) -> bool:
    """Whether a column holds addresses, judging by its name."""
    return "mail" in name and not name.startswith("mailing")


def is_phone_column(name: str) -> bool:
    """Whether a column holds phone numbers, judging by its name."""
    return "phone" in name or "mobile" in name or "fax" in name


def is_contact_ids_column(name: str) -> bool:
    """Whether a column lists contacts of HubSpot, judging by its name."""
    return bool(_CONTACT_IDS.search(name))


def is_personal_column(name: str) -> bool:
    """Whether a column of a row about a person speaks of the person."""
    return bool(_PERSONAL.search(name)) and not _NOT_PERSONAL.search(name)


def person_references(row: Mapping[str, object]) -> Iterator[str]:
    """Every combination of name and number in a row."""
    names = names_of(row)
    if names is None:
        return
    for column, value in row.items():
        if value and is_phone_column(column) and isinstance(value, str):
            found = person_reference(*names, value)
            if found is not None:
                yield found


def scrub_row(
    row: Mapping[str, object], origin: Origin, suppression: Suppression
) -> dict[str, object] | None:
    """Take somebody on the list out of one landed row.

    Args:
        row: Data columns and `_source_record_id`.
        origin: Where the row is from.
        suppression: The list.

    Returns:
        The row without the person: None when it is theirs as a whole, the same values
        when it does not speak of anybody on the list. Amounts, dates and states stay:
        they are the company's books.
    """
    record = record_reference(origin, str(row["_source_record_id"]))
    if suppression.holds("record", record):
        return None
    if _is_tied(row, origin, suppression):
        return None
    is_person = origin.object in _PEOPLE
    scrubbed = {
        name: _without(name, value, origin, suppression) for name, value in row.items()
    }
    changed = {name for name, value in row.items() if scrubbed[name] != value}
    spoke_of = any(is_email_column(name) or _ID_COLUMN.search(name) for name in changed)
    knows_person = any(
        suppression.holds("person", each) for each in person_references(row)
    )
    if is_person:
        synced = any(name.startswith("hs_salesforce") for name in changed)
        mailed = any(is_email_column(name) for name in changed)
        return None if mailed or synced or knows_person else scrubbed
    if not (spoke_of or knows_person):
        return scrubbed
    if origin.object in _ACTIVITIES:
        return None
    if origin.object in _BYSTANDERS:
        return scrubbed
    return {
        name: None if not name.startswith("_") and is_personal_column(name) else value
        for name, value in scrubbed.items()
    }


def _is_tied(
    row: Mapping[str, object], origin: Origin, suppression: Suppression
) -> bool:
    """Whether a row only ties a record on the list to another, or is its history."""
    for tie in ties_of(origin):
        named = tie.object or row.get("object_type")
        place = Origin(origin.source_type, str(named), origin.source_name)
        reference = record_reference(place, str(row.get(tie.column)))
        if suppression.holds("record", reference):
            return True
    return False


def scrub_text(text: str, suppression: Suppression) -> str:
    """Take addresses and ids on the list out of running text."""

    def mail(found: re.Match[str]) -> str:
        known = suppression.holds("email", normal_email(found[0]))
        return ERASED if known else found[0]

    def person(found: re.Match[str]) -> str:
        known = suppression.holds("record", f"salesforce|{found[0][:15]}")
        return ERASED if known else found[0]

    return _PERSON_ID.sub(person, _EMAIL.sub(mail, text))


def _without(
    name: str, value: object, origin: Origin, suppression: Suppression
) -> object:
    if not isinstance(value, str) or name.startswith("_"):
        return value
    if is_contact_ids_column(name) and origin.source_type == "hubspot":
        prefix = contact_reference_prefix(origin)
        parts = [part.strip() for part in value.split(";")]
        kept = [
            part
            for part in parts
            if not any(
                suppression.holds("record", prefix + number)
                for number in _NUMBER.findall(part)
            )
        ]
        if len(kept) == len(parts):
            return value
        return ";".join(kept) or None
    text = scrub_text(value, suppression)
    if text == value:
        return value
    # A column of identifiers becomes empty; running text keeps its other words.
    rest = text.replace(ERASED, "").strip(" ;,")
    if is_email_column(name) or _ID_COLUMN.search(name):
        return rest or None
    return text
