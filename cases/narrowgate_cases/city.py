"""Routing: from a device to its cell, its district and whoever mends there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from math import isnan, nan

import numpy as np

from narrowgate_cases.grids import NO_CELL, Cell, Grid
from narrowgate_cases.placing import Place, PlacedBy
from narrowgate_cases.routes import Routes
from narrowgate_fleet import Fleet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Spot:
    """What the registry has of an asset's place; NaN and None where it has nothing."""

    lat: float = nan
    lon: float = nan
    grid: str | None = None
    street: str | None = None
    road_class: str | None = None


def _spots(fleet: Fleet, rows: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> list[_Spot]:
    """Give the places of assets; one that is negative is nowhere."""
    names = [field.name for field in fields(_Spot)]
    columns = [fleet.asset_column(name) for name in names]
    return [_Spot(*(column[row] for column in columns)) if row >= 0 else _Spot() for row in rows.tolist()]


def _tenants(fleet: Fleet, devices: Sequence[str], names: Sequence[Sequence[str]]) -> list[str | None]:
    """Give whose devices are: of a group, its members' tenant if they have one in common."""
    column = fleet.column("tenant")
    whose = []
    for device, members in zip(devices, names, strict=True):
        slots = fleet.slots(list(members) or [device])
        found = {column[slot] for slot in slots[slots >= 0].tolist()}
        whose.append(found.pop() if len(found) == 1 else None)
    return whose


class City:
    """Knows where devices are and who mends there, from the registry, the grid and the table of routes."""

    def __init__(self, fleet: Callable[[], Fleet], grid: Grid, routes: Routes, zone: tzinfo) -> None:
        """Stand on a registry.

        Args:
            fleet: gives its newest version.
            grid: the city's cells; without any, every place is unknown.
            routes: who mends.
            zone: of the hours of routes.
        """
        self._fleet = fleet
        self._grid = grid
        self._routes = routes
        self._zone = zone

    def place(
        self, service: str, device: str, names: list[str], at_us: int, now_us: int | None = None
    ) -> Place:
        """Give where a case lies: a group lies where the first of its devices with a place does."""
        return self.places([service], [device], [names], [at_us], [at_us if now_us is None else now_us])[0]

    def point(self, service: str, lat: float, lon: float, at_us: int) -> Place:
        """Give where a case lies of which only the point is known [deg], at an instant [us]."""
        [found] = self._grid.at(np.array([lon]), np.array([lat])).tolist()
        return self._place(service, at_us, _Spot(lat, lon), found)

    def places(
        self,
        services: Sequence[str],
        devices: Sequence[str],
        names: Sequence[Sequence[str]],
        at_us: Sequence[int],
        now_us: Sequence[int] | None = None,
    ) -> list[Place]:
        """Give where cases lie, (n,) each; n may be 0.

        Args:
            services: what they are about.
            devices: devices or groups.
            names: the devices of groups; empty for one device.
            at_us: when they were raised [us].
            now_us: when somebody is sent [us]; None = as they were raised.
        """
        if not services:
            return []
        fleet = self._fleet()
        spots = _spots(fleet, self._asset_rows(fleet, devices, names, at_us))
        lat, lon = (np.array([getattr(spot, name) for spot in spots]) for name in ("lat", "lon"))
        found = self._grid.at(lon, lat).tolist()
        tenants = _tenants(fleet, devices, names)
        rows = zip(services, at_us if now_us is None else now_us, spots, found, tenants, strict=True)
        return [self._place(service, at, spot, cell, whose) for service, at, spot, cell, whose in rows]

    def _asset_rows(
        self, fleet: Fleet, devices: Sequence[str], names: Sequence[Sequence[str]], at_us: Sequence[int]
    ) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
        """Give the asset of each device; of a group that of its first device that has a place."""
        slots = fleet.slots(list(devices))
        rows = fleet.asset_rows_at(slots, np.asarray(at_us, dtype=np.int64))
        lat = fleet.asset_column("lat")
        for n, members in enumerate(names):
            if rows[n] < 0 and members:
                times = np.full(len(members), at_us[n], dtype=np.int64)
                own = fleet.asset_rows_at(fleet.slots(list(members)), times)
                placed = [row for row in own.tolist() if row >= 0 and np.isfinite(lat[row])]
                rows[n] = placed[0] if placed else rows[n]
        return rows

    def _place(self, service: str, at_us: int, spot: _Spot, found: int, tenant: str | None = None) -> Place:
        cell, placed_by = self._cell(spot.grid, found)
        code = None if cell is None else cell.code
        wall = (_EPOCH + timedelta(microseconds=at_us)).astimezone(self._zone)
        return Place(
            cell=code,
            district=None if cell is None else cell.district,
            unit=self._routes.unit(code, service, wall),
            placed_by=placed_by,
            lat=None if isnan(spot.lat) else float(spot.lat),
            lon=None if isnan(spot.lon) else float(spot.lon),
            street=spot.street,
            road_class=spot.road_class,
            tenant=tenant,
        )

    def _cell(self, grid: str | None, found: int) -> tuple[Cell | None, PlacedBy]:
        """Give the cell by the registry's code, else by the point."""
        named = self._grid.cell(grid) if grid is not None else None
        if named is not None:
            return named, PlacedBy.GRID
        if found == NO_CELL:
            return None, PlacedBy.NOTHING
        return self._grid.cells[found], PlacedBy.POINT
