"""What the documentation shows works: its queries run, its commands and links exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.e2e.conftest import Project

pytestmark = pytest.mark.e2e

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
QUERIES = [
    pytest.param(query, id=f"{page.name}-{number}")
    for page in PAGES
    for number, query in enumerate(
        re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_documented_query_runs_and_finds_rows(demo: Project, query: str) -> None:
    assert demo.query(query)


def test_every_published_table_and_column_is_described(demo: Project) -> None:
    undescribed = demo.query(
        "select table_name, column_name from duckdb_columns() "
        "where comment is null and not internal "
        "and database_name = current_database() "
        "union all select table_name, null from duckdb_tables() "
        "where comment is null and not internal "
        "and database_name = current_database()"
    )
    assert undescribed == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [
        link
        for link in links
        if not link.startswith("http") and not (page.parent / link).exists()
    ]
    assert missing == []


def test_every_command_is_in_the_documentation() -> None:
    from orchestration.cli import app

    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = list(typer.main.get_group(app).commands)
    assert names
    assert [name for name in names if f"tidycrm {name}" not in text] == []


def test_the_notebook_runs_and_its_figures_hold(
    demo: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = json.loads(
        (REPOSITORY / "docs" / "notebooks" / "first-look.ipynb").read_text("utf-8")
    )
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    # Nothing that somebody's run printed is kept in the repository.
    assert all(cell["outputs"] == [] for cell in code)
    monkeypatch.setenv("TIDYCRM_FILE", str(demo.published))
    names: dict[str, Any] = {}
    for cell in code:
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102
    for frame in ("churn_columns", "freshness", "revenue", "segments", "at_risk",
                  "pipeline", "reconciled", "records", "lineage"):  # fmt: skip
        assert names[frame].height > 0, frame
    assert names["pipeline"]["unexplained"].abs().sum() == 0
    assert names["reconciled"]["difference_unexplained"].abs().sum() == 0


def test_a_spreadsheet_of_the_demo_and_its_executive_report_are_whole(
    demo: Project, tmp_path: Path
) -> None:
    from python_calamine import CalamineWorkbook

    from orchestration.exports import REPORT_TABLES

    out = tmp_path / "customers.xlsx"
    done = demo.run("export", "--format", "xlsx", "--out", str(out))
    assert done.returncode == 0, done.stderr
    sheets = CalamineWorkbook.from_path(str(out)).sheet_names
    assert len(sheets) == len(REPORT_TABLES) + 2
    page = (demo.home / "reports" / "executive.html").read_text(encoding="utf-8")
    for title in ("Customers", "Revenue", "Churn", "Pipeline", "Hygiene"):
        assert f"<h2>{title}</h2>" in page
    assert "Nothing to draw yet" not in page
