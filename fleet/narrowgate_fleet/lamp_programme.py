"""What lamps do through a night, by the class of their road: a TOML file, a table a class.

    [arterial]
    steps = "sunset 100; 23:00 60; 05:00 100; sunrise 0"

    [branch]
    steps = "dusk 94.5 80; dawn 94.5 0"
    part_night = "00:30-05:00"

    [[special_days]]
    days = [2026-10-01, 2026-10-02]
    steps.arterial = "sunset 100; sunrise 0"

A step is a time and a level [%] that holds from it on: `HH:MM` by the clock, `sunset` or `sunrise` with
minutes to add or take away, `dusk` or `dawn` with the sun's angle from the zenith [deg]. A night begins with
the evening's sun or clock and belongs to the day that it begins on. Part-night is a time in which the lamp is
off. The class `default` is that of lamps without one of their own.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, cast

from narrowgate_fleet.sun import SUNRISE_ZENITH_DEG

Sun = Literal["sunset", "sunrise", "dusk", "dawn"]
DEFAULT = "default"
MOST_STEPS = 16
_NOON_MIN, _DAY_MIN = 720, 1440
_STEP = re.compile(
    r"(?:(?P<clock>[0-9]{2}:[0-9]{2})|(?P<sun>sunset|sunrise)(?P<offset>[+-][0-9]{1,3})?"
    r"|(?P<angle>dusk|dawn)\s+(?P<zenith>[0-9]{2,3}(?:\.[0-9]+)?))\s+(?P<level>[0-9]{1,3}(?:\.[0-9]+)?)"
)
_PART = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


class ProgrammeFault(ValueError):
    """A programme that cannot be used; each fault is a line of its own."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class NightStep:
    """A level from a time of the night on."""

    level_pct: float
    sun: Sun | None = None
    """What of the sun it goes by; None: the clock."""
    at_min: int = 0
    """By the clock since midnight; by the sun, minutes behind it [min]."""
    zenith_deg: float = SUNRISE_ZENITH_DEG
    """The sun's angle [deg]."""

    @property
    def is_evening(self) -> bool:
        """Tell whether it is of the evening's sun."""
        return self.sun in ("sunset", "dusk")

    @property
    def since_noon_min(self) -> int:
        """Give where in a night from noon to noon it stands by the clock [min]."""
        return (self.at_min - _NOON_MIN) % _DAY_MIN


Steps = tuple[NightStep, ...]


@dataclass(frozen=True, slots=True)
class LampNights:
    """The steps of each class of road, on ordinary and on special days."""

    classes: dict[str, Steps]
    special_days: dict[date, dict[str, Steps]] = field(default_factory=dict)

    def steps(self, road_class: str | None, day: date) -> Steps | None:
        """Give the steps of the night that begins on a day; None where nothing is said of such a lamp."""
        name = road_class if road_class in self.classes else DEFAULT
        special = self.special_days.get(day, {})
        return special.get(name, self.classes.get(name))


def read_lamp_nights(text: str) -> LampNights:
    """Read a programme.

    Raises:
        ProgrammeFault: it is none; has every fault.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeFault([f"is no TOML: {error}"]) from None
    faults: list[str] = []
    special = told.pop("special_days", [])
    classes = {name: _class(name, table, faults) for name, table in told.items()}
    nights = LampNights(classes, _special_days(special, classes, faults))
    if not classes:
        faults.append("no class of road: a table such as [arterial] with steps is wanted")
    if faults:
        raise ProgrammeFault(faults)
    return nights


def _class(name: str, table: object, faults: list[str]) -> Steps:
    if not isinstance(table, Mapping) or not isinstance(table.get("steps"), str):
        faults.append(f'{name}: steps such as "sunset 100; 23:00 60; sunrise 0" are wanted')
        return ()
    faults += [
        f"{name}.{key}: steps and part_night are known"
        for key in sorted(set(table) - {"steps", "part_night"})
    ]
    try:
        steps = _steps(table["steps"])
        return _without(steps, table["part_night"]) if "part_night" in table else steps
    except ValueError as error:
        faults.append(f"{name}: {error}")
        return ()


def _special_days(
    special: Any, classes: Mapping[str, Steps], faults: list[str]
) -> dict[date, dict[str, Steps]]:
    found: dict[date, dict[str, Steps]] = {}
    for at, table in enumerate(special if isinstance(special, list) else [special]):
        place = f"special_days[{at}]"
        if not isinstance(table, Mapping) or set(table) != {"days", "steps"}:
            faults.append(f"{place}: days, a list of dates, and steps by class are wanted")
            continue
        said = {
            name: _special(f"{place}.{name}", name, text, classes, faults)
            for name, text in table["steps"].items()
        }
        for day in table["days"]:
            if type(day) is not date:
                faults.append(f"{place}.days: {day!r}: a date such as 2026-10-01 is wanted")
            elif day in found:
                faults.append(f"{place}.days: {day} is a special day already")
            else:
                found[day] = said
    return found


def _special(place: str, name: str, text: object, classes: Mapping[str, Steps], faults: list[str]) -> Steps:
    if name not in classes:
        faults.append(f"{place}: one of {', '.join(classes) or 'no class'} is possible")
        return ()
    return _class(place, {"steps": text}, faults)


def _steps(text: str) -> Steps:
    steps = tuple(_step(part.strip()) for part in text.split(";") if part.strip())
    if not 1 <= len(steps) <= MOST_STEPS:
        raise ValueError(f"1 to {MOST_STEPS} steps are possible")
    order = [0 if step.is_evening else 2 if step.sun else 1 for step in steps]
    clock = [step.since_noon_min for step in steps if step.sun is None]
    if order != sorted(order) or clock != sorted(set(clock)):
        raise ValueError("steps go from the evening's sun by the clock to the morning's sun")
    return steps


def _step(text: str) -> NightStep:
    match = _STEP.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no step such as 23:00 60, sunset+10 100 or dusk 94.5 80")
    level_pct = float(match["level"])
    if level_pct > 100:
        raise ValueError(f"{text!r}: a level from 0 to 100 is wanted")
    if match["clock"] is not None:
        return NightStep(level_pct, at_min=_minute(match["clock"]))
    if match["sun"] is not None:
        return NightStep(level_pct, cast("Sun", match["sun"]), int(match["offset"] or 0))
    return NightStep(level_pct, cast("Sun", match["angle"]), 0, float(match["zenith"]))


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if hour > 23 or minute > 59:
        raise ValueError(f"{text!r} is no time of day")
    return hour * 60 + minute


def _without(steps: Steps, text: object) -> Steps:
    """Switch off for a part of the night; behind it holds what would have held."""
    match = _PART.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'part_night: {text!r}: a time such as "00:30-05:00" is wanted')
    off, on = (NightStep(0.0, at_min=_minute(part)) for part in match.groups())
    if off.since_noon_min >= on.since_noon_min:
        raise ValueError(f"part_night: {text!r} must end after it starts, both between noon and noon")
    before = [step for step in steps if step.is_evening or _is_before(step, off)]
    held = [step for step in steps if step in before or _is_before(step, on) or _is_at(step, on)]
    level_pct = held[-1].level_pct if held else 0.0
    after = [step for step in steps if step not in held]
    return (*before, off, NightStep(level_pct, at_min=on.at_min), *after)


def _is_before(step: NightStep, other: NightStep) -> bool:
    return step.sun is None and step.since_noon_min < other.since_noon_min


def _is_at(step: NightStep, other: NightStep) -> bool:
    return step.sun is None and step.since_noon_min == other.since_noon_min
