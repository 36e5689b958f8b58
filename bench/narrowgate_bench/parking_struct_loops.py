"""What a hand would write for parking sensors: a struct loop for the usual frame of each of them."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np

from narrowgate_bench.loop_columns import Columns, NotThisLayoutError

_FIRST_S = 1_420_070_400
_LAST_S = 4_102_444_800
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EAST_8 = timezone(timedelta(hours=8))


def _columns(names: str) -> dict[str, list[object]]:
    return {name: [] for name in names.split()}


def _dated(columns: dict[str, list[object]], count: int, received_at_us: int) -> Columns:
    return {**_arrays(columns), "time_us": np.full(count, received_at_us)}


def _arrays(columns: dict[str, list[object]]) -> Columns:
    return {name: column if None in column else np.array(column) for name, column in columns.items()}


_CTWING = struct.Struct(">BHHfiQBBBi")


def ctwing(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read long data reports."""
    columns = _columns("occupied sensor_fault battery_v battery_pct time_us clock_unsynchronised")
    for frame in frames:
        command, service, size, volts, percent, at_ms, state, error, _, _ = _CTWING.unpack(frame)
        if (command, service, size) != (2, 1, 23):
            raise NotThisLayoutError(frame.hex())
        columns["occupied"].append(state == 1 if (state and state < 2) or (not state and not error) else None)
        columns["sensor_fault"].append(error != 0)
        columns["battery_v"].append(volts if -3.4e38 < volts < 3.4e38 else None)
        columns["battery_pct"].append(percent)
        is_set = _FIRST_S * 1000 <= at_ms < _LAST_S * 1000
        columns["time_us"].append(at_ms * 1000 if is_set else received_at_us)
        columns["clock_unsynchronised"].append(not is_set)
    return _arrays(columns)


_VD33D = struct.Struct("<3sB4s4sBBIHBhhhH4s")
_STATES = {0: False, 1: True, 2: False, 3: True}
_FAULTS = {**dict.fromkeys(range(4), False), **dict.fromkeys(range(4, 10), True)}


def vd33d(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read long statuses of 33 bytes."""
    columns = _columns("occupied sensor_fault magnetic_x magnetic_y magnetic_z time_us clock_unsynchronised")
    for frame in frames:
        head, _, _, _, _, kind, at_s, _, status, x, y, z, _, _ = _VD33D.unpack(frame)
        if head != b"\x00\x00\x50" or kind != 0x3A:
            raise NotThisLayoutError(frame.hex())
        columns["occupied"].append(_STATES.get(status))
        columns["sensor_fault"].append(_FAULTS.get(status))
        columns["magnetic_x"].append(x)
        columns["magnetic_y"].append(y)
        columns["magnetic_z"].append(z)
        is_set = _FIRST_S <= at_s < _LAST_S
        columns["time_us"].append(at_s * 1_000_000 if is_set else received_at_us)
        columns["clock_unsynchronised"].append(not is_set)
    return _arrays(columns)


_UDP_HEAD, _UDP_BAY = struct.Struct(">BBHHBIBBB"), struct.Struct("<BB7siiiBB6s")


def vd33d_udp(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read statuses."""
    columns = _columns("occupied sensor_fault battery_low magnetic_x magnetic_y magnetic_z")
    columns |= _columns("time_us clock_unsynchronised")
    for frame in frames:
        start, code, size, _, head, _, kind, ack, count = _UDP_HEAD.unpack_from(frame)
        if (start, code, size, head, kind, ack, count) != (0x80, 0xFF, 69, 0xAA, 0xE7, 0xFF, 59):
            raise NotThisLayoutError(frame.hex())
        if sum(frame[1:-2]) & 0xFF != frame[-2] or sum(frame[7:-4]) & 0xFF != frame[-4]:
            raise NotThisLayoutError(frame.hex())
        status, battery, _, x, y, z, _, _, clock = _UDP_BAY.unpack_from(frame, 30)
        columns["occupied"].append(_STATES.get(status))
        columns["sensor_fault"].append(_FAULTS.get(status))
        columns["battery_low"].append(battery > 0 if battery < 3 else None)
        columns["magnetic_x"].append(x)
        columns["magnetic_y"].append(y)
        columns["magnetic_z"].append(z)
        at_us = _local_us(clock.hex())
        columns["time_us"].append(received_at_us if at_us is None else at_us)
        columns["clock_unsynchronised"].append(at_us is None)
    return _arrays(columns)


def _local_us(digits: str) -> int | None:
    if not digits.isdecimal():
        return None
    year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=_EAST_8)
    except ValueError:
        return None
    return (local - _EPOCH) // timedelta(microseconds=1) if year >= 15 else None


_R719A = struct.Struct(">BBBBB6s")


def r719a(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read statuses."""
    columns = _columns("occupied battery_v battery_low")
    for frame in frames:
        command, device, kind, battery, occupied, _ = _R719A.unpack(frame)
        if (command, device, kind) != (1, 0x59, 1) or occupied > 1:
            raise NotThisLayoutError(frame.hex())
        columns["occupied"].append(occupied == 1)
        columns["battery_v"].append((battery & 127) / 10)
        columns["battery_low"].append(battery > 127)
    return _dated(columns, len(frames), received_at_us)


_LIBELIUM = struct.Struct(">BBBb7s")


def libelium(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read info frames."""
    columns = _columns("occupied battery_low recalibrated sequence sensor_fault temperature_c")
    for frame in frames:
        head, sequence, error, degrees, _ = _LIBELIUM.unpack(frame)
        if head & 15:
            raise NotThisLayoutError(frame.hex())
        columns["occupied"].append(True if head & 128 else None if error else False)
        columns["battery_low"].append(bool(head & 64))
        columns["recalibrated"].append(bool(head & 16))
        columns["sequence"].append(sequence)
        columns["sensor_fault"].append(error != 0)
        columns["temperature_c"].append(degrees)
    return _dated(columns, len(frames), received_at_us)


_TPS110 = struct.Struct("<III3sBB")


def tps110(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read start-ups."""
    columns = _columns("occupied")
    for frame in frames:
        columns["occupied"].append(bool(_TPS110.unpack(frame)[-1] & 1))
    return _dated(columns, len(frames), received_at_us)


_DO200, _DO201 = struct.Struct(">3sBBHBBHhhhHBB"), struct.Struct(">3sBBHBBHhhhbBHBB")
_DO20X = "occupied battery_low battery_v magnetic_x magnetic_y magnetic_z sequence"


def do200(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read states."""
    columns = _columns(f"{_DO20X} distance_m")
    for frame in frames:
        head, kind, _, millimetres, park, low, volts, x, y, z, count, _, end = _DO200.unpack(frame)
        if head != b"\x80\x00\x02" or kind not in (1, 2) or end != 0x81:
            raise NotThisLayoutError(frame.hex())
        said = (park > 15, bool(low & 15), volts / 100, x, y, z, count, millimetres / 1000)
        for column, value in zip(columns.values(), said, strict=True):
            column.append(value)
    return _dated(columns, len(frames), received_at_us)


def do201(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read states with distance and temperature."""
    columns = _columns(f"{_DO20X} distance_m temperature_c")
    for frame in frames:
        head, kind, _, millimetres, park, low, volts, x, y, z, t, _, count, _, end = _DO201.unpack(frame)
        if head != b"\x80\x00\x31" or kind not in (1, 2) or end != 0x81:
            raise NotThisLayoutError(frame.hex())
        degrees = t if -50 <= t <= 100 else None
        said = (park > 15, bool(low & 15), volts / 100, x, y, z, count, millimetres / 1000, degrees)
        for column, value in zip(columns.values(), said, strict=True):
            column.append(value)
    return _dated(columns, len(frames), received_at_us)


def do202(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read states with temperature."""
    columns = _columns(f"{_DO20X} temperature_c")
    for frame in frames:
        head, kind, _, _, park, low, volts, x, y, z, t, _, count, _, end = _DO201.unpack(frame)
        if head != b"\x80\x00\x32" or kind not in (1, 2) or end != 0x81:
            raise NotThisLayoutError(frame.hex())
        degrees = t if -50 <= t <= 100 else None
        said = (park > 15, bool(low & 15), volts / 100, x, y, z, count, degrees)
        for column, value in zip(columns.values(), said, strict=True):
            column.append(value)
    return _dated(columns, len(frames), received_at_us)


_NPS405 = struct.Struct(">BBb")


def nps405(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read heartbeats of three bytes."""
    columns = _columns("occupied battery_v temperature_c")
    for frame in frames:
        flags, battery, degrees = _NPS405.unpack(frame)
        columns["occupied"].append(bool(flags & 1))
        columns["battery_v"].append((battery + 625) / 250)
        columns["temperature_c"].append((degrees + 20) / 2)
    return _dated(columns, len(frames), received_at_us)


_NPS310 = struct.Struct(">3sBB")


def nps310(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read start-ups."""
    columns = _columns("occupied")
    for frame in frames:
        columns["occupied"].append(bool(_NPS310.unpack(frame)[2] & 1))
    return _dated(columns, len(frames), received_at_us)


_NCC405 = struct.Struct(">BBB")


def ncc405(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read heartbeats of three bytes."""
    columns = _columns("battery_v")
    for frame in frames:
        columns["battery_v"].append((_NCC405.unpack(frame)[1] + 625) / 250)
    return _dated(columns, len(frames), received_at_us)


_TEKZIPARK = struct.Struct(">BbBbbbbbbBBB")


def tekzipark(frames: Sequence[bytes], zone: ZoneInfo, received_at_us: int) -> Columns:
    """Read diagnostics."""
    columns = _columns("occupied battery_low temperature_c sensor_fault")
    for frame in frames:
        flags, degrees, *_, fault, _, _ = _TEKZIPARK.unpack(frame)
        columns["occupied"].append(True if flags & 128 else None if fault else False)
        columns["battery_low"].append(not flags & 32)
        columns["temperature_c"].append(degrees)
        columns["sensor_fault"].append(fault != 0)
    return _dated(columns, len(frames), received_at_us)


PARKING = {
    "bosch_tps110_v1": tps110,
    "ctwing_parking_v1": ctwing,
    "dingtek_do200_v1": do200,
    "dingtek_do201_v1": do201,
    "dingtek_do202_v1": do202,
    "libelium_parking_v2": libelium,
    "movebroad_vd33d_udp_v1": vd33d_udp,
    "movebroad_vd33d_v1": vd33d,
    "netvox_r719a_v1": r719a,
    "nwave_ncc405_v1": ncc405,
    "nwave_nps310_v1": nps310,
    "nwave_nps405_v1": nps405,
    "tekzitel_tekzipark_v1": tekzipark,
}
"""By profile."""
