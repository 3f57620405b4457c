"""The section `alerts` of tidycrm.yml: where alerts go, and when they are held back."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator

from orchestration.config.durations import Duration
from orchestration.config.sections import Section, TimeZone


class Severity(StrEnum):
    """How soon somebody has to look."""

    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Order of urgency; larger is more urgent."""
        return list(Severity).index(self)


class _Channel(Section):
    minimum: Severity = Field(
        default=Severity.WARNING, description="The least urgent kind that is sent here."
    )


class SlackChannel(_Channel):
    """An incoming webhook of Slack."""

    type: Literal["slack"]
    webhook_url: SecretStr = Field(description="Its address, as a ${NAME} reference.")


class TeamsChannel(_Channel):
    """A workflow of Microsoft Teams that is started by a webhook."""

    type: Literal["teams"]
    webhook_url: SecretStr = Field(description="Its address, as a ${NAME} reference.")


class WebhookChannel(_Channel):
    """Any service that takes JSON over HTTP."""

    type: Literal["webhook"]
    url: SecretStr = Field(description="Where alerts are posted as JSON.")
    token: SecretStr | None = Field(
        default=None, description="Sent as `Authorization: Bearer <token>`."
    )


class EmailChannel(_Channel):
    """Mail through an SMTP server."""

    type: Literal["email"]
    host: str = Field(min_length=1, description="SMTP server.")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="none only for a server on the same machine."
    )
    username: str | None = None
    password: SecretStr | None = None
    sender: str = Field(pattern="^[^@ ]+@[^@ ]+$")
    to: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _both_or_none(self) -> EmailChannel:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; give both or none")
        return self


ChannelConfig = Annotated[
    SlackChannel | TeamsChannel | WebhookChannel | EmailChannel,
    Field(discriminator="type"),
]


class QuietHours(Section):
    """When warnings wait until the morning; errors are sent at any time."""

    start: time = Field(description="Local time such as 22:00.")
    end: time = Field(description="Local time such as 06:30.")
    timezone: TimeZone = "UTC"

    def holds(self, now: datetime) -> bool:
        """Whether warnings wait at this instant."""
        local = now.astimezone(ZoneInfo(self.timezone)).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


class DigestConfig(Section):
    """A regular summary with the scorecard, whether or not something is the matter."""

    every: Literal["day", "week"] = "week"
    weekday: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = Field(default="monday", description="Only for a weekly digest.")
    at: time = Field(default=time(8), description="Local time such as 08:00.")
    timezone: TimeZone = "UTC"

    @property
    def cron(self) -> str:
        """The same as a cron expression."""
        day = self.weekday[:3].upper() if self.every == "week" else "*"
        return f"{self.at.minute} {self.at.hour} * * {day}"


class AlertsConfig(Section):
    """Who is told what went wrong."""

    channels: list[ChannelConfig] = Field(
        default_factory=list, description="Where alerts go; none sends nothing."
    )
    quiet_hours: QuietHours | None = None
    repeat_after: Duration = Field(
        default=timedelta(hours=24),
        description="A condition that lasts is told again after this time.",
    )
    digest: DigestConfig | None = Field(
        default=None, description="A regular summary to all channels; none by default."
    )
    review_backlog: int = Field(
        default=1000,
        ge=1,
        description="More doubtful matches than this waiting for a steward are told.",
    )
    quality_drop: float = Field(
        default=2.0,
        gt=0,
        le=100,
        description="Points of the quality score whose loss from one publication to the "
        "next is told.",
    )
