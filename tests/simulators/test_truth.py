"""What plain definitions find in a city's frames is its truth, no more and no less."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_simulators import City, Fault, write_truth
from plain_district import HOUR_US, START_US, Seen, found, is_occupied, power_w, register_l, seen


def matched(city: City) -> tuple[set[tuple[str, str]], set[tuple[str, str]], list[Fault]]:
    """Give what was found, what is true, and the faults found outside their window."""
    finds = {(find.fault, find.device): find.raised_us for find in found(city)}
    true = {(fault.fault, fault.device) for fault in city.truth}
    outside = [
        fault
        for fault in city.truth
        if not fault.expected_from_us <= finds.get((fault.fault, fault.device), 0) <= fault.expected_to_us
    ]
    return set(finds), true, outside


@pytest.mark.parametrize("seed", range(5))
def test_definitions_find_the_truth(seed: int) -> None:
    """In 30 hours each fault meets its definition within its window, and no normal device ever does."""
    finds, true, outside = matched(City(seed, 300, START_US, 30))

    assert (finds, outside) == (true, [])


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**63),
    hours=st.floats(1, 60),
    minute=st.integers(0, 60 * 24 * 365),
    devices=st.integers(0, 40),
)
def test_truth_holds_for_any_span(seed: int, hours: float, minute: int, devices: int) -> None:
    """Whatever the season, the hour and the length, the truth is what the definitions find."""
    finds, true, outside = matched(City(seed, devices, START_US + minute * 60_000_000, hours))

    assert (finds, outside) == (true, [])


@settings(max_examples=6, deadline=None)
@given(
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    days=st.integers(0, 364),
)
def test_truth_holds_in_any_zone(zone: str, days: int) -> None:
    """Summer time and odd offsets make no household look leaking."""
    finds, true, outside = matched(City(1, 60, START_US + days * 24 * HOUR_US, 54, zone))

    assert (finds, outside) == (true, [])


def test_every_kind_is_there() -> None:
    """Each family of three or more devices has at least one fault of its kind in 30 hours."""
    kinds = Counter(fault.fault for fault in City(1, 9, START_US, 30).truth)

    assert kinds == {"continuous_leak": 1, "overstay": 1, "lamp_out": 1}


def test_faults_grow_with_the_fleet() -> None:
    """About two in a hundred devices are faulty."""
    kinds = Counter(fault.fault for fault in City(1, 900, START_US, 30).truth)

    assert kinds == {"continuous_leak": 6, "overstay": 6, "lamp_out": 6}


def test_some_faults_are_mended() -> None:
    """Of each kind some are mended within the span and some are not."""
    states = {(fault.fault, fault.until_us is None) for fault in City(2, 300, START_US, 30).truth}

    assert len(states) == 6


def series(city: City, kind: str) -> tuple[Fault, list[Seen]]:
    """Give a mended fault of a kind and what its device sent."""
    fault = next(fault for fault in city.truth if fault.fault == kind and fault.until_us is not None)
    return fault, seen(city)[fault.device]


def test_mended_leak_runs_dry() -> None:
    """After the repair an hour passes without a litre within the span."""
    fault, uplinks = series(City(1, 300, START_US, 30), "continuous_leak")
    assert fault.until_us is not None
    litres = [register_l(uplink.payload) for uplink in uplinks if (uplink.time_us or 0) >= fault.until_us]

    assert any(before == after for before, after in pairwise(litres))


def test_overstaying_car_leaves() -> None:
    """The bay is free again when the car has left."""
    fault, uplinks = series(City(1, 300, START_US, 30), "overstay")
    assert fault.until_us is not None
    after = next(uplink for uplink in uplinks if uplink.received_us >= fault.until_us)

    assert not is_occupied(after.payload)


def test_mended_lamp_burns_the_same_night() -> None:
    """The first report after the repair shows the lamp burning."""
    fault, uplinks = series(City(1, 300, START_US, 30), "lamp_out")
    assert fault.until_us is not None
    mended = next(uplink for uplink in uplinks if uplink.received_us >= fault.until_us + 300_000_000)

    assert power_w(mended.payload) > 50


def test_registers_never_fall() -> None:
    """Registers of water and of energy only grow."""
    falls = []
    for device, uplinks in seen(City(3, 90, START_US, 30)).items():
        if device.startswith(("0020", "lamp")):
            read = register_l if device.startswith("0020") else energy
            values = [read(uplink.payload) for uplink in uplinks]
            falls += [device] * (values != sorted(values))

    assert falls == []


def energy(frame: bytes) -> int:
    """Read a lamp's energy [0.1 kWh]."""
    return int.from_bytes(frame[39:43], "big")


def test_truth_file(tmp_path: Path) -> None:
    """The truth file has a JSON object a fault, with times in UTC and null for what is not mended."""
    city = City(2, 300, START_US, 30)
    write_truth(tmp_path / "truth.jsonl", city.truth)
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]

    assert [(row["fault"], row["device"], row["until"] is None) for row in rows] == [
        (fault.fault, fault.device, fault.until_us is None) for fault in city.truth
    ]
