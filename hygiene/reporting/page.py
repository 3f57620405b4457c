"""One HTML page that needs nothing but itself, and tables that fit on a phone."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

# Nothing is loaded from anywhere, even if a value were to slip into the page as markup.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%230f766e'/%3E%3Cpath d='M4 8.5l3 3 5-6' "
    "fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E"
)


def escape(value: object) -> str:
    """Return text that is safe between tags and inside quoted attributes.

    Example:
        >>> escape('<b>"x"</b>')
        '&lt;b&gt;&quot;x&quot;&lt;/b&gt;'
    """
    return html.escape(str(value), quote=True)


@lru_cache(maxsize=1)
def _style() -> str:
    path = resources.files("hygiene.reporting") / "style.css"
    return path.read_text(encoding="utf-8")


def render_page(title: str, body: str, *, subtitle: str = "", nav: str = "") -> str:
    """Return a whole document with its style inside.

    Args:
        title: Heading and window title, as text.
        body: Markup of the page.
        subtitle: Markup below the heading.
        nav: Markup above the heading, such as a way back.

    Returns:
        HTML.

    Example:
        >>> "<h1>Quality</h1>" in render_page("Quality", "<p>fine</p>")
        True
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f'<title>{escape(title)}</title><link rel="icon" href="{_ICON}">'
        f"<style>{_style()}</style></head><body><main>"
        f'<header>{nav}<h1>{escape(title)}</h1><p class="sub">{subtitle}</p></header>'
        f"{body}</main></body></html>\n"
    )


def render_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Sequence[int] = (),
    kind: str = "",
) -> str:
    """Return a table whose rows become small cards on a narrow screen.

    Args:
        heads: Column titles, as text.
        rows: Cells, as markup; escape what comes from data.
        numeric: Positions of columns that are right-aligned.
        kind: CSS class of the table.

    Returns:
        HTML.

    Example:
        >>> render_table(["n"], [["1"]], numeric=[0]).count("<td")
        1
    """
    right = set(numeric)
    titles = "".join(
        f'<th scope="col"{" class=n" if place in right else ""}>{escape(head)}</th>'
        for place, head in enumerate(heads)
    )
    lines = []
    for row in rows:
        cells = "".join(
            f'<td data-h="{escape(head)}"{" class=n" if place in right else ""}>{cell}</td>'
            for place, (head, cell) in enumerate(zip(heads, row, strict=True))
        )
        lines.append(f"<tr>{cells}</tr>")
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
