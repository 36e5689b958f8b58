"""Look-alikes of three kinds of recordings: a year of real homes, real parking stays, a district's inflow.

All are drawn from a seed and have the faults of the real ones: holes, duplicate stamps, falls of the
register by 248 520 L, registers that begin anew, stays of all lengths, bursts among the noise of demand.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_schema.tables import TIMESTAMP

HOUR_US = 3_600_000_000
DAY_H = 24
START_US = 1_709_251_200_000_000
"""2024-03-01 00:00 UTC."""
FALL_L = 248_520
HOLES = 0.17


@dataclass(frozen=True)
class Homes:
    """Hourly registers of homes."""

    readings: pa.Table
    """device, time, volume_m3, by time; duplicate stamps among them."""
    leaks: dict[str, tuple[int, int, int]]
    """By device: first and last hour of a leak [us], and its litres an hour."""


def homes(seed: int, count: int = 92, hours: int = 8760, leak_l: tuple[int, ...] = (6, 10, 13, 25)) -> Homes:
    """Give homes of which every second one leaks for ten days, by turns as much as `leak_l` says [L/h]."""
    rng = np.random.default_rng(seed)
    tables, leaks = [], {}
    for home in range(count):
        used_l = _household_l(rng, hours, is_empty=home % 18 == 17)
        device = f"home-{home:03d}"
        if home % 2 == 0:
            begin = int(rng.integers(DAY_H, hours - 12 * DAY_H))
            flow_l = leak_l[home // 2 % len(leak_l)]
            used_l[begin : begin + 10 * DAY_H] += flow_l
            leaks[device] = (START_US + begin * HOUR_US, START_US + (begin + 10 * DAY_H) * HOUR_US, flow_l)
        tables.append(_register(rng, device, used_l))
    whole = pa.concat_tables(tables)
    return Homes(whole.sort_by([("time", "ascending"), ("device", "ascending")]), leaks)


def _household_l(rng: np.random.Generator, hours: int, *, is_empty: bool) -> NDArray[np.int64]:
    """Give the litres used in each hour: most by day, some nights busy, never a day without a dry hour."""
    hour = np.arange(hours) % DAY_H
    mean_l = np.where((hour >= 6) & (hour < 23), 14.0, 1.5)
    used_l = np.floor(rng.exponential(mean_l)).astype(np.int64)
    used_l[rng.random(hours) < 0.25] = 0
    # Somebody sleeps: two hours that begin at an hour of each night.
    asleep = rng.integers(1, 4, -(-hours // DAY_H)).repeat(DAY_H)[:hours]
    used_l[(hour >= asleep) & (hour < asleep + 2)] = 0
    away = np.zeros(hours, bool)
    for begin in rng.integers(0, hours, 3):
        away[begin : begin + int(rng.integers(2, 40)) * DAY_H] = True
    used_l[away | is_empty] = 0
    return used_l


def _register(rng: np.random.Generator, device: str, used_l: NDArray[np.int64]) -> pa.Table:
    hours = len(used_l)
    register_l = 300_000 + int(rng.integers(0, 900_000)) + np.cumsum(used_l)
    if rng.random() < 0.3:
        register_l[int(rng.integers(DAY_H, hours)) :] -= FALL_L
    if rng.random() < 0.2:
        anew = int(rng.integers(DAY_H, hours))
        register_l[anew:] -= register_l[anew]
    kept = np.flatnonzero(~_holes(rng, hours))
    twice = rng.choice(kept, len(kept) // 200)
    kept = np.sort(np.concatenate([kept, twice]))
    return pa.table(
        {
            "device": pa.array([device] * len(kept)),
            "time": pa.array(START_US + kept * HOUR_US).cast(TIMESTAMP),
            "volume_m3": register_l[kept] / 1000.0,
        }
    )


def _holes(rng: np.random.Generator, hours: int) -> NDArray[np.bool_]:
    """Mark the hours that are missing: half of them one by one, half in holes of hours to days."""
    missing = rng.random(hours) < HOLES / 2
    while missing.mean() < HOLES:
        begin = int(rng.integers(0, hours))
        missing[begin : begin + int(rng.choice([2, 3, 5, 8, 14, 30, 60]))] = True
    return missing


@dataclass(frozen=True)
class Parked:
    """Stays as a recording of changes has them."""

    readings: pa.Table
    """device, time, occupied, by time: arrivals and departures only."""
    overstays: set[tuple[str, int]]
    """Bay and instant at which the limit was over [us]."""
    limit_s: dict[str, int]


def parked(seed: int, stays: int = 59_042, bays: int = 400) -> Parked:
    """Give stays of minutes to days in bays that allow one to four hours."""
    rng = np.random.default_rng(seed)
    bay = np.sort(rng.integers(0, bays, stays))
    limit_s = rng.choice([3600, 7200, 14_400], bays)
    stay_s = np.maximum(np.rint(limit_s[bay] * rng.lognormal(-0.7, 1.0, stays)), 60).astype(np.int64)
    # A stay of its limit to the second, one of a second more, and those around the on/off delay.
    stay_s[::97], stay_s[1::97], stay_s[2::97] = (
        limit_s[bay][n::97] + more for n, more in enumerate((0, 1, 29))
    )
    pause_s = np.maximum(np.rint(rng.exponential(2400, stays)), 60).astype(np.int64)
    first = np.r_[True, bay[1:] != bay[:-1]]
    end_s = np.cumsum(stay_s + pause_s)
    end_s -= (end_s - stay_s - pause_s)[np.maximum.accumulate(np.where(first, np.arange(stays), 0))]
    arrived_us = START_US + (end_s - stay_s) * 1_000_000
    departed_us = START_US + end_s * 1_000_000
    names = np.array([f"bay-{one:04d}" for one in range(bays)], object)
    over = stay_s > limit_s[bay]
    rows = pa.table(
        {
            "device": pa.array(np.tile(names[bay], 2)),
            "time": pa.array(np.concatenate([arrived_us, departed_us])).cast(TIMESTAMP),
            "occupied": pa.array(np.repeat([True, False], stays)),
        }
    )
    ends = arrived_us[over] + limit_s[bay][over] * 1_000_000
    return Parked(
        rows.sort_by([("time", "ascending")]),
        set(zip(names[bay][over].tolist(), ends.tolist(), strict=True)),
        dict(zip(names.tolist(), limit_s.tolist(), strict=True)),
    )


@dataclass(frozen=True)
class District:
    """A district's inflow every five minutes."""

    readings: pa.Table
    """device, time, flow_m3_per_h."""
    bursts: list[tuple[int, int, float]]
    """From, to [us] and flow [m3/h]."""


def district(seed: int, days: int = 120, bursts: tuple[float, ...] = (8.0, 15.0, 30.0)) -> District:
    """Give demand of 50 to 140 m3/h by the hour, the weekday and chance, and bursts of some days each."""
    rng = np.random.default_rng(seed)
    five = np.arange(days * 288)
    hour = five / 12 % 24
    shape = 0.55 + 0.5 * np.exp(-(((hour - 8) / 2.5) ** 2)) + 0.45 * np.exp(-(((hour - 19.5) / 3) ** 2))
    shape = np.where((hour > 1) & (hour < 5), shape * 0.85, shape)
    weekend = np.where(five // 288 % 7 >= 5, 1.06, 1.0)
    of_day = np.repeat(rng.normal(1.0, 0.015, days), 288)
    flow = 110.0 * shape * weekend * of_day * rng.normal(1.0, 0.03, len(five))
    told = []
    for n, size in enumerate(bursts):
        begin = int((25 + n * 30) * 288 + rng.integers(0, 288))
        end = begin + int(rng.integers(3, 9)) * 288
        flow[begin:end] += size
        told.append((START_US + begin * 300_000_000, START_US + end * 300_000_000, size))
    time = pa.array(START_US + five * 300_000_000).cast(TIMESTAMP)
    device = pa.array(["inlet"] * len(five))
    return District(pa.table({"device": device, "time": time, "flow_m3_per_h": np.round(flow, 2)}), told)
