"""Rows of the scenario's HubSpot and spreadsheet files.

Belongs here: rows. Does not belong here: identities and expectations.
"""

from __future__ import annotations

from tests.dbt.home import Home, Order, Row


def hubspot(home: Home, order: Order) -> None:
    """Land the HubSpot export."""
    home.land(
        "hubspot",
        "companies",
        order(
            [
                {
                    "hs_object_id": "1",
                    "name": "ACME",
                    "hs_salesforceaccountid": "001ACME",
                },
                {"hs_object_id": "2", "name": "Beta"},
                {"hs_object_id": "3", "name": "Gamma AG"},
            ]
        ),
    )
    home.land(
        "hubspot",
        "contacts",
        order(
            [
                {
                    "hs_object_id": "11",
                    "email": "jane@acme.example",
                    "hs_salesforcecontactid": "003JANE",
                    "hs_merged_object_ids": "12;13",
                    "associated_company_ids": "1;2",
                    "hubspot_owner_id": "Ann Owner",
                    "hs_email_delivered": "10",
                    "hs_email_open": "9",
                },
                {
                    "hs_object_id": "12",
                    "email": "jdoe@acme.example",
                    "_is_deleted": True,
                    "_delete_kind": "merged",
                    "_merged_into": "11",
                },
                {"hs_object_id": "14", "email": "carl@home.example"},
            ]
        ),
    )
    home.land(
        "hubspot",
        "deals",
        order(
            [
                {
                    "hs_object_id": "101",
                    "dealname": "Licence (synced)",
                    "amount": "10000",
                    "deal_currency_code": "EUR",
                    "dealstage": "closedwon",
                    "closedate": "1741564800000",
                    "hs_salesforceopportunityid": "006A",
                    "associated_company_ids": "1",
                },
                {
                    "hs_object_id": "102",
                    "dealname": "Beta - Licence",
                    "amount": "4,980.00",
                    "deal_currency_code": "USD",
                    "hs_deal_stage_probability": "1",
                    "closedate": "2025-05-04 10:00",
                    "associated_company_ids_primary": "2",
                },
                {
                    "hs_object_id": "103",
                    "dealname": "Beta Support Phase 2",
                    "amount": "2000",
                    "deal_currency_code": "USD",
                    "dealstage": "Closed Won",
                    "closedate": "2025-07-02",
                    "associated_company_ids_primary": "2",
                },
                {
                    "hs_object_id": "104",
                    "dealname": "Gamma contract",
                    "amount": "1200",
                    "deal_currency_code": "EUR",
                    "hs_is_closed_won": "true",
                    "closedate": "2025-01-01",
                    "contract_start_date": "2025-01-01",
                    "contract_end_date": "2025-12-31",
                    "associated_company_ids_primary": "3",
                },
            ]
        ),
    )

    _engagements(home, order)
    _marketing(home, order)


def _engagements(home: Home, order: Order) -> None:
    """Land what HubSpot's API says about mails, meetings, notes, tasks and messages."""
    moment = "2025-05-02T09:00:00.000Z"
    kinds: dict[str, dict[str, str]] = {
        "emails": {
            "hs_email_subject": "Re: offer",
            "hs_email_direction": "INCOMING_EMAIL",
        },
        "meetings": {"hs_meeting_title": "Demo", "hs_meeting_outcome": "SCHEDULED"},
        "notes": {},
        "tasks": {"hs_task_subject": "Send offer", "hs_task_status": "NOT_STARTED"},
        "communications": {"hs_communication_channel_type": "WHATS_APP"},
    }
    for number, (kind, values) in enumerate(kinds.items(), start=1):
        record = {"hs_object_id": f"90{number}", "hs_timestamp": moment, **values}
        home.land("hubspot", kind, order([record]))
        for objects, other in (("contacts", "11"), ("deals", "102")):
            link = {
                "hs_object_id": f"90{number}:{other}",
                "from_object_id": f"90{number}",
                "to_object_id": other,
                "association_category": "HUBSPOT_DEFINED",
            }
            links = [link]
            # The same person twice and somebody else at the meeting; nobody else in the
            # mail any more.
            for contact in {"meetings": ("12", "14"), "emails": ("14",)}.get(kind, ()):
                if objects == "contacts":
                    links.append(
                        link
                        | {
                            "hs_object_id": f"90{number}:{contact}",
                            "to_object_id": contact,
                            "_is_deleted": kind == "emails",
                        }
                    )
            home.land("hubspot", f"associations_{kind}_{objects}", order(links))


def _marketing(home: Home, order: Order) -> None:
    """Land a list, and a mail that one person got under a former address."""
    home.land(
        "hubspot",
        "contact_lists",
        order([{"_source_record_id": "1", "list_id": "1", "name": "Readers"}]),
    )
    home.land(
        "hubspot",
        "contact_list_members",
        order(
            [
                {
                    "_source_record_id": "1:11",
                    "list_id": "1",
                    "contact_id": "11",
                    "added_at": "1746172800000",
                }
            ]
        ),
    )
    home.land(
        "hubspot",
        "email_campaigns",
        order(
            [{"_source_record_id": "5", "email_campaign_id": "5", "name": "News"}],
        ),
    )
    sent = {"sent_by_id": "e1", "sent_by_created_at": "1746172800000"}
    events: list[Row] = [
        {"event_id": "e1", "event_type": "SENT", "subject": "What is new"},
        {"event_id": "e2", "event_type": "OPEN", "duration_ms": "1500", **sent},
        {"event_id": "e3", "event_type": "OPEN", **sent},
        {"event_id": "e4", "event_type": "OPEN", "is_filtered": "true", **sent},
        {"event_id": "e5", "event_type": "DROPPED", "drop_reason": "DUPLICATE"},
    ]
    common = {
        "created_at": "1746172800000",
        "recipient_email": "JDoe@acme.example",
        "email_campaign_id": "5",
    }
    keyed = [common | {"_source_record_id": e["event_id"]} | e for e in events]
    home.land("hubspot", "email_events", order(keyed))


def shop(home: Home, order: Order) -> None:
    """Land the sheets of the shop."""
    home.land("spreadsheet", "companies", order([{"id": "c1", "name": "Acme"}]))
    home.land(
        "spreadsheet",
        "contacts",
        order(
            [
                {
                    "id": "p1",
                    "full_name": "Jane Doe",
                    "email": "jane@acme.example",
                    "company": "acme",
                }
            ]
        ),
    )
    german = {"decimal_separator": ",", "date_order": "dmy"}
    home.land(
        "spreadsheet",
        "orders",
        order(
            [
                {
                    "id": "o1",
                    "order_date": "01.02.2025",
                    "company": "Acme",
                    "email": "jane@acme.example",
                    "amount": "EUR 1.234,50",
                    "currency": "EUR",
                    **german,
                },
                {
                    "id": "o2",
                    "order_date": "15.02.2025",
                    "type": "refund",
                    "company": "Acme",
                    "amount": "100,00",
                    "currency": "EUR",
                    "related_id": "o1",
                    **german,
                },
                {
                    "id": "o3",
                    "order_date": "2024-01-10",
                    "full_name": "Carl",
                    "email": "carl@home.example",
                    "amount": "50",
                    "currency": "EUR",
                },
                {
                    "id": "o4",
                    "order_date": "2025-02-20",
                    "company": "Acme",
                    "amount": "999",
                    "status": "cancelled",
                },
                {
                    "id": "o5",
                    "order_date": "2025-02-21",
                    "amount": "20",
                    "currency": "EUR",
                },
                {
                    "id": "o6",
                    "order_date": "sometime",
                    "company": "Acme",
                    "amount": "11",
                },
            ]
        ),
    )
    home.land(
        "spreadsheet",
        "invoices",
        order(
            [
                {
                    "id": "i1",
                    "invoice_date": "2025-03-01",
                    "company": "Epsilon",
                    "amount": "119",
                    "tax": "19",
                    "amount_includes_tax": "true",
                    "currency": "EUR",
                },
                {
                    "id": "i2",
                    "invoice_date": "2025-03-09",
                    "type": "Credit note",
                    "company": "Epsilon",
                    "amount": "20",
                    "currency": "EUR",
                },
            ]
        ),
    )
    home.land(
        "spreadsheet",
        "subscriptions",
        order(
            [
                {
                    "id": "s1",
                    "company": "Delta",
                    "amount": "100",
                    "currency": "EUR",
                    "billing_period": "month",
                    "start_date": "2025-06-15",
                },
                {
                    "id": "s2",
                    "company": "Delta",
                    "amount": "1200",
                    "currency": "EUR",
                    "billing_period": "year",
                    "start_date": "2025-09-01",
                    "end_date": "2026-08-31",
                },
            ]
        ),
    )
    home.land(
        "spreadsheet",
        "tickets",
        order(
            [
                {
                    "id": "t1",
                    "subject": "Cannot log in",
                    "company": "Acme",
                    "email": "jane@acme.example",
                    "status": "Solved",
                    "priority": "high",
                    "owner": "Ann Owner",
                    "created_at": "2025-03-10 09:00:00",
                    "first_reply_at": "2025-03-10 09:30:00",
                    "closed_at": "2025-03-10 10:00:00",
                },
            ]
        ),
    )
    home.land(
        "spreadsheet",
        "surveys",
        order(
            [
                {
                    "id": "a1",
                    "survey_type": "Customer satisfaction",
                    "score": "5",
                    "ticket_id": "t1",
                    "email": "jane@acme.example",
                    "answered_at": "2025-03-11",
                },
                {
                    "id": "a2",
                    "survey_type": "NPS",
                    "score": "10",
                    "email": "jane@acme.example",
                    "sent_at": "2025-03-10",
                    "answered_at": "2025-03-12",
                },
                {
                    "id": "a3",
                    "survey_type": "NPS",
                    "sent_at": "2025-03-10",
                },
            ]
        ),
    )
