"""Devices on whose frames rules raised lately: where a batch raises, their frames are tried first."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_schema.words import Family

_MOST = 256
"""A fleet that fails as a whole is found by halving: there is nothing around it to save."""


class Suspects:
    """At most some hundred devices, forgotten once a batch has frames of theirs and none of them raises."""

    def __init__(self) -> None:
        """Suspect nobody."""
        self._devices: set[str] = set()
        self._guilty: set[str] = set()

    @property
    def devices(self) -> frozenset[str]:
        """Give who is suspected."""
        return frozenset(self._devices)

    def add(self, readings: dict[Family, pa.RecordBatch]) -> None:
        """Suspect the devices of a frame that a rule raised on."""
        for device in _devices(readings):
            if device in self._devices or len(self._devices) < _MOST:
                self._devices.add(device)
                self._guilty.add(device)

    def frames(self, readings: dict[Family, pa.RecordBatch]) -> NDArray[np.int64]:
        """Give the frames with readings of suspects, ascending."""
        if not self._devices:
            return np.empty(0, np.int64)
        wanted = pa.array(sorted(self._devices), pa.string())
        found = [
            np.asarray(rows["frame"].filter(pc.is_in(rows["device"], value_set=wanted)), np.int64)
            for rows in readings.values()
        ]
        return np.unique(np.concatenate([np.empty(0, np.int64), *found]))

    def acquit(self, readings: dict[Family, pa.RecordBatch]) -> None:
        """Suspect those no more of whom a batch had readings, and of whom none raised."""
        if self._devices:
            self._devices -= set(_devices(readings)) - self._guilty
        self._guilty.clear()


def _devices(readings: dict[Family, pa.RecordBatch]) -> Iterable[str]:
    for rows in readings.values():
        yield from pc.unique(rows["device"]).to_pylist()
