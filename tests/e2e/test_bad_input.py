"""Bad input: one clear message, a failing exit code, and nothing that changed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import shared_folder
from tests.e2e.conftest import Project, fingerprint

# One sync and eight refusals: minutes on a small machine.
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HEADER = "Id,IsDeleted,FirstName,LastName,Email,AccountId,SystemModstamp\n"
GOOD = HEADER + (
    "0035f00000AbCdEAAV,false,Ada,Lovelace,ada@analytic.test,,2025-01-01T00:00:00.000Z\n"
)


def salesforce(folder: Path, **options: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "sources": [
            {
                "name": "crm",
                "type": "salesforce_files",
                "path": str(folder / "exports"),
                **options,
            }
        ],
        "metrics": {"as_of": "2026-01-15"},
    }


def sheet(folder: Path, file: str, **options: Any) -> dict[str, Any]:
    document = salesforce(folder)
    document["sources"].append(
        {
            "name": "sheet",
            "type": "spreadsheet",
            "tables": [{"path": str(folder / file), "object": "contacts", **options}],
        }
    )
    return document


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was synced with one good file."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "exports").mkdir()
    (folder / "exports" / "Contact.csv").write_text(GOOD)
    project = Project(folder)
    project.configure(salesforce(folder))
    project.sync()
    return project


def missing_file(project: Project) -> list[str]:
    project.configure(sheet(project.folder, "absent.xlsx"))
    return ["absent.xlsx"]


def truncated_zip(project: Project) -> list[str]:
    archive = project.folder / "exports" / "WE_00D5f000000AbCdEAK_1.ZIP"
    with zipfile.ZipFile(archive, "w") as container:
        container.writestr("Contact.csv", GOOD * 50)
    archive.write_bytes(archive.read_bytes()[:-60])
    return ["WE_00D5f000000AbCdEAK_1.ZIP"]


def not_a_workbook(project: Project) -> list[str]:
    (project.folder / "list.xlsx").write_bytes(b"this is no workbook")
    project.configure(sheet(project.folder, "list.xlsx"))
    return ["list.xlsx"]


def password(project: Project) -> list[str]:
    sample = "spreadsheets/spreadsheet_calamine/tests/pass_protected.xlsx"
    (project.folder / "list.xlsx").write_bytes((shared_folder() / sample).read_bytes())
    project.configure(sheet(project.folder, "list.xlsx"))
    return ["list.xlsx", "password"]


def absent_column(project: Project) -> list[str]:
    (project.folder / "list.csv").write_text("Name,Mail\nAda,ada@analytic.test\n")
    project.configure(
        sheet(project.folder, "list.csv", columns={"email": "E-Mail address"})
    )
    return ["E-Mail address", "Mail"]


def unknown_encoding(project: Project) -> list[str]:
    (project.folder / "list.csv").write_text("Name,Email\nAda,ada@analytic.test\n")
    project.configure(sheet(project.folder, "list.csv", encoding="klingon-8"))
    return ["klingon-8"]


def empty_export(project: Project) -> list[str]:
    (project.folder / "exports" / "Contact.csv").write_text(HEADER)
    return ["Contact", "allow_empty"]


def empty_file(project: Project) -> list[str]:
    (project.folder / "exports" / "Contact.csv").write_bytes(b"")
    return ["Contact.csv"]


def five_mistakes(project: Project) -> list[str]:
    document = salesforce(project.folder)
    document["sources"][0]["colour"] = "red"
    document["sources"].append({"name": "x", "type": "sapforce", "path": "y"})
    document["metrics"] = {"reporting_currency": "euro", "timezone": "Mars/Olympus"}
    document["schedule"] = {"cron": "now and then"}
    project.config.write_text(yaml.safe_dump(document))
    return ["5 problems", "colour", "sapforce", "Mars/Olympus", "cron"]


@pytest.mark.parametrize(
    "spoil",
    [
        missing_file,
        truncated_zip,
        not_a_workbook,
        password,
        absent_column,
        unknown_encoding,
        empty_export,
        empty_file,
        five_mistakes,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_bad_input_is_refused_and_changes_nothing(
    published: Project, tmp_path: Path, spoil: Any
) -> None:
    project = published.copy(tmp_path / "copy")
    project.configure(salesforce(project.folder))
    expected = spoil(project)
    kept = {
        name: fingerprint(project.home / name)
        for name in ("landing", "state", "published")
    }
    finished = project.run("sync")
    assert finished.returncode == 1
    assert "Not done." in finished.stderr
    for words in expected:
        assert words in finished.stderr
    assert "Traceback" not in finished.stderr
    for name, content in kept.items():
        assert fingerprint(project.home / name) == content, name


def test_lines_that_cannot_be_read_are_quarantined_with_file_and_line(
    published: Project, tmp_path: Path
) -> None:
    project = published.copy(tmp_path / "copy")
    project.configure(salesforce(project.folder))
    file = project.folder / "exports" / "Contact.csv"
    file.write_text(
        GOOD
        + "not-an-id,false,Bob,Builder,bob@site.test,,\n"
        + '0035f00000AbCdFAAV,false,"Cy,Quote,cy@site.test,,\n'
    )
    project.sync()
    rows = project.query(
        "select source_file, source_line, reason_code from quarantined_records "
        "order by source_line"
    )
    assert rows == [
        ("Contact.csv", 3, "bad_record_id"),
        ("Contact.csv", 4, "broken_quote"),
    ]
    assert len(project.query("select * from dim_contacts")) == 1
