"""A pretend district: water meters, parking bays and lamps in equal parts, with faults of known truth.

Rule 1: what a city sends is a pure function of its seed, size, span and path; the steps only cut it.
Rule 2: a device is a row of arrays, never an object, a task or a thread.
"""

import csv
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from narrowgate_fleet import COLUMNS
from narrowgate_simulators.airing import Airing
from narrowgate_simulators.emission import Emission, Step
from narrowgate_simulators.family import Family
from narrowgate_simulators.faults import LARGEST_STEP_S, Fault
from narrowgate_simulators.lamp_faults import MORE as MORE_LAMP_FAULTS
from narrowgate_simulators.lighting import StreetLamps
from narrowgate_simulators.parking import ParkingBays
from narrowgate_simulators.radio import Radio
from narrowgate_simulators.silence import SILENT, Silenced
from narrowgate_simulators.span import SECOND_US, Span
from narrowgate_simulators.water import REVERSE_FLOW, WaterMeters

DEFAULT_PATH = "nb/{device}/up"
DEFAULT_STEP_S = 300
LARGEST_CITY = 999_999
MORE_FAULTS = (SILENT, REVERSE_FLOW, *MORE_LAMP_FAULTS)
"""Faults that are put in when asked for."""
_ORDINARY = {"tenant": "default", "state": "active"}


class City:
    """A seeded district over a span of event time."""

    def __init__(
        self,
        seed: int,
        devices: int,
        start_us: int,
        hours: float = 30.0,
        timezone: str = "Asia/Shanghai",
        path: str = DEFAULT_PATH,
        more_faults: Collection[str] = (),
        radio: Radio | None = None,
    ) -> None:
        """Lay the city out.

        Args:
            seed: same seed, same bytes in the same order.
            devices: how many, a third of each family; 0 is legal.
            start_us: event time at which the span begins, whole seconds [us].
            hours: length of the span [h]; leaks need 27 h to be found, lamps a night.
            timezone: name of the city's zone; meters' clocks show it.
            path: Uri-Path template with the capture {device}.
            more_faults: kinds of MORE_FAULTS to put in beside leaks, overstays and dark lamps.
            radio: the link between devices and gateway; None brings each uplink at once, once, in order.
                What a radio loses or brings after the span's end is never sent.

        Raises:
            ValueError: an argument is out of range; says which and what would be right.
        """
        if not 0 <= devices <= LARGEST_CITY:
            raise ValueError(f"devices: {devices} is not from 0 to {LARGEST_CITY}")
        _check_path(path)
        if unknown := sorted(set(more_faults) - set(MORE_FAULTS)):
            raise ValueError(f"more_faults: {unknown[0]!r} is none of {', '.join(MORE_FAULTS)}")
        self.path = path
        self.span = Span(start_us, hours, _zone(timezone))
        lamps, bays = devices // 3, (devices + 1) // 3
        meters = devices - lamps - bays
        families: tuple[Family, ...] = (
            WaterMeters(seed, self.span, meters, self.path_of, more_faults, radio),
            ParkingBays(seed, self.span, bays, self.path_of),
            StreetLamps(seed, self.span, lamps, self.path_of, more_faults),
        )
        if SILENT in more_faults:
            families = tuple(Silenced(family, seed, self.span) for family in families)
        self.families, self._radio = families, radio

    @property
    def devices(self) -> list[str]:
        """Give every device id, family by family."""
        return [device for family in self.families for device in family.devices]

    @property
    def truth(self) -> tuple[Fault, ...]:
        """Give every injected fault, in the order of its beginning."""
        faults = (fault for family in self.families for fault in family.truth)
        return tuple(sorted(faults, key=lambda fault: (fault.at_us, fault.device)))

    def path_of(self, device: str) -> str:
        """Give the Uri-Path of a device's uplinks."""
        return self.path.replace("{device}", device)

    def step_count(self, step_s: int = DEFAULT_STEP_S) -> int:
        """Give how many steps the span has."""
        return -(-(self.span.end_us - self.span.start_us) // (step_s * SECOND_US))

    def steps(self, step_s: int = DEFAULT_STEP_S) -> Iterator[Step]:
        """Give the span in steps; each step holds what is due in (previous instant, instant].

        Args:
            step_s: length of a step, 1 to 600 [s]: longer ones would give two states of a device one date.

        Raises:
            ValueError: the step is out of range.
        """
        if not 1 <= step_s <= LARGEST_STEP_S:
            raise ValueError(f"step_s: {step_s} is not from 1 to {LARGEST_STEP_S}")
        return self._steps(step_s)

    def _steps(self, step_s: int) -> Iterator[Step]:
        before_us, airing = self.span.start_us, None if self._radio is None else Airing(self._radio)
        for _ in range(self.step_count(step_s)):
            instant_us = min(before_us + step_s * SECOND_US, self.span.end_us)
            due = chain.from_iterable(family.emissions(before_us, instant_us) for family in self.families)
            meant = sorted(due, key=_by_time)
            yield Step(instant_us, meant if airing is None else airing.through(meant, instant_us))
            before_us = instant_us

    def fleet_rows(self) -> Iterator[dict[str, str]]:
        """Give the registry's rows, one a device, with those of its columns that are set."""
        number = 0
        for family in self.families:
            for row in family.rows():
                yield {"family": family.family, "imei": _imei(number), **_ORDINARY, **row}
                number += 1

    def write_fleet(self, path: Path) -> None:
        """Write the registry's CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(
                file, [column.name for column in COLUMNS], restval="", lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(self.fleet_rows())


def _by_time(emission: Emission) -> tuple[int, str]:
    return emission.due_us, emission.device


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"timezone: {name!r} is no zone like Asia/Shanghai") from error


def _check_path(path: str) -> None:
    if "{device}" not in path:
        raise ValueError(f"path: {path!r} lacks the capture {{device}}")
    if any(not 0 < len(segment.encode()) <= 200 for segment in path.strip("/").split("/")):
        raise ValueError(f"path: {path!r} has an empty segment or one of more than 200 bytes")


def _imei(number: int) -> str:
    """Give a number as a radio module's identity, with its Luhn digit."""
    digits = f"86{number:012d}"
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return f"{digits}{-sum(value // 10 + value % 10 for value in doubled) % 10}"
