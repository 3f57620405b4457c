"""What the readers of marketing objects have in common.

Belongs here: what they are given and what they hand over. Lists of contacts are in
`lists`, marketing e-mail is in `mailings`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.hubspot.api.client import HubspotClient
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.records import ObjectSync
from connectors.landing import Landing


class MarketingSync(ABC):
    """Syncs one marketing object.

    Args:
        client: The portal.
        config: The source.
        landing: What is landed already.
        entry: The object's entry in the cursor; None at first.
        extracted_at: When this sync takes place (UTC).
    """

    def __init__(
        self,
        client: HubspotClient,
        config: HubspotApiConfig,
        landing: Landing,
        *,
        entry: Mapping[str, Any] | None,
        extracted_at: datetime,
    ) -> None:
        self._client, self._config, self._landing = client, config, landing
        self._entry, self._now = dict(entry or {}), extracted_at

    @abstractmethod
    def run(self) -> Iterator[ObjectSync]:
        """Read what is new; each portion is to be landed before the next is asked for.

        A limit or an outage halfway ends the reading; what came before it counts, and
        the entry goes no further than that.
        """
