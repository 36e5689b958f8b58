"""What a rule sees: the columns of one batch, ticks, the registry by slot.

Times are int64 [us] since 1970 UTC. A missing number is NaN, a missing flag is NaN too: inputs are float64.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
State = dict[str, NDArray[Any]]

NEVER_US = 2**62
"""Stands for 'no such instant, and none will come'; far from overflow when a hold is added."""
BEFORE_US = -(2**62)
"""Stands for 'nothing was heard yet'."""
EARLIEST_US = 1_420_070_400_000_000
"""2015-01-01: an instant before it comes from a clock that was never set."""


class FleetColumns(Protocol):
    """The registry as rules need it: arrays by device slot and by asset row; slots never move."""

    @property
    def version(self) -> int:
        """Give the registry's version."""
        ...

    def slots(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Give the slot of each device, (n,); -1 = not in the registry."""
        ...

    def column(self, name: str) -> NDArray[Any]:
        """Give a device column by slot: NaN or None = not set."""
        ...

    def assets_at(self, slots: NDArray[np.int32], times_us: Instants) -> NDArray[Any]:
        """Give the asset each slot stood at, (n,) of text or None."""
        ...

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: Instants) -> NDArray[np.int32]:
        """Give the asset row each slot stood at, (n,); -1 = none."""
        ...

    def asset_column(self, name: str) -> NDArray[Any]:
        """Give an asset column by asset row: NaN or None = not set."""
        ...


@dataclass(frozen=True)
class Ticks:
    """The passing of time in arrival order; offsets interleave with the frames of readings."""

    offset: Instants
    """(n,) journal offset, increasing."""
    time_us: Instants
    """(n,) the instant the edge saw [us]."""

    @classmethod
    def none(cls) -> "Ticks":
        """Give no ticks."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def from_batch(cls, batch: pa.RecordBatch) -> "Ticks":
        """Take the believable ticks of a TICKS batch: those of a synchronised host."""
        time_us = batch.column("time").cast(pa.int64()).to_numpy(zero_copy_only=False)
        synchronised = batch.column("synchronised").to_numpy(zero_copy_only=False).astype(np.bool_)
        believed = synchronised & (time_us >= EARLIEST_US)
        return cls(batch.column("tick").to_numpy()[believed], time_us[believed])

    def forward_from(self, now_us: int) -> "Ticks":
        """Give the ticks as rules see them: time stands where a tick would go back behind `now_us`."""
        if self.offset.shape != self.time_us.shape or np.any(np.diff(self.offset) <= 0):
            raise ValueError("ticks want as many offsets as instants, the offsets increasing")
        return Ticks(self.offset, np.maximum.accumulate(np.maximum(self.time_us, now_us)))


@dataclass(frozen=True)
class Columns:
    """One batch as one rule sees it: rows sorted by group, in each group by arrival.

    A group is one (device, series) that has rows or is due; it may have no row. Under late = ignore the rows
    of a group never go back in time; under late = revise they may.
    """

    group: Indices
    """(n,) 0..groups-1, not decreasing."""
    time_us: Instants
    """(n,) the device's time [us]."""
    frame: Instants
    """(n,) journal offset."""
    values: Mapping[str, Floats]
    """The inputs, (n,) each; NaN = missing, never infinite; flags are 0.0 and 1.0."""
    state: State
    """The groups' memory, (groups,) or (groups, width) each: copies, to be changed at will."""
    fleet_slot: NDArray[np.int32]
    """(groups,) slot in the registry; -1 = unknown."""
    fleet: FleetColumns
    params: Mapping[str, float]
    """The thresholds; NaN = not set."""
    ticks: Ticks
    """The batch's ticks, never going back."""
    now_us: int
    """The last tick before the batch [us]; BEFORE_US = none yet."""
    timezone: ZoneInfo
    """The city's."""
    leading: Mask
    """(groups,) the first series that was heard of its device: what is asked of devices is asked of it."""
    shared: dict[Any, Any] = field(default_factory=dict)
    """What a rule reckoned of these rows, and of nothing else, for the other rules of the family."""

    @property
    def groups(self) -> int:
        """Give the number of groups."""
        return len(self.fleet_slot)

    def attribute(self, name: str, default: float, low: float, high: float) -> Floats:
        """Give a device column by group, (groups,); `default` where unknown, not set or outside low..high."""
        values = self.shared.get(("attribute", name))
        if values is None:
            values = _by_index(np.asarray(self.fleet.column(name), dtype=np.float64), self.fleet_slot)
            self.shared["attribute", name] = values
        return np.where((values >= low) & (values <= high), values, default)

    def place_attribute(self, name: str, rows: Indices) -> Floats:
        """Give an asset column for some rows, (len(rows),), as of their time; NaN where there is none."""
        asset = self.fleet.asset_rows_at(self.fleet_slot[self.group[rows]], self.time_us[rows])
        return _by_index(np.asarray(self.fleet.asset_column(name), dtype=np.float64), asset)


def _by_index(column: Floats, index: NDArray[np.int32]) -> Floats:
    if not len(column):
        return np.full(len(index), np.nan)
    values = column.take(index, mode="clip")
    is_none = (index < 0) | (index >= len(column))
    if is_none.any():
        values[is_none] = np.nan
    return values
