"""The fleet as columns: one version of the registry, indexed by device slot and asset row.

A slot is a device's number for ever: arrays by slot may be kept from one version to the next, they only grow.
"""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet.faults import RegistryFault
from narrowgate_fleet.name_index import NONE, NameIndex, Names
from narrowgate_fleet.seal import Seal
from narrowgate_fleet.snapshot import CURRENT, read_snapshot
from narrowgate_fleet.tables import FleetTables

_TRIES = 8
Column = NDArray[np.float64] | NDArray[np.object_]


class Fleet:
    """An immutable view of one version. Arrays handed out are read-only."""

    def __init__(self, tables: FleetTables, seal: Seal | None = None) -> None:
        """Take the tables of a version, and what opens its keys."""
        self._seal = seal
        self._keys = tables.keys
        self._opened: dict[int, tuple[bytes, ...]] = {}
        self.key_faults: set[str] = set()
        """What keeps keys from being used, of those that were asked for."""
        self.version = tables.version
        self._devices = tables.devices
        self._assets = tables.assets
        self._places = tables.index
        self._names = tables.devices.column("device").combine_chunks()
        self._columns: dict[tuple[str, str], Column] = {}
        assignments = tables.assignments
        self._spell_rows: NDArray[np.int32] = _plain(assignments, "asset_row")
        self._spell_from_us: NDArray[np.int64] = _plain(assignments, "valid_from_us")
        self._spell_to_us: NDArray[np.int64] = _plain(assignments, "valid_to_us")
        edges = np.arange(self.slot_count + 1)
        self._first_spell = np.searchsorted(_plain(assignments, "slot"), edges)

    @classmethod
    def load(cls, directory: Path, seal: Seal | None = None) -> "Fleet":
        """Map the current snapshot of a registry directory (`<home>/registry`).

        Args:
            directory: holds the snapshot.
            seal: opens the devices' keys; None: no device has one.

        Raises:
            RegistryFault: there is none, or it is damaged; names the file.
        """
        for _ in range(_TRIES):
            try:
                return cls(read_snapshot(directory), seal)
            except FileNotFoundError as error:
                # The version that was current a moment ago has been replaced: the next one is whole.
                missing = error.filename
        raise RegistryFault(f"{missing}: is missing, yet {directory / CURRENT} names it")

    @property
    def slot_count(self) -> int:
        """Give the length of every array by slot: the highest slot plus one."""
        return int(self._devices.num_rows)

    @property
    def asset_count(self) -> int:
        """Give the length of every array by asset row."""
        return int(self._assets.num_rows)

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex(Names(self._names), _plain(self._places, "slot"))

    def slots(self, devices: Sequence[str | None]) -> NDArray[np.int32]:
        """Give the slot of each device, (n,); -1 where the registry does not know it."""
        return self._index.find(devices)

    def slots_of_encoded(self, devices: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the slot of each device, (n,); -1 as in `slots`.

        Args:
            devices: (n, any width) in UTF-8, filled up with zeros.
            lengths: (n,) [B].
        """
        return self._index.find_encoded(devices, lengths)

    def device(self, slot: int) -> str:
        """Give the device at a slot; ValueError if none is there."""
        device = self._names[slot].as_py() if 0 <= slot < self.slot_count else None
        if device is None:
            raise ValueError(f"no device has slot {slot}")
        return str(device)

    def keys(self, slots: NDArray[np.int32]) -> list[tuple[bytes, ...]]:
        """Give the keys of devices, the newest first; () for one without, and for all without a seal.

        A key that the seal does not open is left out, and `key_faults` says why.
        """
        if self._seal is None or self._keys.num_rows == 0:
            return [()] * len(slots)
        return [self._keys_of(slot) for slot in slots.tolist()]

    def keyed_slots(self) -> NDArray[np.int32]:
        """Give the slots of the devices that have keys, in order."""
        return np.unique(_plain(self._keys, "slot"))

    def _keys_of(self, slot: int) -> tuple[bytes, ...]:
        if slot not in self._opened:
            first, last = np.searchsorted(_plain(self._keys, "slot"), [slot, slot + 1])
            sealed = self._keys.column("sealed").slice(first, last - first).to_pylist()
            self._opened[slot] = tuple(self._opening(slot, sealed))
        return self._opened[slot]

    def _opening(self, slot: int, sealed: list[bytes]) -> Iterator[bytes]:
        for key in sealed:
            try:
                if self._seal is not None:
                    yield self._seal.opened(key, self.device(slot))
            except RegistryFault as fault:
                self.key_faults.add(str(fault))

    def column(self, name: str) -> Column:
        """Give a device column by slot.

        Args:
            name: a device column of the registry, `device` included.

        Returns:
            (slot_count,) float64 with NaN, or text objects with None, where it is not set.

        Raises:
            ValueError: devices have no such column.
        """
        return self._column("device", self._devices, name)

    def asset_column(self, name: str) -> Column:
        """Give an asset column by asset row, (asset_count,); else as `column`."""
        return self._column("asset", self._assets, name)

    def _column(self, table: str, rows: pa.Table, name: str) -> Column:
        values = self._columns.get((table, name))
        if values is None:
            if name not in rows.schema.names:
                raise ValueError(f"{table} has no column {name!r}; it has {', '.join(rows.schema.names)}")
            is_number = rows.schema.field(name).type == pa.float64()
            values = _plain(rows, name) if is_number else _texts(rows, name)
            self._columns[table, name] = values
        return values

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the asset that each device served at an instant.

        Args:
            slots: (n,) device slots; what is out of range serves nothing.
            times_us: (n,) instants in UTC [us].

        Returns:
            (n,) asset rows; -1 where it served none.
        """
        slots, times_us = np.broadcast_arrays(np.asarray(slots), np.asarray(times_us, dtype=np.int64))
        rows = np.full(slots.shape, NONE, dtype=np.int32)
        if len(self._spell_rows) == 0:
            return rows
        is_known = (slots >= 0) & (slots < self.slot_count)
        known = np.where(is_known, slots, 0)
        spell = self._last_begun(self._first_spell[known], self._first_spell[known + 1], times_us)
        served = is_known & (spell >= self._first_spell[known]) & (times_us < self._spell_to_us[spell])
        rows[served] = self._spell_rows[spell[served]]
        return rows

    def _last_begun(
        self, low: NDArray[np.intp], high: NDArray[np.intp], times_us: NDArray[np.int64]
    ) -> NDArray[np.intp]:
        """Give the last spell within [low, high) that had begun; low - 1 if none had. Halves all at once."""
        while (is_open := low < high).any():
            middle = np.where(is_open, (low + high) // 2, 0)
            has_begun = is_open & (self._spell_from_us[middle] <= times_us)
            low = np.where(has_begun, middle + 1, low)
            high = np.where(is_open & ~has_begun, middle, high)
        return low - 1

    def assets_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.object_]:
        """Give the asset's name that each device served at an instant, (n,); None where it served none."""
        rows = self.asset_rows_at(slots, times_us)
        names = np.full(rows.shape, None, dtype=object)
        served = rows != NONE
        served_rows = pa.array(rows[served], pa.int32())
        names[served] = np.array(self._assets.column("asset").take(served_rows).to_pylist(), dtype=object)
        return names


class FleetReader:
    """Hands out the newest fleet; looking costs one stat while nothing has changed."""

    def __init__(self, directory: Path, seal: Seal | None = None) -> None:
        """Load the fleet of a registry directory; RegistryFault if there is none."""
        self._directory = directory
        self._current = os.fspath(directory / CURRENT)
        self._seal = seal
        self._seen: tuple[int, int] | None = None
        self.refresh()

    def refresh(self) -> Fleet:
        """Give the newest fleet: the same object until a new version is published.

        Raises:
            RegistryFault: the new version is damaged; the last good one stays in `fleet`.
        """
        seen = self._sighted()
        if seen != self._seen:
            self.fleet = Fleet.load(self._directory, self._seal)
            self._seen = seen
        return self.fleet

    def _sighted(self) -> tuple[int, int]:
        try:
            # Asked for every batch at the door: a Path costs ten times what its text does.
            found = os.stat(self._current)
        except FileNotFoundError:
            raise RegistryFault(f"{self._current}: no registry was published here") from None
        return found.st_ino, found.st_mtime_ns


def _plain(rows: pa.Table, name: str) -> Any:
    values = rows.column(name).to_numpy()
    values.flags.writeable = False
    return values


def _texts(rows: pa.Table, name: str) -> NDArray[np.object_]:
    # By way of a dictionary: equal texts become one object.
    encoded = rows.column(name).combine_chunks().dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    values: NDArray[np.object_] = words[
        encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    ]
    values.flags.writeable = False
    return values
