"""Faults of a pretend district, and what the rules find of them."""

import pytest

from narrowgate_bench.recall import LOST, live


@pytest.mark.parametrize("lost", [0.0, LOST])
def test_every_fault_is_found_and_nothing_else(lost: float) -> None:
    """Also where a sixth of the reports is lost: then most days can still be judged."""
    lived = live(3, 15, lost, hours=30.0)

    faults = {each.rule: (each.found, each.false) for each in lived.recalls if each.faults or each.false}
    assert faults.keys() >= {"continuous_leak", "overstay", "lamp_out", "day_burner", "bay_silent"}
    assert all(false == 0 for _, false in faults.values())
    assert lost or all(each.found == each.faults for each in lived.recalls)
    assert lived.evaluable >= 0.8 * lived.device_days


def test_a_finding_comes_when_its_hold_is_over() -> None:
    """A leak's a day after its beginning, no sooner than its hold and no later than is right."""
    recalls = {each.rule: each for each in live(3, 15, hours=30.0).recalls}

    assert [round(each) for each in recalls["continuous_leak"].took_h] == [24]
    assert all(
        took <= hold for each in recalls.values() for took, hold in zip(each.took_h, each.hold_h, strict=True)
    )
