"""Render the project's own macros without dbt, for rules that need many small runs.

Belongs here: putting macro files and a text together the way dbt does, as far as these
macros need it. Does not belong here: expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import duckdb
import jinja2

from tests.dbt.home import PROJECT


def render(
    text: str,
    *,
    macros: tuple[str, ...],
    variables: Mapping[str, object],
    connection: duckdb.DuckDBPyConnection,
) -> str:
    """SQL of a text that calls macros of the named files of `macros/`."""

    def run_query(sql: str) -> SimpleNamespace:
        rows = connection.execute(sql).fetchall()
        return SimpleNamespace(
            columns=[SimpleNamespace(values=lambda: [row[0] for row in rows])]
        )

    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - SQL, not HTML
    library = "\n".join(
        (PROJECT / "macros" / f"{name}.sql").read_text() for name in macros
    )
    # What dbt's `return` hands back, a template can only print: those are not used here.
    library = library.split("{% macro account_history_columns()")[0]
    template = environment.from_string(
        library + "\n" + text,
        globals={
            "var": lambda name, default=None: variables.get(name, default),
            "source": lambda _name, table: table,
            "run_query": run_query,
            "execute": True,
            "exceptions": None,
        },
    )
    return template.render()
