"""One source that is down: what goes on, what stops, and what is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from connectors.errors import (
    ColumnMappingError,
    ConnectorError,
    CredentialsError,
    LimitReachedError,
    ServiceUnavailableError,
)
from connectors.landing import SourceReport
from orchestration import sources
from orchestration.assets.extraction import READ_CHECK, build_source_assets
from orchestration.assets.publication import source_watermarks
from orchestration.failures import explain
from orchestration.runs import HOME_LOCK
from orchestration.source_states import SourceStates
from orchestration.workspace import Workspace, input_fingerprint
from tests.orchestration.conftest import TWO_SOURCES

Make = Callable[..., Workspace]
DOWN = ServiceUnavailableError("GET /crm: no answer after 5 attempts; try again later")


@dataclass
class Fake:
    """A kind of source that does what the test says, attempt by attempt."""

    answers: Sequence[Exception | None] = (None,)
    unread: Sequence[Sequence[ConnectorError]] = ((),)
    calls: list[Any] = field(default_factory=list)

    def extract(self, source: Any, *_: Any) -> SourceReport:
        self.calls.append(source)
        answer = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if answer is not None:
            raise answer
        return SourceReport(
            source_name=source.name,
            source_type="x",
            errors=tuple(self.unread[min(len(self.calls), len(self.unread)) - 1]),
        )


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fake]:
    made = {"salesforce_files": Fake(), "hubspot_api": Fake()}
    for kind, fake in made.items():
        monkeypatch.setitem(
            sources.SOURCE_KINDS, kind, sources.SourceKind(fake.extract)
        )
    return made


def run(workspace: Workspace) -> dg.ExecuteInProcessResult:
    """Extract all sources in one run, as the sync does."""
    job = dg.Definitions(
        assets=build_source_assets(workspace),
        jobs=[dg.define_asset_job("extract")],
        resources={HOME_LOCK: dg.ResourceDefinition.hardcoded_resource(None)},
        executor=dg.in_process_executor,
    ).resolve_job_def("extract")
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, str]]:
    return {
        each.asset_key.path[-1]: (each.passed, each.severity.value)
        for each in result.get_asset_check_evaluations()
        if each.check_name == READ_CHECK
    }


def test_a_source_within_its_tolerance_warns_and_the_others_go_on(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    assert run(workspace).success
    fakes["hubspot_api"].answers = [DOWN]
    result = run(workspace)
    assert result.success
    assert checks(result) == {"salesforce": (True, "ERROR"), "hubspot": (False, "WARN")}
    state = SourceStates(workspace.home).read("hubspot")
    assert (state.is_failing, state.reason) == (True, "service_unavailable")
    assert not SourceStates(workspace.home).read("salesforce").is_failing


def test_the_retryable_is_tried_again_and_the_permanent_is_not(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    hubspot = fakes["hubspot_api"]
    hubspot.answers = [DOWN, DOWN, None]
    assert run(workspace).success
    assert len(hubspot.calls) == 3
    hubspot.calls.clear()
    hubspot.answers = [CredentialsError("the token was revoked; make a new one")]
    assert run(workspace).success
    assert len(hubspot.calls) == 1
    assert SourceStates(workspace.home).read("hubspot").reason == "credentials"


def test_a_source_read_in_part_is_stale_until_it_is_read_completely(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    hubspot = fakes["hubspot_api"]
    assert run(workspace).success
    complete = SourceStates(workspace.home).read("hubspot").synced_at
    hubspot.calls.clear()
    hubspot.unread = [[DOWN, LimitReachedError("contacts: the budget is used up")]]
    result = run(workspace)
    assert result.success
    # Requests were tried again already: the next sync goes on.
    assert len(hubspot.calls) == 1
    assert checks(result)["hubspot"] == (False, "WARN")
    state = SourceStates(workspace.home).read("hubspot")
    assert (state.is_failing, state.synced_at) == (True, complete)
    assert "1 more of its objects could not be read" in (state.message or "")
    hubspot.unread = [()]
    assert checks(run(workspace))["hubspot"] == (True, "ERROR")
    assert not SourceStates(workspace.home).read("hubspot").is_failing


def test_half_of_the_objects_of_a_first_load_is_no_success(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    fakes["hubspot_api"].unread = [[DOWN]]
    result = run(workspace)
    assert not result.success
    assert "was never read completely" in explain(result.all_events)


def test_a_source_that_was_never_read_blocks_and_says_so(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    fakes["hubspot_api"].answers = [CredentialsError("the token was revoked")]
    result = run(workspace)
    assert not result.success
    message = explain(result.all_events)
    assert "the token was revoked" in message
    assert "was never read completely" in message
    # The other one was read all the same: its data are there for the next run.
    assert SourceStates(workspace.home).read("salesforce").synced_at is not None


def test_half_a_first_load_is_no_success(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    states = SourceStates(workspace.home)
    states.begin("hubspot")
    assert states.read("hubspot").synced_at is None


def test_beyond_its_tolerance_a_source_blocks_with_both_figures(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    text = TWO_SOURCES.replace(
        "retry_delay: 0", "retry_delay: 0\n    max_staleness: 2h"
    )
    workspace = make_workspace(text)
    run(workspace)
    states = SourceStates(workspace.home)
    states.succeed("hubspot", datetime.now(UTC) - timedelta(hours=5))
    fakes["hubspot_api"].answers = [DOWN]
    result = run(workspace)
    assert not result.success
    message = explain(result.all_events)
    assert "no answer after 5 attempts" in message
    assert "are 5 h old" in message
    assert "allows 2 h" in message


def test_a_file_source_without_tolerance_blocks_with_its_one_message(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    run(workspace)
    fakes["salesforce_files"].answers = [ColumnMappingError("no column E-Mail")]
    result = run(workspace)
    assert not result.success
    assert explain(result.all_events) == "sources__salesforce: no column E-Mail"


def test_a_file_source_with_tolerance_goes_stale_for_a_mistake_too(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace(
        TWO_SOURCES.replace("path: exports", "path: exports\n    max_staleness: 3d")
    )
    run(workspace)
    fakes["salesforce_files"].answers = [ColumnMappingError("no column E-Mail")]
    assert run(workspace).success
    assert SourceStates(workspace.home).read("salesforce").reason == "column_mapping"


def test_what_a_connector_did_not_expect_is_told_without_its_text(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    run(workspace)
    fakes["hubspot_api"].answers = [KeyError("ada@analytic.test")]
    assert run(workspace).success
    state = SourceStates(workspace.home).read("hubspot")
    assert state.reason == "unexpected"
    assert "KeyError" in str(state.message)
    assert "ada@" not in str(state.message)


def test_since_when_it_fails_stays_and_an_end_of_it_is_an_end(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    as_of = workspace.as_of(workspace.clock())
    run(workspace)
    fresh = input_fingerprint(workspace, as_of)
    fakes["hubspot_api"].answers = [DOWN]
    run(workspace)
    first = SourceStates(workspace.home).read("hubspot")
    stale = input_fingerprint(workspace, as_of)
    run(workspace)
    second = SourceStates(workspace.home).read("hubspot")
    assert (second.failing_since, second.failures) == (first.failing_since, 2)
    assert second.synced_at == first.synced_at
    # Analysts are told once that it fell out and once that it is back.
    assert fresh != stale == input_fingerprint(workspace, as_of)
    fakes["hubspot_api"].answers = [None]
    run(workspace)
    assert not SourceStates(workspace.home).read("hubspot").is_failing
    assert input_fingerprint(workspace, as_of) == fresh


def test_watermarks_carry_the_state_of_their_source(
    make_workspace: Make, fakes: dict[str, Fake]
) -> None:
    workspace = make_workspace()
    states = SourceStates(workspace.home)
    began = datetime(2026, 1, 14, tzinfo=UTC)
    states.succeed("hubspot", began)
    states.fail("hubspot", began + timedelta(hours=1), DOWN)
    land_one(workspace, "hubspot")
    (mark,) = source_watermarks(workspace.home)
    assert mark.name == "hubspot/contacts"
    assert mark.synced_at == began
    assert mark.stale_since == began + timedelta(hours=1)
    assert mark.stale_reason == "service_unavailable"


def test_a_home_of_before_takes_the_last_success_from_what_was_landed(
    make_workspace: Make,
) -> None:
    workspace = make_workspace()
    land_one(workspace, "hubspot")
    assert SourceStates(workspace.home).read("hubspot").synced_at == datetime(
        2026, 1, 14, tzinfo=UTC
    )


def land_one(workspace: Workspace, source: str) -> None:
    import polars as pl

    from connectors.landing import Landing, SnapshotBatch

    Landing(workspace.home.landing).commit(
        SnapshotBatch(
            source_type="hubspot",
            object="contacts",
            source_name=source,
            frame=pl.DataFrame({"hs_object_id": ["1"], "_source_record_id": ["1"]}),
            extracted_at=datetime(2026, 1, 14, tzinfo=UTC),
        )
    )
