"""A small make-believe org over real HTTP, and a landing folder that follows it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import httpx
import polars as pl

from connectors.landing import Landing, SourceReport
from connectors.salesforce import SalesforceApiConfig, extract_api
from connectors.sandbox.clock import SandboxClock
from connectors.sandbox.faults import Fault
from connectors.sandbox.salesforce import Org, SalesforceSandbox, create_app
from connectors.sandbox.salesforce_schema import Field
from connectors.sandbox.server import serve

START = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
RESULTS = "/services/data/*/jobs/query/*/results"
REST = "/services/data/*/query*"
OBJECTS = ("Contact",)
EVERYTHING = ("Account", "Contact", "OpportunityFieldHistory", "User")


class LiveOrg:
    """The org, its server, and the client's side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SandboxClock(START)
        self.org = Org(self.clock)
        self.sandbox = SalesforceSandbox(self.org, folder)
        self.landing = Landing(folder / "landing")
        self.url = ""
        self.waits: list[float] = []
        self.org.add_object("Account", "001", ["Name", "AnnualRevenue"])
        self.org.add_object(
            "Contact",
            "003",
            ["FirstName", "LastName", "Email", "AccountId", "Description"],
        )
        self.org.add_field(
            "Contact", Field(name="LeadSource", type="picklist", picklist=("Web",))
        )
        self.org.add_field("Contact", Field(name="MailingAddress", type="address"))
        self.org.add_object(
            "OpportunityFieldHistory", "017", ["OpportunityId", "Field", "NewValue"]
        )
        self.org.add_object("User", "005", ["Name", "Username"])

    def config(self, **changes: object) -> SalesforceApiConfig:
        settings: dict[str, object] = {
            "name": "crm",
            "login_url": self.url,
            "auth": {
                "kind": "client_credentials",
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",
            },
            "objects": OBJECTS,
            "allow_empty": True,
        }
        return SalesforceApiConfig.model_validate(settings | changes)

    def sync(self, **changes: object) -> SourceReport:
        """Move on a little, as time does between a change and a run; then sync."""
        self.clock.advance(2)
        return extract_api(
            self.config(**changes),
            self.landing,
            extracted_at=self.clock.now(),
            sleep=self.waits.append,
            now=lambda: self.clock.now().timestamp(),
        )

    def plan(self, *faults: Fault, seed: int = 0) -> None:
        self.sandbox.faults.set(faults, seed=seed)

    def many_contacts(self, count: int) -> None:
        """Create many at once, all of them two hours old."""
        self.contact()
        with self.org.connection() as con:
            con.execute(
                "INSERT INTO Contact BY NAME SELECT * REPLACE "
                "('003SbxX' || lpad(i::VARCHAR, 8, '0') || 'AAA' AS Id) "
                f"FROM Contact, range({count}) t(i)".replace(
                    "SELECT *", "SELECT Contact.*"
                )
            )
        self.clock.advance(7_200)

    def contact(self, last_name: str = "Doe", **values: object) -> str:
        return self.org.create("Contact", {"LastName": last_name, **values})

    def landed(self, name: str = "contact") -> dict[str, dict[str, object]]:
        """The current landed state by id."""
        frame = self.landing.current("salesforce", name, "crm").collect()
        return {row["_source_record_id"]: row for row in frame.to_dicts()}

    def current_rows(self, other: Path | None = None) -> list[tuple[object, ...]]:
        """Ids and content hashes, here or after one whole sync into another folder."""
        if other is not None:
            kept, self.landing = self.landing, Landing(other)
            try:
                self.sync()
                return self.current_rows()
            finally:
                self.landing = kept
        frame = self.landing.current("salesforce", "contact", "crm")
        return (
            frame.select("_source_record_id", "_row_hash")
            .sort(pl.all())
            .collect()
            .rows()
        )

    def check(self, name: str = "Contact") -> None:
        """The landed state equals the org's, record by record and field by field."""
        landed = self.landed(name.lower())
        rows = {row["Id"]: row for row in self.org.rows(name)}
        lacking = rows.keys() - landed.keys()
        assert not lacking, f"{name}: {len(lacking)} records are missing"
        for record_id, row in landed.items():
            if record_id not in rows:
                assert row["_is_deleted"], (
                    f"{name} {record_id} was purged, landed alive"
                )
                continue
            theirs = rows[record_id]
            ours = {key: row.get(key.lower()) for key in theirs}
            assert ours == theirs, f"{name} {record_id}"
            is_deleted = theirs.get("IsDeleted") == "true"
            master = theirs.get("MasterRecordId")
            kind = "merged" if master else "soft" if is_deleted else None
            state = (row["_is_deleted"], row["_delete_kind"], row["_merged_into"])
            assert state == (is_deleted, kind, master), f"{name} {record_id}"


@contextmanager
def live_org(folder: Path) -> Iterator[LiveOrg]:
    folder.mkdir(parents=True, exist_ok=True)
    live = LiveOrg(folder)
    # The zero-row files of thirteen objects cost more than most of these tests.
    spared = patch("connectors.salesforce.api_extraction.ensure_contracts")
    try:
        with spared, serve(create_app(live.sandbox)) as url:
            live.url = url
            yield live
    finally:
        live.org.close()


def random_change(live: LiveOrg, dice: random.Random) -> str:
    """Let one random thing happen; returns what."""
    org = live.org
    live.clock.advance(dice.choice((0.0, 0.001, 1.0, 30.0, 700.0)))
    name = dice.choice(("Contact", "Contact", "Account"))
    field = "LastName" if name == "Contact" else "Name"
    living, binned = org.ids(name), org.ids(name, is_deleted=True)
    what = dice.choice(
        (
            "create", "create", "edit", "edit", "late", "associate", "merge",
            "delete", "undelete", "purge", "add_field", "change_field", "history",
        )
    )  # fmt: skip
    text = f"{dice.choice(('Doe', 'Müller', '李', '🙂'))} {dice.randint(0, 999)}"
    if what == "create" or len(living) < 3:
        org.create(name, {field: text})
    elif what == "edit":
        org.edit(name, dice.choice(living), {field: text})
    elif what == "late":
        record_id = dice.choice(living)
        org.edit(name, record_id, {field: text}, seconds_ago=dice.randint(1, 500))
    elif what == "associate":
        accounts = [None, *org.ids("Account")]
        values = {"AccountId": dice.choice(accounts)}
        org.edit("Contact", dice.choice(org.ids("Contact")), values)
    elif what == "merge":
        winner, *losers = dice.sample(living, dice.randint(2, 3))
        org.merge(name, winner, losers)
    elif what == "delete":
        org.delete(name, dice.choice(living))
    elif what == "undelete" and binned:
        org.undelete(name, dice.choice(binned))
    elif what == "purge":
        org.purge(name, dice.choice(living + binned))
    elif what == "add_field":
        # Numbered by chance: a name that was removed does not come again.
        new = Field(name=f"New_{dice.randrange(10**9)}__c")
        org.add_field(name, new, dice.choice((None, "default")))
    elif what == "change_field":
        _change_field(live, name, dice)
    else:
        org.create("OpportunityFieldHistory", {"Field": "StageName", "NewValue": text})
    return what


def _change_field(live: LiveOrg, name: str, dice: random.Random) -> None:
    """Remove a custom field, give it another type, or make it a picklist."""
    org = live.org
    own = [each for each in org.objects[name].fields if each.endswith("__c")]
    if not own:
        return
    field = dice.choice(own)
    change = dice.choice(("remove", "retype", "picklist"))
    if change == "remove":
        org.remove_field(name, field)
    elif change == "retype":
        # To types that any text fits: the org keeps the values as they are.
        org.retype_field(name, field, dice.choice(("textarea", "string", "url")))
    else:
        org.set_picklist(name, field, dice.sample(("A", "B", "C", "D"), 2))


def random_faults(dice: random.Random) -> list[Fault]:
    """Some faults, few enough that the attempts of one run survive them."""
    kinds = (
        "server_error",
        "unauthorised",
        "cut",
        "truncate",
        "slow",
        "duplicate_page",
    )
    faults = []
    for _ in range(dice.randint(0, 2)):
        kind = dice.choice(kinds)
        path = "/services/data/*"
        if kind in ("truncate", "duplicate_page"):
            path = dice.choice((RESULTS, REST))
        if kind == "duplicate_page":
            path = RESULTS
        method = "GET"
        faults.append(
            Fault(kind=kind, path=path, method=method, after=dice.randint(0, 6))
        )
    return faults


def control(live: LiveOrg, path: str, document: object) -> httpx.Response:
    return httpx.post(f"{live.url}/sandbox/{path}", json=document)
