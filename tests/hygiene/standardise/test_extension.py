"""A vocabulary and a standardiser of the user's own, added as docs/standardising.md says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from benchmarks.labelled_cases import DOCUMENT
from hygiene.errors import HookError, InputError
from hygiene.standardise import (
    FieldRule,
    StandardiseSettings,
    classify_job_title,
    join_unlisted_values,
    load_picklists,
    standardise_accounts,
    standardise_choice,
    standardise_contacts,
    standardiser_version,
    write_shared_identifiers,
    write_unlisted_values,
)
from hygiene.standardise.hooks import load_hook
from hygiene.standardise.job_role import JobRoleClassifier
from tests.hygiene.standardise.tables import write_accounts, write_contacts


def blocks(language: str) -> list[str]:
    text = DOCUMENT.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def how_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandardiseSettings:
    """Settings and hook exactly as the document shows them."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "vat.py").write_text(blocks("python")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words, hook = (yaml.safe_load(block)["standardise"] for block in blocks("yaml"))
    return StandardiseSettings(**{**words, "fields": words["fields"] + hook["fields"]})


def write_extended(folder: Path, **further: list[str | None]) -> Path:
    path = write_accounts(
        folder / "in.parquet",
        [
            {"account_name": "Big Blue", "country": "DE", "domain": "acme-old.com"},
            {"account_name": "Volvo AB", "country": "SE"},
            {"account_name": "Acme Ltd", "country": "GB"},
        ],
    )
    columns = {
        "sales_region": ["germany", "Nordics", "Mars"],
        "vat_id": ["de 123 456 789", "FI1", None],
        **further,
    }
    frame = pl.read_parquet(path)
    frame.with_columns(
        pl.Series(name, values, dtype=pl.String) for name, values in columns.items()
    ).write_parquet(path)
    return path


def run(folder: Path, settings: StandardiseSettings, previous: bool = False) -> Any:
    out = folder / "out.parquet"
    return standardise_accounts(
        folder / "in.parquet",
        out,
        folder / "aside.parquet",
        settings=settings,
        previous=out if previous else None,
    )


def test_the_how_to_adds_a_vocabulary_and_a_standardiser(
    tmp_path: Path, how_to: StandardiseSettings
) -> None:
    unioned = write_extended(tmp_path)
    report = run(tmp_path, how_to)
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["sales_region_std"].to_list() == ["DACH", "Nordics", None]
    assert out["sales_region_rule"].to_list() == [
        "region.synonym", "region.listed", "region.off_list",
    ]  # fmt: skip
    assert out["vat_id_std"].to_list() == ["DE123456789", None, None]
    assert out["vat_id_status"].to_list() == ["valid", "invalid", "missing"]
    assert out["vat_id"].to_list() == pl.read_parquet(unioned)["vat_id"].to_list()
    assert out["account_name_std"].to_list()[0] == "IBM"
    assert out["account_name_rule"].to_list()[0] == "company.alias"
    assert (out["domain_std"][0], out["domain_rule"][0]) == (
        "acme.com", "domain.redirect",
    )  # fmt: skip
    assert report.statuses["vat_id_status"] == {"valid": 1, "invalid": 1, "missing": 1}
    lead_sources = load_picklists(how_to.vocabularies)["lead_source"]
    assert standardise_choice("Dreamforce", lead_sources).value == "Event"
    roles = JobRoleClassifier({"function": how_to.job_function})
    assert roles("Head of Deal Desk").function == "Sales"
    assert classify_job_title("Head of Deal Desk").function is None


def test_a_changed_hook_standardises_everything_again(
    tmp_path: Path, how_to: StandardiseSettings
) -> None:
    write_extended(tmp_path)
    run(tmp_path, how_to)
    assert run(tmp_path, how_to, previous=True).carried_over == 3
    before = standardiser_version(how_to)
    hook = tmp_path / "hooks" / "vat.py"
    hook.write_text(hook.read_text() + "\n# changed\n")
    assert standardiser_version(how_to) != before
    assert run(tmp_path, how_to, previous=True).carried_over == 0


def test_a_changed_extra_column_is_computed_again(
    tmp_path: Path, how_to: StandardiseSettings
) -> None:
    write_extended(tmp_path)
    run(tmp_path, how_to)
    write_extended(tmp_path, vat_id=["DE1", "FI1", None])
    report = run(tmp_path, how_to, previous=True)
    assert (report.carried_over, report.computed) == (2, 1)
    assert pl.read_parquet(tmp_path / "out.parquet")["vat_id_std"][0] == "DE1"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1", "tuple of value, status and rule"),
        ("return 'x', 'fine', 'r'", "none of valid"),
        ("return None, 'valid', 'r'", "these only"),
        ("return 'x', 'invalid', 'r'", "these only"),
        ("return 'x', 'valid', ''", "not empty"),
        ("raise ValueError(raw)", "raised ValueError"),
    ],
)
def test_wrong_answers_of_a_hook_stop_the_run_and_tell_no_value(
    tmp_path: Path, body: str, message: str
) -> None:
    path = tmp_path / "own.py"
    path.write_text(f"def decide(raw):\n    {body}\n")
    run_hook = load_hook(f"{path}:decide")
    with pytest.raises(HookError, match=message) as error:
        run_hook("secret-canary")
    assert "secret-canary" not in str(error.value)
    assert error.value.__cause__ is None or message == "none of valid"


def test_a_missing_hook_and_an_unknown_vocabulary_say_what_to_do(
    tmp_path: Path,
) -> None:
    with pytest.raises(HookError, match="correct `hook`"):
        load_hook("json:no_such_function")
    with pytest.raises(HookError, match="could not be found"):
        standardiser_version(
            StandardiseSettings(
                fields=(FieldRule(entity="account", column="x", hook="gone.py:f"),)
            )
        )
    write_extended(tmp_path)
    unknown = FieldRule(entity="account", column="vat_id", vocabulary="nothing")
    with pytest.raises(InputError, match="asks for the vocabulary nothing"):
        run(tmp_path, StandardiseSettings(fields=(unknown,)))
    taken = FieldRule(entity="account", column="industry", vocabulary="boolean")
    with pytest.raises(InputError, match="industry_std exists already"):
        run(tmp_path, StandardiseSettings(fields=(taken,)))
    absent = FieldRule(entity="account", column="no_column", vocabulary="boolean")
    with pytest.raises(InputError, match="no_column"):
        run(tmp_path, StandardiseSettings(fields=(absent,)))


def test_a_field_has_exactly_one_way() -> None:
    with pytest.raises(ValidationError, match="either a vocabulary or a hook"):
        FieldRule(entity="contact", column="x")
    with pytest.raises(ValidationError, match="no hook"):
        FieldRule(
            entity="contact", column="x", vocabulary="boolean", with_columns=("y",)
        )


def test_what_is_on_no_list_is_reported_with_its_count(
    tmp_path: Path, how_to: StandardiseSettings
) -> None:
    write_extended(tmp_path)
    run(tmp_path, how_to)
    out = tmp_path / "unlisted.parquet"
    standardised = tmp_path / "out.parquet"
    assert write_unlisted_values(standardised, out, settings=how_to) == 1
    assert pl.read_parquet(out).rows() == [("sales_region", "Mars", 1, None)]
    both = join_unlisted_values(
        {"account": out, "contact": tmp_path / "absent.parquet"},
        tmp_path / "all.parquet",
    )
    assert both.rows() == [("account", "sales_region", "Mars", 1, None)]
    assert pl.read_parquet(tmp_path / "all.parquet").equals(both)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("Tradeshow Berlin 2025", "Event"),  # holds a listed spelling
        ("Refferral", "Referral"),  # one slip away
        ("webinarr", "Webinar"),
        ("Zorbing", None),
        ("x", None),
    ],
)
def test_a_label_is_suggested_and_never_put_in_place(
    tmp_path: Path, value: str, label: str | None
) -> None:
    out, listed = tmp_path / "out.parquet", tmp_path / "listed.parquet"
    people = [{"full_name": "Ann Lee", "lead_source": value}]
    standardise_contacts(
        write_contacts(tmp_path / "in.parquet", people),
        out,
        tmp_path / "aside.parquet",
        settings=StandardiseSettings(),
        previous=None,
    )
    write_unlisted_values(out, listed, settings=StandardiseSettings())
    assert pl.read_parquet(out)["lead_source_std"].to_list() == [None]
    assert pl.read_parquet(listed).rows() == [("lead_source", value, 1, label)]


def test_what_many_names_share_is_listed_and_a_family_or_a_switchboard_is_not(
    tmp_path: Path,
) -> None:
    people = [
        {"full_name": f"{given} Smith{given}", "email": "crowd@acme.com"}
        for given in ("Ann", "Bob", "Carl", "Dora", "Emil")
    ]
    family = [
        {"full_name": f"{given} Lee", "email": "lee@acme.com"}
        for given in ("Ann", "Bob", "Carl")
    ]
    shared = [
        {"full_name": f"{given} Poe{given}", "email": "info@acme.com"}
        for given in ("Ann", "Bob", "Carl", "Dora", "Emil")
    ]
    colleagues = [
        {
            "full_name": f"{given} Roe{given}",
            "company_name": "Kelp GmbH",
            "phone": "+49 30 1234567",
        }
        for given in ("Ann", "Bob", "Carl", "Dora", "Emil")
    ]
    strangers = [
        {
            "full_name": f"{given} Fox{given}",
            "company_name": f"{given} GmbH",
            "phone": "+49 30 7654321",
        }
        for given in ("Ann", "Bob", "Carl", "Dora", "Emil")
    ]
    out, listed = tmp_path / "out.parquet", tmp_path / "shared.parquet"
    standardise_contacts(
        write_contacts(
            tmp_path / "in.parquet",
            [*people, *family, *shared, *colleagues, *strangers],
        ),
        out,
        tmp_path / "aside.parquet",
        settings=StandardiseSettings(),
        previous=None,
    )
    assert write_shared_identifiers(out, listed, most_names=4) == 2
    rows = pl.read_parquet(listed).select("identifier", "distinct_names").rows()
    assert rows == [("crowd@acme.com", 5), ("+49307654321", 5)]
