"""Splink's waterfall chart of explained pairs, as one file that needs no network.

What belongs here: filling Splink's own chart with the weights that counted, and writing
it with the drawing library that Splink carries. What does not: the weights.

Splink's own function would draw every comparison's weight; the bars here are the weights
that entered the score, in which correlated surroundings speak only once.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hygiene.matching.explaining import PairExplanation

Described = tuple[
    PairExplanation,
    Mapping[str, str],
    Mapping[str, str],
    Mapping[str, tuple[str, str]],
]
"""A pair, the values of both records by comparison, and the name and finding of each."""


_COLUMN_WIDTH = 130
_LONGEST = 26


def write_waterfall(pairs: Sequence[Described], out: Path) -> None:
    """Write the waterfall of pairs; a slider moves between them.

    Args:
        pairs: What to draw.
        out: The HTML file to replace.
    """
    from importlib.resources import files

    folder = files("splink.internals").joinpath("files")
    chart = json.loads(
        folder.joinpath("chart_defs", "match_weights_waterfall.json").read_text("utf-8")
    )
    chart["data"]["values"] = [
        row for number, pair in enumerate(pairs) for row in _bars(pair, number)
    ]
    chart["params"][0]["bind"]["max"] = max(len(pairs) - 1, 0)
    # Splink's columns are made for shorter values than addresses and companies.
    chart["width"] = {"step": _COLUMN_WIDTH}
    if len(pairs) < 2:
        del chart["params"][0]["bind"]
    chart["title"]["subtitle"] = "How each field moves the match weight, in bits"
    scripts = sorted(
        (item for item in folder.joinpath("external_js").iterdir()),
        key=lambda item: item.name.partition("@")[0],
    )
    texts = {item.name.partition("@")[0]: item.read_text("utf-8") for item in scripts}
    head = "".join(
        f"<script>{texts[name]}</script>\n"
        for name in ("vega", "vega-lite", "vega-embed")
    )
    titles = "".join(
        f"<li>{html.escape(pair[0].key_l)} — {html.escape(pair[0].key_r)}</li>"
        for pair in pairs
    )
    # A value that closes the script element must not end it.
    specification = json.dumps(chart).replace("</", "<\\/")
    page = (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<title>Why these records</title>\n"
        f"{head}</head><body><ol start='0'>{titles}</ol><div id='chart'></div>\n"
        "<script>vegaEmbed(document.getElementById('chart'), "
        f"{specification}, {{actions: false}});</script></body></html>\n"
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _bars(pair: Described, number: int) -> list[dict[str, Any]]:
    explanation, left, right, words = pair
    bars = [_bar("Prior", "before any evidence", explanation.prior or 0.0)]
    for item in explanation.fields:
        if item.level is None:
            continue
        name, finding = words[item.comparison]
        bars.append(
            _bar(name, finding, item.weight)
            | {
                "value_l": _short(left.get(item.comparison, "")),
                "value_r": _short(right.get(item.comparison, "")),
            }
        )
    bars.append(_bar("Final score", "all together", explanation.total))
    return [
        bar | {"bar_sort_order": place, "record_number": number}
        for place, bar in enumerate(bars)
    ]


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def _bar(name: str, label: str, weight: float) -> dict[str, Any]:
    return {
        "column_name": name,
        "label_for_charts": label,
        "log2_bayes_factor": round(weight, 3),
        "bayes_factor": 2.0 ** min(max(weight, -60), 60),
        "bayes_factor_description": label,
        "sql_condition": None,
        "comparison_vector_value": None,
        "m_probability": None,
        "u_probability": None,
        "term_frequency_adjustment": None,
        "value_l": "",
        "value_r": "",
    }
