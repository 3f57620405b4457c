"""`tidycrm quarantine`: what stands aside, a file to fix it in, and the way back."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    reported,
    settings_of,
)

if TYPE_CHECKING:
    import polars as pl

    from orchestration.home import Home

ORDER = 40

commands = typer.Typer()

quarantine = typer.Typer(
    no_args_is_help=True, help="Records that cannot be used: list, export, fix."
)
commands.add_typer(quarantine, name="quarantine")

ReasonOption = Annotated[
    str | None, typer.Option(help="Only this reason code, such as broken_quote.")
]
SourceOption = Annotated[str | None, typer.Option(help="Only this source.")]


def _home(config: Path | None, home: Path | None) -> Home:
    from orchestration.home import Home

    return Home(settings_of(config, home).home.resolve())


def _read(
    home: Home, reason: str | None = None, source: str | None = None
) -> pl.DataFrame:
    import polars as pl

    from orchestration.errors import PipelineError

    path = home.stage("quarantined_records")
    if not path.is_file():
        raise PipelineError(
            f"Looking into quarantine: {home.root} holds no result yet. Run `tidycrm "
            "sync` first, or name the data folder with --home."
        )
    frame = pl.read_parquet(path)
    if reason is not None:
        frame = frame.filter(pl.col("reason_code") == reason)
    if source is not None:
        frame = frame.filter(pl.col("source_name") == source)
    return frame.sort("source_name", "source_object", "reason_code", "quarantine_id")


@quarantine.command("list")
def list_records(
    reason: ReasonOption = None,
    source: SourceOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what stands aside, where it came from and why; never its content."""
    import polars as pl

    console = Console()
    with reported():
        place = _home(config, home)
        frame = _read(place, reason, source)
        fixes_path = place.stage("quarantine_fixes")
        fixes = pl.read_parquet(fixes_path) if fixes_path.is_file() else pl.DataFrame()
    shown = [
        "quarantine_id", "source_name", "source_object", "source_record_key", "stage",
        "reason_code", "reason_detail", "source_file", "source_line", "owner_name",
        "source_link", "fix_status", "first_seen_at",
    ]  # fmt: skip
    shown = [name for name in shown if name in frame.columns]
    by_status = (
        dict(fixes.group_by("status").len().sort("status").iter_rows())
        if "status" in fixes.columns
        else {}
    )
    if as_json:
        console.print_json(
            json.dumps(
                {"records": frame.select(shown).to_dicts(), "fixes": by_status},
                default=str,
            )
        )
        return
    table = Table("Source", "Object", "Why", "Where", "Owner", "First seen", "Fix")
    for row in frame.iter_rows(named=True):
        line = "" if row["source_line"] is None else f":{row['source_line']}"
        seen = row["first_seen_at"]
        table.add_row(
            row["source_name"],
            row["source_object"],
            row["reason_code"],
            f"{row['source_file'] or ''}{line}",
            row["owner_name"] or "",
            seen.strftime("%Y-%m-%d") if seen else "",
            row.get("fix_status") or "",
        )
    console.print(table)
    console.print(
        f"{frame.height:,} records stand aside. `tidycrm quarantine export fixes.xlsx` "
        "writes a file to correct them in."
    )
    if by_status:
        told = ", ".join(f"{count:,} {status}" for status, count in by_status.items())
        console.print(f"Fixes in the last sync: {told}.")


@quarantine.command("export")
def export_records(
    file: Annotated[Path, typer.Argument(help="Ends in .csv or .xlsx.")],
    reason: ReasonOption = None,
    source: SourceOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Write a fix-it file: one line per field, the last column is for the correction."""
    from hygiene.quarantine import export_fixit

    with reported():
        frame = _read(_home(config, home), reason, source)
        count = export_fixit(frame, file)
    Console().print(
        f"Wrote {count:,} records to [bold]{file}[/]. It holds personal data: send it to "
        "whom it concerns only. Fill the last column, then `tidycrm quarantine fix "
        f"{file}`.",
        soft_wrap=True,
    )


@quarantine.command("fix")
def fix_records(
    file: Annotated[Path, typer.Argument(help="The file that came back.")],
    author: Annotated[
        str | None, typer.Option(help="Who corrected (your login).")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remember the corrections of a fix-it file; the next sync replays them."""
    from datetime import UTC, datetime

    from hygiene.quarantine import read_fixit, remember_fixes
    from orchestration.home import exclusive

    console = Console()
    with reported():
        place = _home(config, home)
        with exclusive(place, purpose="tidycrm quarantine fix"):
            report = read_fixit(
                file,
                _read(place),
                author=author or getpass.getuser(),
                fixed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            total = remember_fixes(place.fixes, report.fixes)
    told = {
        "remembered": len(report.fixes),
        "records": len({fix.quarantine_id for fix in report.fixes}),
        "unchanged": report.unchanged,
        "no_longer_in_quarantine": report.unknown,
        "changed_since_export": report.outdated,
        "remembered_in_total": total,
    }
    if as_json:
        console.print_json(json.dumps(told))
        return
    console.print(
        f"Remembered {told['remembered']:,} corrections of {told['records']:,} records. "
        "The next `tidycrm sync` replays them, and every one after it."
    )
    if report.unknown:
        console.print(
            f"{report.unknown:,} lines speak of records or fields that are not in "
            "quarantine; they were left alone."
        )
    if report.outdated:
        console.print(
            f"[yellow]{report.outdated:,} lines[/] speak of records that changed at the "
            "source after the export; export again and correct what is still wrong."
        )
