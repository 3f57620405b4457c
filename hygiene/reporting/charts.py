"""Charts as inline SVG: they scale with the page and take its colours."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

from hygiene.reporting.page import escape

GOOD = 0.97
FAIR = 0.85


def tone(score: float) -> str:
    """Return the CSS class of a score: good, fair or bad.

    Example:
        >>> tone(0.99), tone(0.9), tone(0.2)
        ('good', 'fair', 'bad')
    """
    if score >= GOOD:
        return "good"
    return "fair" if score >= FAIR else "bad"


def bar(share: float, *, label: str, css: str = "") -> str:
    """Return a horizontal bar from 0 to 1.

    Args:
        share: Length; cut to 0..1.
        label: What it says, for people who do not see it.
        css: CSS class of the filled part; its tone by default.

    Returns:
        SVG.

    Example:
        >>> 'width="50.0"' in bar(0.5, label="half")
        True
    """
    filled = 100 * min(max(share, 0.0), 1.0)
    return (
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><rect class="track" width="100" height="8" rx="2"/>'
        f'<rect class="{css or tone(share)}" width="{filled:.1f}" height="8" rx="2"/></svg>'
    )


def dial(score: float, *, label: str) -> str:
    """Return a ring that is filled up to a score, with the number inside.

    Args:
        score: From 0 to 1.
        label: What it says, for people who do not see it.

    Returns:
        SVG.

    Example:
        >>> "93.4" in dial(0.934, label="score")
        True
    """
    share = min(max(score, 0.0), 0.99999)
    angle = 2 * pi * share - pi / 2
    x, y = 60 + 50 * cos(angle), 60 + 50 * sin(angle)
    large = 1 if share > 0.5 else 0  # half a turn
    return (
        f'<svg class="dial" viewBox="0 0 120 120" role="img" aria-label="{escape(label)}">'
        '<circle class="track" cx="60" cy="60" r="50"/>'
        f'<path class="arc {tone(score)}" d="M60 10 A50 50 0 {large} 1 {x:.2f} {y:.2f}"/>'
        f'<text x="60" y="66">{100 * score:.1f}</text></svg>'
    )


def _points(
    values: Sequence[float], width: float, height: float, low: float, high: float
) -> list[tuple[float, float]]:
    span = (high - low) or 1.0
    step = width / max(len(values) - 1, 1)
    return [
        (index * step, height - (value - low) / span * height)
        for index, value in enumerate(values)
    ]


def sparkline(values: Sequence[float], *, label: str) -> str:
    """Return a line without axes, with its last point marked; empty for one value.

    Args:
        values: Oldest first.
        label: What it says, for people who do not see it.

    Returns:
        SVG, or nothing.

    Example:
        >>> sparkline([1.0], label="x")
        ''
    """
    if len(values) < 2:  # a line has two ends
        return ""
    points = _points(values, 96, 20, min(values), max(values))
    line = " ".join(f"{x + 2:.1f},{y + 2:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{escape(label)}">'
        f'<polyline points="{line}"/><circle cx="{x + 2:.1f}" cy="{y + 2:.1f}" r="2"/></svg>'
    )


def trend(values: Sequence[float], labels: Sequence[str], *, label: str) -> str:
    """Return scores over time as a line with an axis.

    Args:
        values: Scores from 0 to 1, oldest first; at least two.
        labels: What to write below the first and the last.
        label: What it says, for people who do not see it.

    Returns:
        SVG.

    Example:
        >>> "polyline" in trend([0.9, 0.95], ["1 Jan", "8 Jan"], label="score")
        True
    """
    low = max(0.0, min(values) - 0.02)
    high = min(1.0, max(values) + 0.02)
    points = _points(values, 520, 120, low, high)
    line = " ".join(f"{x + 46:.1f},{y + 10:.1f}" for x, y in points)
    grid = ""
    for share in (low, (low + high) / 2, high):
        y = 130 - (share - low) / ((high - low) or 1) * 120
        grid += (
            f'<line class="grid" x1="46" x2="566" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="40" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f}'
            "</text>"
        )
    dots = "".join(
        f'<circle cx="{x + 46:.1f}" cy="{y + 10:.1f}" r="3"><title>{escape(words)}: '
        f"{100 * value:.1f}</title></circle>"
        for (x, y), value, words in zip(points, values, labels, strict=True)
    )
    return (
        f'<svg class="trend" viewBox="0 0 580 156" role="img" aria-label="{escape(label)}">'
        f'{grid}<polyline points="{line}"/>{dots}'
        f'<text class="tick" x="46" y="152">{escape(labels[0])}</text>'
        f'<text class="tick" x="566" y="152" text-anchor="end">{escape(labels[-1])}</text>'
        "</svg>"
    )
