"""The plan's silent elements: constants and check sums over a whole batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.wire import Places, pieces_of


class ConstStep:
    """Bytes that are always the same, compared a machine word at a time."""

    idle = False

    def __init__(self, element: el.Const) -> None:
        value = element.value
        self.words = [
            (piece, at, int.from_bytes(value[at : at + np.dtype(piece).itemsize]))
            for piece, at, _ in pieces_of(len(value), "big")
        ]

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt the rows that differ."""
        for piece, at, word in self.words:
            cohort.doubt(cohort.window(piece, offset + at) != word)


class CheckStep:
    """A check sum that must follow from the bytes since a mark."""

    idle = False

    def __init__(self, element: el.Check) -> None:
        self.element = element

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt the rows whose check sum is another."""
        start, stop = cohort.marks[self.element.since], cohort.at + offset
        cohort.doubt(cohort.window("u1", offset) != self._right(cohort, start, stop))

    def _right(self, cohort: Cohort, start: Any, stop: Any) -> NDArray[np.uint8]:
        whole = cohort.rows is None and cohort.level.stride is not None
        if whole and isinstance(start, int) and isinstance(stop, int):
            folded = self._strided(cohort, start, stop)
        else:
            folded = self._spans(cohort.level.wire.data, cohort.starts + start, cohort.starts + stop)
        return ~folded if self.element.kind == "sum8_inverted" else folded

    def _strided(self, cohort: Cohort, start: int, stop: int) -> NDArray[np.uint8]:
        stride, data = cohort.level.stride or 1, cohort.level.wire.data
        first = int(cohort.starts[0])
        frames = data[first : first + cohort.count * stride].reshape(cohort.count, stride)
        if self.element.kind == "xor8":
            xored: NDArray[np.uint8] = np.bitwise_xor.reduce(frames[:, start:stop], axis=1)
            return xored
        # einsum adds bytes as bytes, which is what the sum modulo 256 is, three times as fast as sum().
        summed: NDArray[np.uint8] = np.einsum("ij->i", frames[:, start:stop])
        return summed

    def _spans(self, data: NDArray[np.uint8], starts: Places, stops: Places) -> NDArray[np.uint8]:
        fold = np.bitwise_xor if self.element.kind == "xor8" else np.add
        edges = np.empty(2 * len(starts), np.int64)
        edges[0::2], edges[1::2] = starts, stops
        folded: NDArray[np.uint8] = fold.reduceat(data, edges, dtype=np.uint8)[::2]
        # An empty span folds to its first byte in numpy, to nothing here.
        return np.where(stops > starts, folded, 0).astype(np.uint8)
