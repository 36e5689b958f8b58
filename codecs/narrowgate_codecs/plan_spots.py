"""The plan's reading of leaves that stand elsewhere in every content: a coding at a time, a name at a time.

A dozen names in a dozen codings are a gross of kinds; numbers of one coding are read together whatever they
are called, and what is called alike is kept together however it was coded.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Cohort, Level
from narrowgate_codecs.learned import Compiler, Kind
from narrowgate_codecs.plan_stated import WiredStep
from narrowgate_codecs.wire import Places


def read_kind(kind: Kind, cohort: Cohort, offset: int, params: list[Any]) -> None:
    """Read leaves of a kind, each by what is given along."""
    if params:
        kind.step.run_by(cohort, offset, *params)  # type: ignore[attr-defined]  # kinds with params have it
    else:
        kind.step.run(cohort, offset)


def read_spots(compiler: Compiler, level: Level, starts: Places, rows: Places, spots: Places) -> None:
    """Read leaves and keep what they say.

    Args:
        compiler: knows their kinds.
        level: says it.
        starts: (m,) first byte of what each leaf stands in, on the wire.
        rows: (m,) row of the level that each leaf is of.
        spots: (COLUMNS, m) their kinds and places, as in Learned.says.
    """
    order, groups = _runs(compiler.codings[spots[0]])
    kinds, rows, starts = spots[0][order], rows[order], (starts + spots[2])[order]
    values, said = np.zeros(len(rows)), np.ones(len(rows), np.bool_)
    is_number = np.zeros(len(rows), np.bool_)
    for part in groups:
        kind = compiler.kinds[kinds[part.start]]
        given = [column[order[part]] for column in spots[3 : 3 + kind.given]]
        cohort = Cohort(level, starts[part], 0, 0, rows[part])
        if not isinstance(kind.step, WiredStep):
            read_kind(kind, cohort, 0, given)
            continue
        is_number[part] = True
        values[part], known = kind.step.numbers(cohort, 0, *given)
        if known is not None:
            said[part] = known
    numbers = is_number.nonzero()[0]
    order, groups = _runs(compiler.names[kinds[numbers]])
    numbers = numbers[order]
    for part in groups:
        own = numbers[part]
        name = compiler.kinds[kinds[own[0]]].step.leaf.name
        Cohort(level, starts[own], 0, 0, rows[own]).say(name, values[own], said[own])


def _runs(numbers: NDArray[Any]) -> tuple[Places, Iterator[slice]]:
    """Give the order that puts equal numbers together, and where in it they stand."""
    order: Places = numbers.astype(np.uint16).argsort(kind="stable")
    ordered = numbers[order]
    edges = [0, *((ordered[1:] != ordered[:-1]).nonzero()[0] + 1).tolist(), len(order)]
    return order, (slice(first, stop) for first, stop in pairwise(edges) if stop > first)
