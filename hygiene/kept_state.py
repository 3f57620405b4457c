"""What a step keeps for its next run: files, and a pointer that names those in force.

What belongs here: reading and replacing the pointer. What does not: what is kept, and
whether it still holds.

The pointer is replaced last: killed at any moment, the old or the new files are in force.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hygiene.parquet_exchange import synchronise

_POINTER = "CURRENT.json"


def read_pointer(folder: Path, what: str) -> dict[str, object] | str:
    """Read what an earlier run kept.

    Args:
        folder: Where it kept its files.
        what: What they hold, in the plural, for the reason.

    Returns:
        What `replace_pointer` was given, or why nothing can be used.
    """
    try:
        kept = json.loads((folder / _POINTER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"no earlier run kept its {what}"
    except (OSError, ValueError):
        return f"the kept {what} are not readable"
    return kept if isinstance(kept, dict) else f"the kept {what} are not readable"


def replace_pointer(folder: Path, name: str, content: Mapping[str, object]) -> None:
    """Put new files in force and remove those of other runs.

    Args:
        folder: Where the files are.
        name: How the stems of the new files end.
        content: What the next run has to know.
    """
    pointer = folder / f".{_POINTER}.{name}"
    pointer.write_text(json.dumps(dict(content)), encoding="utf-8")
    synchronise(pointer)
    pointer.replace(folder / _POINTER)
    for file in folder.glob("*.parquet"):
        if not file.stem.endswith(name):
            file.unlink(missing_ok=True)
