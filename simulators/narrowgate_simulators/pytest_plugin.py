"""The pytest plugin: a fixture that gives a test a fleet of pretend devices."""

import pytest

from narrowgate_simulators.pretend_fleet import PretendFleet


@pytest.fixture
def narrowgate_fleet() -> type[PretendFleet]:
    """Make fleets of pretend water meters, parking bays and lamps against the gateway under test.

    Call it with the gateway's address: narrowgate_fleet(target="coap://127.0.0.1:5683", devices=30, seed=1).
    """
    return PretendFleet
