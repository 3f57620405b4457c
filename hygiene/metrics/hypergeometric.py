"""Gauss's hypergeometric function where SciPy's gives up.

What belongs here: one function. What does not: which form of it a model needs.
"""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from hygiene.metrics.fitting import Floats

_MOST_TERMS = 5_000
_NEAREST = 1.0 - 5e-4
_PRECISION = 1e-13
_TINY = 1e-300


def hypergeometric(
    a: Floats | float, b: Floats | float, c: Floats | float, z: Floats
) -> Floats:
    """2F1(a, b; c; z) for z in [0, 1) and c - a - b > 0, always finite.

    SciPy returns infinity or nothing beyond z = 0.9 if c - a - b is a large integer
    (2F1(1, 1; 101; 0.957) is 1.0097) or if its gamma functions overflow, as they do from
    parameters of 170 on. There Gauss's continued fraction takes over if a is 1, which
    needs some hundred terms, and the power series otherwise.

    Args:
        a: First parameter.
        b: Second parameter.
        c: Third parameter.
        z: Argument.

    Example:
        >>> round(float(hypergeometric(1.0, 1.0, np.array([101.0]), np.array([0.957]))[0]), 4)
        1.0097
    """
    value = np.asarray(hyp2f1(a, b, c, z), dtype=np.float64)
    failed = ~np.isfinite(value)
    if not failed.any():
        return value
    first, second, third, argument = (
        np.broadcast_to(part, value.shape)[failed] for part in (a, b, c, z)
    )
    value = value.copy()
    if isinstance(a, float) and a == 1.0:
        value[failed] = _continued_fraction(second, third, argument)
    else:
        value[failed] = _power_series(first, second, third, argument)
    return value


def _continued_fraction(b: Floats, c: Floats, z: Floats) -> Floats:
    """2F1(1, b; c; z) = 1/(1 - d1 z/(1 - d2 z/(1 - ...))), by Lentz's method.

    d(2j+1) = (b+j)(c-1+j) / ((c+2j-1)(c+2j)), d(2j) = j(c-b+j-1) / ((c+2j-2)(c+2j-1)).
    """
    fraction = np.ones_like(z)
    upper, lower = fraction.copy(), np.zeros_like(z)
    for k in range(1, _MOST_TERMS):
        j = k // 2
        if k % 2:
            share = (b + j) * (c - 1.0 + j) / ((c + 2 * j - 1.0) * (c + 2 * j))
        else:
            share = j * (c - b + j - 1.0) / ((c + 2 * j - 2.0) * (c + 2 * j - 1.0))
        step = -share * z
        lower = 1.0 + step * lower
        lower = 1.0 / np.where(lower == 0, _TINY, lower)
        upper = 1.0 + step / np.where(upper == 0, _TINY, upper)
        change = upper * lower
        fraction = fraction * change
        if np.max(np.abs(change - 1.0)) < _PRECISION:
            break
    return np.asarray(1.0 / fraction)


def _power_series(a: Floats, b: Floats, c: Floats, z: Floats) -> Floats:
    """The definition; near z = 1, where it is slow, its value a little below serves."""
    z = np.minimum(z, _NEAREST)
    term = np.ones_like(z)
    total = term.copy()
    for n in range(_MOST_TERMS):
        term = term * (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total = total + term
        if np.max(np.abs(term)) <= _PRECISION * np.min(np.abs(total)):
            break
    return total
