"""The city's devices on one map: where each is, how it does, and how each zone does."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_console.places import Condition, Places, Text
from narrowgate_schema.words import Family


@dataclass(frozen=True)
class DeviceRow:
    """One device as lists show it."""

    device: str
    family: str
    profile: str
    zone: str
    asset: str
    condition: Condition
    last_us: int


@dataclass(frozen=True)
class CityMap:
    """Devices at one instant, each column (n,)."""

    now_us: int
    places: Places
    last_us: NDArray[np.int64]
    """When each told last what it is there to tell [us]; NEVER_US for not of late."""
    conditions: Text

    def counts(self, family: Family | None = None) -> dict[Condition, int]:
        """Give how many devices do how; every condition, 0 included."""
        chosen = self.conditions if family is None else self.conditions[self.places.families == family]
        found = Counter(chosen)
        return {condition: found[condition] for condition in Condition}

    def zones(self, family: Family | None = None) -> dict[str, dict[Condition, int]]:
        """Give how many devices of each zone do how, by the zone's name; '' is none."""
        counted: dict[str, Counter[Condition]] = {}
        for zone, of, condition in zip(self.places.zones, self.places.families, self.conditions, strict=True):
            if family is None or of == family:
                counted.setdefault(zone, Counter())[condition] += 1
        return {
            zone: {condition: counted[zone][condition] for condition in Condition} for zone in sorted(counted)
        }

    def row(self, device: str) -> DeviceRow | None:
        """Give one device; None if it is not among these."""
        found = np.flatnonzero(self.places.devices == device)
        return _row(self, int(found[0])) if len(found) else None


_ORDER = {condition: n for n, condition in enumerate(Condition)}


def device_rows(
    city: CityMap,
    *,
    family: Family | None,
    zone: str | None,
    condition: Condition | None,
    limit: int,
    offset: int,
) -> tuple[int, list[DeviceRow]]:
    """Give how many devices are so, and a page of them: those that need somebody first, then by name."""
    here = city.places
    chosen = [
        n
        for n in range(len(here.devices))
        if (family is None or here.families[n] == family)
        and (zone is None or here.zones[n] == zone)
        and (condition is None or city.conditions[n] == condition)
    ]
    chosen.sort(key=lambda n: (_ORDER[_condition(city, n)], here.devices[n]))
    return len(chosen), [_row(city, n) for n in chosen[offset : offset + limit]]


def _condition(city: CityMap, n: int) -> Condition:
    return Condition(str(city.conditions[n]))


def _row(city: CityMap, n: int) -> DeviceRow:
    here = city.places
    return DeviceRow(
        device=here.devices[n],
        family=here.families[n],
        profile=here.profiles[n],
        zone=here.zones[n],
        asset=here.assets[n],
        condition=_condition(city, n),
        last_us=int(city.last_us[n]),
    )
