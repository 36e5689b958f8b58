"""A city of odd cells on a lattice, and which cell a point is in by whole numbers: a judge of the index.

Corners lie on multiples of 2^-12 degrees, so that no sum or product of the judge is ever rounded.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALE = 1 << 12
WEST, SOUTH = 116 * SCALE, 39 * SCALE
PITCH = 32
"""Lattice steps between two corners before they are moved."""

Ring = list[tuple[int, int]]


def rings(side: int, seed: int) -> list[Ring]:
    """Give side² cells of four corners and four bent edges each that share all their borders."""
    rng = random.Random(seed)

    def jitter(x: int, y: int) -> tuple[int, int]:
        return (WEST + x + rng.randrange(-6, 7), SOUTH + y + rng.randrange(-6, 7))

    half = PITCH // 2
    points = {
        (x, y): jitter(x * half, y * half)
        for x in range(2 * side + 1)
        for y in range(2 * side + 1)
        if x % 2 == 0 or y % 2 == 0
    }
    around = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    return [
        [points[2 * column + dx, 2 * row + dy] for dx, dy in around]
        for row in range(side)
        for column in range(side)
    ]


def code(n: int) -> str:
    """Give the code of the n-th cell."""
    return f"110101{n // 1_000_000 + 1:03d}{n // 1000 % 1000 + 1:03d}{n % 1000:03d}"


def write_grid(path: Path, cells: Sequence[Ring]) -> Path:
    """Write the cells as GeoJSON."""
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "properties": {"code": code(n), "name": f"网格{n}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x / SCALE, y / SCALE] for x, y in [*ring, ring[0]]]],
            },
        }
        for n, ring in enumerate(cells)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def border_points(cells: Sequence[Ring]) -> NDArray[np.int64]:
    """Give every corner, every edge's middle where the lattice has it, and the points beside each, (n, 2)."""
    found = set()
    for ring in cells:
        for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
            found |= {(x0 + dx, y0 + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
            middle = (x0 + x1) // 2, (y0 + y1) // 2
            found |= {(middle[0] + dx, middle[1] + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    return np.array(sorted(found), dtype=np.int64)


def lowest_cells(cells: Sequence[Ring], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the first cell that each point lies in or on, (n,), by every edge of every cell; -1 in none."""
    found = np.full(len(points), -1, dtype=np.int64)
    for n in reversed(range(len(cells))):
        ring = np.array(cells[n], dtype=np.int64)
        low, high = ring.min(axis=0), ring.max(axis=0)
        near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
        found[near[_touches(ring, points[near])]] = n
    return found


def _touches(ring: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which points a ring holds or passes: a ray to the east crosses it an odd number of times."""
    inside = np.zeros(len(points), dtype=bool)
    on = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        side = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        within = (x >= min(x0, x1)) & (x <= max(x0, x1)) & (y >= min(y0, y1)) & (y <= max(y0, y1))
        on |= (side == 0) & within
        crosses = (y0 <= y) != (y1 <= y)
        inside ^= crosses & ((side > 0) == (y1 > y0)) & (side != 0)
    return inside | on
