"""What a lamp draws at each dimming level: `0:1.5 50:48 100:98`, levels [%] and powers [W]."""

import re

import numpy as np
from numpy.typing import NDArray

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_POINT = re.compile(rf"({_NUMBER}):({_NUMBER})")
MAX_POINTS = 32


def dimming_curve(spec: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the curve's points.

    Args:
        spec: the text form, as in the registry.

    Returns:
        Levels (k,) [%], strictly rising within 0..100, and powers (k,) [W]; k from 2 to 32.

    Raises:
        ValueError: the text is no dimming curve; says which point and why.
    """
    points = [_POINT.fullmatch(part) for part in spec.split()]
    if None in points or not 2 <= len(points) <= MAX_POINTS:
        raise ValueError(f"{spec!r} is no list of 2 to {MAX_POINTS} points like 0:1.5 50:48 100:98")
    pairs = np.array([(float(point[1]), float(point[2])) for point in points if point is not None])
    levels_pct, powers_w = pairs[:, 0].copy(), pairs[:, 1].copy()
    if levels_pct[-1] > 100.0 or (np.diff(levels_pct) <= 0.0).any():
        raise ValueError(f"the levels of {spec!r} must rise and stay within 0 to 100 %")
    return levels_pct, powers_w
