"""What a Salesforce org holds once: users, their roles and the price list.

Belongs here: small tables that are written before the first customer. Their ids are
handed to the writers of records that name them.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.columns import choose, texts
from connectors.synthetic.rng import chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.world import World, timestamps
from connectors.synthetic.writers_salesforce import INSTANT, SalesforceExport, flag

_OFFICES = {
    "City": ["Chicago", "Austin", "Hamburg"],
    "State": ["IL", "TX", "Hamburg"],
}


def write_users(export: SalesforceExport, world: World) -> pl.Series:
    """Write the org's users; returns their ids in order of the staff list."""
    staff, size = world.staff, len(world.staff)
    rng = world.streams.get("users")
    hired = np.sort(
        rng.integers(world.clock.start - 3 * 10**7, world.clock.start, size)
    )
    ids = export.mint.take("User", hired)
    handle = staff.first.str.to_lowercase() + "." + staff.last.str.to_lowercase()
    number = pl.Series(np.arange(size)).cast(pl.String)
    mail = handle + "@tidy-vendor-xqz.com"
    boss = np.where(np.arange(size) < 3, -1, np.arange(size) % 3)
    roles = _write_roles(export, world)
    stamp = timestamps(hired, INSTANT)
    frame = pl.DataFrame(
        {
            "Id": ids,
            "Username": handle + number + "@tidy-vendor-xqz.com.crm",
            "LastName": staff.last,
            "FirstName": staff.first,
            "Name": staff.name,
            "Department": choose(rng, ["Sales", "Sales", "Marketing", "Service"], size),
            "Title": choose(rng, ["Account Executive", "SDR", "CSM"], size),
            "Email": mail,
            "IsActive": flag(~chance(rng, size, 0.1)),
            "UserRoleId": refer(roles, (boss >= 0).astype(np.int64)),
            "City": texts(_OFFICES["City"]).gather(number.cast(pl.UInt32) % 3),
            "State": texts(_OFFICES["State"]).gather(number.cast(pl.UInt32) % 3),
            "ManagerId": refer(ids, boss),
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
    )
    export.append("User", frame, hired)
    return ids


def _write_roles(export: SalesforceExport, world: World) -> pl.Series:
    founded = np.full(2, world.clock.start - 3 * 10**7)
    ids = export.mint.take("UserRole", founded)
    frame = pl.DataFrame(
        {
            "Id": ids,
            "Name": ["Sales Lead", "Sales Representative"],
            "ParentRoleId": refer(ids, np.asarray([-1, 0])),
            "RollupDescription": ["Sales Leads", "Sales Representatives"],
            "DeveloperName": ["SalesLead", "SalesRepresentative"],
            "SystemModstamp": timestamps(founded, INSTANT),
        }
    )
    export.append("UserRole", frame, founded)
    return ids


def write_products(export: SalesforceExport, world: World) -> pl.Series:
    """Write the price list; returns the ids in its order."""
    products = world.vocabulary.people["products"]
    listed = np.full(len(products), world.clock.start - 3 * 10**7)
    ids, stamp = export.mint.take("Product2", listed), timestamps(listed, INSTANT)
    frame = pl.DataFrame(
        {
            "Id": ids,
            "Name": [product["name"] for product in products],
            "ProductCode": [product["code"] for product in products],
            "Family": [product["family"] for product in products],
            "IsActive": flag(np.ones(len(products), np.bool_)),
            "IsDeleted": flag(np.zeros(len(products), np.bool_)),
            "IsArchived": flag(np.zeros(len(products), np.bool_)),
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
    )
    export.append("Product2", frame, listed)
    return ids
