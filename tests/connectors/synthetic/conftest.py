"""One small generated CRM in three chunks, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connectors.synthetic import generate, world
from tests.connectors.synthetic.exports import Crm, read_crm

AS_OF = date(2026, 1, 15)


@pytest.fixture(scope="session")
def small_chunks() -> Iterator[None]:
    """Make a small CRM go through several chunks, as a large one does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "PEOPLE_PER_CHUNK", 2_500)
        yield


@pytest.fixture(scope="session")
def crm(tmp_path_factory: pytest.TempPathFactory, small_chunks: None) -> Crm:
    """A made-up CRM of 6,000 people in three chunks."""
    out = tmp_path_factory.mktemp("crm")
    generate(out, people=6_000, seed=7, as_of=AS_OF)
    return read_crm(out)
