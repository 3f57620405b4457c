"""Charts of amounts over time and of how one figure became another, as inline SVG.

Belongs here: geometry. Does not belong here: what is drawn. Text that comes from data is
escaped; `charts` draws scores from 0 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Final

from hygiene.reporting.page import escape

WIDTH: Final = 580
HEIGHT: Final = 216
_LEFT: Final = 62
_RIGHT: Final = 570
_TOP: Final = 12
_BOTTOM: Final = 176


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one colour.

    Attributes:
        name: What they are, for the legend.
        values: One per label; none where nothing is known.
        css: CSS class of the colour: plain, second, good, fair or bad.
    """

    name: str
    values: Sequence[float | None]
    css: str = "plain"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall: an absolute figure, or a change of the one before."""

    name: str
    value: float
    is_total: bool = False


def short_number(value: float, *, unit: str = "") -> str:
    """Return a figure as an axis shows it: 1.2M, 340k, 12.

    Args:
        value: The figure.
        unit: Written behind it, such as `%`.

    Example:
        >>> short_number(1_234_567), short_number(-3400), short_number(0.5, unit=" %")
        ('1.2M', '-3.4k', '0.5 %')
    """
    for name, size in (("bn", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{name}{unit}"
    return f"{value:.3g}{unit}"


def columns(
    labels: Sequence[str], series: Sequence[Series], *, label: str, unit: str = ""
) -> str:
    """Return bars over time; values of one label stand on each other, losses below zero.

    Args:
        labels: One per bar, oldest first.
        series: What is stacked.
        label: What it says, for people who do not see it.
        unit: Written behind figures.

    Returns:
        SVG, or a sentence when there is nothing to draw.

    Example:
        >>> columns(["Jan"], [Series("won", [3.0])], label="won").count("<rect")
        1
    """
    if not labels:
        return _nothing()
    up = [sum(max(v, 0.0) for v in _at(series, i)) for i in range(len(labels))]
    down = [sum(min(v, 0.0) for v in _at(series, i)) for i in range(len(labels))]
    axis = _Axis.over([*up, *down, 0.0])
    step = (_RIGHT - _LEFT) / len(labels)
    width = min(step * 0.72, 46)
    marks = []
    for index, words in enumerate(labels):
        above = below = 0.0
        for each in series:
            value = each.values[index] or 0.0
            if not value:
                continue
            start = above if value > 0 else below
            top, bottom = (
                axis.y(max(start, start + value)),
                axis.y(min(start, start + value)),
            )
            x = _LEFT + step * index + (step - width) / 2
            marks.append(
                f'<rect class="{each.css}" x="{x:.1f}" y="{top:.1f}" '
                f'width="{width:.1f}" height="{max(bottom - top, 0.8):.1f}" rx="1.5">'
                f"<title>{escape(words)}, {escape(each.name)}: "
                f"{escape(short_number(value, unit=unit))}</title></rect>"
            )
            if value > 0:
                above += value
            else:
                below += value
    return _drawn(axis, "".join(marks), labels, label=label, series=series, unit=unit)


def lines(
    labels: Sequence[str], series: Sequence[Series], *, label: str, unit: str = ""
) -> str:
    """Return figures over time as lines; a gap where nothing is known.

    Args:
        labels: One per point, oldest first.
        series: The lines.
        label: What it says, for people who do not see it.
        unit: Written behind figures.

    Returns:
        SVG, or a sentence when there is nothing to draw.

    Example:
        >>> lines(["Jan", "Feb"], [Series("NRR", [1.0, 1.1])], label="x").count("<path")
        1
    """
    known = [v for each in series for v in each.values if v is not None]
    if len(labels) < 2 or not known:
        return _nothing()
    axis = _Axis.over(known, with_zero=False)
    step = (_RIGHT - _LEFT - 12) / (len(labels) - 1)
    marks = []
    for each in series:
        path, pen_up = "", True
        for index, value in enumerate(each.values):
            if value is None:
                pen_up = True
                continue
            x, y = _LEFT + 6 + step * index, axis.y(value)
            path += f"{'M' if pen_up else 'L'}{x:.1f} {y:.1f}"
            pen_up = False
            marks.append(
                f'<circle class="{each.css}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"><title>'
                f"{escape(labels[index])}, {escape(each.name)}: "
                f"{escape(short_number(value, unit=unit))}</title></circle>"
            )
        marks.append(f'<path class="line {each.css}" d="{path}"/>')
    return _drawn(axis, "".join(marks), labels, label=label, series=series, unit=unit)


def waterfall(steps: Sequence[Step], *, label: str, unit: str = "") -> str:
    """Return how one figure became another, step by step.

    Args:
        steps: The first and the last are usually totals.
        label: What it says, for people who do not see it.
        unit: Written behind figures.

    Returns:
        SVG, or a sentence when there is nothing to draw.

    Example:
        >>> picture = waterfall([Step("start", 2, True), Step("lost", -1)], label="MRR")
        >>> picture.count("<rect")
        2
    """
    if not steps:
        return _nothing()
    spans, level = [], 0.0
    for each in steps:
        start, end = (0.0, each.value) if each.is_total else (level, level + each.value)
        spans.append((start, end))
        level = end
    axis = _Axis.over([edge for span in spans for edge in span] + [0.0])
    step = (_RIGHT - _LEFT) / len(steps)
    width = step * 0.7
    marks = []
    for index, (each, (start, end)) in enumerate(zip(steps, spans, strict=True)):
        css = "plain" if each.is_total else ("good" if each.value >= 0 else "bad")
        top, bottom = axis.y(max(start, end)), axis.y(min(start, end))
        x = _LEFT + step * index + (step - width) / 2
        sign = "" if each.is_total or each.value < 0 else "+"
        marks.append(
            f'<rect class="{css}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{max(bottom - top, 0.8):.1f}" rx="1.5"><title>{escape(each.name)}: '
            f"{sign}{escape(short_number(each.value, unit=unit))}</title></rect>"
            f'<text class="tick value" x="{x + width / 2:.1f}" y="{max(top - 4, 9):.1f}" '
            f'text-anchor="middle">{sign}{escape(short_number(each.value, unit=unit))}'
            "</text>"
        )
    return _drawn(
        axis,
        "".join(marks),
        [each.name for each in steps],
        label=label,
        series=(),
        unit=unit,
        every_label=True,
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], *, with_zero: bool = True) -> _Axis:
        known = [value for value in values if isfinite(value)]
        low, high = min(known), max(known)
        if with_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        if high - low <= 0:
            spread = abs(high) * 0.1 or 1.0
            low, high = low - (0.0 if with_zero else spread), high + spread
        # Round steps of 1, 2 or 5, about four of them.
        raw = (high - low) / 4
        size = 10.0 ** floor(log10(raw))
        step = next(size * each for each in (1, 2, 5, 10) if size * each >= raw * 0.999)
        return cls(floor(low / step) * step, -floor(-high / step) * step, step)

    def y(self, value: float) -> float:
        return _BOTTOM - (value - self.low) / (self.high - self.low) * (_BOTTOM - _TOP)

    def ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * number for number in range(count + 1)]


def _at(series: Sequence[Series], index: int) -> list[float]:
    return [each.values[index] or 0.0 for each in series]


def _nothing() -> str:
    return '<p class="note">Nothing to draw yet.</p>'


def _drawn(
    axis: _Axis,
    marks: str,
    labels: Sequence[str],
    *,
    label: str,
    series: Sequence[Series],
    unit: str,
    every_label: bool = False,
) -> str:
    grid = ""
    for tick in axis.ticks():
        y = axis.y(tick)
        css = "grid zero" if abs(tick) < axis.step / 1e6 else "grid"
        shown = 0.0 if abs(tick) < axis.step / 1e6 else tick
        grid += (
            f'<line class="{css}" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escape(short_number(shown, unit=unit))}</text>"
        )
    step = (_RIGHT - _LEFT) / len(labels)
    every = 1 if every_label else max(1, round(len(labels) / 6))
    below = "".join(
        _below(words, index, step, is_last=index == len(labels) - 1 and not every_label)
        for index, words in enumerate(labels)
        if (len(labels) - 1 - index) % every == 0
    )
    legend = ""
    if len(series) > 1:
        entries = "".join(
            f'<li><span class="dot {each.css}"></span>{escape(each.name)}</li>'
            for each in series
        )
        legend = f'<ul class="legend">{entries}</ul>'
    return (
        f'<svg class="graph" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{grid}{marks}{below}</svg>{legend}'
    )


def _below(words: str, index: int, step: float, *, is_last: bool) -> str:
    """Return the label under a bar; several words in lines, the last one within the edge."""
    x = _RIGHT if is_last else _LEFT + step * (index + 0.5)
    anchor = "end" if is_last else "middle"
    first, _, rest = (words, "", "") if is_last else words.rpartition(" ")
    lines = [line for line in (first, rest) if line]
    if re.search(r"\d", words):
        lines = [words]
    text = "".join(
        f'<tspan x="{x:.1f}" dy="{0 if number == 0 else 17}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return (
        f'<text class="tick" x="{x:.1f}" y="{_BOTTOM + 18}" '
        f'text-anchor="{anchor}">{text}</text>'
    )
