"""Where each visible device stands now, and how: what map, zones and lists are made from.

Columns by position; a device that serves no asset has no place and no zone.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from narrowgate_console.visibility import Visible
from narrowgate_fleet import Fleet

SILENT_AFTER_US = 26 * 3_600_000_000
"""How long a device may say nothing if it does not say how often it reports: a day and a bit [us]."""
SILENT_AFTER_INTERVALS = 3
NEVER_US = -(2**62)

Text = NDArray[np.object_]


class Condition(StrEnum):
    """How a device does, from what needs somebody most to what needs nobody."""

    CASE = "case"
    """An open case is about it."""
    SILENT = "silent"
    """It has not told what it is there to tell."""
    WELL = "well"
    OFF = "off"
    """The registry says suspended or retired."""


@dataclass(frozen=True)
class Places:
    """Visible devices of one version of the fleet at one instant, each column (n,)."""

    devices: Text
    families: Text
    profiles: Text
    tenants: Text
    assets: Text
    zones: Text
    """'' where there is none."""
    lats_deg: NDArray[np.float64]
    lons_deg: NDArray[np.float64]
    """NaN where there is none."""
    states: Text
    """What the registry says: active, suspended, retired."""
    intervals_s: NDArray[np.float64]
    """How often it reports [s]; NaN where that is not said."""

    def zones_of(self, devices: Text) -> Text:
        """Give the zone of each of some devices, (m,); '' for one that is not among these."""
        known = dict(zip(self.devices, self.zones, strict=True))
        return np.array([known.get(device, "") for device in devices], dtype=object)


def places(fleet: Fleet, seen: Visible, now_us: int) -> Places:
    """Give the visible devices of a fleet at an instant [us]."""
    every = fleet.column("device")
    chosen = [
        slot
        for slot, device in enumerate(every)
        if device is not None and (seen.devices is None or device in seen.devices)
    ]
    slots = np.array(chosen, dtype=np.int32)
    rows = fleet.asset_rows_at(slots, np.full(len(slots), now_us, dtype=np.int64))

    def of_asset(name: str) -> Text:
        column = fleet.asset_column(name)
        return np.array([column[row] if row >= 0 else None for row in rows], dtype=object)

    return Places(
        devices=_texts(every[slots]),
        families=_texts(fleet.column("family")[slots]),
        profiles=_texts(fleet.column("profile")[slots]),
        tenants=_texts(fleet.column("tenant")[slots]),
        assets=_texts(of_asset("asset")),
        zones=_texts(of_asset("zone")),
        lats_deg=_numbers(of_asset("lat")),
        lons_deg=_numbers(of_asset("lon")),
        states=_texts(fleet.column("state")[slots]),
        intervals_s=np.asarray(fleet.column("report_interval_s")[slots], dtype=np.float64),
    )


def conditions(here: Places, last_us: NDArray[np.int64], with_case: frozenset[str], now_us: int) -> Text:
    """Give how each device does.

    Args:
        here: the devices, (n,).
        last_us: (n,) when each told last what it is there to tell [us]; NEVER_US for never.
        with_case: devices that an open case is about.
        now_us: event time [us].

    Returns:
        (n,) of Condition.
    """
    allowed_us = np.nan_to_num(here.intervals_s * SILENT_AFTER_INTERVALS * 1e6, nan=SILENT_AFTER_US)
    is_silent = now_us - last_us > np.maximum(allowed_us, 1)
    found = np.where(is_silent, Condition.SILENT, Condition.WELL).astype(object)
    found[np.array([device in with_case for device in here.devices], dtype=bool)] = Condition.CASE
    found[here.states != "active"] = Condition.OFF
    return found


def _texts(values: NDArray[np.object_] | NDArray[np.float64]) -> Text:
    return np.array(["" if value is None else value for value in values], dtype=object)


def _numbers(values: Text) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
