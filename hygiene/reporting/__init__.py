"""Reports for people: self-contained HTML pages, with charts as inline SVG.

The façade. A page loads nothing from anywhere, reads well on a laptop and a phone, by
day and by night, and holds counts and record ids, never the content of a record.
"""

from __future__ import annotations

from hygiene.reporting.charts import bar, dial, sparkline, trend
from hygiene.reporting.page import escape, render_page, render_table

__all__ = [
    "bar",
    "dial",
    "escape",
    "render_page",
    "render_table",
    "sparkline",
    "trend",
]
