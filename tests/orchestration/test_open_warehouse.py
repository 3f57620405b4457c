"""Who has the warehouse open is found out before a run writes anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import pytest

from orchestration.dbt_build import refuse_open_warehouse
from orchestration.errors import BusyError, PipelineError
from orchestration.workspace import Workspace

Make = Callable[..., Workspace]

HOLD = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read"):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def workspace(make_workspace: Make) -> Workspace:
    made = make_workspace()
    made.home.create()
    with duckdb.connect(str(made.home.warehouse)) as warehouse:
        warehouse.execute("create table t as select 1 n")
    return made


@contextmanager
def opened_elsewhere(
    workspace: Workspace, mode: str
) -> Iterator[subprocess.Popen[str]]:
    """Another program that has the file open, as a notebook or dbt by hand."""
    program = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(workspace.home.warehouse), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "open\n"
    try:
        yield program
    finally:
        program.communicate("close\n", timeout=30)


@pytest.mark.parametrize("mode", ["read", "write"])
def test_another_program_with_the_file_open_is_named(
    workspace: Workspace, mode: str
) -> None:
    with (
        opened_elsewhere(workspace, mode) as program,
        pytest.raises(BusyError) as raised,
    ):
        refuse_open_warehouse(workspace, wait_seconds=0)
    message = str(raised.value)
    assert f"process {program.pid}" in message
    assert "tidycrm dbt" in message
    assert "published/crm.duckdb" in message


def test_a_program_that_closes_the_file_in_time_is_waited_for(
    workspace: Workspace,
) -> None:
    with opened_elsewhere(workspace, "write") as program:
        assert program.stdin is not None
        program.stdin.write("close\n")
        program.stdin.flush()
        refuse_open_warehouse(workspace, wait_seconds=30)


def test_a_free_file_or_none_is_fine(workspace: Workspace) -> None:
    refuse_open_warehouse(workspace, wait_seconds=0)
    workspace.home.warehouse.unlink()
    refuse_open_warehouse(workspace, wait_seconds=0)
    assert not workspace.home.warehouse.exists()


def test_an_open_file_of_this_process_is_its_own(workspace: Workspace) -> None:
    with duckdb.connect(str(workspace.home.warehouse), read_only=True):
        refuse_open_warehouse(workspace, wait_seconds=0)


@pytest.mark.parametrize("damage", [b"broken", b"\0" * 8192])
def test_a_damaged_file_is_told_with_its_repair(
    workspace: Workspace, damage: bytes
) -> None:
    workspace.home.warehouse.write_bytes(damage)
    with pytest.raises(PipelineError, match="damaged") as raised:
        refuse_open_warehouse(workspace, wait_seconds=0)
    assert "tidycrm sync --force" in str(raised.value)
    # Nothing is removed unasked.
    assert workspace.home.warehouse.read_bytes() == damage
