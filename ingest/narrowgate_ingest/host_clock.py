"""Whether the host's clock is to be believed, as the journal's ticks tell it.

A boot whose clock was not set yet, and a clock that jumped, are marked by the edge in its ticks. Readings
that are dated by their arrival meanwhile are marked and not judged; such ticks move no rule.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_schema.words import Family


class HostClock:
    """What the last tick said of the host's clock."""

    def __init__(self) -> None:
        self.is_synchronised = True
        """Of the last tick; true before the first one."""

    def doubted(self, uplinks: pa.RecordBatch, ticks: pa.RecordBatch) -> NDArray[np.int64]:
        """Give the frames that came in while the clock was unsynchronised, and remember the last tick.

        Args:
            uplinks: (n,) frames in journal order.
            ticks: the ticks between them.
        """
        frames: NDArray[np.int64] = np.asarray(uplinks["frame"], dtype=np.int64)
        said: NDArray[np.bool_] = np.asarray(ticks["synchronised"].cast(pa.int8()), dtype=np.bool_)
        # A tick speaks for what comes behind it; place 0 is what was known before the batch.
        course: NDArray[np.bool_] = np.concatenate([[self.is_synchronised], said])
        places = np.searchsorted(np.asarray(ticks["tick"], dtype=np.int64), frames)
        self.is_synchronised = bool(course[-1])
        doubted: NDArray[np.int64] = frames[~course[places]]
        return doubted

    def snapshot(self) -> bytes:
        """Give the state as bytes."""
        return bytes([self.is_synchronised])

    def restore(self, body: bytes) -> None:
        """Take a state given by `snapshot`; ValueError on other bytes."""
        if body not in (b"\x00", b"\x01"):
            raise ValueError("these bytes are no snapshot of the host's clock")
        self.is_synchronised = body == b"\x01"


def believable(ticks: pa.RecordBatch) -> pa.RecordBatch:
    """Give the ticks that may move rules: of a synchronised clock that did not jump."""
    steady = pc.equal(ticks["jump_s"], 0.0)
    return ticks.filter(pc.and_(ticks["synchronised"], steady))


def mark_doubted(
    readings: dict[Family, pa.RecordBatch], doubted: NDArray[np.int64]
) -> tuple[dict[Family, pa.RecordBatch], dict[Family, pa.RecordBatch]]:
    """Part readings into those to be judged and those dated by a clock that nobody set, marked as such.

    Args:
        readings: by family, in frame order.
        doubted: frames whose arrival time is not believed.
    """
    if len(doubted) == 0:
        return readings, {}
    frames = pa.array(doubted, pa.int64())
    sound: dict[Family, pa.RecordBatch] = {}
    marked: dict[Family, pa.RecordBatch] = {}
    for family, rows in readings.items():
        by_arrival = pc.and_(
            pc.is_in(rows["frame"], value_set=frames), pc.equal(rows["time"], rows["received_at"])
        )
        sound[family] = rows.filter(pc.invert(by_arrival))
        place = rows.schema.get_field_index("clock_unsynchronised")
        apart = rows.filter(by_arrival)
        flag = pa.array(np.ones(apart.num_rows, np.bool_))
        marked[family] = apart.set_column(place, rows.schema.field(place), flag)
    return sound, marked
