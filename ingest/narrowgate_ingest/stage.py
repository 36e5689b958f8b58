"""The stage runner: the one place that catches whatever a profile or a rule raises.

A batch that raises is halved until the row that does it stands alone; the rows around it go on, in order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


def run_rows(stage: Callable[[int, int], T], start: int, stop: int) -> Iterator[Done[T] | Poisoned]:
    """Run a stage over the rows [start, stop), around those that make it raise.

    Args:
        stage: takes (start, stop); if it raises, it has changed nothing.
        start: first row.
        stop: behind the last row; nothing is run where it equals `start`.

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
            middle = (first + last) // 2
            pending += [(middle, last), (first, middle)]
        else:
            yield Done(first, last, made)
