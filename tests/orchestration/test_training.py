"""A model is learned beside the one in force, compared with it, and accepted by a person."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from typer.testing import CliRunner

from hygiene.matching import Entity, compare_models
from hygiene.matching.parameters import shipped_file
from orchestration.cli import app
from tests.hygiene.matching.people import contact, crowd, write_contacts

_CONFIG = """
version: 1
sources:
- {name: shop, type: spreadsheet, tables: [{path: x.csv, object: contacts}]}
matching: {min_training_records: 100}
"""


def _home(folder: Path) -> list[str]:
    people = crowd(220)
    people += [
        contact(
            record["source_record_key"].replace("crowd", "copy"),
            record["given_name_match"],
            record["family_name_match"],
            email=record["email_match"],
            city=record["city_std"],
        )
        for record in people[:180]
    ]
    stages = folder / "data" / "stages"
    write_contacts(stages, people)
    pl.DataFrame(schema={"source_record_key": pl.String}).write_parquet(
        stages / "standardised_accounts.parquet"
    )
    (folder / "tidycrm.yml").write_text(_CONFIG, "utf-8")
    return ["--config", str(folder / "tidycrm.yml"), "--home", str(folder / "data")]


def test_a_candidate_goes_into_force_only_when_somebody_says_so(tmp_path: Path) -> None:
    places = _home(tmp_path)
    models = tmp_path / "data" / "state" / "models"
    run = CliRunner()

    trained = run.invoke(
        app, ["model", "train", "--entity", "contact", "--json", *places]
    )
    assert trained.exit_code == 0, trained.output
    (report,) = json.loads(trained.output)
    candidate = models / "candidate" / "contact-model.json"
    assert Path(report["file"]) == candidate
    assert report["report"]["records"] == 400
    assert report["report"]["rules"]
    assert not (models / "contact-model.json").exists()

    used = run.invoke(app, ["model", "use", *places])
    assert used.exit_code == 0, used.output
    assert (models / "contact-model.json").read_text() == candidate.read_text()
    again = run.invoke(app, ["model", "use", *places])
    assert again.exit_code == 0
    assert (models / "contact-model.previous.json").exists()


def test_too_few_records_and_missing_candidates_are_explained(tmp_path: Path) -> None:
    places = _home(tmp_path)
    few = CliRunner().invoke(app, ["model", "train", "--entity", "account", *places])
    assert few.exit_code == 1
    assert "min_training_records" in few.output
    none = CliRunner().invoke(app, ["model", "use", *places])
    assert none.exit_code == 1
    assert "tidycrm model" in none.output


def test_models_are_compared_finding_by_finding(tmp_path: Path) -> None:
    content = json.loads(shipped_file(Entity.CONTACT).read_text())
    level = content["comparisons"]["phone"]["exact"]
    level["m"], level["u"] = level["u"], level["m"]
    other = tmp_path / "contact-model.json"
    other.write_text(json.dumps(content))
    (shift,) = compare_models(None, other, entity=Entity.CONTACT)
    assert (shift.comparison, shift.level) == ("phone", "exact")
    assert abs(shift.before + shift.after) < 1e-9
