"""The plan's texts and digits: bytes of which each must be one of some."""

from collections.abc import Callable

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.digits import SPELLED
from narrowgate_codecs.plan_leaves import Wants
from narrowgate_codecs.wire import Bytes


def _wrong(good: Callable[[int], bool]) -> bytes:
    """Give 1 for every byte that is none of the good ones, (256,)."""
    return bytes(not good(byte) for byte in range(256))


_NINE = 9
_NO_DIGITS = _wrong(lambda byte: byte >> 4 <= _NINE and byte & 15 <= _NINE)
_NO_TEXT = _wrong(lambda byte: 0x20 <= byte <= 0x7E)


def _doubt_any(cohort: Cohort, read: Bytes, wrong: bytes) -> None:
    """Doubt the rows of bytes, (m, width), of which one is wrong."""
    told = read.tobytes().translate(wrong)
    if 1 in told:
        cohort.doubt(np.logical_or.reduce(np.frombuffer(told, np.bool_).reshape(read.shape), axis=1))


class TextStep:
    """Printable ASCII."""

    shaping, is_shape = b"", False

    idle = False

    def __init__(self, width: int) -> None:
        self.width = width

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what is no text."""
        _doubt_any(cohort, cohort.bytes(self.width, offset), _NO_TEXT)


class NumeralStep:
    """An identity in packed digits."""

    shaping, is_shape = b"", False

    idle = False

    def __init__(self, leaf: el.Numeral, wants: Wants) -> None:
        self.width = leaf.width
        self.lead = [_unlike_lead(leaf.lead[at : at + 2]) for at in range(0, len(leaf.lead), 2)]

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what begins otherwise or is no digit."""
        read = cohort.bytes(self.width, offset)
        for at, wrong in enumerate(self.lead):
            _doubt_any(cohort, read[:, at : at + 1], wrong)
        _doubt_any(cohort, read[:, len(self.lead) :], _NO_DIGITS)


def _unlike_lead(lead: str) -> bytes:
    """Give the bytes that begin otherwise than with one or two hex digits, or go on with no decimal one."""
    return _wrong(
        lambda byte: f"{byte:02x}".startswith(lead.lower()) and (len(lead) > 1 or byte & 15 <= _NINE)
    )


class DigitsStep:
    """The same for columns."""

    shaping, is_shape = b"", False

    idle = False

    def __init__(self, leaf: el.Digits, wants: Wants) -> None:
        self.leaf, self.wanted = leaf, leaf.name in wants.values
        self.digits = np.full(256, -1, np.int64)
        for digit, letter in enumerate(SPELLED[: leaf.base]):
            self.digits[[ord(letter), ord(letter.upper())]] = digit
        self.weights = leaf.base ** np.arange(leaf.width - 1, -1, -1, dtype=np.int64)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what is no digit, add up the others."""
        digits = self.digits[cohort.bytes(self.leaf.width, offset)]
        cohort.doubt(np.logical_or.reduce(digits < 0, axis=1))
        if self.wanted:
            cohort.say(self.leaf.name, digits @ self.weights)
