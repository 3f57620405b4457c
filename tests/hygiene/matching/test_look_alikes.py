"""People who look alike and are two, and one person who looks like two."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from hygiene.matching.contacts import CONTACTS
from tests.hygiene.matching.people import clusters_of, contact, crowd
from tests.hygiene.matching.test_namesakes import edges_of


def level_of(edges: pl.DataFrame, comparison: str) -> str:
    """Name the answer of the pair a:contact:1 and a:contact:2."""
    found = edges.filter(
        (pl.col("source_record_key_l") == "a:contact:1")
        & (pl.col("source_record_key_r") == "a:contact:2")
    )
    levels = [level.name for level in CONTACTS.comparison(comparison).levels]
    return levels[len(levels) - 1 - int(found[f"gamma_{comparison}"][0])]


@pytest.mark.parametrize(
    ("one", "other", "is_slip"),
    [
        ("cora.brown@acosta-bennett.com", "cora.brown@acosta-bennett.om", True),
        ("cora.brown@acosta-bennett.com", "cora.borwn@acosta-bennett.com", True),
        ("cora.brown@gmail.com", "cora.brown@gmial.com", True),
        ("cora.brown@acosta-bennett.com", "cora.brown@acosta-bennett.de", False),
        ("cora.brown1@acosta-bennett.com", "cora.brown2@acosta-bennett.com", False),
        ("brown.c@acosta-bennett.com", "brown.k@acosta-bennett.com", False),
        ("c.brown@acosta-bennett.com", "k.brown@acosta-bennett.com", False),
        ("cora.brown@ab.com", "cora.brown@ac.com", False),
        ("cora.brown@acosta-bennett.com", "cora.brown@acosta-burnettson.com", False),
    ],
)
def test_an_address_with_a_slip_is_told_from_a_colleague(
    tmp_path: Path, one: str, other: str, *, is_slip: bool
) -> None:
    edges = edges_of(
        tmp_path,
        [
            contact("a:contact:1", "cora", "brown", email=one),
            contact("a:contact:2", "cora", "brown", email=other),
            *crowd(30),
        ],
    )
    assert (level_of(edges, "email") == "slip") is is_slip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("graeme", "hall"), ("graeme", "ball")),
        (("joanna", "barry"), ("joanna", "bary")),
    ],
)
def test_two_names_spelled_in_two_addresses_are_no_slip(
    tmp_path: Path, one: tuple[str, str], other: tuple[str, str]
) -> None:
    edges = edges_of(
        tmp_path,
        [
            contact(
                "a:contact:1", *one, email=f"{'.'.join(one)}@urbgrid.co.uk", city="x"
            ),
            contact(
                "a:contact:2",
                *other,
                email=f"{'.'.join(other)}@urbgrid.co.uk",
                city="x",
            ),
            *crowd(30),
        ],
    )
    assert level_of(edges, "email") != "slip"


def test_a_family_with_one_mailbox_is_not_one_person(tmp_path: Path) -> None:
    shared = {"email": "kusha123@home.net", "street": "1304 poppy hills", "city": "x"}
    records = [
        contact("a:contact:1", "edward", "kusha", born=date(1970, 3, 1), **shared),
        contact("a:contact:2", "mary", "kusha", born=date(1976, 10, 27), **shared),
        *crowd(30),
    ]
    clusters = clusters_of(
        edges_of(tmp_path, records), [item["source_record_key"] for item in records]
    )
    assert len(clusters["a:contact:1"]) == 1


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ({"suffix_std": "Jr"}, {"suffix_std": "Sr"}, False),
        ({"suffix_std": "Jr"}, {"family": "dobbins senior"}, False),
        ({"family": "dobbins sr"}, {"given": "david iii"}, False),
        ({"family": "dobbins junior"}, {"suffix_std": "Jr"}, True),
        ({"family": "dobbins senior"}, {}, True),
        ({"suffix_std": "MBA"}, {"suffix_std": "PhD"}, True),
        (
            {"suffix_std": "MBA", "family": "dobbins junior"},
            {"suffix_std": "Sr"},
            False,
        ),
    ],
)
def test_a_father_is_not_his_son_whatever_else_they_share(
    tmp_path: Path, one: dict[str, str], other: dict[str, str], *, are_one: bool
) -> None:
    shared = {
        "street": "1450 n city rd suite 900",
        "city": "arlington",
        "postcode": "23208",
        "mobile": "+12025550199",
    }
    records = [
        contact(
            f"a:contact:{number}",
            values.pop("given", "david"),
            values.pop("family", "dobbins"),
            **shared,
            **values,
        )
        for number, values in enumerate((dict(one), dict(other)))
    ]
    records += crowd(60)
    clusters = clusters_of(
        edges_of(tmp_path, records), [item["source_record_key"] for item in records]
    )
    assert ("a:contact:1" in clusters["a:contact:0"]) is are_one


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("schuchhardt", "s", "initial"),
        ("s", "schuchhardt", "initial"),
        ("schuchhardt", "m", "otherwise"),
    ],
)
def test_a_surname_may_be_an_initial(
    tmp_path: Path, one: str, other: str, level: str
) -> None:
    edges = edges_of(
        tmp_path,
        [
            contact("a:contact:1", "kunigunde", one, email="k.s@web.de"),
            contact("a:contact:2", "kunigunde", other, email="k.s@web.de"),
            *crowd(30),
        ],
    )
    assert level_of(edges, "family_name") == level


def test_two_people_with_the_same_initials_stay_apart(tmp_path: Path) -> None:
    people = [
        contact("a:contact:1", "e", "h", email="emmi.hamann@web.de", city="ulm"),
        contact("a:contact:2", "e", "h", phone="+4930999", city="ulm"),
        *crowd(60),
    ]
    edges = edges_of(tmp_path, people)
    assert clusters_of(edges, ["a:contact:1", "a:contact:2"]) == {
        "a:contact:1": {"a:contact:1"},
        "a:contact:2": {"a:contact:2"},
    }


@pytest.mark.parametrize(
    ("mailbox", "merged"),
    [("frida.hermighausen@gmal.com", True), ("ulf.hermighausen@gmail.com", False)],
)
def test_a_record_without_a_name_needs_the_mailbox(
    tmp_path: Path, mailbox: str, *, merged: bool
) -> None:
    """Household members share phone and street, and only one of them the mailbox."""
    home = {"mobile": "+49301234567", "street": "kabusgasse 58", "city": "ulm"}
    first = contact(
        "a:contact:1", "frida", "hermig", email="frida.hermighausen@gmail.com", **home
    )
    edges = edges_of(
        tmp_path,
        [first, contact("a:contact:2", None, None, email=mailbox, **home), *crowd(60)],
    )
    together = clusters_of(edges, ["a:contact:1", "a:contact:2"])["a:contact:1"]
    assert (len(together) == 2) is merged
