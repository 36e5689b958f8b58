"""Reads stays out of a bay's kept samples.

A run of equal samples counts if it lasts the on/off delay, up to the first sample of the next run, or,
being the last, up to now. The first run ever heard counts at once. A counting run of another state than
the one before it is an arrival or a departure, dated to its first sample, so debouncing never shortens or
lengthens a stay.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import NEVER_US, Instants, Mask
from narrowgate_rules.samples import KEPT, UNKNOWN, Samples

MOST = KEPT // 2 + 1
"""Stays that one history can hold."""


@dataclass(frozen=True)
class Derived:
    """The stays of some bays as known now, (bays, MOST), oldest first."""

    arrived_us: Instants
    """NEVER_US = no such stay."""
    departed_us: Instants
    """NEVER_US = still there."""
    undecided_us: Instants
    """(bays,) when the last run will count [us]; NEVER_US if it does already."""


def stays_in(samples: Samples, as_of_us: Instants, delay_us: int) -> Derived:
    """Read the stays of each bay.

    Args:
        samples: the histories.
        as_of_us: (bays,) up to when the newest sample is taken to hold [us].
        delay_us: the on/off delay [us].
    """
    begins, lasts_us = _runs(samples, as_of_us)
    counts = begins & (lasts_us >= delay_us)
    counts[:, 0] |= begins[:, 0] & (samples.base == UNKNOWN)
    before = _state_before(samples, counts)
    arrives = counts & (samples.occupied == 1) & (before != 1)
    departs = counts & (samples.occupied == 0) & (before == 1)
    in_base = (samples.base == 1)[:, None]
    ordinal = np.cumsum(arrives, axis=1) + in_base - 1

    bays = len(samples.count)
    arrived_us = np.full((bays, MOST), NEVER_US, dtype=np.int64)
    departed_us = arrived_us.copy()
    arrived_us[in_base[:, 0], 0] = samples.base_since_us[in_base[:, 0]]
    bay, column = np.nonzero(arrives)
    arrived_us[bay, ordinal[bay, column]] = samples.times_us[bay, column]
    bay, column = np.nonzero(departs)
    departed_us[bay, ordinal[bay, column]] = samples.times_us[bay, column]

    bay, column = np.nonzero(begins & ~counts & (_runs_after(begins) == 0))
    undecided_us = np.full(bays, NEVER_US, dtype=np.int64)
    undecided_us[bay] = samples.times_us[bay, column] + delay_us
    return Derived(arrived_us, departed_us, undecided_us)


def _runs(samples: Samples, as_of_us: Instants) -> tuple[Mask, Instants]:
    """Mark the first sample of each run, and give how long the run lasts [us], both (bays, ROOM)."""
    begins = samples.times_us != NEVER_US
    begins[:, 1:] &= samples.occupied[:, 1:] != samples.occupied[:, :-1]
    starts_us = np.where(begins, samples.times_us, NEVER_US)
    next_us = np.minimum.accumulate(starts_us[:, ::-1], axis=1)[:, ::-1]
    ends_us = np.full_like(next_us, NEVER_US)
    ends_us[:, :-1] = next_us[:, 1:]
    return begins, np.where(ends_us == NEVER_US, as_of_us[:, None], ends_us) - samples.times_us


def _runs_after(begins: Mask) -> Instants:
    """Count the runs that begin behind each sample, (bays, ROOM)."""
    return np.cumsum(begins[:, ::-1], axis=1)[:, ::-1] - begins


def _state_before(samples: Samples, counts: Mask) -> Instants:
    """Give the state that the last counting run before each sample left, (bays, ROOM)."""
    column = np.arange(counts.shape[1])
    latest = np.maximum.accumulate(np.where(counts, column, -1), axis=1)
    before = np.full_like(latest, -1)
    before[:, 1:] = latest[:, :-1]
    left = np.take_along_axis(samples.occupied, np.maximum(before, 0), axis=1)
    return np.where(before >= 0, left, samples.base[:, None])
