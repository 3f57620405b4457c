"""What a record is shown to say: the name that matching read where it has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from hygiene.stewardship.values import read_values
from tests.hygiene.stewardship.made_run import MadeRun


def test_a_record_without_a_name_shows_the_mailbox_that_names_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "records.parquet"
    pl.DataFrame(
        {
            "source_record_key": ["a", "b", "c"],
            "first_name": [None, "", "Ann"],
            "last_name": [None, "Lee", "Lee"],
            "email": ["ann.lee@web.de", "ann.lee@web.de", None],
        }
    ).write_parquet(path)
    run = replace(MadeRun(tmp_path).tables, standardised=path)
    found = read_values(run, ["a", "b", "c"])
    names = {
        key: (values["given_name"], values["family_name"])
        for key, values in found.items()
    }
    assert names == {
        "a": ("mailbox ann.lee", "mailbox ann.lee"),
        "b": ("", "Lee"),
        "c": ("Ann", "Lee"),
    }
