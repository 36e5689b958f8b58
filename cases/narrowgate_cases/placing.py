"""Where a case lies, and who is to mend it there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PlacedBy(StrEnum):
    """What told where a case lies."""

    GRID = "grid"
    """The grid code that the registry has for the asset."""
    POINT = "point"
    """The asset's place on the map."""
    NOTHING = "nothing"
    """No cell is known: the default desk has it."""


@dataclass(frozen=True)
class Place:
    """Where a case lies, and whose it is."""

    cell: str | None = None
    """The grid cell, 15 digits."""
    district: str | None = None
    unit: str | None = None
    """The department or contractor that mends there; None: the desk finds somebody."""
    placed_by: PlacedBy = PlacedBy.NOTHING
    lat: float | None = None
    lon: float | None = None
    street: str | None = None
    road_class: str | None = None
    tenant: str | None = None
    """Whose devices it is about; None where they are several's, or nobody knows."""


NOWHERE = Place()


class Placing(Protocol):
    """Knows where devices are and who mends there."""

    def place(
        self, service: str, device: str, names: list[str], at_us: int, now_us: int | None = None
    ) -> Place:
        """Give where a case lies.

        Args:
            service: what the case is about.
            device: the device, or the group.
            names: the devices of a group; empty for one device.
            at_us: when it was raised [us]: by it is told what the device stood at.
            now_us: when somebody is sent [us]: by it is told whose hours they are; None = as it was raised.
        """
        ...

    def point(self, service: str, lat: float, lon: float, at_us: int) -> Place:
        """Give where a case lies of which only the point is known [deg], sent at an instant [us]."""
        ...
