"""Which devices somebody means: columns of the registry and the values that are wanted of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet.columns import BY_NAME
from narrowgate_fleet.fleet import Fleet
from narrowgate_fleet.name_index import NONE

SELECTABLE = (
    "device", "profile", "family", "tenant", "role", "grid", "zone", "street", "road_class", "feeder",
    "cabinet", "cell",
)  # fmt: skip
"""Columns that a selection may name."""
MOST_VALUES = 1000
_ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Selection:
    """Devices that have one of the values in each column named; only those in use."""

    wanted: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, wanted: Mapping[str, Sequence[str]]) -> "Selection":
        """Check what is wanted.

        Raises:
            ValueError: nothing, no such column, or no values; says what is possible.
        """
        if not wanted:
            raise ValueError(f"a selection names at least one of {', '.join(SELECTABLE)}")
        for name, values in wanted.items():
            if name not in SELECTABLE:
                raise ValueError(f"{name!r}: one of {', '.join(SELECTABLE)} is possible")
            if not 1 <= len(values) <= MOST_VALUES:
                raise ValueError(f"{name}: 1 to {MOST_VALUES} values are possible")
        return cls(tuple((name, tuple(values)) for name, values in wanted.items()))

    @classmethod
    def parse(cls, texts: Sequence[str]) -> "Selection":
        """Read a selection such as feeder=12,13 road_class=arterial; ValueError if it is none."""
        wanted: dict[str, tuple[str, ...]] = {}
        for text in texts:
            name, is_one, values = text.partition("=")
            if not is_one or name in wanted:
                raise ValueError(f"{text!r}: a selection is COLUMN=VALUE[,VALUE…], each column once")
            wanted[name] = tuple(value for value in values.split(",") if value)
        return cls.of(wanted)

    def as_json(self) -> dict[str, list[str]]:
        """Give it as JSON holds it."""
        return {name: list(values) for name, values in self.wanted}

    def slots(self, fleet: Fleet, now_us: int) -> NDArray[np.int32]:
        """Give the slots of the devices that are meant, at an instant [us]."""
        slots = np.flatnonzero(fleet.column("state") == _ACTIVE).astype(np.int32)
        rows = fleet.asset_rows_at(slots, np.full(len(slots), now_us, np.int64))
        meant = np.ones(len(slots), np.bool_)
        for name, values in self.wanted:
            if BY_NAME[name].table == "device":
                column = fleet.column(name)[slots]
            else:
                # A device that serves no place has none of a place's values.
                served: list[object] = [*fleet.asset_column(name).tolist(), None]
                column = np.array(served, dtype=object)[np.where(rows == NONE, -1, rows)]
            meant &= np.isin(column.astype(str), values) & (column != None)  # noqa: E711 - by element
        return slots[meant]
