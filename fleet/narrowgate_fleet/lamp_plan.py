"""From a night's steps to what a lamp is told: once, where its controller keeps nights itself, or each time.

Rule 1: nothing is rounded and nothing dropped: what a controller cannot keep it is told step by step, and
what it cannot do at all is refused with the reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isnan
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from narrowgate_fleet.lamp_programme import NightStep, Steps
from narrowgate_fleet.sun import (
    NEVER_US,
    SUNRISE_ZENITH_DEG,
    Floats,
    solar_elevation_deg,
    sun_highest_us,
    sun_passes_us,
)
from narrowgate_schema.commands import (
    ClockStep,
    Command,
    LampCalendar,
    LampLevel,
    LampProgramme,
    SunStep,
)

Takes = Callable[[Command], str | None]
"""Gives why a lamp's controller does not understand a command; None: it does."""
_FULL_PCT = 100.0
_HALF_A_DAY_US = 43_200_000_000
_NO_DIMMING = LampProgramme(())
"""Takes the place of a programme that an earlier night had; who knows no programmes had none."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A command, and when it may go out; None: at once, until it is replaced."""

    command: Command
    not_before_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a lamp is told for a night."""

    commands: tuple[Timed, ...]
    is_kept: bool
    """Whether its controller keeps it by itself, so that it is told once; False: every night."""
    refused: str = ""
    """Why it can be told nothing of the kind."""


class Sky:
    """The sun's times of one night over many lamps, worked out for all of them at once."""

    def __init__(self, day: date, zone: ZoneInfo, lat_deg: Floats, lon_deg: Floats) -> None:
        """Look at the night that begins on a day.

        Args:
            day: by the city's clocks.
            zone: of the city.
            lat_deg: (n,) of the lamps [deg]; NaN = unknown.
            lon_deg: (n,) of the lamps [deg].
        """
        self.day, self.zone = day, zone
        self.lat_deg, self.lon_deg = lat_deg, lon_deg
        self._known: dict[tuple[bool, float], list[int]] = {}

    def at_us(self, row: int, step: NightStep) -> int:
        """Give when a step of a lamp's night is due [us]; the lamp's place is known where it goes by the sun.

        Where the sun stays below the angle all day the night lasts from noon to noon; where it stays above it
        there is none: evening and morning are the instant at which it stands lowest.
        """
        if step.sun is None:
            return self._clock_us(step)
        key = step.is_evening, step.zenith_deg
        if key not in self._known:
            self._known[key] = self._passes_us(*key)
        passes_us = self._known[key][row]
        if passes_us != NEVER_US:
            return passes_us + step.at_min * 60_000_000
        if self._is_dark(row, step.zenith_deg):
            return self._noon_us(is_evening=step.is_evening)
        noon_us = self._noon_us(is_evening=True)
        return round(float(sun_highest_us(noon_us, self.lon_deg[row : row + 1])[0])) + _HALF_A_DAY_US

    def is_known(self, row: int) -> bool:
        """Tell whether the registry has a lamp's place."""
        return not (isnan(self.lat_deg[row]) or isnan(self.lon_deg[row]))

    def _is_dark(self, row: int, zenith_deg: float) -> bool:
        """Tell on which side of an angle the sun stays that it does not pass."""
        noon_us = np.array([self._noon_us(is_evening=True)], np.int64)
        one = slice(row, row + 1)
        return (
            float(solar_elevation_deg(noon_us, self.lat_deg[one], self.lon_deg[one])[0]) < 90.0 - zenith_deg
        )

    def _noon_us(self, *, is_evening: bool) -> int:
        """Give the noon before an evening, or behind its morning, by the city's clocks [us]."""
        return _instant_us(self.day if is_evening else self.day + timedelta(days=1), 720, self.zone)

    def _passes_us(self, is_evening: bool, zenith_deg: float) -> list[int]:
        way: Literal["up", "down"] = "down" if is_evening else "up"
        noon_us = self._noon_us(is_evening=is_evening)
        return list(sun_passes_us(noon_us, self.lat_deg, self.lon_deg, zenith_deg, way).tolist())

    def _clock_us(self, step: NightStep) -> int:
        day = self.day if step.at_min >= 720 else self.day + timedelta(days=1)
        return _instant_us(day, step.at_min, self.zone)


def lamp_plan(sky: Sky, row: int, steps: Steps, takes: Takes) -> Plan:
    """Give what a lamp is told for a night.

    Args:
        sky: the night.
        row: the lamp's in the sky.
        steps: of the night.
        takes: what its controller understands.
    """
    kept = _kept(sky, row, steps)
    if kept is not None and all(takes(command) is None for command in kept if command != _NO_DIMMING):
        possible = (command for command in kept if command != _NO_DIMMING or takes(command) is None)
        return Plan(tuple(Timed(command) for command in possible), is_kept=True)
    if not sky.is_known(row) and any(step.sun is not None for step in steps):
        return Plan(
            (), is_kept=False, refused="the registry has no lat and lon of its place: no sun is known"
        )
    levels = tuple(_levels(sky, row, steps))
    for timed in levels:
        why = takes(timed.command)
        if why is not None:
            return Plan((), is_kept=False, refused=why)
    return Plan(levels, is_kept=False)


def _kept(sky: Sky, row: int, steps: Steps) -> tuple[Command, ...] | None:
    """Give the commands by which a controller keeps a night by itself; None: there is no way to say it.

    A calendar switches by the sun, a programme dims by the clock while the lamp is on.
    """
    clock = [ClockStep(step.at_min, step.level_pct) for step in steps if step.sun is None]
    by_clock = LampProgramme(tuple(sorted(clock, key=lambda step: step.at_min)))
    sun = [step for step in steps if step.sun is not None]
    if not sun:
        return (by_clock,)
    if not sky.is_known(row):
        return None
    lat_deg, lon_deg = float(sky.lat_deg[row]), float(sky.lon_deg[row])
    calendar = _calendar(sun, round(lat_deg, 6), round(lon_deg, 6))
    return None if calendar is None else (calendar, by_clock)


def _calendar(sun: list[NightStep], lat_deg: float, lon_deg: float) -> LampCalendar | None:
    """Give the calendar of steps by the sun: by angles where none is shifted, else by minutes."""
    if all(step.at_min == 0 for step in sun):
        dusk = tuple(SunStep(step.zenith_deg, step.level_pct) for step in sun if step.is_evening)
        dawn = tuple(SunStep(step.zenith_deg, step.level_pct) for step in sun if not step.is_evening)
        return LampCalendar(lat_deg, lon_deg, dusk, dawn)
    on = [step for step in sun if step.is_evening]
    off = [step for step in sun if not step.is_evening]
    is_plain = len(on) == len(off) == 1 and (on[0].level_pct, off[0].level_pct) == (_FULL_PCT, 0.0)
    if not is_plain or any(step.zenith_deg != SUNRISE_ZENITH_DEG for step in sun):
        return None
    return LampCalendar(lat_deg, lon_deg, dusk_offset_min=on[0].at_min, dawn_offset_min=off[0].at_min)


def _levels(sky: Sky, row: int, steps: Steps) -> Iterator[Timed]:
    """Yield a night's levels one by one, each until the next; by the clock only while the sun is down."""
    due = [(sky.at_us(row, step), step) for step in steps]
    mornings = [at_us for at_us, step in due if step.sun is not None and not step.is_evening]
    over_us = max(mornings, default=_instant_us(sky.day + timedelta(days=1), 720, sky.zone))
    # The midnight sun: an evening that comes with its morning, or behind it, is none.
    evenings = [at_us for at_us, step in due if step.is_evening and at_us < over_us]
    if not evenings and any(step.is_evening for step in steps):
        return
    begins, ends = max(evenings, default=0), min(mornings, default=over_us)
    held = [
        (at_us, step)
        for at_us, step in due
        if (begins < at_us < ends if step.sun is None else at_us < over_us or not step.is_evening)
    ]
    held.sort(key=lambda one: one[0])
    until = [at for at, _ in held[1:]] + [_instant_us(sky.day + timedelta(days=1), 720, sky.zone)]
    for (at_us, step), until_us in zip(held, until, strict=True):
        if at_us < until_us:
            yield Timed(LampLevel(step.level_pct), at_us, until_us)


def _instant_us(day: date, minute: int, zone: ZoneInfo) -> int:
    at = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return int(at.timestamp()) * 1_000_000
