"""What devices can be told: a closed set of kinds, each a record of typed arguments.

Rule 1: a command says what is wanted, not how a device is told; the codecs make bytes of it.
Rule 2: a command is plain data: `arguments_of` and `command_of` turn it into JSON and back, so that it can
wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeAlias

_DAY_MIN = 1440


class CommandKind(StrEnum):
    """What a device is told to do; of two that wait for one device the newer one of a kind holds."""

    LAMP_LEVEL = "lamp_level"
    LAMP_CALENDAR = "lamp_calendar"
    """Levels by the sun, which the device works out itself."""
    LAMP_PROGRAMME = "lamp_programme"
    """Levels by the clock, on days of the week."""
    VALVE = "valve"
    REPORT_INTERVAL = "report_interval"
    RECALIBRATE = "recalibrate"
    REBOOT = "reboot"


NEVER_REPEATED: frozenset[CommandKind] = frozenset(
    {CommandKind.VALVE, CommandKind.REBOOT, CommandKind.RECALIBRATE}
)
"""Kinds that do harm when they are carried out twice: sent once, even if the answer is lost."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holidays")
"""What a programme's days can be."""


@dataclass(frozen=True, slots=True)
class LampLevel:
    """Burn at a level, at once."""

    level_pct: float | None
    """[%] 0 is off; None: go on as planned."""
    series: str = ""
    """The lamp or the group, as readings call it; '': all of the device."""
    for_min: int | None = None
    """[min] after which the lamp goes on as planned; None: until told otherwise."""


@dataclass(frozen=True, slots=True)
class SunStep:
    """A level from an angle of the sun on."""

    zenith_deg: float
    """[deg] 90 is the horizon, more is below it."""
    level_pct: float
    """[%]"""


@dataclass(frozen=True, slots=True)
class LampCalendar:
    """Burn by the sun of a place."""

    latitude_deg: float
    longitude_deg: float
    dusk: tuple[SunStep, ...] = ()
    """Levels of the evening; (): what the device does by itself."""
    dawn: tuple[SunStep, ...] = ()
    """Levels of the morning."""
    dusk_offset_min: int = 0
    """[min] from sunset to switching on; negative before it."""
    dawn_offset_min: int = 0
    """[min] from sunrise to switching off."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A level from a time of the day on."""

    at_min: int
    """[min] from midnight."""
    level_pct: float
    """[%]"""


@dataclass(frozen=True, slots=True)
class LampProgramme:
    """Burn by the clock."""

    steps: tuple[ClockStep, ...]
    days: tuple[str, ...] = DAYS
    series: str = ""
    number: int = 0
    """Which of the device's programmes it replaces."""


@dataclass(frozen=True, slots=True)
class Valve:
    """Open or close the valve."""

    is_open: bool


@dataclass(frozen=True, slots=True)
class ReportInterval:
    """Report every so often."""

    interval_s: int
    """[s]"""


@dataclass(frozen=True, slots=True)
class Recalibrate:
    """Take what the sensor sees now for an empty bay."""


@dataclass(frozen=True, slots=True)
class Reboot:
    """Start again."""


Command: TypeAlias = LampLevel | LampCalendar | LampProgramme | Valve | ReportInterval | Recalibrate | Reboot

COMMANDS: dict[CommandKind, type[Command]] = {
    CommandKind.LAMP_LEVEL: LampLevel,
    CommandKind.LAMP_CALENDAR: LampCalendar,
    CommandKind.LAMP_PROGRAMME: LampProgramme,
    CommandKind.VALVE: Valve,
    CommandKind.REPORT_INTERVAL: ReportInterval,
    CommandKind.RECALIBRATE: Recalibrate,
    CommandKind.REBOOT: Reboot,
}
_KINDS = {command: kind for kind, command in COMMANDS.items()}
_STEPS: dict[str, type[SunStep] | type[ClockStep]] = {
    "dusk": SunStep,
    "dawn": SunStep,
    "steps": ClockStep,
}
_LIMITS: dict[str, tuple[float, float]] = {
    "level_pct": (0, 100),
    "for_min": (1, 65535),
    "zenith_deg": (0, 180),
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "dusk_offset_min": (-720, 720),
    "dawn_offset_min": (-720, 720),
    "at_min": (0, _DAY_MIN - 1),
    "number": (0, 255),
    "interval_s": (1, 31_622_400),
}
"""Least and greatest, by name."""
_WHOLE = ("for_min", "dusk_offset_min", "dawn_offset_min", "at_min", "number", "interval_s")


def kind_of(command: Command) -> CommandKind:
    """Give the kind of a command."""
    return _KINDS[type(command)]


def arguments_of(command: Command) -> dict[str, object]:
    """Give a command's arguments as JSON holds them."""
    return {field.name: _plain(getattr(command, field.name)) for field in fields(command)}


def command_of(kind: CommandKind | str, arguments: Mapping[str, object]) -> Command:
    """Give the command of a kind with its arguments, as `arguments_of` gave them or as somebody wrote them.

    Raises:
        ValueError: no such kind, or an argument that is missing, unknown, of the wrong kind or out of range.
    """
    if kind not in _KINDS.values():
        raise ValueError(f"command {kind!r}: one of {', '.join(_KINDS.values())} is possible")
    made = COMMANDS[CommandKind(kind)]
    known = {field.name: field for field in fields(made)}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        raise ValueError(f"{kind} {unknown[0]}: one of {', '.join(known) or 'no argument'} is possible")
    given: dict[str, Any] = {name: _argument(kind, name, value) for name, value in arguments.items()}
    try:
        return made(**given)
    except TypeError:
        missing = [name for name in known if name not in given]
        raise ValueError(f"{kind} {missing[0]}: a value is wanted") from None


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, (SunStep, ClockStep)):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


def _argument(kind: str, name: str, value: object) -> object:
    place = f"{kind} {name}"
    if name in _STEPS:
        return tuple(_step(place, _STEPS[name], one) for one in _listed(place, value))
    if name == "days":
        days = tuple(str(one) for one in _listed(place, value))
        if not set(days) <= set(DAYS):
            raise ValueError(f"{place}: {', '.join(DAYS)} are possible")
        return days
    if name == "is_open":
        return _of(place, value, bool, "true or false")
    if name == "series":
        return _of(place, value, str, "a text")
    if value is None and name in ("level_pct", "for_min"):
        return None
    return _number(place, name, value)


def _listed(place: str, value: object) -> list[object]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{place}: a list is wanted")
    return list(value)


def _step(place: str, step: type[SunStep] | type[ClockStep], value: object) -> SunStep | ClockStep:
    if isinstance(value, step):
        value = {field.name: getattr(value, field.name) for field in fields(step)}
    names = [field.name for field in fields(step)]
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ValueError(f"{place}: steps of {' and '.join(names)} are wanted")
    numbers: dict[str, Any] = {name: _number(place, name, value[name]) for name in names}
    return step(**numbers)


def _of(place: str, value: object, right: type, words: str) -> object:
    if not isinstance(value, right):
        raise ValueError(f"{place}: {value!r}: {words} is wanted")
    return value


def _number(place: str, name: str, value: object) -> float:
    low, high = _LIMITS[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{place}: {value!r}: a number is wanted")
    if not low <= value <= high:
        raise ValueError(f"{place}: {value!r}: {low:g} to {high:g} is possible")
    if name in _WHOLE and int(value) != value:
        raise ValueError(f"{place}: {value!r}: a whole number is wanted")
    return int(value) if name in _WHOLE else value
