"""A storm tells the desk of its causes and of nothing else, in every order of arrival."""

import pytest

from narrowgate_bench.rules_storm import ORDERS, Storm, told

STORM = Storm(devices=1600, cell=80, cabinet=40, feeder=10)


@pytest.mark.parametrize("order", ORDERS)
def test_storm(order: str) -> None:
    """One silent cell, two dark feeders and 50 lone faults are 53 causes with all their members."""
    found, _ = told(STORM, order)

    assert (len(found), found) == (53, STORM.expected)
