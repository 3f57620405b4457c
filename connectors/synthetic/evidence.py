"""What each record still tells about its person once it is dirty.

Belongs here: the oracle's view that the ceiling is counted on. An attribute is known
when its clean value could be worked out from what is written.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.contact_records import MAILBOX, PERSON, ContactRecords
from connectors.synthetic.customers import Buyers
from connectors.synthetic.dirt import Kind
from connectors.synthetic.rng import BoolArray, IntArray
from connectors.synthetic.world import Chunk

_MAILBOX_BASE = 10**12
_PRIVATE_SLOT = 2


def _if_known(known: BoolArray, values: IntArray) -> IntArray:
    return np.where(known, values.astype(np.int64), -1)


def _name_codes(chunk: Chunk) -> tuple[IntArray, IntArray]:
    """Number the distinct full names and family names of the chunk's people."""
    people, vocabulary = chunk.people, chunk.world.vocabulary
    family = vocabulary.last.slug_id[people.last] * 10**5 + people.second_last
    full = vocabulary.first.slug_id[people.first] * 10**10 + family
    codes: IntArray = np.unique(full, return_inverse=True)[1].astype(np.int64)
    return codes, family


def _reveals_company(
    records: ContactRecords, known: dict[str, BoolArray], has_company: BoolArray
) -> BoolArray:
    """Tell which records lead to their company: by name, mail, switchboard, street."""
    mail_bits = records.columns["email"].bits
    business = known["email"] & (records.mail_code % 3 != _PRIVATE_SLOT)
    shared = (mail_bits & np.uint64(Kind.SHARED_MAILBOX)) > 0
    told: BoolArray = has_company | business | shared | known["phone"]
    told |= known["street"]
    told &= records.firm >= 0
    return told


def contact_evidence(
    chunk: Chunk, records: ContactRecords, shown: BoolArray, has_company: BoolArray
) -> pl.DataFrame:
    """Tell what each record of people or mailboxes still reveals.

    Args:
        chunk: The part of the world in hand.
        records: Contact-like records.
        shown: Which of them are in an export.
        has_company: Which of them name their company.

    Returns:
        One row per record in the same order; `entity` is -1 for what does not count.
    """
    people, columns = chunk.people, records.columns
    is_person = records.nature == PERSON
    box = records.nature == MAILBOX
    at = np.maximum(records.person, 0)
    known = {name: columns[name].known() & is_person for name in columns}
    named = known["first_name"] & known["last_name"]
    full, family = _name_codes(chunk)
    firm_known = _reveals_company(records, known, has_company) & is_person
    mail = np.where(
        box,
        _MAILBOX_BASE + records.firm,
        _if_known(known["email"], records.mail_code),
    )
    entity = np.where(is_person, at, np.where(box, _MAILBOX_BASE + records.firm, -1))
    private = records.firm < 0
    home_known = known["home_phone"] | (known["phone"] & private)
    return pl.DataFrame(
        {
            "entity": np.where(shown, entity, -1),
            "mail": mail,
            "mobile": _if_known(known["mobile_phone"], at),
            "home": _if_known(home_known, people.head[at]),
            "name": _if_known(named, full[at]),
            "family": _if_known(known["last_name"], family[at]),
            "company": _if_known(firm_known, records.firm),
            "address": _if_known(known["street"] & private, people.head[at]),
            "born": _if_known(known["birth_date"], people.birth_day[at]),
            "suffix": _if_known(known["suffix"], people.generation[at]),
        }
    )


def buyer_evidence(chunk: Chunk, sheets: list[Buyers]) -> pl.DataFrame:
    """Tell what the implied buyers reveal: one row per distinct address."""
    parts: list[pl.DataFrame] = []
    codes, families = _name_codes(chunk)
    for buyers in sheets:
        at, columns = buyers.person, buyers.columns
        known = {name: column.known() for name, column in columns.items()}
        shared = buyers.mail_code < 0
        box = _MAILBOX_BASE + buyers.firm
        named = known["first_name"] & known["last_name"]
        none = np.full(len(at), -1)
        parts.append(
            pl.DataFrame(
                {
                    "key": columns["email"].value.str.to_lowercase().str.strip_chars(),
                    "entity": np.where(shared, box, at),
                    "mail": np.where(shared, box, buyers.mail_code),
                    "mobile": none,
                    "home": _if_known(
                        known["phone"] & (buyers.firm < 0), chunk.people.head[at]
                    ),
                    "name": _if_known(named, codes[at]),
                    "family": _if_known(known["last_name"], families[at]),
                    "company": buyers.firm,
                    "address": none,
                    "born": none,
                    "suffix": none,
                }
            )
        )
    return pl.concat(parts).unique("key", maintain_order=True, keep="first").drop("key")
