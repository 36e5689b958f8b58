"""Finds the hour behind each look at a register, across the end of batches.

A look is what passed since the look before it. The hour behind a look is made of whole looks: one that is
an hour by itself is its own hour; else looks back to back, as near to 60 minutes as they come, of two
equally near spans the shorter. No hour reaches into a look that is an hour by itself, for how its volume
lay in it nobody knows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import Indices, Instants, Mask
from narrowgate_rules.segments import index_of_last

HOUR_US = 3_600_000_000
GRAIN_US = HOUR_US // 15
"""Least span of a look [us]."""
KEPT_LOOKS = 15
"""Looks of GRAIN_US that an hour ending with the next one may reach back to."""
MOST_STEPS = 2**32 - 1
"""More steps than that in one look are counted as so many."""


@dataclass(frozen=True)
class Kept:
    """The last looks of each stretch that an hour may still reach back to, (stretches, KEPT_LOOKS) each."""

    span_us: NDArray[np.uint32]
    """Oldest first; 0 = no more."""
    steps: NDArray[np.uint32]


@dataclass(frozen=True)
class Hours:
    """The hour behind each look, (m,) each."""

    whole: Mask
    """The looks reach back far enough to make an hour."""
    span_us: Instants
    steps: Instants
    since_second_us: Instants
    """What passed since the end of the hour's first look [us]: no hour that begins later holds this one."""


def hours_behind(
    stretch: Indices, span_us: Instants, steps: Instants, kept: Kept, hour_us: int
) -> tuple[Hours, Kept]:
    """Give the hour behind each look, and the looks that the next one will want.

    Args:
        stretch: (m,) the look's stretch, not decreasing.
        span_us: (m,) what the look spans [us], at least the lesser of GRAIN_US and `hour_us`.
        steps: (m,) register steps in it.
        kept: looks of each stretch before its first one here.
        hour_us: least span that makes an hour [us], 60 minutes at the most.
    """
    # Oldest first: where there is any, there is one at the first place.
    is_plain = kept.span_us[:, 0] == 0
    is_plain[stretch[span_us < hour_us]] = False
    if is_plain.all():
        return _plain_hours(span_us, steps), Kept(np.zeros_like(kept.span_us), np.zeros_like(kept.steps))
    if is_plain.any():
        return _apart(is_plain, stretch, span_us, steps, kept, hour_us)
    old = kept.span_us > 0
    owner = np.concatenate([np.nonzero(old)[0], stretch])
    order = np.argsort(owner, kind="stable")
    owner = owner[order]
    spans = np.concatenate([kept.span_us[old].astype(np.int64), span_us])[order]
    counts = np.concatenate([kept.steps[old].astype(np.int64), np.minimum(steps, MOST_STEPS)])[order]
    low = _earliest(owner, spans >= hour_us)
    hours = _hours(spans, counts, low, hour_us)
    fresh = order >= np.count_nonzero(old)
    taken = Hours(*(column[fresh] for column in hours))
    return taken, _kept(owner, np.where(spans < hour_us, low, len(spans)), spans, counts, len(old))


def _plain_hours(span_us: Instants, steps: Instants) -> Hours:
    """Give the hours behind looks that are each an hour by themselves."""
    counts = np.minimum(steps, MOST_STEPS)
    return Hours(np.ones(len(span_us), np.bool_), span_us.copy(), counts, np.zeros_like(span_us))


def _apart(
    is_plain: Mask, stretch: Indices, span_us: Instants, steps: Instants, kept: Kept, hour_us: int
) -> tuple[Hours, Kept]:
    """Give the hours where only some stretches have nothing but looks that are hours by themselves."""
    other = np.flatnonzero(~is_plain)
    look = np.flatnonzero(~is_plain[stretch])
    number = np.cumsum(~is_plain) - 1
    some = Kept(kept.span_us[other], kept.steps[other])
    theirs, left = hours_behind(number[stretch[look]], span_us[look], steps[look], some, hour_us)
    hours = _plain_hours(span_us, steps)
    for name, column in vars(theirs).items():
        getattr(hours, name)[look] = column
    after = Kept(np.zeros_like(kept.span_us), np.zeros_like(kept.steps))
    after.span_us[other], after.steps[other] = left.span_us, left.steps
    return hours, after


def _earliest(owner: Indices, alone: Mask) -> Indices:
    """Give the first look that an hour ending with each may hold, (m,)."""
    barred = alone.copy()
    barred[1:] |= alone[:-1] | (owner[1:] != owner[:-1])
    barred[:1] = True
    return index_of_last(barred)


def _hours(spans: Instants, counts: Instants, low: Indices, hour_us: int) -> tuple[NDArray[Any], ...]:
    clock, meter = np.cumsum(spans), np.cumsum(counts)
    begin_us = clock - spans
    here = np.arange(len(spans))
    short = np.clip(np.searchsorted(begin_us, clock - HOUR_US), low, here)
    long = np.maximum(short - 1, low)
    below_us = HOUR_US - (clock - begin_us[short])
    above_us = clock - begin_us[long] - HOUR_US
    first = np.where((below_us > HOUR_US - hour_us) | (above_us < below_us), long, short)
    # Where no longer one exists, `long` is `short`; were it taken for being nearer, nothing would change.
    span_us = clock - begin_us[first]
    return span_us >= hour_us, span_us, meter - meter[first] + counts[first], clock - clock[first]


def _kept(owner: Indices, low: Indices, spans: Instants, counts: Instants, stretches: int) -> Kept:
    end = np.searchsorted(owner, np.arange(stretches), side="right")
    known = (end > 0) & (np.append(owner, -1)[end - 1] == np.arange(stretches))
    first = np.where(known, np.append(low, 0)[end - 1], len(owner))
    # Oldest first, the gap behind: a row then tells nothing of how it was cut.
    place = np.maximum(first, end - KEPT_LOOKS)[:, np.newaxis] + np.arange(KEPT_LOOKS)
    there = place < end[:, np.newaxis]
    at = np.where(there, place, -1)
    span_us, steps = (
        np.where(there, np.append(values, 0)[at], 0).astype(np.uint32) for values in (spans, counts)
    )
    return Kept(span_us, steps)
