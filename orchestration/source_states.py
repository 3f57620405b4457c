"""How every source stands: when it was last read, since when it fails, and why.

One small file per source in the home folder, written by the extraction and read by the
publication, the status and the alerts. It can be lost: the landing zone then tells when
a source was last seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from connectors.errors import ConnectorError
from connectors.landing import Landing
from orchestration.home import Home, replace_text

UNEXPECTED = "unexpected"
"""Reason code of an error that no connector raises on purpose."""

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one source stands; instants are UTC.

    Attributes:
        name: Name in tidycrm.yml.
        synced_at: Start of the last run that read it completely; None if none did.
        failing_since: Start of the first run that could not, after that; None if it is
            well.
        failures: Runs in a row that could not.
        reason: Code of the last error; see `reason_of`.
        message: What that error said, without data.
    """

    name: str
    synced_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    reason: str | None = None
    message: str | None = None

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt to read it failed."""
        return self.failing_since is not None

    def age(self, now: datetime) -> timedelta | None:
        """How old its last good data are; None if it has none."""
        return None if self.synced_at is None else now - self.synced_at

    def is_tolerated(self, now: datetime, tolerance: timedelta) -> bool:
        """Whether its last good data may be published instead of new ones."""
        age = self.age(now)
        return bool(tolerance) and age is not None and age <= tolerance

    def as_dict(self) -> dict[str, object]:
        """All facts with instants as text."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }


def reason_of(error: BaseException) -> str:
    """Code of an error: the name of its class in words.

    Example:
        >>> from connectors.errors import ServiceUnavailableError
        >>> reason_of(ServiceUnavailableError("no answer"))
        'service_unavailable'
    """
    if not isinstance(error, ConnectorError):
        return UNEXPECTED
    name = type(error).__name__.removesuffix("Error")
    return _WORD.sub("_", name).lower()


def message_of(error: BaseException) -> str:
    """What may be told about an error: our own words, else only its class."""
    if isinstance(error, ConnectorError):
        return str(error)
    return (
        f"{type(error).__name__}, which the connector does not expect. The traceback is "
        "in the log of this run: `tidycrm ui`, Runs"
    )


class SourceStates:
    """The states of one home folder."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def read(self, name: str) -> SourceState:
        """The state of one source; what an older home does not tell comes from landing."""
        try:
            stored = json.loads(self._home.source_state(name).read_text())
            return SourceState(
                name=name,
                synced_at=_instant(stored["synced_at"]),
                failing_since=_instant(stored["failing_since"]),
                failures=int(stored["failures"]),
                reason=stored["reason"],
                message=stored["message"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            landed = Landing(self._home.landing).manifests()
            return SourceState(
                name,
                max(
                    (each.extracted_at for each in landed if each.source_name == name),
                    default=None,
                ),
            )

    def begin(self, name: str) -> SourceState:
        """Note that a source is being read, so that half a first load is no success."""
        state = self.read(name)
        if not self._home.source_state(name).exists():
            self._write(state)
        return state

    def succeed(self, name: str, at: datetime) -> None:
        """Note that the run that began at `at` read a source completely."""
        self._write(SourceState(name, synced_at=at))

    def fail(self, name: str, at: datetime, error: BaseException) -> SourceState:
        """Note that the run that began at `at` could not read a source."""
        before = self.read(name)
        state = replace(
            before,
            failing_since=before.failing_since or at,
            failures=before.failures + 1,
            reason=reason_of(error),
            message=message_of(error),
        )
        self._write(state)
        return state

    def failing(self, names: Iterable[str]) -> tuple[SourceState, ...]:
        """Those of the named sources whose last attempt failed, in the given order."""
        states = (self.read(name) for name in names)
        return tuple(state for state in states if state.is_failing)

    def _write(self, state: SourceState) -> None:
        path = self._home.source_state(state.name)
        replace_text(path, json.dumps(state.as_dict(), indent=1))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
