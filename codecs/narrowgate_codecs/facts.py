"""What frames announce for later frames of their device, and what is known of it at any frame.

Rule 1: a fact is known to the frames behind the one that announced it, whatever batch they stand in; so a
replay, which knows all facts from the start, reads every frame as it was read first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from narrowgate_codecs.wire import Places
from narrowgate_schema.tables import FACTS

NO_FACT = -1
"""Stands for a number that no earlier frame has announced."""
_WIDEST = 8
"""[byte] of a fact that is a number."""


def number_of(value: bytes | None) -> int:
    """Give the number that a fact is, NO_FACT for none."""
    return NO_FACT if value is None or len(value) > _WIDEST else int.from_bytes(value)


def fact_of(raw: int | bytes) -> bytes:
    """Give a raw value as a fact."""
    return raw.to_bytes(_WIDEST) if isinstance(raw, int) else raw


@dataclass(frozen=True, slots=True)
class _Told:
    frame: int
    value: bytes


class FactBook:
    """The facts of some devices, by the frames that announced them."""

    def __init__(self, facts: pa.RecordBatch | None) -> None:
        """Take the facts of earlier batches, schema FACTS; None: there are none."""
        self._told: dict[str, dict[str, list[_Told]]] = {}
        self.learned: list[dict[str, object]] = []
        for fact in [] if facts is None else facts.to_pylist():
            self._put(fact["device"], fact["name"], _Told(fact["frame"], fact["value"]))

    def known(self, device: str, frame: int) -> Mapping[str, bytes]:
        """Give what is known of a device before a frame, by name."""
        by_name = self._told.get(device)
        if by_name is None:
            return {}
        found = {name: self._last(told, frame) for name, told in by_name.items()}
        return {name: value for name, value in found.items() if value is not None}

    def known_as(self, name: str, device: str, frame: int) -> bytes | None:
        """Give what is known of a device before a frame under one name."""
        told = self._told.get(device, {}).get(name)
        return None if told is None else self._last(told, frame)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of any device."""
        return not self._told

    def learn(self, device: str, frame: int, announced: Iterable[tuple[str, bytes]]) -> None:
        """Keep what a frame announces that was not known so."""
        for name, value in announced:
            if self.known_as(name, device, frame) != value:
                self._put(device, name, _Told(frame, value))
                self.learned.append({"device": device, "frame": frame, "name": name, "value": value})

    def numbers(self, name: str, devices: Iterable[str], frames: Iterable[int]) -> Places:
        """Give a fact as a number for frames, (n,), NO_FACT where it is not known."""
        return np.array(
            [
                NO_FACT if (told := self._told.get(device)) is None else self._number(told.get(name), frame)
                for device, frame in zip(devices, frames, strict=True)
            ],
            np.int64,
        )

    def batch(self) -> pa.RecordBatch:
        """Give what was learned, schema FACTS."""
        return pa.RecordBatch.from_pylist(self.learned, schema=FACTS)

    def _number(self, told: list[_Told] | None, frame: int) -> int:
        return NO_FACT if told is None else number_of(self._last(told, frame))

    def _put(self, device: str, name: str, one: _Told) -> None:
        told = self._told.setdefault(device, {}).setdefault(name, [])
        told.append(one)
        told.sort(key=lambda other: other.frame)

    @staticmethod
    def _last(told: list[_Told], frame: int) -> bytes | None:
        return next((one.value for one in reversed(told) if one.frame < frame), None)
