"""The plan's silent elements: constants and check sums over a whole batch."""

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs.checksums import right_sums, strided_sums
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.wire import pieces_of


class ConstStep:
    """Bytes that are always the same, compared a machine word at a time."""

    idle, is_shape = False, True

    def __init__(self, element: el.Const) -> None:
        value = element.value
        self.shaping = b"\xff" * len(value)
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

    idle, shaping, is_shape = False, b"", False

    def __init__(self, element: el.Check) -> None:
        self.element = element

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt the rows whose check sum is another."""
        element, level = self.element, cohort.level
        start, stop = cohort.marks[element.since], cohort.at + offset
        sent = cohort.integer(element.width, element.order, offset)
        spans = None
        if isinstance(start, int) and isinstance(stop, int):
            spans = cohort.spans(start, stop)
        if spans is not None:
            right = strided_sums(element, spans)
        else:
            right = right_sums(element, level.wire.data, cohort.starts + start, cohort.starts + stop)
        cohort.doubt(sent != right)
