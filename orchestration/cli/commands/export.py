"""`tidycrm export`: tables of the published file for other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

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
from orchestration.exports import ExportKind
from orchestration.privacy.contactable import Channel

ORDER = 37

commands = typer.Typer()


@commands.command()
def export(  # noqa: PLR0917  # Typer reads the signature
    kind: Annotated[
        ExportKind,
        typer.Option("--format", "-f", help="Form of the files."),
    ] = ExportKind.PARQUET,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder (Parquet, CSV) or file (XLSX, Hyper) (exports in the data folder)."
        ),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", help="Only this table; may be repeated."),
    ] = None,
    masked: Annotated[
        bool, typer.Option("--masked", help="Export the masked file, not the full one.")
    ] = False,
    channel: Annotated[
        Channel,
        typer.Option(
            "--for",
            help="How people in it are to be reached: those who objected to it are held "
            "back from tables with addresses or numbers.",
        ),
    ] = Channel.ANY,
    listed: Annotated[
        bool, typer.Option("--list", help="Only list what can be exported.")
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write published tables as Parquet, CSV, an XLSX report or a Tableau extract.

    Text in CSV files is guarded: a cell that would start a formula gets an apostrophe.
    """
    from orchestration.errors import ExportError
    from orchestration.exports import export_tables, published_tables
    from orchestration.privacy import audit
    from orchestration.privacy.contactable import contactable_only
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        place = open_workspace(settings_of(config, home)).home
        published = place.published / ("crm_masked.duckdb" if masked else "crm.duckdb")
        if listed:
            if not published.is_file():
                raise ExportError(
                    f"Listing tables: {published} does not exist. Run `tidycrm sync` first."
                )
            known = published_tables(published)
        else:
            folder = place.root / "exports"
            single = kind in {ExportKind.XLSX, ExportKind.HYPER}
            target = folder / (f"customers.{kind}" if single else str(kind))
            if out is not None and single and not out.suffix:
                out = out.with_name(f"{out.name}.{kind}")
            report = export_tables(
                published,
                out or target,
                kind=kind,
                tables=table or (),
                restriction=contactable_only(channel, published),
            )
            audit.record(
                place,
                audit.Action.EXPORT,
                {
                    "format": str(report.kind),
                    "run_id": report.run_id,
                    "tables": sorted(report.rows),
                    "rows": sum(report.rows.values()),
                    "held_back": sum(report.held_back.values()),
                    "channel": str(channel),
                    "masked": masked,
                },
            )
    if listed:
        if as_json:
            console.print_json(json.dumps(known))
            return
        shown = Table("Table", "One row per")
        for name, comment in known.items():
            shown.add_row(name, comment)
        console.print(shown)
        return
    if as_json:
        console.print_json(
            json.dumps(
                {
                    "format": report.kind,
                    "run_id": report.run_id,
                    "files": [str(file) for file in report.files],
                    "rows": dict(report.rows),
                    "held_back": dict(report.held_back),
                }
            )
        )
        return
    where = report.files[0] if len(report.files) == 1 else report.files[0].parent
    console.print(
        f"{len(report.rows)} tables, {sum(report.rows.values()):,} rows: {where}",
        soft_wrap=True,
        highlight=False,
    )
    for name, count in report.held_back.items():
        console.print(f"{name}: {count:,} rows were held back.", highlight=False)
