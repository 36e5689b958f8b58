"""The plan's leaves: from bytes in columns to values in columns; the mirror of values.py.

A leaf costs nothing unless its value is wanted, chooses something, or can be what a frame is refused for.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.leaves import clock_width

EXACT = 1 << 53
"""Above it a float64 cannot tell neighbours apart: such rows are left to the row engine."""
_COUNT = np.dtype(np.int64)
_EXACT = np.asarray(EXACT, np.uint64)


class Unplanned(Exception):
    """Raised while compiling for what only the row engine can read; says what."""


class LeafStep(Protocol):
    """Reads one leaf at a place behind the cohort's own."""

    idle: bool
    """True where there is nothing to judge and nothing to keep."""
    shaping: bytes
    """Its bits that shape the frame: what chooses and counts, and what is constant; empty: none."""
    is_shape: bool
    """True where equal bytes leave nothing to judge and nothing to keep."""

    def run(self, cohort: Cohort, offset: int) -> None:
        """Judge and keep what stands there."""
        ...


@dataclass(slots=True)
class Wants:
    """What a plan must keep."""

    values: frozenset[str]
    """Names that readings carry."""
    shaping: frozenset[str]
    """Names that choose or count."""
    units: frozenset[str]
    """Names that give units."""
    raws: frozenset[str]
    """Names that other elements look at, and clocks that date readings."""
    words: dict[str, dict[str, int]]
    """The words of a name and the numbers that stand for them, 0, 1, 2 ..; filled while compiling."""
    lists: frozenset[str] = frozenset()
    """Lists whose items readings carry."""
    sent: frozenset[str] = frozenset()
    """Names whose very bytes are looked at."""

    def word(self, name: str, word: str) -> int:
        """Give the number of a word of a name."""
        known = self.words.setdefault(name, {})
        return known.setdefault(word, len(known))


@cache
def raw_name(name: str) -> str:
    """Give the name under which a level keeps an element's raw integers or bytes."""
    return f"{name}#"


def integral(width: int, name: str) -> None:
    """Raise Unplanned for an integer that numpy has no room for."""
    if width > 8:
        raise Unplanned(f"{name}: an integer of {width} bytes")


class ClockStep:
    """A clock's digits; what instant they mean is decided where reception is known."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Clock, wants: Wants) -> None:
        self.leaf, self.width = leaf, clock_width(leaf)
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the bytes."""
        cohort.say(raw_name(self.leaf.name), cohort.bytes(self.width, offset))


class EpochStep:
    """An instant's count; what instant it means is decided where readings are dated."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Epoch, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the count; one that leaves int64 is no instant of this century."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        counts = np.minimum(raw, _EXACT) if self.leaf.width == 8 else raw
        cohort.say(raw_name(self.leaf.name), counts.astype(_COUNT))
