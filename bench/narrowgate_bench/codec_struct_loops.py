"""What a hand would write: a struct loop for each profile's usual frame, check sums and refusals included.

They make the same fields as the profiles' readings, as columns, and take one layout each: no other message,
no preamble, no second clock order. A frame that is another one ends them.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from math import nan
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from narrowgate_bench.loop_columns import Columns, NotThisLayoutError
from narrowgate_bench.parking_struct_loops import PARKING

_HEAD = struct.Struct("<BB7sBBHB4sB4sB7sBBBB")
_REPORT = struct.Struct(">HBBHBHHHHH22sI22sH4sB")
_VALVES = {0: "open", 1: "closed", 3: "fault"}
_COUNTS_IN_M3 = {0x2C: 100, 0x29: 1000}


def cjt188(frames: Sequence[bytes], timezone: ZoneInfo, received_at_us: int) -> Columns:
    """Read replies with current data."""
    volumes, valves, batteries, times, unset = [], [], [], [], []
    for frame in frames:
        start, _, _, control, size, _, _, volume, unit, _, _, clock, status, _, check, end = _HEAD.unpack(
            frame
        )
        if (start, control, size, end) != (0x68, 0x81, 22, 0x16) or sum(frame[:-2]) & 0xFF != check:
            raise NotThisLayoutError(frame.hex())
        digits = volume[::-1].hex()
        volumes.append(
            int(digits) / _COUNTS_IN_M3[unit] if digits.isdecimal() and digits != "99999999" else None
        )
        valves.append(_VALVES.get(status & 3))
        batteries.append(bool(status & 4))
        time_us = _clock_us(clock.hex(), timezone)
        times.append(received_at_us if time_us is None else time_us)
        unset.append(time_us is None)
    return {
        "volume_m3": np.array(volumes, np.float64),
        "valve": valves,
        "battery_low": np.array(batteries, np.bool_),
        "time_us": np.array(times, np.int64),
        "clock_unsynchronised": np.array(unset, np.bool_),
    }


def _clock_us(digits: str, timezone: ZoneInfo) -> int | None:
    if not digits.isdecimal():
        return None
    second, minute, hour, day, month, year, century = (int(digits[at : at + 2]) for at in range(0, 14, 2))
    try:
        local = datetime(100 * century + year, month, day, hour, minute, second, tzinfo=timezone)
    except ValueError:
        return None
    return int(local.timestamp()) * 1_000_000


def huati(frames: Sequence[bytes], timezone: ZoneInfo, received_at_us: int) -> Columns:
    """Read reports."""
    powers, voltages, currents, factors, energies = [], [], [], [], []
    for frame in frames:
        (
            start,
            kind,
            _,
            size,
            command,
            register,
            power,
            voltage,
            current,
            factor,
            _,
            energy,
            _,
            _,
            _,
            check,
        ) = _REPORT.unpack(frame)
        if (start, kind, size, command, register) != (0xAA72, 0, len(frame) - 6, 1, 0x01F3):
            raise NotThisLayoutError(frame.hex())
        if sum(frame[6:-1]) & 0xFF ^ 0xFF != check:
            raise NotThisLayoutError(frame.hex())
        powers.append(nan if power == 0xFFFF else power / 10)
        voltages.append(nan if voltage == 0xFFFF else voltage / 10)
        currents.append(nan if current == 0xFFFF else current / 100)
        factors.append(nan if factor == 0xFFFF else factor / 100)
        energies.append(nan if energy == 0xFFFFFFFF else energy / 10)
    return {
        "power_w": np.array(powers),
        "voltage_v": np.array(voltages),
        "current_a": np.array(currents),
        "power_factor": np.array(factors),
        "energy_kwh": np.array(energies),
        "time_us": np.full(len(frames), received_at_us),
    }


_SIZES = {0x1566: 1, 0x3766: 1, 0x3700: 1, 0x2100: 1, 0x0267: 2, 0x0302: 2, 0x0101: 1, 0x1C01: 1, 0x3F01: 1}
_SIGNED, _UNSIGNED, _TAG = struct.Struct(">h"), struct.Struct(">H"), struct.Struct(">H")


def placepod(frames: Sequence[bytes], timezone: ZoneInfo, received_at_us: int) -> Columns:
    """Read records; of several that say the same the last one holds."""
    columns: Columns = {"occupied": [], "temperature_c": [], "battery_v": [], "recalibrated": []}
    for frame in frames:
        said = _records(frame)
        for name, column in columns.items():
            column.append(said.get(name))
    return columns


def _records(frame: bytes) -> dict[str, Any]:
    said: dict[str, Any] = {}
    at = 0
    while at < len(frame):
        (tag,) = _TAG.unpack_from(frame, at)
        if tag >> 8 in (5, 6):
            break
        at += 2
        if tag in (0x1566, 0x3766):
            said["occupied"] = frame[at] == 1
        elif tag == 0x0267:
            said["temperature_c"] = _SIGNED.unpack_from(frame, at)[0] / 10
        elif tag == 0x0302:
            said["battery_v"] = _UNSIGNED.unpack_from(frame, at)[0] / 100
        elif tag == 0x0101:
            said["recalibrated"] = frame[at] == 1
        at += _SIZES[tag]
    return said


_SW3L = struct.Struct(">8sBBHBBBBBHII")
_FIRST_S, _LAST_S = 1_420_070_400, 4_102_444_800


def sw3l(frames: Sequence[bytes], timezone: ZoneInfo, received_at_us: int) -> Columns:
    """Read frames of older firmware without stored samples."""
    volumes, batteries, signals, times, unset = [], [], [], [], []
    for frame in frames:
        imei, model, _, battery, signal, _, _, _, _, per_litre, pulses, counted_at = _SW3L.unpack(frame)
        digits = imei.hex()
        if model != 0x0C or digits[0] != "f" or not digits[1:].isdecimal():
            raise NotThisLayoutError(digits)
        volumes.append(pulses / (per_litre * 1000) if per_litre else None)
        batteries.append(battery / 1000)
        signals.append(2.0 * signal - 113 if signal < 32 else None)
        is_set = _FIRST_S <= counted_at < _LAST_S
        times.append(counted_at * 1_000_000 if is_set else received_at_us)
        unset.append(not is_set)
    return {
        "volume_m3": volumes,
        "battery_v": np.array(batteries),
        "rssi_dbm": signals,
        "time_us": np.array(times, np.int64),
        "clock_unsynchronised": np.array(unset, np.bool_),
    }


_W1 = struct.Struct("<IBI2s")
_W1_ALARMS = {1: "empty_pipe", 3: "leak", 7: "reverse_flow", 9: "freeze", 11: "burst", 13: "tamper"}


def qalcosonic(frames: Sequence[bytes], timezone: ZoneInfo, received_at_us: int) -> Columns:
    """Read frames of 11 bytes."""
    columns: Columns = {"volume_m3": [], "battery_low": [], "sensor_fault": [], "time_us": []}
    columns |= {"clock_unsynchronised": [], **{name: [] for name in _W1_ALARMS.values()}}
    for frame in frames:
        measured_at, status, litres, _ = _W1.unpack(frame)
        if litres > 999_999_999:
            raise NotThisLayoutError(frame.hex())
        columns["volume_m3"].append(litres / 1000)
        columns["battery_low"].append(bool(status & 4))
        columns["sensor_fault"].append(bool(status & 8))
        alarm = status >> 4
        for code, name in _W1_ALARMS.items():
            columns[name].append(alarm == code)
        is_set = _FIRST_S <= measured_at < _LAST_S
        columns["time_us"].append(measured_at * 1_000_000 if is_set else received_at_us)
        columns["clock_unsynchronised"].append(not is_set)
    return {name: np.array(column) for name, column in columns.items()}


Loop: TypeAlias = Callable[[Sequence[bytes], ZoneInfo, int], Columns]

LOOPS: dict[str, Loop] = {
    "axioma_qalcosonic_w1_v1": qalcosonic,
    "cjt188_water_v2004": cjt188,
    "dragino_sw3l_nb_v1": sw3l,
    "huati_nb_v1": huati,
    "pni_placepod_v1": placepod,
    **PARKING,
}
"""By profile."""
