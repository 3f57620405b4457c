"""Rows of the scenario's Salesforce files.

Belongs here: rows. Does not belong here: identities and expectations.
"""

from __future__ import annotations

from tests.dbt.home import Home, Order


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
    history = {"opportunityid": "006A", "isdeleted": "false"}
    home.land(
        "salesforce",
        "opportunityfieldhistory",
        order(
            [
                {
                    "id": "017A1",
                    "field": "StageName",
                    "oldvalue": "Prospecting",
                    "newvalue": "Negotiation",
                    "createddate": "2025-02-01T09:00:00.000Z",
                    **history,
                },
                {
                    "id": "017A2",
                    "field": "Amount",
                    "oldvalue": "8000.0",
                    "newvalue": "10000.0",
                    "createddate": "2025-02-15T09:00:00.000Z",
                    **history,
                },
                {
                    "id": "017A3",
                    "field": "StageName",
                    "oldvalue": "Negotiation",
                    "newvalue": "Closed Won",
                    "createddate": "2025-03-10T09:00:00.000Z",
                    **history,
                },
            ]
        ),
    )
    _histories(home, order)
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


def _histories(home: Home, order: Order) -> None:
    """Land what the org tracked of records, and which it found alike; some are unknown."""
    home.land(
        "salesforce",
        "accounthistory",
        order(
            [
                {
                    "id": "017B1",
                    "accountid": "001BETA",
                    "field": "Industry",
                    "oldvalue": "Food",
                    "newvalue": None,
                    "createddate": "2026-01-10T09:00:00.000Z",
                },
                {
                    "id": "017B2",
                    "accountid": "001ACMEOLD",
                    "field": "Name",
                    "oldvalue": "Acme",
                    "newvalue": "Acme (old)",
                    "createddate": "2026-01-10T09:00:00.000Z",
                },
            ]
        ),
    )
    home.land(
        "salesforce",
        "contacthistory",
        order(
            [
                {
                    "id": "017C1",
                    "contactid": "003JANE",
                    "field": "Email",
                    "oldvalue": "jane@beta.example",
                    "newvalue": "jane@acme.example",
                    "createddate": "2026-01-08T09:00:00.000Z",
                },
                {
                    "id": "017C2",
                    "contactid": "003NOBODY",
                    "field": "Email",
                    "oldvalue": "a@beta.example",
                    "newvalue": "b@beta.example",
                    "createddate": "2026-01-08T09:00:00.000Z",
                },
            ]
        ),
    )
    home.land(
        "salesforce",
        "duplicaterecorditem",
        order(
            [
                {
                    "id": f"0GL{number}",
                    "duplicaterecordsetid": "0GK1",
                    "recordid": record,
                    "createddate": "2026-01-08T09:00:00.000Z",
                }
                for number, record in enumerate(
                    ["003JANE", "00QJANE", "003BAD", "003NOBODY"]
                )
            ]
        ),
    )
