"""Thresholds of one place that differ from the city's: `burst.share_pct=10 high_flow.factor=3`."""

import re

_PART = re.compile(r"([a-z0-9_]{1,64})\.([a-z0-9_]{1,64})=(-?[0-9]+(?:\.[0-9]+)?)")
MOST = 16


def thresholds_of(spec: str) -> dict[str, dict[str, float]]:
    """Give thresholds by rule and name.

    Args:
        spec: the text form, as in the registry; which rules there are is not asked here.

    Raises:
        ValueError: the text is no list of thresholds; says what would be right.
    """
    parts = [_PART.fullmatch(part) for part in spec.split()]
    if None in parts or not 1 <= len(parts) <= MOST:
        raise ValueError(f"{spec!r} is no list of 1 to {MOST} thresholds like burst.share_pct=10")
    found: dict[str, dict[str, float]] = {}
    for part in parts:
        if part is not None:
            found.setdefault(part[1], {})[part[2]] = float(part[3])
    return found
