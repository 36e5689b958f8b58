"""State slots: one row of memory for each (device, series) heard of, in arrays that grow by doubling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, Indices, State
from narrowgate_rules.declaration import StateColumn

Key = tuple[str, str]


class SeriesTable:
    """Which slot each (device, series) of one family has, and the newest time each was heard with."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.newest_us = Grown(StateColumn("newest_us", "int64", BEFORE_US))
        self._slot_of: dict[Key, int] = {}

    def __len__(self) -> int:
        """Give the number of slots."""
        return len(self.keys)

    def find(self, readings: pa.RecordBatch) -> tuple[Indices, list[Key]]:
        """Give each row's slot, (n,), and the keys that are new; their slots follow the last one."""
        codes, keys = _distinct(readings)
        fresh: dict[Key, int] = {}
        slots = np.empty(len(keys), dtype=np.intp)
        for code, key in enumerate(keys):
            slot = self._slot_of.get(key)
            slots[code] = fresh.setdefault(key, len(self.keys) + len(fresh)) if slot is None else slot
        return slots[codes], list(fresh)

    def add(self, keys: Sequence[Key]) -> None:
        """Take new keys in; their slots follow the last one."""
        self._slot_of.update((key, len(self.keys) + n) for n, key in enumerate(keys))
        self.keys.extend(keys)


class Grown:
    """One state column over all slots; slots never written have the initial value."""

    def __init__(self, column: StateColumn) -> None:
        self.column = column
        self._values = column.fresh(0)

    def take(self, slots: Indices) -> NDArray[Any]:
        """Give a copy of the values of some slots."""
        known = slots < len(self._values)
        if np.all(known):
            return self._values[slots]
        values = self.column.fresh(len(slots))
        values[known] = self._values[slots[known]]
        return values

    def put(self, slots: Indices, values: NDArray[Any]) -> None:
        """Write the values of some slots."""
        needed = int(slots.max(initial=-1)) + 1
        if needed > len(self._values):
            grown = self.column.fresh(max(needed, 2 * len(self._values), 64))
            grown[: len(self._values)] = self._values
            self._values = grown
        self._values[slots] = values

    def all(self, slots: int) -> NDArray[Any]:
        """Give the values of the first slots; a view where it can be."""
        return self._values[:slots] if slots <= len(self._values) else self.take(np.arange(slots))


class Memory:
    """A rule's state columns over all slots of its family."""

    def __init__(self, layout: Sequence[StateColumn]) -> None:
        self.columns = {column.name: Grown(column) for column in layout}

    def take(self, slots: Indices) -> State:
        """Give copies of the state of some slots."""
        return {name: column.take(slots) for name, column in self.columns.items()}

    def put(self, slots: Indices, state: State) -> None:
        """Write the state of some slots."""
        for name, column in self.columns.items():
            column.put(slots, state[name])

    def refuse_misshapen(self, rule: str, slots: Indices, state: State) -> None:
        """Refuse state that a rule handed back in another shape or type; ValueError names the column."""
        for name, column in self.columns.items():
            wanted = column.column.fresh(0)
            values = state.get(name)
            if (
                values is None
                or values.dtype != wanted.dtype
                or values.shape != (len(slots), *wanted.shape[1:])
            ):
                raise ValueError(f"rule {rule} handed back a misshapen state column {name!r}")


def _distinct(readings: pa.RecordBatch) -> tuple[Indices, list[Key]]:
    """Give each row's code and the key of each code, in order of first appearance of device."""
    device = readings.column("device").dictionary_encode()
    series = readings.column("series").dictionary_encode()
    devices, kinds = device.dictionary.to_pylist(), series.dictionary.to_pylist()
    device_code = device.indices.to_numpy(zero_copy_only=False).astype(np.intp)
    if kinds == [""]:
        return device_code, [(name, "") for name in devices]
    pair = device_code * max(len(kinds), 1) + series.indices.to_numpy(zero_copy_only=False)
    pairs, codes = np.unique(pair, return_inverse=True)
    return codes, [(devices[code // len(kinds)], kinds[code % len(kinds)]) for code in pairs.tolist()]
