"""State slots: one row of memory for each (device, series) heard of, in arrays that grow by doubling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, FleetColumns, Indices, Instants, Mask
from narrowgate_rules.declaration import StateColumn
from narrowgate_rules.key_index import Key, KeyIndex
from narrowgate_rules.memories import run_of


class SeriesTable:
    """Which slot each (device, series) of one family has, and the newest time each was heard with."""

    def __init__(self) -> None:
        self.newest_us = Grown(StateColumn("newest_us", "int64", BEFORE_US))
        self._index = KeyIndex()
        self._devices = KeyIndex()
        self._leading = Grown(StateColumn("leading", "bool", 0))
        self._registry = _RegistrySlots()

    def __len__(self) -> int:
        """Give the number of slots."""
        return len(self._index)

    def find(self, readings: pa.RecordBatch) -> tuple[Indices, list[Key]]:
        """Give each row's slot, (n,), and the keys that are new; their slots follow the last one."""
        device, series = readings.column("device"), readings.column("series")
        slots = self._index.find(device, series)
        new = np.flatnonzero(slots < 0)
        fresh: dict[Key, int] = {}
        if len(new):
            keys = zip(device.take(new).to_pylist(), series.take(new).to_pylist(), strict=True)
            slots[new] = [fresh.setdefault(key, len(self) + len(fresh)) for key in keys]
        return slots, list(fresh)

    def add(self, keys: Sequence[Key]) -> None:
        """Take new keys in; their slots follow the last one."""
        if keys:
            device, series = (pa.array(names, pa.string()) for names in zip(*keys, strict=True))
            self._add(device, series)

    def fill(self, device: pa.Array, series: pa.Array, newest_us: Instants) -> None:
        """Take in what `texts` and `newest_us` of another table gave."""
        self._add(device, series)
        self.newest_us.put(np.arange(len(self)), newest_us)

    def _add(self, device: pa.Array, series: pa.Array) -> None:
        leading = self._opens(device)
        self._leading.put(len(self) + np.arange(len(device)), leading)
        self._devices.add(device.filter(pa.array(leading)), _nameless(int(np.count_nonzero(leading))))
        self._index.add(device, series)

    def _opens(self, device: pa.Array) -> Mask:
        """Mark the first row of each device that is not known yet, (n,)."""
        code = device.dictionary_encode().indices.to_numpy()
        # Codes count up as devices first appear.
        before = np.concatenate([[-1], np.maximum.accumulate(code)[:-1]])[: len(code)]
        opens: Mask = (code > before) & (self._devices.find(device, _nameless(len(device))) < 0)
        return opens

    def leading(self, named: "Named") -> Mask:
        """Mark the slots that are the first one of their device, (n,)."""
        marked: Mask = self._leading.take(named.slots, run_of(named.slots))
        new = np.flatnonzero(named.slots >= named.known)
        if len(new):
            devices = pa.array([device for device, _ in named.fresh], pa.string())
            marked[new] = self._opens(devices)[named.slots[new] - named.known]
        return marked

    def key(self, slot: int) -> Key:
        """Give the device and series of a slot."""
        return self._index.key(slot)

    def texts(self) -> tuple[pa.Array, pa.Array]:
        """Give devices and series by slot."""
        return self._index.texts()

    def registry_slots(self, named: "Named", fleet: FleetColumns) -> NDArray[np.int32]:
        """Give the registry's slot of some of our slots, (n,); -1 = unknown there."""
        return self._registry.of(named, fleet)


class Named:
    """The keys behind the groups of a batch, given one by one to whoever asks for one."""

    def __init__(self, table: SeriesTable, fresh: Sequence[Key], slots: Indices) -> None:
        """Take the slots, (groups,), and the keys that the table does not have yet."""
        self.slots = slots
        self.known = len(table)
        """Slots from here on are new."""
        self.fresh = fresh
        self._table = table

    def __getitem__(self, group: int) -> Key:
        """Give the device and series of a group."""
        slot = int(self.slots[group])
        return self.fresh[slot - self.known] if slot >= self.known else self._table.key(slot)


class _RegistrySlots:
    """What the registry said of the slots, for as long as it is the same."""

    def __init__(self) -> None:
        self._fleet: FleetColumns | None = None
        self._version = 0
        self._turn = 0
        self._said = Grown(StateColumn("registry_slot", "int32", -1))
        self._said_in = Grown(StateColumn("turn", "int64", 0))

    def of(self, named: Named, fleet: FleetColumns) -> NDArray[np.int32]:
        if self._fleet is not fleet or self._version != fleet.version:
            self._fleet, self._version, self._turn = fleet, fleet.version, self._turn + 1
        said = self._said.take(named.slots, run_of(named.slots))
        asked = np.flatnonzero(self._said_in.take(named.slots, run_of(named.slots)) != self._turn)
        if len(asked):
            said[asked] = fleet.slots([named[group][0] for group in asked.tolist()])
            # Slots behind the last one are not anybody's before their batch went well.
            kept = asked[named.slots[asked] < named.known]
            self._said.put(named.slots[kept], said[kept])
            self._said_in.put(named.slots[kept], np.full(len(kept), self._turn))
        return said


class Grown:
    """One state column over all slots; slots never written have the initial value."""

    def __init__(self, column: StateColumn) -> None:
        self.column = column
        self._values = column.fresh(0)

    def take(self, slots: Indices, run: slice | None = None) -> NDArray[Any]:
        """Give a copy of the values of some slots, which may be known to be a run."""
        if run is not None and run.stop <= len(self._values):
            return self._values[run].copy()
        known = slots < len(self._values)
        if np.all(known):
            return self._values[slots]
        values = self.column.fresh(len(slots))
        values[known] = self._values[slots[known]]
        return values

    def put(self, slots: Indices, values: NDArray[Any], run: slice | None = None) -> None:
        """Write the values of some slots, which increase and may be known to be a run."""
        needed = int(slots[-1]) + 1 if len(slots) else 0
        if needed > len(self._values):
            grown = self.column.fresh(max(needed, 2 * len(self._values), 64))
            grown[: len(self._values)] = self._values
            self._values = grown
        self._values[slots if run is None else run] = values

    def all(self, slots: int) -> NDArray[Any]:
        """Give the values of the first slots; a view where it can be."""
        return self._values[:slots] if slots <= len(self._values) else self.take(np.arange(slots))


def _nameless(count: int) -> pa.Array:
    return pa.array([""] * count, pa.string())
