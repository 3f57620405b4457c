"""Lists of contacts and marketing e-mail of a made-up portal.

Belongs here: state, and what is done to it. No HTTP and no JSON of answers: that is in
`hubspot_marketing_routes`. Times are milliseconds since 1970, as in `hubspot_portal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

APP = 113
"""Number of the application that sends marketing e-mail."""


@dataclass(slots=True)
class ContactList:
    """One list; members by contact, with the time of joining."""

    id: int
    name: str
    processing_type: str
    created: int
    members: dict[int, int] = field(default_factory=dict)
    deleted: int | None = None
    last_added: int | None = None
    last_removed: int | None = None


@dataclass(slots=True)
class Mailing:
    """One campaign of marketing e-mail."""

    id: int
    name: str
    subject: str
    updated: int
    is_forgotten: bool = False


class Marketing:
    """What a portal has of marketing.

    Args:
        now: Gives the portal's time in milliseconds.
        portal_id: Number of the account.
    """

    def __init__(self, now: Callable[[], int], portal_id: int) -> None:
        self._now, self._portal_id = now, portal_id
        self.lists: dict[int, ContactList] = {}
        self.mailings: dict[int, Mailing] = {}
        self.events: list[dict[str, Any]] = []

    def add_list(self, name: str, processing_type: str = "MANUAL") -> ContactList:
        """Make an empty list."""
        number = 1 + len(self.lists)
        made = ContactList(number, name, processing_type, self._now())
        self.lists[number] = made
        return made

    def join(self, list_id: int, contacts: Iterable[int]) -> None:
        """Put contacts on a list; neither the list nor they count as changed."""
        each = self.lists[list_id]
        for contact in contacts:
            each.members.setdefault(contact, self._now())
            each.last_added = self._now()

    def leave(self, list_id: int, contacts: Iterable[int]) -> None:
        """Take contacts off a list."""
        each = self.lists[list_id]
        for contact in contacts:
            if each.members.pop(contact, None) is not None:
                each.last_removed = self._now()

    def replace(self, contact: int, by: int | None = None) -> None:
        """Put another contact on every list in place of one that is gone, or nobody."""
        for each in self.lists.values():
            if contact in each.members:
                self.leave(each.id, [contact])
                self.join(each.id, [] if by is None else [by])

    def remove_list(self, list_id: int) -> None:
        """Delete a list; it is shown as deleted for a while."""
        self.lists[list_id].deleted = self._now()

    def add_mailing(self, name: str, subject: str) -> Mailing:
        """Make a campaign."""
        number = 5_000_001 + 3 * len(self.mailings)
        made = Mailing(number, name, subject, self._now())
        self.mailings[number] = made
        return made

    def happen(
        self,
        mailing: Mailing,
        kind: str,
        recipient: str,
        *,
        sent: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Note what happened to a mail; `sent` is the event of its sending."""
        now = self._now()
        event = {
            "id": f"{len(self.events):08x}-0000-4000-8000-000000000000",
            "created": now,
            "type": kind,
            "recipient": recipient,
            "portalId": self._portal_id,
            "appId": APP,
            "appName": "Batch",
            "emailCampaignId": mailing.id,
            "ipAddress": "192.0.2.1",
            "location": {"city": "Berlin", "country": "Germany"},
            **more,
        }
        origin = event if sent is None else sent
        event["sentBy"] = {"id": origin["id"], "created": origin["created"]}
        self.events.append(event)
        mailing.updated = now
        return event
