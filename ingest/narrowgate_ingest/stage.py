"""The stage runner: the one place that catches whatever a profile or a rule raises.

A batch that raises is cut at the rows that are suspected, or else halved, until the row that does it stands
alone; the rows around it go on, in order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Done(Generic[T]):
    """What a stage made of the rows [start, stop)."""

    start: int
    stop: int
    made: T


@dataclass(frozen=True)
class Poisoned:
    """The one row that a stage cannot take, and what it raised."""

    row: int
    error: str


def _nobody(start: int, stop: int) -> Sequence[int]:
    return ()


def run_rows(
    stage: Callable[[int, int], T],
    start: int,
    stop: int,
    suspects: Callable[[int, int], Sequence[int]] = _nobody,
) -> Iterator[Done[T] | Poisoned]:
    """Run a stage over the rows [start, stop), around those that make it raise.

    Args:
        stage: takes (start, stop); if it raises, it has changed nothing.
        start: first row.
        stop: behind the last row; nothing is run where it equals `start`.
        suspects: gives, ascending, rows of [start, stop) that are run on their own where these raise; a guess
            that is wrong costs time only.

    Yields:
        Parts in row order, covering each row once.
    """
    pending = [(start, stop)] if stop > start else []
    while pending:
        first, last = pending.pop()
        try:
            made = stage(first, last)
        except Exception as error:  # noqa: BLE001 - the one place; the row is quarantined with these words
            if last - first == 1:
                yield Poisoned(first, f"{type(error).__name__}: {error}")
                continue
            pending += _cut(first, last, suspects(first, last))
        else:
            yield Done(first, last, made)


def _cut(first: int, last: int, suspects: Sequence[int]) -> list[tuple[int, int]]:
    """Cut rows around suspects, or else in two; the last part first."""
    edges = {first, last, *suspects, *(row + 1 for row in suspects)}
    if not suspects:
        edges.add((first + last) // 2)
    cuts = sorted(edges)
    return list(pairwise(cuts))[::-1]
