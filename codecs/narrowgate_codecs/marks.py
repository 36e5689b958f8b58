"""Marks of the identities inside frames: numbers that tell at a glance whether one is the same as before.

Two frames of a profile with equal marks carry, as good as certainly, the same identity; what an identity says
is read of those frames only whose mark is new.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Level
from narrowgate_codecs.plan_transforms import sent_name

NO_MARK = 0
"""The mark of a frame that must be read to know whether it carries an identity."""
NONE = 1
"""The mark of a frame that carries none."""
Marks: TypeAlias = NDArray[np.uint64]
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_WORD = 8
_SAID = np.uint64(2)


def identity_marks(level: Level, identity: str | None) -> Marks:
    """Give the marks of frames that a plan read, (n,).

    Args:
        level: the frames.
        identity: the name whose bytes the plan keeps; None: it keeps none.
    """
    if identity is None:
        return np.full(level.count, NO_MARK, np.uint64)
    column = level.columns.get(sent_name(identity))
    if column is None or level.count == 0:
        return np.full(level.count, NONE, np.uint64)
    marks = _folded(np.ascontiguousarray(column.values, np.uint8)) | _SAID
    return marks if column.said is None else np.where(column.said, marks, np.uint64(NONE))


def _folded(sent: NDArray[np.uint8]) -> Marks:
    """Give a number for each row of bytes, (n, width)."""
    count, width = sent.shape
    words = np.zeros((count, -(-width // _WORD) * _WORD), np.uint8)
    words[:, :width] = sent
    folded = np.full(count, width, np.uint64)
    for word in words.view("<u8").T:
        folded = (folded ^ word) * _MULTIPLIER
        folded ^= folded >> _SHIFT
    return folded
