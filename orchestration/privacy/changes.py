"""Noticing that the configuration changed between two runs, for the log of decisions.

Belongs here: fingerprints of the sections, never their values.
"""

from __future__ import annotations

import hashlib
import json

from orchestration.home import replace_text
from orchestration.privacy import audit
from orchestration.workspace import Workspace


def note_configuration(workspace: Workspace) -> tuple[str, ...]:
    """Write a line when the configuration is not what it was in the last run.

    Returns:
        Names of the sections that changed; all of them the first time.
    """
    home = workspace.home
    values = workspace.config.model_dump(mode="json")
    now = {
        name: hashlib.sha256(
            json.dumps(value, sort_keys=True, default=str).encode()
        ).hexdigest()[:16]
        for name, value in values.items()
    }
    path = home.operations / "configuration.json"
    try:
        before = json.loads(path.read_text())
    except (OSError, ValueError):
        before = {}
    changed = tuple(
        sorted(name for name in {*now, *before} if now.get(name) != before.get(name))
    )
    if changed:
        details = {"changed": list(changed), "sections": now}
        audit.record(home, audit.Action.CONFIGURATION, details)
        replace_text(path, json.dumps(now, indent=1))
    return changed
