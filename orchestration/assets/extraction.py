"""Extraction: one asset per configured source, then one per landed object.

A source asset copies what is new at the source into the landing zone; it alone is
retried. One that cannot be read fails, unless its last good data are recent enough to go
on with. The landed objects follow it in the graph, where checks and dbt attach.
"""

import json
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import dagster as dg

import connectors.hubspot
import connectors.salesforce
import connectors.spreadsheet
from connectors.errors import ConnectorError, RetryableError
from connectors.landing import Landing, SourceReport
from orchestration.assets.timing import timed
from orchestration.config import VENDOR_OF_TYPE, connector_config, shown_duration
from orchestration.privacy.changes import note_configuration
from orchestration.privacy.suppressed import open_landing
from orchestration.quarantine_replay import replay_landing_fixes
from orchestration.runs import HOME_LOCK, run_instant
from orchestration.source_states import SourceState, SourceStates, message_of
from orchestration.sources import SOURCE_KINDS
from orchestration.workspace import Workspace, input_fingerprint

DECLARED_OBJECTS: dict[str, tuple[str, ...]] = {
    "salesforce": tuple(sorted(connectors.salesforce.declared_columns())),
    "hubspot": tuple(sorted(connectors.hubspot.declared_columns())),
    "spreadsheet": tuple(sorted(connectors.spreadsheet.declared_columns())),
}
"""Objects that dbt has models for, by vendor; others land as well and stay there."""

READ_CHECK = "could_be_read"
"""Check of every source: it warns while older data stand in for it."""


class LandingRunConfig(dg.Config):
    """What a person may decide for one run."""

    force: bool = False
    """Build and publish even when no input changed since the last publication."""


def ensure_contracts(landing: Landing) -> None:
    """Make sure that every declared object has its zero-row file, for every vendor."""
    connectors.salesforce.ensure_contracts(landing)
    connectors.hubspot.ensure_contracts(landing)
    connectors.spreadsheet.ensure_contracts(landing)


def build_source_assets(
    workspace: Workspace,
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """One asset per source, with the export that it reads as its origin."""
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = []
    for source in workspace.config.sources:
        vendor = VENDOR_OF_TYPE[source.type]
        export = dg.AssetSpec(
            ["exports", source.name],
            group_name="exports",
            kinds={vendor},
            description=f"What source `{source.name}` has: files or a live service.",
        )
        assets += [export, _source_asset(workspace, source, vendor, export.key)]
    return assets


def _source_asset(
    workspace: Workspace, source: Any, vendor: str, export: dg.AssetKey
) -> dg.AssetsDefinition:
    key = dg.AssetKey(["sources", source.name])

    @dg.asset(
        key=key,
        required_resource_keys={HOME_LOCK},
        deps=[export],
        group_name="sources",
        kinds={vendor, "polars"},
        owners=[f"team:{source.owner}"] if _is_team(source.owner) else None,
        check_specs=[
            dg.AssetCheckSpec(
                READ_CHECK,
                asset=key,
                description="The source could be read in this run. A warning means that "
                "its last good data are used, within `max_staleness`.",
            )
        ],
        description=(
            f"New, changed and deleted records of `{source.name}` copied into the "
            "landing zone: one load per object, only if something changed."
        ),
    )
    # Without [None]: Dagster does not recognise it beside the output of the check.
    @timed
    def extract(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        states = SourceStates(workspace.home)
        instant = run_instant(context)
        states.begin(source.name)

        def progress(label: str, done: int, total: int) -> None:
            context.log.debug(f"{source.name}: {label} {done}/{total}")

        try:
            report = SOURCE_KINDS[source.type].extract(
                connector_config(source),
                open_landing(workspace),
                instant,
                progress,
                workspace.home,
            )
        except RetryableError as error:
            if context.retry_number < source.retries:
                raise dg.RetryRequested(
                    max_retries=source.retries,
                    seconds_to_wait=source.retry_delay.total_seconds()
                    * 2**context.retry_number,
                ) from error
            return _without(context, source, states.fail(source.name, instant, error))
        except Exception as error:  # noqa: BLE001  # one source must not stop the others
            if message_of(error) != str(error):
                frames = "".join(traceback.format_tb(error.__traceback__))
                # The traceback without the text of the error, which may quote data.
                context.log.error(  # noqa: TRY400
                    f"{source.name}: {type(error).__name__}\n{frames}"
                )
            return _without(context, source, states.fail(source.name, instant, error))
        for note in report.notes:
            context.log.info(f"{source.name}: {note}")
        for warning in (*report.skipped, *report.warnings):
            context.log.warning(f"{source.name}: {warning}")
        if report.errors:
            # Each request was tried several times, and all that came is landed: the next
            # sync goes on, instead of this one holding the home for many minutes.
            state = states.fail(source.name, instant, _in_one(report.errors))
            return _without(context, source, state, report)
        states.succeed(source.name, instant)
        return dg.MaterializeResult(
            metadata=_report_metadata(report),
            check_results=[dg.AssetCheckResult(check_name=READ_CHECK, passed=True)],
        )

    return extract


def _in_one(errors: Sequence[ConnectorError]) -> ConnectorError:
    """Several parts that could not be read, in the words of the first."""
    first, *others = errors
    if not others:
        return first
    said = str(first).rstrip(".")
    return type(first)(
        f"{said}. {len(others)} more of its objects could not be read in this run"
    )


def _is_team(owner: str | None) -> bool:
    # Dagster takes team names of these characters only.
    return owner is not None and owner.replace("_", "").replace("-", "").isalnum()


def _without(
    context: dg.AssetExecutionContext,
    source: Any,
    state: SourceState,
    report: SourceReport | None = None,
) -> dg.MaterializeResult[None]:
    """Go on with the last good data of a source, or fail because they are too old.

    What a source that was read in part did give is landed and used; the report tells.
    """
    instant = run_instant(context)
    facts: dict[str, Any] = {
        **({"rows_landed": 0} if report is None else _report_metadata(report)),
        "reason": state.reason or "",
        "failures_in_a_row": state.failures,
    }
    if not state.is_tolerated(instant, source.tolerance):
        raise dg.Failure(
            description=_refusal(source, state, instant),
            metadata={"source": source.name, **facts},
            allow_retries=False,
        )
    assert state.synced_at is not None  # noqa: S101  # what is tolerated has an age
    facts["last_good"] = dg.MetadataValue.timestamp(state.synced_at)
    how, what = ("", "its") if report is None else (" completely", "for the rest its")
    context.log.warning(
        f"{source.name} could not be read{how} ({state.reason}); {what} data of "
        f"{state.synced_at:%Y-%m-%d %H:%M} UTC are used"
    )
    return dg.MaterializeResult(
        metadata=facts,
        check_results=[
            dg.AssetCheckResult(
                check_name=READ_CHECK,
                passed=False,
                severity=dg.AssetCheckSeverity.WARN,
                description=state.message,
                metadata=facts,
            )
        ],
    )


def _refusal(source: Any, state: SourceState, now: datetime) -> str:
    age = state.age(now)
    said = (state.message or "").rstrip(".")
    if age is None:
        return (
            f"{said}. Source {source.name!r} was never read completely, so there are no "
            "older data to publish instead."
        )
    if not source.tolerance:
        return state.message or ""
    return (
        f"{said}. The last good data of source {source.name!r} are "
        f"{shown_duration(age)} old; `max_staleness` allows "
        f"{shown_duration(source.tolerance)}, so nothing is published. Repair the source, "
        "or raise `max_staleness` to publish without its changes."
    )


def _report_metadata(report: SourceReport) -> dict[str, Any]:
    per_object = {
        name: {
            "new": counts.new,
            "changed": counts.changed,
            "deleted": counts.tombstoned,
            "rejected": counts.rejected_new,
            "suppressed": counts.suppressed,
        }
        for name, counts in report.counts.items()
    }
    landed = sum(result.counts.landed for result in report.loads)
    suppressed = sum(result.counts.suppressed for result in report.loads)
    usage = {} if report.usage is None else asdict(report.usage)
    return {
        **{f"usage/{name}": value for name, value in usage.items()},
        "rows_landed": landed,
        "rows_suppressed": suppressed,
        "loads": len(report.loads),
        "notes": len(report.notes),
        "warnings": dg.MetadataValue.md(
            "\n".join(f"- {item}" for item in (*report.skipped, *report.warnings))
            or "none"
        ),
        "by_object": dg.MetadataValue.md(
            f"```json\n{json.dumps(per_object, indent=1, sort_keys=True)}\n```"
        ),
    }


def build_landing_asset(workspace: Workspace) -> dg.AssetsDefinition:
    """One asset per landed object; all of them are skipped when nothing changed."""
    sources = workspace.config.sources
    specs = [
        dg.AssetSpec(
            ["landing", vendor, name],
            deps=[
                dg.AssetKey(["sources", source.name])
                for source in sources
                if VENDOR_OF_TYPE[source.type] == vendor
            ],
            group_name=f"landing_{vendor}",
            kinds={"parquet"},
            skippable=True,
            description=(
                f"Every landed version of {vendor} `{name}` records, of all sources: "
                "one row per record and load, as received."
            ),
        )
        for vendor, names in DECLARED_OBJECTS.items()
        for name in names
    ]

    @dg.multi_asset(name="landing", specs=specs, required_resource_keys={HOME_LOCK})
    def landing(
        context: dg.AssetExecutionContext, config: LandingRunConfig
    ) -> Iterator[dg.MaterializeResult[None]]:
        zone = Landing(workspace.home.landing)
        note_configuration(workspace)
        ensure_contracts(zone)
        replayed = replay_landing_fixes(workspace, run_instant(context))
        if replayed:
            context.log.info(f"{replayed} rows came back from quarantine")
        as_of = workspace.as_of(run_instant(context))
        published = workspace.home.published_file.exists()
        if (
            published
            and not config.force
            and input_fingerprint(workspace, as_of) == last_fingerprint(workspace)
        ):
            context.log.info(
                "No input changed since the last publication; the published file is "
                "current. Run with force to build it again."
            )
            return
        rows: dict[tuple[str, str], int] = {}
        loads: dict[tuple[str, str], int] = {}
        for manifest in zone.manifests():
            key = (manifest.source_type, manifest.object)
            rows[key] = rows.get(key, 0) + manifest.counts.landed
            loads[key] = loads.get(key, 0) + 1
        for spec in specs:
            _, vendor, name = spec.key.path
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata={
                    "dagster/row_count": rows.get((vendor, name), 0),
                    "loads": loads.get((vendor, name), 0),
                },
            )

    return landing


def last_fingerprint(workspace: Workspace) -> str | None:
    """Fingerprint of the inputs that the published file was made from."""
    try:
        state = json.loads(workspace.home.last_publication.read_text())
    except (OSError, ValueError):
        return None
    value = state.get("fingerprint")
    return value if isinstance(value, str) else None
