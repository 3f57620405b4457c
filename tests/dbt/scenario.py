"""A small CRM in which every rule of the marts happens once, with its identities.

Belongs here: identities and the order of landing. Does not belong here: rows of the exports; expectations, which stand in the
tests beside the rule they prove. As-of date of all of it: 2026-01-15.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from tests.dbt.exports_others import hubspot, shop
from tests.dbt.exports_salesforce import salesforce
from tests.dbt.home import Home, Order
from tests.dbt.identity import resolve

AS_OF = "2026-01-15"


def company_key(name: str, domain: str = "", source: str = "shop") -> str:
    """Source record key of an organisation that is only named on an order."""
    digest = hashlib.md5(f"{name.lower()}|{domain}".encode()).hexdigest()  # noqa: S324
    return f"{source}:buyer_companies:{digest}"


def buyer_key(email: str, source: str = "shop") -> str:
    """Source record key of a person who is only named on an order."""
    return f"{source}:buyers:{hashlib.md5(email.encode()).hexdigest()}"  # noqa: S324


def land(home: Home, *, order: Order = lambda rows: rows) -> None:
    """Land every export of the scenario; `order` may rearrange the rows of each file."""
    salesforce(home, order)
    hubspot(home, order)
    shop(home, order)
    home.fx_rates(
        order([("USD", "2025-01-01", "0.9"), ("USD", "2025-04-15", "0.8")])  # type: ignore[list-item,arg-type]
    )


def identify(
    home: Home, *, more_accounts: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Decide who is who, in place of the hygiene package.

    Args:
        home: folder after the first dbt pass.
        more_accounts: further records of the scenario's golden accounts.
    """
    accounts: dict[str, list[str]] = {
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
    }
    for golden, keys in (more_accounts or {}).items():
        accounts[golden] = [*accounts[golden], *keys]
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
            "gc_carl": ["hubspot:contacts:14", buyer_key("carl@home.example")],
        },
        accounts=accounts,
        test_ids=["ga_test"],
        quarantine=["salesforce:contact:003BAD"],
    )
