"""Generates the whole synthetic CRM: draws the world, writes exports and the truth.

Belongs here: the order of the steps and the report. Every step lives in a module of
its own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from connectors.synthetic import (
    writers_hubspot,
    writers_salesforce,
    writers_salesforce_activity,
    writers_salesforce_org,
    writers_sheets,
)
from connectors.synthetic.ceiling import CeilingLog
from connectors.synthetic.chunk_writer import Exports, write_chunk
from connectors.synthetic.errors import SyntheticRequestError
from connectors.synthetic.money import exchange_rates
from connectors.synthetic.settings import DirtProfile, Proportions
from connectors.synthetic.truth import TruthLog
from connectors.synthetic.world import World, create_world, open_chunk

MIN_PEOPLE, MAX_PEOPLE = 1_000, 5_000_000
_SPLIT_FROM_PEOPLE = 5_000
_SPOOL = ".synthetic-spool-"
_OUTPUTS = ("salesforce", "hubspot", "spreadsheets", "truth")


@dataclass(frozen=True, slots=True)
class SyntheticReport:
    """What was written: files, rows per export object, rows per truth file."""

    out: Path
    people: int
    companies: int
    files: tuple[Path, ...]
    rows: Mapping[str, int]
    truth_rows: Mapping[str, int]


def generate(
    out: Path,
    *,
    people: int,
    seed: int,
    as_of: date,
    dirt: DirtProfile | None = None,
    proportions: Proportions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SyntheticReport:
    """Write a made-up CRM with known truth into a folder.

    The same arguments give the same bytes. Existing outputs of an earlier call in the
    folder are replaced; other files are left alone.

    Args:
        out: Folder for `salesforce/`, `hubspot/`, `spreadsheets/`, `fx_rates.csv` and
            `truth/`.
        people: How many real people the world has, 1,000 to 5,000,000.
        seed: Any integer from 0.
        as_of: The day on which the exports were made; nothing is later.
        dirt: Rates of each kind of dirt.
        proportions: How many records people and companies cause.
        progress: Called with (chunks done, chunks in all).

    Raises:
        SyntheticRequestError: The size, seed or folder is impossible.
    """
    if not MIN_PEOPLE <= people <= MAX_PEOPLE:
        raise SyntheticRequestError(
            f"Cannot generate a CRM of {people:,} people: sizes from {MIN_PEOPLE:,} to "
            f"{MAX_PEOPLE:,} are supported. Choose another size."
        )
    if seed < 0:
        raise SyntheticRequestError(
            f"Cannot generate with seed {seed}: seeds are 0 or larger. Choose another."
        )
    if out.exists() and not out.is_dir():
        raise SyntheticRequestError(
            f"Cannot write the synthetic CRM: {out} is a file, a folder was expected. "
            "Choose another output folder."
        )
    world = create_world(
        people=people,
        seed=seed,
        as_of=as_of,
        dirt=dirt or DirtProfile(),
        proportions=proportions or Proportions(),
    )
    out.mkdir(parents=True, exist_ok=True)
    # A run that was killed leaves its spool behind.
    for path in [*(out / name for name in _OUTPUTS), *out.glob(f"{_SPOOL}*")]:
        shutil.rmtree(path, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SPOOL, dir=out) as spool:
        exports = _open(out, Path(spool), world)
        chunks = len(world.people_bounds)
        for number in range(chunks):
            exports.salesforce.chunk = (number, chunks)
            write_chunk(open_chunk(world, number), exports)
            if progress is not None:
                progress(number + 1, chunks)
        files = _close(out, exports, people, world)
    return SyntheticReport(
        out=out,
        people=people,
        companies=len(world.companies),
        files=tuple(files),
        rows={
            **{f"salesforce:{k}": v for k, v in exports.salesforce.counts.items()},
            **{
                f"hubspot:{k}": v
                for k, v in exports.hubspot.counts.items()
                if not k.endswith("-ids")
            },
            **{f"shop:{k}": v for k, v in exports.sheets.counts.items()},
        },
        truth_rows=dict(exports.truth.rows),
    )


def _open(out: Path, spool: Path, world: World) -> Exports:
    people = len(world.people)
    parts = 1 if people < _SPLIT_FROM_PEOPLE else max(2, people // 1_000_000 + 1)
    salesforce = writers_salesforce.SalesforceExport(out / "salesforce", spool, parts)
    users = writers_salesforce_org.write_users(salesforce, world)
    products = writers_salesforce_org.write_products(salesforce, world)
    campaigns = writers_salesforce_activity.write_campaigns(salesforce, world, users)
    sheets = out / "spreadsheets"
    sheets.mkdir()
    first = datetime.fromtimestamp(world.clock.start - 40 * 86_400, UTC).date()
    rates = exchange_rates(world.streams, first, world.clock.as_of)
    rates.write_csv(out / "fx_rates.csv")
    return Exports(
        salesforce=salesforce,
        hubspot=writers_hubspot.HubspotExport(
            out / "hubspot", spool, world.clock.as_of.isoformat()
        ),
        sheets=writers_sheets.SheetsExport(sheets, spool),
        truth=TruthLog(out / "truth"),
        ceiling=CeilingLog(),
        users=users,
        products=products,
        campaigns=campaigns,
        rates=rates,
    )


def _close(out: Path, exports: Exports, people: int, world: World) -> list[Path]:
    as_of = world.clock.as_of
    exports.truth.close()
    packing = [
        *exports.salesforce.close(),
        *exports.hubspot.close(people, as_of),
        *exports.sheets.close(as_of),
    ]
    # Compression leaves Python's lock alone, so that two threads use two cores.
    with ThreadPoolExecutor(max_workers=2) as pool:
        files = list(pool.map(lambda pack: pack(), packing))
    sheets = out / "spreadsheets"
    files += [
        sheets / name for name in ("partner_list.csv", "orders.csv", "tables.yml")
    ]
    ceiling = out / "truth" / "ceiling.json"
    ceiling.write_text(
        exports.ceiling.report(exports.truth.mixed_implied), encoding="utf-8"
    )
    truth = sorted((out / "truth").iterdir())
    return [*sorted(files), out / "fx_rates.csv", *truth]
