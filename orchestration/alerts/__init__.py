"""Alerts: tell people what went wrong, where they are.

The façade; import from here. `conditions` finds what is the matter, `dispatch` decides
who is told when, `channels` delivers.
"""

from orchestration.alerts.channels import send
from orchestration.alerts.conditions import find_conditions
from orchestration.alerts.dispatch import Delivery, dispatch
from orchestration.alerts.model import Alert, Message
from orchestration.config import Severity

__all__ = [
    "Alert",
    "Delivery",
    "Message",
    "Severity",
    "dispatch",
    "find_conditions",
    "send",
]
