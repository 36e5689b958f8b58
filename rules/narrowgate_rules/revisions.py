"""What was said of each stay so far, and what has to be said anew when its history changes.

A stay is named by its arrival. One that turns out not to have happened gets a last version of no length; the
overstay found in it gets one that is cleared when it was raised.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import NEVER_US, Indices, Instants, Mask, State
from narrowgate_rules.stays import MOST, Derived

TOLD = 20
"""Stays remembered of a bay: all that its history can hold, and some that were taken back."""

NONE, RAISED, CLEARED, RETRACTED, WORSE = 0, 1, 2, 3, 4
"""How the overstay of a stay stands; WORSE = raised, and grown worse."""

_NAMES = ("arrived_us", "departed_us", "limit_us", "stay_version", "finding_version", "finding")


@dataclass
class Told:
    """What was said, (bays, k) each."""

    arrived_us: Instants
    """NEVER_US = no entry."""
    departed_us: Instants
    """NEVER_US = still there; equal to `arrived_us` = taken back."""
    limit_us: Instants
    """When the stay reaches its limit, fixed when it was first told; NEVER_US = no limit."""
    stay_version: NDArray[np.int32]
    """0 = not told yet."""
    finding_version: NDArray[np.int32]
    finding: NDArray[np.int8]
    """NONE, RAISED, CLEARED, RETRACTED or WORSE."""

    @classmethod
    def from_state(cls, state: State) -> "Told":
        """Take the arrays out of a rule's state."""
        return cls(*(state[f"told_{name}"] for name in _NAMES))

    def to_state(self) -> State:
        """Give the arrays back as a rule's state."""
        return {f"told_{name}": getattr(self, name) for name in _NAMES}

    def worse_us(self, limits: float) -> Instants:
        """Give when each stay will have lasted so many limits [us]; NEVER_US = it has none."""
        limited = self.limit_us != NEVER_US
        lasts_us = np.where(limited, self.limit_us - self.arrived_us, 0)
        return np.where(limited, self.arrived_us + np.rint(lasts_us * limits).astype(np.int64), NEVER_US)

    def of(self, bays: Indices) -> "Told":
        """Give a copy of some bays."""
        return Told(*(getattr(self, name)[bays] for name in _NAMES))

    def put(self, bays: Indices, part: "Told") -> None:
        """Write some bays back."""
        for name in _NAMES:
            getattr(self, name)[bays] = getattr(part, name)


def matched(told: Told, derived: Derived, floor_us: Instants) -> tuple[Told, Derived]:
    """Lay what was told beside what is known now.

    Entries of stays that are no longer in the history keep a place as long as a late sample could bring them
    back; too many, and the oldest of those taken back are forgotten.

    Returns:
        The entries, (bays, TOLD), one for each stay known now, and the stays in the same places.
    """
    same = derived.arrived_us[:, :, None] == told.arrived_us[:, None, :]
    same &= (derived.arrived_us != NEVER_US)[:, :, None]
    known = same.any(axis=2)
    # An entry that no stay matches stays on behind the stays; index TOLD is an empty one.
    gone = ~same.any(axis=1) & (told.arrived_us != NEVER_US) & (told.arrived_us >= floor_us[:, None])
    entry = np.concatenate(
        [np.where(known, same.argmax(axis=2), TOLD), np.where(gone, np.arange(TOLD), TOLD)], axis=1
    )
    kept = _widened(told, entry)
    blank = np.full(gone.shape, NEVER_US, dtype=np.int64)
    arrived_us = np.concatenate([derived.arrived_us, blank], axis=1)
    departed_us = np.concatenate([derived.departed_us, blank], axis=1)
    # Stays of the history first, then the others, newest first.
    first = np.where(derived.arrived_us != NEVER_US, np.arange(MOST) - NEVER_US, NEVER_US)
    rank = np.concatenate([first, np.where(gone, -told.arrived_us, NEVER_US)], axis=1)
    order = np.argsort(rank, axis=1, kind="stable")[:, :TOLD]
    placed = Told(*(np.take_along_axis(getattr(kept, name), order, axis=1) for name in _NAMES))
    now = Derived(
        np.take_along_axis(arrived_us, order, axis=1),
        np.take_along_axis(departed_us, order, axis=1),
        derived.undecided_us,
    )
    return placed, now


def _widened(told: Told, entry: Indices) -> Told:
    empty: dict[str, Any] = dict.fromkeys(_NAMES, 0)
    empty.update(dict.fromkeys(("arrived_us", "departed_us", "limit_us"), NEVER_US))
    columns = []
    for name in _NAMES:
        values = getattr(told, name)
        wide = np.concatenate([values, np.full((len(values), 1), empty[name], dtype=values.dtype)], axis=1)
        columns.append(np.take_along_axis(wide, entry, axis=1))
    return Told(*columns)


def revise_stays(told: Told, now: Derived) -> Mask:
    """Bring the entries up to date; mark those whose stay has to be told anew, (bays, TOLD)."""
    exists = now.arrived_us != NEVER_US
    vanished = ~exists & (told.arrived_us != NEVER_US)
    departed_us = np.where(exists, now.departed_us, np.where(vanished, told.arrived_us, NEVER_US))
    anew: Mask = (exists & (told.stay_version == 0)) | (departed_us != told.departed_us)
    told.arrived_us = np.where(exists, now.arrived_us, told.arrived_us)
    told.departed_us = departed_us
    told.stay_version = told.stay_version + anew.astype(np.int32)
    return anew


@dataclass(frozen=True)
class Overstays:
    """New versions of overstays among entries, (bays, TOLD)."""

    raises: Mask
    """A version that is open; where `ends` too, it comes first."""
    ends: Mask
    """A version that is cleared: at the departure, or where it was raised if it is taken back."""
    is_worse: Mask
    """Its versions say that it has grown worse."""


def revise_overstays(
    told: Told, departed_before_us: Instants, as_of_us: Instants, worse_us: Instants, delay_us: int
) -> Overstays:
    """Bring the entries' overstays up to date; say what has to be told anew.

    Args:
        told: entries, their stays already up to date.
        departed_before_us: (bays, TOLD) the departures as told before [us].
        as_of_us: (bays,) up to when the newest sample is taken to hold [us].
        worse_us: (bays, TOLD) until when each may stay without being worse [us].
        delay_us: the on/off delay [us]: a departure before the limit could still count that long after it.
    """
    is_open = (told.departed_us == NEVER_US) & (told.arrived_us != NEVER_US)
    proven = as_of_us[:, None] >= told.limit_us + delay_us
    over = is_open & proven
    left_late = ~is_open & (told.departed_us != told.arrived_us) & (told.departed_us > told.limit_us)
    was_worse = told.finding == WORSE
    is_raised = (told.finding == RAISED) | was_worse
    standing = is_raised | (told.finding == CLEARED)
    grown = over & (was_worse | (as_of_us[:, None] >= worse_us + delay_us))

    raises = over & (~is_raised | (grown & ~was_worse)) | left_late & (told.finding == NONE)
    ends = left_late & ((told.finding != CLEARED) | (told.departed_us != departed_before_us))
    ends |= standing & ~over & ~left_late
    told.finding_version = told.finding_version + raises + ends
    told.finding = np.select(
        [grown, over, left_late, standing], [WORSE, RAISED, CLEARED, RETRACTED], told.finding
    ).astype(np.int8)
    return Overstays(raises, ends, grown | left_late & (told.departed_us > worse_us))
