"""A district seen by plain eyes: frames read byte by byte, faults found by their definitions, row by row."""

from collections import defaultdict
from itertools import groupby, pairwise
from math import floor
from typing import NamedTuple

import numpy as np

from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_simulators import City

START_US = 1_772_380_800_000_000
"""2026-03-02, 00:00 in Yingtan."""
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000


class Seen(NamedTuple):
    """One uplink as the gateway dates it."""

    received_us: int
    payload: bytes
    time_us: int | None


class Found(NamedTuple):
    """A fault that the definitions find."""

    fault: str
    device: str
    raised_us: int


def seen(city: City, step_s: int = 300) -> dict[str, list[Seen]]:
    """Give each device's uplinks in order."""
    uplinks: dict[str, list[Seen]] = defaultdict(list)
    for step in city.steps(step_s):
        for emission in step.emissions:
            uplinks[emission.device].append(Seen(step.instant_us, emission.payload, emission.time_us))
    return uplinks


def found(city: City, step_s: int = 300) -> list[Found]:
    """Give every fault that a plain reader of all frames would find."""
    uplinks = seen(city, step_s)
    faults: list[Found] = []
    for row in city.fleet_rows():
        faults += _FINDERS[row["family"]](row, uplinks[row["device"]], city.span.end_us)
    return faults


def register_l(frame: bytes) -> int:
    """Read a meter's register [L]: packed decimal, low digits first, unit 29."""
    assert frame[18] == 0x29
    return int(frame[17:13:-1].hex())


def is_occupied(frame: bytes) -> bool:
    """Read a bay's state: byte 2 of a record 15 66 or 37 66."""
    assert frame[:2] in (b"\x15\x66", b"\x37\x66")
    return frame[2] == 1


def power_w(frame: bytes) -> float:
    """Read a lamp's power [W]."""
    return int.from_bytes(frame[9:11], "big") / 10


def voltage_v(frame: bytes) -> float:
    """Read a lamp's supply [V]."""
    return int.from_bytes(frame[11:13], "big") / 10


def _leaks(row: dict[str, str], uplinks: list[Seen], end_us: int) -> list[Found]:
    floor_l = max(1, floor(0.005 * float(row["q3_m3_per_h"]) * 1000))
    hours = 0
    for before, after in pairwise(uplinks):
        assert before.time_us is not None
        assert after.time_us == before.time_us + HOUR_US <= end_us
        flows = register_l(after.payload) - register_l(before.payload) >= floor_l
        hours = hours + 1 if flows else 0
        if hours == 24:
            return [Found("continuous_leak", row["device"], after.time_us)]
    return []


def _overstays(row: dict[str, str], uplinks: list[Seen], end_us: int) -> list[Found]:
    limit_us = int(row["stay_limit"].removesuffix("h")) * HOUR_US
    faults = []
    for occupied, run in groupby(uplinks, lambda uplink: is_occupied(uplink.payload)):
        stay = list(run)
        later = [uplink.received_us for uplink in uplinks if uplink.received_us > stay[-1].received_us]
        until_us = later[0] if later else end_us
        if occupied and until_us > stay[0].received_us + limit_us:
            faults.append(Found("overstay", row["device"], stay[0].received_us + limit_us))
    return faults


def _dark_lamps(row: dict[str, str], uplinks: list[Seen], end_us: int) -> list[Found]:
    least_w = max(2.0, 0.1 * float(row["rated_w"]))
    times_us = np.array([uplink.received_us for uplink in uplinks])
    height_deg = solar_elevation_deg(times_us, np.array(float(row["lat"])), np.array(float(row["lon"])))
    begin_us, raised = None, []
    for uplink, height in zip(uplinks, height_deg, strict=True):
        assert uplink.received_us <= end_us
        if height >= -6 or not 0.8 * 220 <= voltage_v(uplink.payload) <= 1.15 * 220:
            continue
        if power_w(uplink.payload) >= least_w:
            begin_us = None
        elif begin_us is None:
            begin_us = uplink.received_us
        elif uplink.received_us - begin_us >= 10 * MINUTE_US:
            raised.append(Found("lamp_out", row["device"], uplink.received_us))
    return raised[:1]


_FINDERS = {"water": _leaks, "parking": _overstays, "lighting": _dark_lamps}
