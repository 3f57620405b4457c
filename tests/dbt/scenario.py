"""A small CRM in which every rule of the marts happens once, with its identities.

Belongs here: rows and identities. Does not belong here: expectations; they stand in the
tests beside the rule they prove. As-of date of all of it: 2026-01-15.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from tests.dbt.home import Home
from tests.dbt.identity import resolve

AS_OF = "2026-01-15"


def company_key(name: str, domain: str = "", source: str = "shop") -> str:
    """Source record key of an organisation that is only named on an order."""
    digest = hashlib.md5(f"{name.lower()}|{domain}".encode()).hexdigest()  # noqa: S324
    return f"{source}:buyer_companies:{digest}"


def buyer_key(email: str, source: str = "shop") -> str:
    """Source record key of a person who is only named on an order."""
    return f"{source}:buyers:{hashlib.md5(email.encode()).hexdigest()}"  # noqa: S324


Row = dict[str, object]
Order = Callable[[Sequence[Row]], Sequence[Row]]


def land(home: Home, *, order: Order = lambda rows: rows) -> None:
    """Land every export of the scenario; `order` may rearrange the rows of each file."""
    salesforce(home, order)
    hubspot(home, order)
    shop(home, order)
    home.fx_rates(
        order([("USD", "2025-01-01", "0.9"), ("USD", "2025-04-15", "0.8")])  # type: ignore[list-item,arg-type]
    )


def salesforce(home: Home, order: Order) -> None:
    """Land the Salesforce export."""
    home.land(
        "salesforce",
        "user",
        order([{"id": "005ANN", "name": "Ann Owner", "isactive": "true"}]),
    )
    home.land(
        "salesforce",
        "account",
        order(
            [
                {
                    "id": "001ACME",
                    "name": "Acme GmbH",
                    "billingcountry": "DE",
                    "ownerid": "005ANN",
                },
                {
                    "id": "001ACMEOLD",
                    "name": "Acme (old)",
                    "isdeleted": "1",
                    "masterrecordid": "001ACME",
                    "_delete_kind": "merged",
                    "_merged_into": "001ACME",
                },
                {"id": "001SUB", "name": "Acme Subsidiary", "parentid": "001ACMEOLD"},
                {"id": "001BETA", "name": "Beta Inc", "annualrevenue": "1,5 million"},
                {"id": "001TEST", "name": "Test Test"},
            ]
        ),
    )
    home.land(
        "salesforce",
        "contact",
        order(
            [
                {
                    "id": "003JANE",
                    "accountid": "001ACMEOLD",
                    "firstname": "Jane",
                    "lastname": "Doe",
                    "email": "jane@acme.example",
                    "hasoptedoutofemail": "0",
                },
                {"id": "003BAD", "lastname": "???"},
            ]
        ),
    )
    home.land(
        "salesforce",
        "lead",
        order(
            [
                {
                    "id": "00QJANE",
                    "lastname": "Doe",
                    "email": "jane@acme.example",
                    "isconverted": "true",
                    "convertedcontactid": "003JANE",
                    "convertedaccountid": "001ACME",
                }
            ]
        ),
    )
    won = {"isclosed": "true", "iswon": "true", "stagename": "Closed Won"}
    home.land(
        "salesforce",
        "opportunity",
        order(
            [
                {
                    "id": "006A",
                    "accountid": "001ACME",
                    "name": "Acme Licence 2025",
                    "amount": "10000.0",
                    "currencyisocode": "EUR",
                    "closedate": "2025-03-10",
                    "createddate": "2025-01-10T08:00:00.000Z",
                    "probability": "100",
                    "ownerid": "005ANN",
                    **won,
                },
                {
                    "id": "006B",
                    "accountid": "001BETA",
                    "name": "Beta Licence",
                    "amount": "5000",
                    "currencyisocode": "USD",
                    "closedate": "2025-05-01",
                    "createddate": "2025-04-01 08:00:00",
                    **won,
                },
                {
                    "id": "006C",
                    "accountid": "001BETA",
                    "name": "Beta Expansion",
                    "amount": "8000",
                    "currencyisocode": "USD",
                    "closedate": "2026-03-01",
                    "createddate": "2026-01-05T00:00:00.000+0000",
                    "probability": "40",
                    "isclosed": "false",
                    "iswon": "false",
                    "stagename": "Negotiation",
                    "forecastcategory": "MostLikely",
                },
                {
                    "id": "006D",
                    "accountid": "001TEST",
                    "name": "A test",
                    "amount": "99999",
                    "currencyisocode": "EUR",
                    "closedate": "2025-02-01",
                    **won,
                },
                {
                    "id": "006E",
                    "accountid": "001BETA",
                    "name": "Beta mistake",
                    "amount": "777",
                    "currencyisocode": "USD",
                    "closedate": "2025-06-01",
                    "isdeleted": "true",
                    **won,
                },
                {
                    "id": "006F",
                    "accountid": "001BETA",
                    "name": "Beta lost",
                    "amount": "300",
                    "currencyisocode": "USD",
                    "closedate": "2025-06-01",
                    "createddate": "2025-06-10T00:00:00Z",
                    "isclosed": "true",
                    "iswon": "false",
                    "stagename": "Closed Lost",
                    "probability": "0",
                },
                {
                    "id": "006G",
                    "accountid": "001BETA",
                    "name": "Beta Tokyo",
                    "amount": "1000",
                    "currencyisocode": "JPY",
                    "closedate": "2025-06-01",
                    **won,
                },
                {
                    "id": "006H",
                    "accountid": "001BETA",
                    "name": "Beta from the future",
                    "amount": "50",
                    "currencyisocode": "USD",
                    "closedate": "2026-06-01",
                    **won,
                },
                {
                    "id": "006I",
                    "accountid": "001BETA",
                    "name": "Beta Support Phase 1",
                    "amount": "2000",
                    "currencyisocode": "USD",
                    "closedate": "2025-07-01",
                    **won,
                },
            ]
        ),
    )
    home.land(
        "salesforce",
        "opportunitylineitem",
        order(
            [
                {
                    "id": "00k1",
                    "opportunityid": "006A",
                    "quantity": "2",
                    "unitprice": "5000",
                }
            ]
        ),
    )
    home.land(
        "salesforce",
        "task",
        order(
            [
                {
                    "id": "00T1",
                    "whoid": "00QJANE",
                    "whatid": "006A",
                    "subject": "Call: pricing",
                    "status": "Completed",
                    "activitydate": "2025-02-01",
                    "ownerid": "005ANN",
                },
                {
                    "id": "00T2",
                    "whatid": "001ACMEOLD",
                    "subject": "Prepare",
                    "status": "Open",
                },
            ]
        ),
    )
    home.land(
        "salesforce",
        "event",
        order(
            [
                {
                    "id": "00U1",
                    "whoid": "003JANE",
                    "startdatetime": "2026-02-01T10:00:00.000Z",
                }
            ]
        ),
    )
    home.land(
        "salesforce",
        "case",
        order(
            [
                {
                    "id": "500A",
                    "contactid": "003JANE",
                    "isclosed": "true",
                    "createddate": "2025-02-01T10:00:00.000Z",
                    "closeddate": "2025-02-01T11:30:00.000Z",
                }
            ]
        ),
    )


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
                },
                {
                    "hs_object_id": "12",
                    "email": "jdoe@acme.example",
                    "_is_deleted": True,
                    "_delete_kind": "merged",
                    "_merged_into": "11",
                },
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


def identify(home: Home) -> None:
    """Decide who is who, in place of the hygiene package."""
    resolve(
        home,
        contacts={
            "gc_jane": [
                "salesforce:contact:003JANE",
                "salesforce:lead:00QJANE",
                "hubspot:contacts:11",
                "hubspot:contacts:12",
                "shop:contacts:p1",
                buyer_key("jane@acme.example"),
            ],
            "gc_carl": [buyer_key("carl@home.example")],
        },
        accounts={
            "ga_acme": [
                "salesforce:account:001ACME",
                "salesforce:account:001ACMEOLD",
                "hubspot:companies:1",
                "shop:companies:c1",
                company_key("Acme"),
            ],
            "ga_sub": ["salesforce:account:001SUB"],
            "ga_beta": ["salesforce:account:001BETA", "hubspot:companies:2"],
            "ga_gamma": ["hubspot:companies:3"],
            "ga_delta": [company_key("Delta")],
            "ga_epsilon": [company_key("Epsilon")],
            "ga_test": ["salesforce:account:001TEST"],
        },
        test_ids=["ga_test"],
        quarantine=["salesforce:contact:003BAD"],
    )
