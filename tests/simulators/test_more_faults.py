"""The faults that a city gets when asked: plain definitions find them, and nothing else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_simulators import MORE_FAULTS, City, Emission, Fault
from plain_district import (
    HOUR_US,
    MINUTE_US,
    START_US,
    Found,
    Seen,
    found,
    is_occupied,
    power_w,
    register_l,
    seen,
    voltage_v,
)

MISSED = {"parking": 2, "lighting": 3}
SILENT = {"water": "meter_silent", "parking": "bay_silent", "lighting": "lamp_silent"}


def asked_for(fault: Fault) -> str:
    """Give what a city is asked for to have such a fault."""
    return "silent" if fault.fault in SILENT.values() else fault.fault


def silences(city: City, row: dict[str, str], uplinks: list[Seen]) -> list[Found]:
    """Find a meter unheard for 72 hours, a bay that missed two reports, a lamp that missed three."""
    every_us = int(row["report_interval_s"]) * 1_000_000
    hold_us = 72 * HOUR_US if row["family"] == "water" else MISSED[row["family"]] * every_us
    # Half an interval of patience: a stepped world dates reports up to a step late.
    heard_us = [uplink.received_us for uplink in uplinks] + [city.span.end_us]
    return [
        Found(SILENT[row["family"]], row["device"], before + hold_us)
        for before, after in pairwise(heard_us)
        if after - before > hold_us + every_us // 2
    ][:1]


def reversals(row: dict[str, str], uplinks: list[Seen]) -> list[Found]:
    """Find a register that falls."""
    return [
        Found("reverse_flow", row["device"], after.received_us)
        for before, after in pairwise(uplinks)
        if register_l(after.payload) < register_l(before.payload)
    ]


def day_burners(row: dict[str, str], uplinks: list[Seen]) -> list[Found]:
    """Find a lamp that burns for half an hour while the sun is up."""
    times_us = np.array([uplink.received_us for uplink in uplinks])
    height_deg = solar_elevation_deg(times_us, np.array(float(row["lat"])), np.array(float(row["lon"])))
    begin_us = None
    for uplink, height in zip(uplinks, height_deg, strict=True):
        if height < 0 or power_w(uplink.payload) < 2.0:
            begin_us = None
        elif begin_us is None:
            begin_us = uplink.received_us
        elif uplink.received_us - begin_us >= 30 * MINUTE_US:
            return [Found("day_burner", row["device"], uplink.received_us)]
    return []


def supply_losses(row: dict[str, str], uplinks: list[Seen]) -> list[Found]:
    """Find a controller without supply that still talks for a minute."""
    return [
        Found("supply_loss", row["device"], after.received_us)
        for before, after in pairwise(uplinks)
        if voltage_v(before.payload) == voltage_v(after.payload) == 0
    ][:1]


def more_found(city: City) -> dict[tuple[str, str], int]:
    """Give when each of the further faults is found."""
    uplinks, finds = seen(city), []
    for row in city.fleet_rows():
        heard = uplinks[row["device"]]
        finds += silences(city, row, heard)
        if row["family"] == "water":
            finds += reversals(row, heard)
        if row["family"] == "lighting":
            finds += day_burners(row, heard) + supply_losses(row, heard)
    return {(find.fault, find.device): find.raised_us for find in finds}


def missed(city: City, finds: dict[tuple[str, str], int]) -> list[Fault]:
    """Give the further faults that are not found within their window."""
    return [
        fault
        for fault in city.truth
        if asked_for(fault) in MORE_FAULTS
        and not fault.expected_from_us <= finds.get((fault.fault, fault.device), 0) <= fault.expected_to_us
    ]


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 2**63),
    hours=st.floats(2, 110),
    minute=st.integers(0, 60 * 24 * 365),
)
def test_definitions_find_the_further_truth(seed: int, hours: float, minute: int) -> None:
    """Each further fault meets its definition within its window, and no other device ever does."""
    city = City(seed, 30, START_US + minute * MINUTE_US, hours, more_faults=MORE_FAULTS)
    finds = more_found(city)
    true = {(fault.fault, fault.device) for fault in city.truth if asked_for(fault) in MORE_FAULTS}

    assert (set(finds), missed(city, finds)) == (true, [])


@pytest.mark.parametrize("kind", MORE_FAULTS)
def test_further_faults_touch_nobody_else(kind: str) -> None:
    """A further fault changes no frame of a sound device, nor of one with another fault."""
    plain, more = City(1, 90, START_US, 30), City(1, 90, START_US, 30, more_faults=(kind,))
    touched = {fault.device for fault in more.truth if asked_for(fault) == kind}

    assert touched
    assert _of_others(plain, touched) == _of_others(more, touched)


def _of_others(city: City, touched: set[str]) -> list[Emission]:
    return [due for step in city.steps() for due in step.emissions if due.device not in touched]


def test_usual_faults_stay() -> None:
    """Leaks, overstays and dark lamps are the same with and without the further faults."""
    plain, more = City(2, 300, START_US, 30), City(2, 300, START_US, 30, more_faults=MORE_FAULTS)
    usual = tuple(fault for fault in more.truth if asked_for(fault) not in MORE_FAULTS)

    assert usual == plain.truth


def test_further_faults_look_like_no_usual_one() -> None:
    """Reversals, day burners and supply losses change nothing that the usual definitions find."""
    plain = City(3, 90, START_US, 30)
    more = City(3, 90, START_US, 30, more_faults=("reverse_flow", "day_burner", "supply_loss"))
    finds = [{(find.fault, find.device) for find in found(city)} for city in (plain, more)]

    assert finds[0] == finds[1]


def test_all_kinds_are_there() -> None:
    """Four days have room for a silent device of each family and for every other kind."""
    truth = City(1, 300, START_US, 96, more_faults=MORE_FAULTS).truth
    silent = {(fault.fault, fault.device[:3]) for fault in truth if fault.fault.endswith("silent")}

    assert {fault.fault for fault in truth} >= set(MORE_FAULTS) - {"silent"}
    assert silent == {("meter_silent", "002"), ("bay_silent", "bay"), ("lamp_silent", "lam")}


def test_no_device_has_two_faults() -> None:
    """A device has one fault at most."""
    devices = [fault.device for fault in City(1, 900, START_US, 96, more_faults=MORE_FAULTS).truth]

    assert len(devices) == len(set(devices))


def test_bays_fall_silent_when_they_are_free() -> None:
    """The last words of a silent bay say that it is free, so no stay runs on unseen."""
    city = City(1, 90, START_US, 30, more_faults=("silent",))
    silent = [fault for fault in city.truth if fault.fault == "bay_silent"]
    heard = seen(city)
    last = [
        [each for each in heard[fault.device] if each.received_us <= fault.at_us + 300_000_000]
        for fault in silent
    ]

    assert silent
    assert not any(is_occupied(each[-1].payload) for each in last)


def test_unknown_kind_is_named() -> None:
    """A kind of fault that nobody knows is refused with those that are known."""
    with pytest.raises(ValueError, match="'flood' is none of silent, reverse_flow"):
        City(1, 3, START_US, 1, more_faults=("flood",))
