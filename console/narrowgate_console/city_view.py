"""The questions about a city's devices: where they are, how they do, what each family is looked at for."""

from collections.abc import Callable, Iterable

import numpy as np

import narrowgate_cases as desk
from narrowgate_console.city_map import CityMap, DeviceRow, device_rows
from narrowgate_console.device_file import (
    DeviceFile,
    FrameRow,
    Points,
    device_facts,
    fields_shown,
    frame_rows,
)
from narrowgate_console.faults import reading
from narrowgate_console.hourly import hourly
from narrowgate_console.lit_rate import FROM_HOUR, TO_HOUR, LitNight, lit_nights
from narrowgate_console.night_flow import AROUND_US, ZoneNight, nights, zone_flows
from narrowgate_console.night_flow import FROM_HOUR as FLOW_FROM_HOUR
from narrowgate_console.night_flow import TO_HOUR as FLOW_TO_HOUR
from narrowgate_console.occupancy import Occupancy, occupancy
from narrowgate_console.places import NEVER_US, SILENT_AFTER_US, Condition, Places, conditions, places
from narrowgate_console.principals import NotThere, Scope
from narrowgate_console.rights import Rights
from narrowgate_console.series import HOUR_US, LOOKBACK_HOURS, Series
from narrowgate_console.telemetry import MAIN_FIELD, times_us
from narrowgate_console.zone_levels import ZoneLevels, zone_levels
from narrowgate_fleet import Fleet
from narrowgate_ingest.series import Aggregate
from narrowgate_schema.words import Family

MOST_CASES_ON_MAP = 5000
DEVICE_HOURS = 48


class CityView(Rights):
    """One principal's questions about devices; each raises as `View` says."""

    def series(self, family: Family, hours: int) -> Series:
        """Give a family's chart over the last hours of event time."""
        self._need(Scope.TELEMETRY)
        return self._kept(("series", family, hours), lambda: self._series(family, hours))

    def _series(self, family: Family, hours: int) -> Series:
        devices = self._visible().devices
        with reading("telemetry"):
            return hourly(self._services.telemetry, family, self.now_us(), hours, devices)

    def map(self) -> CityMap:
        """Give every visible device with its place and how it does."""
        self._need(Scope.TELEMETRY)
        return self._kept("map", self._map)

    def map_text(self, written: Callable[[CityMap], bytes]) -> bytes:
        """Give the map as it is sent, written once for all who look: it is by far the longest answer."""
        self._need(Scope.TELEMETRY)
        return self._kept("map_text", lambda: written(self.map()))

    def _map(self) -> CityMap:
        now_us, seen = self.now_us(), self._visible()
        here = self._places()
        last = self._last_seen(here, now_us)
        with self._services.state(seen) as connection:
            cases = desk.open_cases(connection, MOST_CASES_ON_MAP)
        with_case = frozenset(name for case in cases for name in (case.device, *case.members))
        return CityMap(now_us, here, last, conditions(here, last, with_case, now_us))

    def _places(self) -> Places:
        return self._kept("places", lambda: places(self._services.fleet(), self._visible(), self.now_us()))

    def _last_seen(self, here: Places, now_us: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        found: dict[str, int] = {}
        devices = self._visible().devices
        with reading("telemetry"):
            for family in Family:
                table = self._services.telemetry.last(
                    family, MAIN_FIELD[family], now_us - SILENT_AFTER_US, now_us + 1, devices
                )
                for device, at_us in zip(table["device"].to_pylist(), times_us(table), strict=True):
                    found[device] = max(int(at_us), found.get(device, NEVER_US))
        return np.fromiter((found.get(device, NEVER_US) for device in here.devices), np.int64)

    def devices(
        self,
        *,
        family: Family | None = None,
        zone: str | None = None,
        condition: Condition | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[int, list[DeviceRow]]:
        """Give how many devices are so and a page of them, those that need somebody first."""
        return device_rows(
            self.map(), family=family, zone=zone, condition=condition, limit=limit, offset=offset
        )

    def require(self, device: str) -> Fleet:
        """Give the fleet that a device is in; NotThere if there is none of that name for the principal."""
        self._need(Scope.TELEMETRY)
        fleet = self._services.fleet()
        if not self._visible().sees(device) or fleet.slots([device])[0] < 0:
            raise NotThere(f"there is no device {device!r}")
        return fleet

    def known(self, devices: Iterable[str]) -> frozenset[str]:
        """Give those of some devices that are in the registry and the principal's."""
        self._need(Scope.TELEMETRY)
        names, seen = list(devices), self._visible()
        slots = self._services.fleet().slots(names)
        return frozenset(
            name for name, slot in zip(names, slots, strict=True) if slot >= 0 and seen.sees(name)
        )

    def family_of(self, device: str) -> Family | None:
        """Give a device's family, None if its package is not there; NotThere as `require`."""
        fleet = self.require(device)
        return Family.known(str(fleet.column("family")[fleet.slots([device])[0]]))

    def device(self, device: str) -> DeviceFile:
        """Give what is known of a device."""
        fleet = self.require(device)
        facts = device_facts(fleet, device, self.now_us())
        row = self.map().row(device)
        return DeviceFile(
            device=device,
            family=facts["family"] or "",
            facts=facts,
            condition=Condition.OFF if row is None else row.condition,
            last_us=None if row is None or row.last_us == NEVER_US else row.last_us,
        )

    def device_series(self, device: str, hours: int = DEVICE_HOURS) -> list[Points]:
        """Give what a device told in the last hours, a series a field, fields that it never told left out."""
        family, now_us = self.family_of(device), self.now_us()
        found: list[Points] = []
        if family is None:
            return found
        with reading("telemetry"):
            for field in fields_shown(family):
                table = self._services.telemetry.values(
                    family, field, now_us - hours * HOUR_US, now_us + 1, frozenset({device})
                )
                found += Points.of(family, field, table)
        return found

    def device_frames(self, device: str, limit: int = 20, hours: int = DEVICE_HOURS) -> list[FrameRow]:
        """Give the frames that a device's readings came with in the last hours, the newest first."""
        family, now_us = self.family_of(device), self.now_us()
        if family is None:
            return []
        with reading("telemetry"):
            frames, arrivals = (
                self._services.telemetry.values(
                    family, field, now_us - hours * HOUR_US, now_us + 1, frozenset({device})
                )
                for field in ("frame", "received_at")
            )
        return frame_rows(frames, arrivals, limit)

    def night_flow(self, count: int = 7) -> list[ZoneNight]:
        """Give each zone's flow in the last nights that are over, the oldest night first."""
        self._need(Scope.TELEMETRY)
        return self._kept(("night_flow", count), lambda: list(self._night_flow(count)))

    def _night_flow(self, count: int) -> Iterable[ZoneNight]:
        here, devices = self._places(), self._visible().devices
        field = MAIN_FIELD[Family.WATER]
        for night in nights(self.now_us(), count, self.timezone, FLOW_FROM_HOUR, FLOW_TO_HOUR):
            around = night.start_us - AROUND_US, night.end_us + AROUND_US
            with reading("telemetry"):
                registers = self._services.telemetry.values(Family.WATER, field, *around, devices)
            yield from zone_flows(night, registers, here)

    def occupancy(self, hours: int = 24) -> Occupancy:
        """Give each parking zone's occupancy as the last hours ended."""
        self._need(Scope.TELEMETRY)
        return self._kept(("occupancy", hours), lambda: self._occupancy(hours))

    def _occupancy(self, hours: int) -> Occupancy:
        now_us, devices = self.now_us(), self._visible().devices
        start_us = (now_us // HOUR_US - hours + 1 - LOOKBACK_HOURS) * HOUR_US
        with reading("telemetry"):
            states = self._services.telemetry.by_hour(
                Family.PARKING, MAIN_FIELD[Family.PARKING], start_us, now_us + 1, Aggregate.LAST, devices
            )
        return occupancy(states, self._places(), now_us, hours)

    def zone_levels(self, family: Family, hours: int = 24) -> ZoneLevels:
        """Give what a family's devices are there to tell, by zone, over the last hours."""
        self._need(Scope.TELEMETRY)
        return self._kept(("zone_levels", family, hours), lambda: self._zone_levels(family, hours))

    def _zone_levels(self, family: Family, hours: int) -> ZoneLevels:
        here, devices = self._places(), self._visible().devices
        with reading("telemetry"):
            return zone_levels(self._services.telemetry, family, here, self.now_us(), hours, devices)

    def lit_rate(self, count: int = 14) -> list[LitNight]:
        """Give the lit rate of the last nights that are over, of all lamps and of each zone."""
        self._need(Scope.TELEMETRY)
        return self._kept(("lit_rate", count), lambda: list(self._lit_rate(count)))

    def _lit_rate(self, count: int) -> Iterable[LitNight]:
        here, devices, fleet = self._places(), self._visible().devices, self._services.fleet()
        is_lamp = (here.families == Family.LIGHTING) & (here.states == "active")
        zones = dict(zip(here.devices[is_lamp], here.zones[is_lamp], strict=True))
        rated_w = dict(zip(zones, fleet.column("rated_w")[fleet.slots(list(zones))], strict=True))
        for night in nights(self.now_us(), count, self.timezone, FROM_HOUR, TO_HOUR):
            with reading("telemetry"):
                powers = self._services.telemetry.by_hour(
                    Family.LIGHTING, MAIN_FIELD[Family.LIGHTING], night.start_us, night.end_us,
                    Aggregate.MAX, devices,
                )  # fmt: skip
            yield from lit_nights(night, powers, zones, rated_w)
