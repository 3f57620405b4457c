"""Fills a made-up portal with the synthetic CRM.

Belongs here: turning exported rows into records: labels of stages and owners' names
become ids, times become moments, columns of associated ids become links. Records that
the exports lack (calls, notes, tasks, products, line items, leads, lists, mails) are made
from them.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.hubspot import HubspotFilesConfig, extract
from connectors.landing import Landing
from connectors.landing.schema import METADATA_SCHEMA
from connectors.sandbox.hubspot_portal import (
    ObjectStore,
    Owner,
    Pipeline,
    Portal,
    Record,
    Stage,
    iso,
    parse_moment,
)
from connectors.sandbox.hubspot_schema import PropertyDefinition
from connectors.synthetic import generate

_LINK_COLUMNS = ("associated_company_ids", "associated_contact_ids")
_LINKED = {"associated_company_ids": "companies", "associated_contact_ids": "contacts"}
_NOT_PROPERTIES = {
    *_LINK_COLUMNS,
    "associated_company_ids_primary",
    "associated_company",
    "export_timezone",
    "hs_object_id",
}
_MOMENTS = {"closedate", "closed_date"}
_NUMBERS = {
    "amount",
    "amount_in_home_currency",
    "hs_deal_stage_probability",
    "numberofemployees",
    "annualrevenue",
    "hs_arr",
    "recurring_revenue_amount",
}
_BOOLEANS = {"hs_email_optout", "hs_is_closed", "hs_is_closed_won"}
_DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_TICKET_STAGES = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)
_STAGE_COLUMN = {"deals": "dealstage", "tickets": "hs_pipeline_stage"}
_PIPELINE_COLUMN = {"deals": "pipeline", "tickets": "hs_pipeline"}


def fill_synthetic(portal: Portal, *, people: int, seed: int, as_of: date) -> None:
    """Generate a synthetic CRM and fill the portal with HubSpot's share of it."""
    with tempfile.TemporaryDirectory(prefix="tidycrm-sandbox-") as folder:
        generate(Path(folder), people=people, seed=seed, as_of=as_of)
        fill_from_exports(portal, Path(folder) / "hubspot", seed=seed)


def fill_from_exports(portal: Portal, exports: Path, *, seed: int = 0) -> None:
    """Fill a portal from a folder of HubSpot exports.

    Args:
        portal: An empty portal.
        exports: Folder with exports of contacts, companies, deals and tickets.
        seed: Decides which engagements are made up.
    """
    add_pipelines(portal)
    rows: dict[str, list[dict[str, str | None]]] = {}
    with tempfile.TemporaryDirectory(prefix="tidycrm-sandbox-") as folder:
        landing = Landing(Path(folder))
        extract(
            HubspotFilesConfig(name="portal", path=str(exports)),
            landing,
            extracted_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for name in ("companies", "contacts", "deals", "tickets"):
            frame = landing.current("hubspot", name).collect()
            rows[name] = frame.drop(*METADATA_SCHEMA).to_dicts()
    owners = _add_owners(portal, rows)
    for name, listed in rows.items():
        store = portal.stores[name]
        _define(store, {key for row in listed[:1] for key in row})
        portal.load(name, (_record(portal, store, row, owners) for row in listed))
    for name, listed in rows.items():
        for row in listed:
            _link(portal, name, row)
            _remember_merges(portal.stores[name], row)
    _make_engagements(portal, random.Random(seed))  # noqa: S311
    _make_marketing(portal)


def add_pipelines(portal: Portal) -> None:
    """Give the portal the pipelines that new accounts start with."""
    portal.pipelines["deals"] = [
        Pipeline(
            id="default",
            label="Sales Pipeline",
            stages=tuple(
                Stage(
                    id=stage,
                    label=label,
                    metadata={
                        "probability": probability,
                        "isClosed": str(stage.startswith("closed")).lower(),
                    },
                )
                for stage, label, probability in _DEAL_STAGES
            ),
        )
    ]
    portal.pipelines["tickets"] = [
        Pipeline(
            id="0",
            label="Support Pipeline",
            stages=tuple(
                Stage(
                    id=stage,
                    label=label,
                    metadata={
                        "ticketState": state,
                        "isClosed": str(state == "CLOSED").lower(),
                    },
                )
                for stage, label, state in _TICKET_STAGES
            ),
        )
    ]
    portal.pipelines["leads"] = [
        Pipeline(
            id="lead-pipeline-id",
            label="Lead pipeline",
            stages=(
                Stage(id="new-stage-id", label="New", metadata={"isClosed": "false"}),
                Stage(
                    id="qualified-stage-id",
                    label="Qualified",
                    metadata={"isClosed": "true"},
                ),
            ),
        )
    ]


def _add_owners(
    portal: Portal, rows: Mapping[str, list[dict[str, str | None]]]
) -> dict[str, str]:
    names = sorted(
        {
            str(row["hubspot_owner_id"])
            for listed in rows.values()
            for row in listed
            if row.get("hubspot_owner_id")
        }
    )
    found = {}
    for number, name in enumerate(names):
        first, _, last = name.partition(" ")
        owner_id = 70_000_001 + number * 11
        portal.owners[owner_id] = Owner(
            id=owner_id,
            email=f"owner{number}@example.com",
            first_name=first,
            last_name=last,
            created=1_577_836_800_000,
            # The last one has left; records still name them.
            is_archived=number == len(names) - 1 and number > 0,
        )
        found[name] = str(owner_id)
    return found


def _define(store: ObjectStore, columns: set[str]) -> None:
    for name in sorted(columns - _NOT_PROPERTIES):
        kind, form = "string", "text"
        if name in _MOMENTS:
            kind, form = "datetime", "date"
        elif name in _NUMBERS:
            kind, form = "number", "number"
        elif name in _BOOLEANS:
            kind, form = "bool", "booleancheckbox"
        elif name in ("lifecyclestage", "dealstage", "pipeline", "hs_pipeline_stage"):
            kind, form = "enumeration", "select"
        store.properties.setdefault(
            name,
            PropertyDefinition(
                name=name,
                label=name.replace("_", " ").capitalize(),
                type=kind,
                field_type=form,
            ),
        )


def _record(
    portal: Portal,
    store: ObjectStore,
    row: Mapping[str, str | None],
    owners: Mapping[str, str],
) -> Record:
    name = store.type.name
    values = {
        key: value
        for key, value in row.items()
        if value is not None and key in store.properties
    }
    created = _moment(values.pop(store.type.created, None))
    updated = _moment(values.pop(store.type.modified, None)) or created
    for key in (store.type.created, store.type.modified, "hs_lastmodifieddate"):
        values.pop(key, None)
    if "hubspot_owner_id" in values:
        values["hubspot_owner_id"] = owners[values["hubspot_owner_id"]]
    if "lifecyclestage" in values:
        values["lifecyclestage"] = values["lifecyclestage"].lower().replace(" ", "")
    for key in _MOMENTS & values.keys():
        values[key] = iso(_moment(values[key]))
    pipeline = _PIPELINE_COLUMN.get(name)
    if pipeline is not None:
        known = portal.pipelines[name][0]
        stages = {stage.label: stage.id for stage in known.stages}
        values[pipeline] = known.id
        values[_STAGE_COLUMN[name]] = stages[values[_STAGE_COLUMN[name]]]
    if name == "contacts" and row.get("associated_company_ids_primary"):
        store.properties.setdefault(
            "associatedcompanyid",
            PropertyDefinition(
                name="associatedcompanyid",
                label="Primary Associated Company ID",
                type="number",
                field_type="number",
            ),
        )
        values["associatedcompanyid"] = str(row["associated_company_ids_primary"])
    return Record(
        id=int(str(row["hs_object_id"])),
        properties=values,
        created=created,
        updated=updated,
    )


def _moment(text: str | None) -> int:
    return (parse_moment(text) or 0) if text else 0


def _link(portal: Portal, name: str, row: Mapping[str, str | None]) -> None:
    links, own = portal.associations, int(str(row["hs_object_id"]))
    for column in _LINK_COLUMNS:
        other = _LINKED[column]
        for text in (row.get(column) or "").split(";"):
            if not text.strip() or int(text) not in portal.stores[other].records:
                continue
            kind = links.plain(name, other)
            if text == row.get(f"{column}_primary"):
                kind = links.primary(name, other) or kind
            links.add(name, own, other, int(text), kind)


def _remember_merges(store: ObjectStore, row: Mapping[str, str | None]) -> None:
    for text in (row.get("hs_merged_object_ids") or "").split(";"):
        if text.isdigit() and int(text) not in store.records:
            store.aliases[int(text)] = int(str(row["hs_object_id"]))


def _make_engagements(portal: Portal, rng: random.Random) -> None:
    texts: dict[str, tuple[str, ...]] = {
        "calls": (
            "hs_call_title",
            "hs_call_direction",
            "hs_call_duration",
            "hs_call_status",
        ),
        "emails": ("hs_email_subject", "hs_email_direction", "hs_email_status"),
        "meetings": (
            "hs_meeting_title",
            "hs_meeting_outcome",
            "hs_meeting_start_time",
            "hs_meeting_end_time",
        ),
        "notes": ("hs_note_body",),
        "tasks": (
            "hs_task_subject",
            "hs_task_status",
            "hs_task_priority",
            "hs_task_completion_date",
        ),
        "communications": (
            "hs_communication_channel_type",
            "hs_communication_body",
        ),
        "products": ("name", "price"),
        "line_items": ("name", "price", "quantity", "amount"),
        "leads": ("hs_lead_name", "hs_pipeline", "hs_pipeline_stage"),
    }
    for name, columns in texts.items():
        store = portal.stores[name]
        for column in ("hs_timestamp", *columns):
            kind = "number" if column in ("price", "quantity", "amount") else "string"
            definition = PropertyDefinition(name=column, label=column, type=kind)
            store.properties.setdefault(column, definition)
    made: dict[str, list[Record]] = {name: [] for name in texts}
    links: list[tuple[str, int, str, int]] = []

    def make(name: str, moment: int, values: dict[str, str]) -> Record:
        record = Record(
            id=portal.stores[name].first_id + 17 * (len(made[name]) + 1),
            properties=values,
            created=moment,
            updated=moment,
        )
        made[name].append(record)
        return record

    for number, label in enumerate(("Starter", "Professional", "Enterprise")):
        make("products", 1_577_836_800_000, {"name": label, "price": str(100 + number)})
    subjects: dict[str, dict[str, Any]] = {
        "calls": {
            "hs_call_title": "Intro call",
            "hs_call_direction": "OUTBOUND",
            "hs_call_duration": "240000",
        },
        "emails": {
            "hs_email_subject": "Your offer",
            "hs_email_direction": "EMAIL",
            "hs_email_status": "SENT",
        },
        "meetings": {"hs_meeting_title": "Demo", "hs_meeting_outcome": "COMPLETED"},
        "notes": {"hs_note_body": "Asked for a quote"},
        "tasks": {"hs_task_subject": "Call back", "hs_task_status": "NOT_STARTED"},
        "communications": {
            "hs_communication_channel_type": "WHATS_APP",
            "hs_communication_body": "See you at ten",
        },
        "leads": {
            "hs_lead_name": "Inbound",
            "hs_pipeline": "lead-pipeline-id",
            "hs_pipeline_stage": "new-stage-id",
        },
    }
    kinds = list(subjects)
    for contact in portal.stores["contacts"].records.values():
        if rng.random() < 0.3:
            name = rng.choice(kinds)
            values = subjects[name] | {"hs_timestamp": iso(contact.updated)}
            record = make(name, contact.updated, values)
            links.append((name, record.id, "contacts", contact.id))
    for deal in portal.stores["deals"].records.values():
        if deal.properties.get("dealstage") == "closedwon":
            amount = deal.properties.get("amount", "0")
            values = {"name": "Starter", "price": amount, "quantity": "1"}
            record = make("line_items", deal.created, values)
            links.append(("deals", deal.id, "line_items", record.id))
    for name, records in made.items():
        portal.load(name, records)
    for left, a, right, b in links:
        plain = portal.associations.plain(left, right)
        portal.associations.add(left, a, right, b, plain)


def _make_marketing(portal: Portal) -> None:
    """Make lists, and one mail to everybody whose record counts mails.

    The events happen when the sandbox starts: each has its time from the portal's clock.
    """
    marketing = portal.marketing
    customers = marketing.add_list("Customers", "DYNAMIC")
    readers = marketing.add_list("Newsletter")
    mailing = marketing.add_mailing("Product news", "What is new")
    for contact in portal.stores["contacts"].records.values():
        values = contact.properties
        if values.get("lifecyclestage") == "customer":
            marketing.join(customers.id, [contact.id])
        address = values.get("email")
        if address is None or not int(values.get("hs_email_delivered") or 0):
            continue
        marketing.join(readers.id, [contact.id])
        sent = marketing.happen(mailing, "SENT", address, subject=mailing.subject)
        marketing.happen(mailing, "DELIVERED", address, sent=sent)
        for kind, count in (("OPEN", "hs_email_open"), ("CLICK", "hs_email_click")):
            if int(values.get(count) or 0):
                marketing.happen(mailing, kind, address, sent=sent)
