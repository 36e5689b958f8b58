"""Collects the steps of a register into blocks of at least some span, stretch by stretch."""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import Indices, Instants, Mask
from narrowgate_rules.segments import first_rows, hops, shifted


@dataclass(frozen=True)
class Blocks:
    """Whole blocks, (m,) each, and what is left over at the end of each stretch, (stretches,) each."""

    row: Indices
    """The row that completes the block."""
    stretch: Indices
    first: Mask
    """The stretch's first block."""
    span_us: Instants
    steps: Instants
    rest_us: Instants
    rest_steps: Instants


def collect(
    begins: Mask,
    span_us: Instants,
    steps: Instants,
    carried_us: Instants,
    carried_steps: Instants,
    block_us: int,
) -> Blocks:
    """Cut each stretch into the shortest blocks that span at least `block_us`.

    Args:
        begins: (n,) the row begins a stretch; the first row must.
        span_us: (n,) time from the row before [us]; 0 = does not count.
        steps: (n,) register steps from the row before.
        carried_us: (stretches,) span collected before the stretch's first row [us], less than a block.
        carried_steps: (stretches,) register steps collected with it.
        block_us: least span of a block [us], more than 0.
    """
    size = len(begins)
    begin = np.flatnonzero(begins)
    if len(begin) == size:
        return _of_lone_rows(span_us + carried_us, steps + carried_steps, block_us)
    stretch = np.cumsum(begins) - 1
    end = np.append(begin[1:], size)[: len(begin)]
    clock, origin_us = _running(span_us, begin, carried_us)
    meter, origin_steps = _running(steps, begin, carried_steps)
    target = _up_to(np.searchsorted(clock, clock + block_us), end[stretch], size)
    row = hops(target, _up_to(np.searchsorted(clock, origin_us + block_us), end, size))
    first = first_rows(stretch[row])
    opened = stretch[row[first]]
    rest_us, rest_steps = origin_us.copy(), origin_steps.copy()
    rest_us[stretch[row]] = clock[row]
    rest_steps[stretch[row]] = meter[row]
    return Blocks(
        row=row,
        stretch=stretch[row],
        first=first,
        span_us=clock[row] - shifted(clock[row], first, origin_us[opened]),
        steps=meter[row] - shifted(meter[row], first, origin_steps[opened]),
        rest_us=clock[end - 1] - rest_us,
        rest_steps=meter[end - 1] - rest_steps,
    )


def _of_lone_rows(span_us: Instants, steps: Instants, block_us: int) -> Blocks:
    """Give the blocks of stretches of one row each, which what was carried has joined already."""
    is_block = span_us >= block_us
    row = np.flatnonzero(is_block)
    return Blocks(
        row=row,
        stretch=row,
        first=np.ones(len(row), np.bool_),
        span_us=span_us[row],
        steps=steps[row],
        rest_us=np.where(is_block, 0, span_us),
        rest_steps=np.where(is_block, 0, steps),
    )


def _running(values: Instants, begin: Indices, carried: Instants) -> tuple[Instants, Instants]:
    """Give the sum over all rows with what was carried, and what it was where each stretch's block began."""
    lifted = values.copy()
    lifted[begin] += carried
    total = np.cumsum(lifted)
    return total, total[begin] - lifted[begin]


def _up_to(target: Indices, end: Indices, size: int) -> Indices:
    return np.where(target < end, target, size)
