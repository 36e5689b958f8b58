"""Which readings are believed, and which are late.

Late is decided per (device, series) in arrival order: older than the newest time of earlier frames. The
rows of one frame are a history that arrives at once, so they never make each other late.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import EARLIEST_US, Indices, Instants, Mask
from narrowgate_rules.segments import first_rows, index_of_last, last_rows, running_max


@dataclass(frozen=True)
class Verdict:
    """What the clock of each row is worth, in the rows' own order."""

    believed: Mask
    """False: the clock was never set, or runs ahead of the host's."""
    late: Mask
    order: Indices
    """The believed rows sorted by (slot, frame, time)."""
    slots: Indices
    """Slots that had believed rows, each once, increasing."""
    newest_us: Instants
    """Their newest time afterwards [us]."""


def believed_times(time_us: Instants, received_us: Instants, tolerance_s: float) -> Mask:
    """Mark the times that can be true: from 2015 on, and not ahead of their arrival, (n,)."""
    return (time_us >= EARLIEST_US) & (time_us - received_us <= round(tolerance_s * 1e6))


def weigh(slot: Indices, frame: Instants, time_us: Instants, believed: Mask, newest_us: Instants) -> Verdict:
    """Sort a batch by (slot, arrival) and mark what is late.

    Args:
        slot: (n,) state slot.
        frame: (n,) journal offset.
        time_us: (n,) the device's time [us].
        believed: (n,) rows whose time counts.
        newest_us: (n,) newest time of the row's slot before the batch [us].
    """
    rows = np.flatnonzero(believed)
    order = rows[_by_arrival(slot[rows], frame[rows], time_us[rows])]
    slot_in, frame_in, time_in = slot[order], frame[order], time_us[order]
    first = first_rows(slot_in)
    so_far_us = running_max(np.maximum(time_in, newest_us[order]), slot_in)
    before_us = np.empty_like(so_far_us)
    before_us[1:] = so_far_us[:-1]
    before_us[first] = newest_us[order][first]
    # All rows of a frame are held against what was newest when its first row came.
    opens_frame = first | first_rows(frame_in)
    late = np.zeros(len(slot), dtype=np.bool_)
    late[order] = time_in < before_us[index_of_last(opens_frame)]
    last = last_rows(slot_in)
    return Verdict(believed, late, order, slot_in[last], so_far_us[last])


def _by_arrival(slot: Indices, frame: Instants, time_us: Instants) -> Indices:
    """Give the order by (slot, frame, time), (n,)."""
    in_order = (frame[1:] > frame[:-1]) | ((frame[1:] == frame[:-1]) & (time_us[1:] >= time_us[:-1]))
    if not in_order.all():
        return np.lexsort((time_us, frame, slot))
    if np.all(slot[1:] >= slot[:-1]):
        return np.arange(len(slot))
    # Rows came in order: slot and row in one number sort faster than two keys.
    size = len(slot)
    return np.sort(slot.astype(np.int64) * size + np.arange(size)) % size
