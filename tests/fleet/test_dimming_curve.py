"""Dimming curves: text to points."""

import pytest

from narrowgate_fleet import dimming_curve


def test_a_curve_is_read_as_levels_and_powers() -> None:
    """Each point is a level [%] and a power [W]."""
    levels_pct, powers_w = dimming_curve("0:1.5 50:48 100:98")

    assert (levels_pct.tolist(), powers_w.tolist()) == ([0.0, 50.0, 100.0], [1.5, 48.0, 98.0])


@pytest.mark.parametrize("spec", ["", "100:98", "50:48 50:49", "100:98 50:48", "0:1 101:98", "0:1 x:2"])
def test_a_curve_that_is_none_is_refused(spec: str) -> None:
    """Fewer than two points, levels that do not rise or leave 0..100, and non-numbers are refused."""
    with pytest.raises(ValueError, match=r"no list|must rise"):
        dimming_curve(spec)
