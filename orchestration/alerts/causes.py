"""Why a source usually cannot be read, and what to do, by the reason code of its error.

Belongs here: the words of alerts; the runbook says the same at length. Does not belong
here: when somebody is told.
"""

from __future__ import annotations

from typing import Final

_WAIT: Final = "Wait; the next sync tries again."

CAUSES: Final[dict[str, tuple[str, str]]] = {
    "service_unavailable": (
        "the service or the network is down",
        f"{_WAIT} If it lasts, look at the status page of the service and at the proxy.",
    ),
    "query_failed": (
        "the service gave up on a query",
        f"{_WAIT} If it lasts, read fewer objects per source.",
    ),
    "query_too_large": (
        "more columns are asked for than one query takes",
        "Take objects or fields out of the configuration of this source.",
    ),
    "rate_limited": (
        "another program uses up the calls of the account",
        "Wait, or run the sync when the other program does not.",
    ),
    "truncated_response": (
        "a proxy or the network cuts answers short",
        _WAIT,
    ),
    "credentials": (
        "a token was revoked, has expired, or a password changed",
        "Renew it and run `tidycrm doctor`.",
    ),
    "missing_scope": (
        "permissions of the account were changed",
        "Grant what `tidycrm doctor` names.",
    ),
    "remote_object_missing": (
        "the account does not see the object any more, or it was renamed",
        "Grant it to the account, or take it out of the configuration.",
    ),
    "bulk_refused": (
        "the object cannot be read in bulk, or not by this account",
        "Grant it to the account, or take it out of the configuration.",
    ),
    "field_missing": (
        "the account does not see the field any more, or it was renamed",
        "Grant it to the account, or take it out of the configuration.",
    ),
    "protocol": (
        "a proxy answers in place of the service, often with a login page",
        "Look at the proxy; if the service has changed, report it.",
    ),
    "limit_reached": (
        "the daily share of calls is used up",
        "Nothing: the next day goes on where it stopped.",
    ),
    "clock_skew": (
        "the clock of this machine is off, so the service refuses its tokens",
        "Switch on time synchronisation.",
    ),
    "spool": (
        "the disk is full or not writable",
        "Free space (`tidycrm prune`); the next sync goes on.",
    ),
    "landing": (
        "what was landed is damaged",
        "The message names the file; the runbook says how it is replaced.",
    ),
    "landing_busy": ("another process reads the same source", _WAIT),
    "source_config": ("tidycrm.yml does not fit the source", "Run `tidycrm doctor`."),
    "column_mapping": (
        "a column was renamed in the file",
        "Correct the mapping, or the file; `tidycrm doctor` names the columns.",
    ),
    "source_file": (
        "the file was made in another way than before",
        "The message names file and reason: export again.",
    ),
    "source_file_missing": (
        "the export did not run, or writes to another place",
        "Put the export where `path` says, or correct `path`.",
    ),
    "empty_file": ("the export was cut short", "Export again."),
    "encoding": (
        "the file is no text, or mixes encodings",
        "Export again, as UTF-8.",
    ),
    "broken_archive": (
        "the file was cut short while it was copied, or has a password",
        "Copy or export it again.",
    ),
    "archive_limit": (
        "unpacked the file would be dangerously large",
        "Split it, or raise the limit that the message names.",
    ),
    "empty_snapshot": (
        "an export was cut short or made with a filter",
        "Export again; `allow_empty: true` only if all records are really gone.",
    ),
    "unexpected": (
        "a defect of the connector",
        "Open the log of the run (`tidycrm ui`) and report it.",
    ),
}
"""Likely cause and next step by reason code."""

FAMILIES: Final = frozenset({"permanent", "retryable", "connector"})
"""Codes of errors that name nothing closer than their family."""


def likely_cause(reason: str | None) -> tuple[str, str]:
    """Likely cause and next step of a reason code; for an unknown one, where to look."""
    return CAUSES.get(
        reason or "",
        ("see what was found", "Run `tidycrm doctor`; it says what to fix."),
    )
