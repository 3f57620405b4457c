"""What an alert is: one condition that a person should know of, in words and with a fix.

Alerts name sources, owners, codes and counts. They never carry values of records.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.config import Severity


@dataclass(frozen=True, slots=True)
class Alert:
    """One condition.

    Attributes:
        key: Identity: the same condition has the same key in every run.
        severity: How soon somebody has to look.
        title: What is the matter, in one line.
        found: What was found.
        cause: The likely cause.
        step: What to do next.
        source: Name of the source, if it is about one.
        owner: Who is asked.
    """

    key: str
    severity: Severity
    title: str
    found: str
    cause: str
    step: str
    source: str | None = None
    owner: str | None = None

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Labelled lines below the title; empty ones are left out."""
        labelled = (
            ("Source", self.source or ""),
            ("Owner", self.owner or ""),
            ("Found", self.found),
            ("Likely cause", self.cause),
            ("Next step", self.step),
        )
        return tuple((label, text) for label, text in labelled if text)


@dataclass(frozen=True, slots=True)
class Message:
    """What one delivery tells: all that is due at once.

    Attributes:
        installation: Names the home folder, for those who run several.
        alerts: What is the matter.
        resolved: Titles of what was told before and is over.
        run_id: The run that found it.
        digest: Labelled figures, if the message is a digest.
    """

    installation: str
    alerts: tuple[Alert, ...]
    resolved: tuple[str, ...] = ()
    run_id: str | None = None
    digest: tuple[tuple[str, str], ...] = ()

    @property
    def headline(self) -> str:
        """One line for a subject or a notification."""
        if self.digest:
            state = f"{len(self.alerts)} open alerts" if self.alerts else "all is well"
            return f"tidycrm ({self.installation}): digest, {state}"
        if not self.alerts:
            return f"tidycrm ({self.installation}): resolved: {self.resolved[0]}" + (
                f" and {len(self.resolved) - 1} more" if len(self.resolved) > 1 else ""
            )
        more = len(self.alerts) - 1
        first = max(self.alerts, key=lambda alert: alert.severity.rank)
        return f"tidycrm ({self.installation}): {first.title}" + (
            f" and {more} more" if more else ""
        )

    def as_text(self) -> str:
        """The whole message as plain text."""
        parts = [self.headline]
        if self.digest:
            parts.append("\n".join(f"{label}: {text}" for label, text in self.digest))
        for alert in self.alerts:
            lines = "\n".join(f"  {label}: {text}" for label, text in alert.lines())
            parts.append(f"[{alert.severity}] {alert.title}\n{lines}")
        if self.resolved:
            parts.append("\n".join(f"[resolved] {title}" for title in self.resolved))
        if self.run_id:
            parts.append(f"Run {self.run_id[:8]}; `tidycrm status` tells more.")
        return "\n\n".join(parts)
