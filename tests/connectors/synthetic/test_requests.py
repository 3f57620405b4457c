"""Impossible requests get one clear message and leave nothing behind."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import connectors.synthetic
from connectors.synthetic import (
    DirtProfile,
    Proportions,
    SyntheticRequestError,
    generate,
)
from connectors.synthetic.__main__ import main

AS_OF = date(2026, 1, 15)


@pytest.mark.parametrize("people", [0, 999, 5_000_001])
def test_size_out_of_range_is_refused(tmp_path: Path, people: int) -> None:
    with pytest.raises(SyntheticRequestError, match="sizes from 1,000 to 5,000,000"):
        generate(tmp_path / "crm", people=people, seed=1, as_of=AS_OF)
    assert not (tmp_path / "crm").exists()


def test_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SyntheticRequestError, match="seed -1"):
        generate(tmp_path, people=1_000, seed=-1, as_of=AS_OF)


def test_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("kept")
    with pytest.raises(SyntheticRequestError, match="is a file"):
        generate(target, people=1_000, seed=1, as_of=AS_OF)
    assert target.read_text() == "kept"


def test_rates_outside_zero_and_one_and_unknown_knobs_are_refused() -> None:
    with pytest.raises(ValidationError):
        DirtProfile(name_typo=1.5)
    with pytest.raises(ValidationError):
        DirtProfile.model_validate({"nmae_typo": 0.1})


def test_every_knob_is_described() -> None:
    for model in (DirtProfile, Proportions):
        for name, field in model.model_fields.items():
            assert field.description, name


def test_command_writes_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["--people", "1000", "--seed", "2", "--as-of", "2026-01-15", "--out",
         str(tmp_path)]
    )  # fmt: skip
    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert report["people"] == 1_000
    orders = (tmp_path / "spreadsheets" / "orders.csv").read_text("utf-8-sig")
    assert report["rows"]["shop:order_lines"] == len(orders.splitlines()) - 1
    assert all((tmp_path / name).is_file() for name in report["files"])
    assert 0 < report["ceiling"]["contacts"]["f1_ceiling"] < 1


def test_command_fails_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--people", "5", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.startswith("error: Cannot generate a CRM of 5")


def test_facade_lists_everything_it_offers() -> None:
    listed = connectors.synthetic.__all__
    assert listed == sorted(listed)
    assert all(hasattr(connectors.synthetic, name) for name in listed)


def test_readme_lists_every_knob_with_its_default() -> None:
    folder = Path(connectors.synthetic.__file__).parent
    lines = (folder / "README.md").read_text("utf-8").splitlines()
    for model in (DirtProfile, Proportions):
        for name, field in model.model_fields.items():
            row = f"| `{name}` | {field.default:g} | {field.description} |"
            assert row in lines


EXTREMES = {
    "everything dirty": {
        "dirt": DirtProfile(**dict.fromkeys(DirtProfile.model_fields, 1.0))
    },
    "only consumers": {"proportions": Proportions(consumer=1.0)},
    "one company": {"proportions": Proportions(people_per_company=1_000.0)},
    "one CRM": {
        "proportions": Proportions(company_in_both=0.0, company_only_salesforce=1.0)
    },
    "long ago": {"as_of": date(2000, 2, 29)},
}


@pytest.mark.parametrize("knobs", EXTREMES.values(), ids=EXTREMES)
def test_extreme_knobs_still_give_a_whole_crm(
    tmp_path: Path, knobs: dict[str, Any]
) -> None:
    report = generate(tmp_path, **{"people": 1_000, "seed": 1, "as_of": AS_OF, **knobs})
    assert all(path.stat().st_size for path in report.files)
    assert report.truth_rows["truth_contacts"] > 1_000
