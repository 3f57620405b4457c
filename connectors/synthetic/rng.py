"""Named random streams: every part of the world draws from its own.

Belongs here: how a seed becomes generators. Nothing about what is drawn. A stream is
addressed by (seed, name, chunk), so adding a draw to one part never shifts another.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Streams:
    """A family of independent random generators under one seed.

    Example:
        >>> a = Streams(seed=7).get("people", 0).random()
        >>> b = Streams(seed=7).get("people", 0).random()
        >>> a == b
        True
    """

    seed: int

    def get(self, name: str, chunk: int = 0) -> np.random.Generator:
        """Return the generator of one named part of the world in one chunk."""
        entropy = [self.seed, zlib.crc32(name.encode()), chunk]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def chance(rng: np.random.Generator, size: int, rate: float) -> BoolArray:
    """Draw a mask in which each element is true with the given rate."""
    return rng.random(size) < rate


def weighted(cumulative: FloatArray, uniform: FloatArray) -> IntArray:
    """Map uniform numbers to positions by cumulative weights."""
    at = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    positions: IntArray = np.minimum(at, len(cumulative) - 1).astype(np.int64)
    return positions


def pick(rng: np.random.Generator, weights: list[float], size: int) -> IntArray:
    """Draw indices with the given relative weights."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    return weighted(cumulative, rng.random(size))
