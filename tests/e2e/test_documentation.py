"""What the documentation shows works: its queries run, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

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
