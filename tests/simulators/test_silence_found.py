"""The rules of silence over a simulated city: every device that falls silent is found, and no other one."""

import heapq

import pytest

from narrowgate_rules import Engine
from narrowgate_rules.silence import SILENCE
from narrowgate_schema.words import Family
from narrowgate_simulators import City
from plain_district import MINUTE_US, START_US, seen
from rules_rows import Columns, Heard, Row, Tick, hear

STEP_US = 5 * MINUTE_US
BATCH = 4000


def silent(city: City, family: Family) -> list[tuple[str, int, int | None]]:
    """Give the episodes of silence of a family, heard in several batches with a tick every five minutes."""
    rows = [row for row in city.fleet_rows() if row["family"] == family]
    fleet = Columns(
        tuple(row["device"] for row in rows),
        {"report_interval_s": [float(row["report_interval_s"]) for row in rows]},
    )
    uplinks = seen(city)
    heard_at = sorted((up.received_us, name) for name in fleet.names for up in uplinks[name])
    ticks = ((at_us, "") for at_us in range(city.span.start_us, city.span.end_us + 1, STEP_US))
    arrivals = [
        Row(2 * n, name, at_us, {}) if name else Tick(2 * n, at_us)
        for n, (at_us, name) in enumerate(heapq.merge(ticks, heard_at))
    ]
    engine, heard = Engine([rule for rule in SILENCE if rule.family is family]), Heard()
    for begin in range(0, len(arrivals), BATCH):
        hear(engine, family, arrivals[begin : begin + BATCH], fleet, heard)
    return heard.episodes()


@pytest.mark.parametrize("family", list(Family))
def test_every_silent_device_is_found_and_no_other(family: Family) -> None:
    """Each within the window that the truth names, and cleared where it was mended."""
    city = City(1, 150, START_US, 96, more_faults=("silent",))
    names = {rule.name for rule in SILENCE if rule.family is family}
    truth = {fault.device: fault for fault in city.truth if fault.fault in names}

    found = silent(city, family)

    assert truth
    assert sorted(device for device, _, _ in found) == sorted(truth)
    for device, raised_us, cleared_us in found:
        fault = truth[device]
        assert fault.expected_from_us <= raised_us <= fault.expected_to_us
        assert (cleared_us is None) is (fault.until_us is None)
