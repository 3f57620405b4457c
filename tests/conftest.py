"""Fixtures shared by every test: where third-party sample data lie, and a fixed clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

# The suite draws the same examples every time, so that it fails for a change and not by
# chance; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

REPOSITORY = Path(__file__).resolve().parent.parent


# Whole runs and dbt builds take minutes a file, the others seconds: what is longest starts
# first, or one worker ends the suite alone (the Makefile keeps xdist to this order).
LONG_FOLDERS = ("e2e", "dbt")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of the long folders first, in turns; the rest keeps its order.

    In turns, because the files of each folder wait for one build that they share.
    """
    files: dict[Path, dict[Path, int]] = {}
    for item in items:
        turns = files.setdefault(item.path.parent, {})
        turns.setdefault(item.path, len(turns))
    last = len(items)
    items.sort(
        key=lambda item: (
            files[item.path.parent][item.path]
            if item.path.parent.name in LONG_FOLDERS
            else last
        )
    )


def shared_folder() -> Path:
    """Folder of third-party sample exports; skips when the machine has none."""
    configured = os.environ.get("TIDYCRM_SHARED_DATA")
    folder = Path(configured) if configured else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "third-party sample data not found: set TIDYCRM_SHARED_DATA to their folder"
        )
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The same folder, as a fixture."""
    return shared_folder()


@pytest.fixture
def extracted_at() -> datetime:
    """A fixed instant, so that load ids and manifests are the same in every run."""
    return datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
