"""How tidycrm looks on a terminal: progress, summary, tables. No logic."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import (
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from orchestration.logs import held_stderr
from orchestration.source_states import SourceState
from orchestration.status import Status
from orchestration.summary import Summary
from orchestration.sync import Observer, StepState, SyncOutcome

PHASES = {
    "sources": "Reading the sources",
    "landing": "Checking what was landed",
    "dbt_before_identity": "Bringing all sources to one shape",
    "hygiene__standardised": "Standardising",
    "hygiene__quarantined": "Setting aside what cannot be used",
    "hygiene__contact_match_edges": "Comparing people",
    "hygiene__account_match_edges": "Comparing companies",
    "hygiene__contact_clusters": "Deciding who is who",
    "hygiene__account_clusters": "Deciding which companies are one",
    "hygiene__golden": "Merging golden records",
    "dbt_after_identity": "Building the customer warehouse",
    "published": "Checking and publishing",
}
"""Start of a step key, and what it means to a person."""


def phase_of(step: str) -> str | None:
    """What a step does, in plain words; None for steps not worth a line."""
    found = [words for start, words in PHASES.items() if step.startswith(start)]
    return found[-1] if found else None


@contextmanager
def only_ours() -> Iterator[Console]:
    """Give a console, and keep whatever libraries print off the terminal meanwhile.

    dbt and others write to the process's output; Dagster keeps a copy of it with the
    run, so nothing is lost. Redirected at the level of file descriptors, because child
    processes inherit those.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(descriptor) for descriptor in (1, 2)]
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        with os.fdopen(os.dup(saved[0]), "w") as terminal:
            yield Console(file=terminal)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in zip((1, 2), saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(sink)


@contextmanager
def watched(
    *, has_json_logs: bool, is_quiet: bool = False
) -> Iterator[Observer | None]:
    """Show a run to whoever started it: to people its phases, to machines its log.

    Args:
        has_json_logs: Let the lines of the log reach standard error, and nothing else.
        is_quiet: Show no phases.
    """
    with (
        held_stderr() if has_json_logs else nullcontext(),
        only_ours() as terminal,
        progress(terminal, shown=not (is_quiet or has_json_logs)) as observer,
    ):
        yield observer


@contextmanager
def progress(console: Console, *, shown: bool) -> Iterator[Observer | None]:
    """Show one line per phase: spinner while it runs, seconds when it is done."""
    if not shown:
        yield None
        return
    columns = (
        # A step that failed is finished too: its own mark, not the tick of the others.
        SpinnerColumn(finished_text=""),
        TextColumn("{task.fields[mark]}"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    running: dict[str, int] = {}
    failed: set[str] = set()
    with Progress(*columns, console=console, transient=False) as bar:

        def observe(step: str, state: StepState) -> None:
            phase = phase_of(step)
            if phase is None:
                return
            if state is StepState.STARTED:
                if phase not in tasks:
                    tasks[phase] = bar.add_task(phase, total=1, mark="")
                running[phase] = running.get(phase, 0) + 1
            elif phase in tasks:
                running[phase] -= 1
                if state is StepState.FAILED:
                    failed.add(phase)
                    bar.update(tasks[phase], description=f"[red]{phase}: failed[/]")
                if running[phase] == 0:
                    mark = "[red]✗[/]" if phase in failed else "[green]✓[/]"
                    bar.update(tasks[phase], completed=1, mark=mark)

        yield observe


def print_summary(
    console: Console,
    outcome: SyncOutcome,
    summary: Summary,
    *,
    currency: str,
    published: Path,
) -> None:
    """The closing summary of a sync."""
    if not outcome.published:
        console.print(
            "[green]Nothing changed[/] since the last publication: "
            f"{outcome.rows_landed:,} rows landed, no id changed. "
            f"The published file is current (as of {summary.as_of})."
        )
        _print_stale(console, outcome.stale)
        _print_how_to_open(console, published)
        return
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    rows = [
        (
            "Records in",
            f"{summary.records_in:,}",
            f"{outcome.rows_landed:,} rows new or changed in this sync",
        ),
        ("Quarantined", f"{summary.quarantined:,}", "kept with a reason, not lost"),
        ("Duplicates merged", f"{summary.duplicates_merged:,}", ""),
        (
            "Golden contacts",
            f"{summary.golden_contacts:,}",
            f"from {summary.contact_records:,} records",
        ),
        (
            "Golden accounts",
            f"{summary.golden_accounts:,}",
            f"from {summary.account_records:,} records",
        ),
        ("Customers", f"{summary.customers:,}", ""),
        (
            "Opportunities",
            f"{summary.opportunities:,}",
            f"from {summary.opportunity_records:,} deals in all CRMs",
        ),
        ("Revenue in", f"{summary.revenue_in:,.2f} {currency}", "every event"),
        *(
            (
                f"  - {item.reason.replace('_', ' ')}",
                f"{item.amount:,.2f} {currency}",
                f"{item.events:,} events",
            )
            for item in summary.revenue_excluded
        ),
        (
            "Revenue counted",
            f"{summary.revenue_counted:,.2f} {currency}",
            "= revenue of all customers",
        ),
        (
            "Checks",
            f"{summary.checks_passed:,} passed",
            f"{summary.checks_failed:,} failed, {summary.checks_warned:,} warnings",
        ),
    ]
    if summary.quality_score is not None:
        rows.append(
            ("Data quality", f"{summary.quality_score:.1f} of 100", "see the report")
        )
    if summary.events_without_rate:
        rows.append(
            (
                "Without exchange rate",
                f"{summary.events_without_rate:,} events",
                "add their currency to metrics.fx_rates",
            )
        )
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(
        f"[bold green]Published[/] as of {summary.as_of} "
        f"in {outcome.seconds:,.0f} seconds (run {outcome.run_id[:8]})"
    )
    console.print(table)
    _print_stale(console, outcome.stale)
    _print_how_to_open(console, published)


def _print_stale(console: Console, stale: Sequence[SourceState]) -> None:
    for state in stale:
        console.print(
            f"[bold yellow]Stale: {state.name}[/] could not be read since "
            f"{_minute(state.failing_since)} ({state.reason}); its data of "
            f"{_minute(state.synced_at)} stand in. `publication` tells analysts.",
            soft_wrap=True,
        )
        console.print(
            f"  {state.message}", markup=False, highlight=False, soft_wrap=True
        )


def _minute(instant: datetime | None, *, zone: str = " UTC") -> str:
    return "never" if instant is None else f"{instant:%Y-%m-%d %H:%M}{zone}"


def _print_how_to_open(console: Console, published: Path) -> None:
    path = _shortest(published)
    console.print(f"\nThe result: [bold]{path}[/]", soft_wrap=True)
    console.print(
        "Open it:    "
        f"[cyan]duckdb -readonly {path}[/]  "
        "(or any tool that reads DuckDB; `tidycrm ui` shows how it was made)",
        soft_wrap=True,
    )
    for words, name in (("At a glance", "executive"), ("Its quality", "data-quality")):
        report = published.parent.parent / "reports" / f"{name}.html"
        if report.is_file():
            console.print(
                f"{words}: [bold]{_shortest(report)}[/]  (open it in any browser)",
                soft_wrap=True,
            )


def _shortest(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def print_status(console: Console, status: Status) -> None:
    """The answer of `tidycrm status`."""
    if status.published_run is None:
        console.print(
            "The published file was changed by an erasure or a restore since the last "
            "sync: run `tidycrm sync`."
            if status.has_published_file
            else "Nothing published yet: run `tidycrm sync`."
        )
    else:
        at = status.published_at and datetime.fromisoformat(status.published_at)
        console.print(
            f"Published as of [bold]{status.as_of}[/] at {_minute(at or None)} "
            f"(run {status.published_run[:8]})"
        )
    _print_runs(console, status)
    # Without a frame, so that a terminal of eighty columns cuts nothing off.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("Source", "Type"):
        table.add_column(name, overflow="fold")
    for name in ("Objects", "Records"):
        table.add_column(name, justify="right", overflow="fold")
    for name in ("Last read, UTC", "Changed, UTC"):
        table.add_column(name, overflow="fold")
    table.add_column("", overflow="fold")
    for source in status.sources:
        table.add_row(
            source.name,
            source.type,
            str(source.objects),
            f"{source.records:,}",
            _minute(source.synced_at, zone=""),
            _minute(source.last_change, zone=""),
            "[yellow]fails[/]" if source.failing_since else "[green]ok[/]",
        )
    console.print(table)
    for source in status.sources:
        if source.failing_since is not None:
            until = (
                f"is tolerated until {_minute(source.tolerated_until)}"
                if source.tolerated_until
                else "is not tolerated: nothing is published"
            )
            console.print(
                f"[yellow]{source.name}[/] fails since {_minute(source.failing_since)} "
                f"({source.reason}, {source.failures} runs); this {until}.",
                soft_wrap=True,
            )
            console.print(
                f"  {source.message}", markup=False, highlight=False, soft_wrap=True
            )
    for name in status.unconfigured:
        console.print(
            f"[yellow]{name}[/] has landed data but is no longer in tidycrm.yml; its "
            "records stay in the warehouse."
        )
    if status.drift:
        latest = ", ".join(status.drift[-3:])
        console.print(
            f"Schema drift: {len(status.drift)} columns were added, removed or retyped "
            f"at the sources since the first sync; the latest: {latest} (`--json` lists "
            "all).",
            soft_wrap=True,
            highlight=False,
        )
    _print_health(console, status)
    sizes = ", ".join(
        f"{name} {size / 1e6:,.1f} MB" for name, size in status.sizes_bytes.items()
    )
    console.print(f"Disk: {sizes} in {status.home}", soft_wrap=True, highlight=False)


def _print_runs(console: Console, status: Status) -> None:
    """What runs, what failed, and what stands in the way of the newest version."""
    if status.running is not None:
        console.print(f"Running now: {status.running}", soft_wrap=True, highlight=False)
    if status.killed is not None:
        console.print(
            f"[bold red]Killed before it ended:[/] {status.killed}; it published nothing. "
            "The next `tidycrm sync` goes on from what was landed.",
            soft_wrap=True,
            highlight=False,
        )
    last = status.last_run
    if last is not None and not last.succeeded:
        console.print(
            f"[bold red]The last run failed[/] at "
            f"{_minute(datetime.fromisoformat(last.ended_at))}; it published nothing:",
            soft_wrap=True,
        )
        console.print(
            f"  {last.failure}", markup=False, highlight=False, soft_wrap=True
        )
    if status.pinned is not None:
        console.print(
            f"[yellow]Version {status.pinned[:8]} is pinned[/]: analysts read it until "
            "`tidycrm publish --latest`.",
            soft_wrap=True,
        )


def _print_health(console: Console, status: Status) -> None:
    health = status.health
    if health is None:
        return
    score = "" if health.score is None else f"score {health.score:.1f} of 100, "
    console.print(
        f"Quality: {score}{health.checks_passed:,} checks passed, "
        f"{health.checks_warned:,} warned; {health.quarantined:,} records quarantined, "
        f"{health.backlog:,} doubtful matches wait for a steward",
        soft_wrap=True,
        highlight=False,
    )
