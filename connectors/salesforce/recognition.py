"""Which Salesforce object a CSV file holds, and which files hold no records at all.

Belongs here: evidence from the configuration, the file name, the id prefix and the
header, and the order in which it counts. Values and paths in, a name out; no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from connectors.errors import SourceFileError
from connectors.salesforce.reference import (
    modelled_objects,
    objects_by_prefix,
    objects_by_spoken_name,
)

# Accepted: "WE_00Dx0000000AbcDEAS_2.ZIP". Rejected: "WE_backup.zip".
_DATA_EXPORT = re.compile(
    r"^WE_(?P<org>[A-Za-z0-9]{15})(?:[A-Za-z0-9]{3})?_(?P<part>\d+)\.zip$",
    re.IGNORECASE,
)
# Accepted: "Invoice__c", "acme__Plan__c". Rejected: "Invoice_c".
_CUSTOM_OBJECT = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:_{1,2}[A-Za-z0-9]+)*?__(?:c|history)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
# Accepted: "AccountHistory". Rejected: "account-history".
_API_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
# Splits "extract_ContactData-2026" into extract, Contact, Data, 2026.
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
# Accepted: "success0413060133.csv". Rejected: "success_stories.csv".
_STATUS_FILE = re.compile(r"^(?:success|error)[_-]?\d*$", re.IGNORECASE)
# Accepted: "Item Created". Rejected: "Closed".
_STATUS_VALUE = re.compile(r"^Item (?:Created|Updated|Upserted|(?:Hard )?Deleted)$")

# Words of file names that say how an export was made, not what it holds.
_FILLER = frozenset(
    {
        *("all", "current", "full", "latest", "my", "new", "old", "the"),
        *("backup", "bulk", "csv", "dump", "file", "list", "table"),
        *("data", "record", "records", "report", "result", "results"),
        *("export", "exported", "exports", "extract", "extracted", "extracts"),
        *("daily", "weekly", "org", "prod", "production", "query", "sandbox"),
        *("crm", "salesforce", "sf", "sfdc", "sobject"),
    }
)
_HISTORY_PREFIX = "017"


def is_data_export(file_name: str) -> bool:
    """Whether a ZIP carries the name that Salesforce's Data Export gives it.

    Example:
        >>> is_data_export("WE_00Dx0000000AbcDEAS_2.ZIP")
        True
    """
    return _DATA_EXPORT.match(file_name) is not None


def check_data_export(file_names: Sequence[str], directory: str) -> None:
    """Refuse a snapshot that mixes orgs or lacks a part of its Data Export.

    Taken as a full export, it would mark the records of the missing part as deleted.

    Args:
        file_names: Base names of the files of one snapshot.
        directory: How messages call the snapshot.

    Raises:
        SourceFileError: Two orgs, or a gap in the numbers of the ZIPs.
    """
    found = [match for name in file_names if (match := _DATA_EXPORT.match(name))]
    orgs = sorted({match["org"] for match in found})
    if len(orgs) > 1:
        raise SourceFileError(
            f"reading folder {directory!r}: its ZIPs come from {len(orgs)} orgs "
            f"({', '.join(orgs)}); give each org a folder and a source of its own"
        )
    parts = {int(match["part"]) for match in found}
    missing = sorted(set(range(1, max(parts, default=0) + 1)) - parts)
    if missing:
        raise SourceFileError(
            f"reading folder {directory!r}: the Data Export is incomplete, ZIPs number "
            f"{', '.join(map(str, missing))} of at least {max(parts)} are missing; "
            "download them (they are kept for 48 hours), or set `mode: delta` to load "
            "what is there without inferring deletions"
        )


def is_status_file(
    stem: str, header: Sequence[str], last_values: Sequence[str]
) -> bool:
    """Whether a CSV is a success or error file of Data Loader or the Bulk API.

    Args:
        stem: File name without suffix.
        header: Lower-cased column names.
        last_values: Some values of the last column.
    """
    if not header:
        return False
    if header[0].startswith("sf__") or "sf__error" in header:
        return True
    if header[-1] == "error":
        return True
    if header[-1] != "status":
        return False
    values = [value for value in last_values if value]
    is_named = _STATUS_FILE.match(stem) is not None
    are_statuses = bool(values) and all(map(_STATUS_VALUE.match, values))
    return is_named or are_statuses


def mapped_object(names: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    """Find the object that the configuration gives to a file.

    Args:
        names: Names of the file: its path, base name, ZIP member, `zip/member`.
        mapping: Globs to API names; the first match wins.

    Example:
        >>> mapped_object(["2026/crm_1.csv", "crm_1.csv"], {"crm_*.csv": "Contact"})
        'contact'
    """
    for pattern, object_name in mapping.items():
        if any(fnmatchcase(name, pattern) for name in names):
            return object_name.lower()
    return None


def object_of_name(stem: str) -> str | None:
    """Read the object from a file name; None when the name does not say.

    Example:
        >>> object_of_name("extract_contacts_2026-01"), object_of_name("accountData")
        ('contact', 'account')
        >>> object_of_name("customers") is None
        True
    """
    custom = _CUSTOM_OBJECT.search(stem)
    if custom is not None:
        name = custom[0].lower()
        while "_" in name and (first := name.split("_", 1))[0] in _FILLER:
            if first[1].startswith("_"):
                break  # `list__c` is an object of that name
            name = first[1]
        return name
    spoken = objects_by_spoken_name()
    if stem.lower() in spoken:
        return spoken[stem.lower()]
    words = [word.lower() for word in _WORDS.findall(stem)]
    meaning = "".join(
        word for word in words if word not in _FILLER and not word.isdigit()
    )
    return spoken.get(meaning)


def object_of_member(member: str) -> str | None:
    """Read the object from a member of a Data Export ZIP, which is named after it."""
    stem = PurePosixPath(member).stem
    return stem.lower() if _API_NAME.match(stem) else None


def object_of_ids(prefixes: Mapping[str, int], header: Sequence[str]) -> str | None:
    """Read the object from the prefixes of the ids; None when they do not decide.

    Args:
        prefixes: First three characters of the ids, with counts.
        header: Lower-cased column names.
    """
    if len(prefixes) != 1:
        return None
    (prefix,) = prefixes
    if prefix == _HISTORY_PREFIX:
        return _history_of(header)
    return objects_by_prefix().get(prefix)


def _history_of(header: Sequence[str]) -> str | None:
    """Tell field histories apart, which share one prefix, by their parent column."""
    for name, item in modelled_objects().items():
        if item.shared_prefix and set(item.header_marks) <= set(header):
            return name
    parents = [
        column.removesuffix("id")
        for column in header
        if column.endswith("id") and column not in ("id", "createdbyid")
    ]
    if len(parents) == 1 and {"field", "oldvalue", "newvalue"} <= set(header):
        return f"{parents[0]}history"
    return None


def decide_object(
    label: str,
    *,
    by_name: str | None,
    by_ids: str | None,
    prefixes: Mapping[str, int],
) -> str:
    """Weigh name against ids, or say what the user has to add.

    Args:
        label: How messages call the file.
        by_name: Object that the name says.
        by_ids: Object that the ids say.
        prefixes: Prefixes found, for the message.

    Raises:
        SourceFileError: Neither decides, or they contradict each other.
    """
    fix = "say which it is with `objects: {<file name or glob>: <API name>}`"
    if by_name is not None and by_ids is not None and by_name != by_ids:
        raise SourceFileError(
            f"recognising {label}: its name says {by_name}, its record ids say {by_ids}; "
            f"rename the file or {fix}"
        )
    decided = by_name or by_ids
    if decided is None:
        found = ", ".join(sorted(prefixes)[:5]) or "none"
        raise SourceFileError(
            f"recognising {label}: neither its name nor the prefixes of its record ids "
            f"({found}) name a Salesforce object; expected a name such as Account.csv or "
            f"Invoice__c.csv: {fix}"
        )
    return decided
