"""What the org's own duplicate rules found: DuplicateRecordItem.

Belongs here: two rules as simple as those that orgs switch on (one mailbox; one name),
applied to what the records say and not to the truth, so they err like real ones.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.contact_records import ContactRecords
from connectors.synthetic.rng import chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.world import DAY, Chunk, timestamps
from connectors.synthetic.writers_salesforce import (
    INSTANT,
    SalesforceExport,
    SalesforceKeys,
    flag,
)
from connectors.synthetic.writers_salesforce_activity import live_people

_REPORTED = 0.6
"""Share of sets that exist: rules were switched on late, and jobs run now and then."""


def write_duplicate_items(
    export: SalesforceExport,
    chunk: Chunk,
    contacts: ContactRecords,
    leads: ContactRecords,
    *,
    keys: SalesforceKeys,
) -> None:
    """Write DuplicateRecordItem: one row per record in a set of alike ones."""
    rng = chunk.rng("sf-duplicates")
    parts = [(contacts, keys.contacts), (leads, keys.leads)]
    people = pl.concat([_people(records, ids) for records, ids in parts])
    rules = [
        people.filter(pl.col(key).is_not_null())
        .select(pl.lit(key).alias("rule"), pl.col(key).alias("value"), "id", "created")
        .filter(pl.len().over("value") > 1)
        for key in ("mail", "name")
    ]
    items = pl.concat(rules).sort("rule", "value", "id")
    sets = items.select("rule", "value").unique(maintain_order=True)
    sets = sets.filter(pl.Series(chance(rng, len(sets), _REPORTED), dtype=pl.Boolean))
    found = items.join(
        sets.with_row_index("set"), on=["rule", "value"], maintain_order="left_right"
    )
    # A rule reports its set a day after the last of its records was made.
    made = np.minimum(
        found.select(pl.col("created").max().over("set"))["created"].to_numpy() + DAY,
        chunk.world.clock.last,
    )
    set_ids = export.mint.take("DuplicateRecordSet", np.arange(len(sets)))
    stamp = timestamps(made, INSTANT)
    frame = pl.DataFrame(
        {
            "Id": export.mint.take("DuplicateRecordItem", made),
            "IsDeleted": flag(np.zeros(len(found), np.bool_)),
            "DuplicateRecordSetId": refer(
                set_ids, found["set"].to_numpy().astype(np.int64)
            ),
            "RecordId": found["id"],
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
    )
    export.append("DuplicateRecordItem", frame, made)


def _people(records: ContactRecords, ids: pl.Series) -> pl.DataFrame:
    """Live people with what the rules compare; null where a rule has nothing to go by."""
    value = {name: column.value for name, column in records.columns.items()}
    table = pl.DataFrame(
        {
            "id": ids,
            "created": records.created,
            "mail": value["email"],
            "first": value["first_name"],
            "last": value["last_name"],
        }
    )
    rows = pl.Series(live_people(records))
    first, last, mail = (
        pl.col(name).str.strip_chars().str.to_lowercase()
        for name in ("first", "last", "mail")
    )
    return table[rows].select(
        "id",
        "created",
        pl.when(mail.str.contains("@", literal=True)).then(mail).alias("mail"),
        pl.when((first != "") & (last != "")).then(first + " " + last).alias("name"),
    )
