"""The bytes of a city that stand since its first release."""

import hashlib

import pytest

from narrowgate_simulators import City
from plain_district import START_US

DAY_US = 24 * 3_600_000_000


def digest(city: City) -> str:
    """Give one number for all frames, faults and registry rows of a city."""
    sum_ = hashlib.sha256()
    for step in city.steps():
        for emission in step.emissions:
            sum_.update(repr(tuple(emission)[:6]).encode())
    for fault in city.truth:
        sum_.update(fault.line().encode())
    for row in city.fleet_rows():
        sum_.update(repr(sorted(row.items())).encode())
    return sum_.hexdigest()


@pytest.mark.parametrize(
    ("city", "expected"),
    [
        (City(1, 90, START_US, 30), "50afabaa0fe2a8fad890ada09353d389a10d91f1c2eed47f610fd4bf4f8f8f7d"),
        (
            City(2, 33, START_US + 5 * DAY_US, 54),
            "78044fd075383d5db74f2ea2079c5de87802105f00ccf24e048ac492291549bd",
        ),
    ],
)
def test_a_seed_means_the_same_bytes_in_every_release(city: City, expected: str) -> None:
    """Frames, leaks, overstays, dark lamps and registry of a seed do not change."""
    assert digest(city) == expected
