"""The readings of a batch as columns, and the choice of rows among them."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Column, Level, Mask, all_in
from narrowgate_codecs.wire import Places

Some: TypeAlias = Places | None
"""Rows of a level; None: all of them, in their order."""
NO_TIMES = np.zeros(0, np.int64)
NOWHERE = np.zeros(0, np.bool_)


@dataclass(slots=True)
class Measures:
    """The readings that a batch of one profile's frames gives by one mapping, as columns."""

    rows: Places
    """(m,) Rows of the batch, ascending."""
    fields: dict[str, Column]
    """(m,) By field; words as numbers into `words`."""
    words: dict[str, tuple[str, ...]]
    time_us: NDArray[np.int64]
    """(m,) [us since 1970 UTC]"""
    timed: Mask
    """(m,) Where the time is known."""
    unsynchronised: Column | None
    """(m,) Where the clock was never set, null where the frame has none; None: no frame has one."""
    series: "str | Series"


@dataclass(frozen=True, slots=True)
class Series:
    """The series of rows that have different ones."""

    words: tuple[str, ...]
    numbers: NDArray[Any]
    """(m,) Into the words."""


def chosen(measures: Measures, kept: Places) -> Measures:
    """Give some of the rows."""
    series, unset = measures.series, measures.unsynchronised
    return Measures(
        measures.rows[kept],
        {name: taken(column, kept) for name, column in measures.fields.items()},
        measures.words,
        measures.time_us[kept],
        measures.timed[kept],
        None if unset is None else taken(unset, kept),
        series if isinstance(series, str) else Series(series.words, series.numbers[kept]),
    )


def taken(column: Column, some: Some) -> Column:
    """Give a column for some rows."""
    if some is None:
        return column
    return Column(column.values[some], None if column.said is None else column.said[some])


def heard(level: Level, name: str, some: Some) -> Column | None:
    """Give what is said under a name in rows of a level, or in the nearest one around it that says it."""
    around: Level | None = level
    while around is not None:
        column = around.columns.get(name)
        if column is not None:
            return taken(column, some)
        if around.owners is not None:
            some = around.owners if some is None else around.owners[some]
        around = around.parent
    return None


def said_anything(fields: dict[str, Column], count: int) -> Mask | None:
    """Give the rows that say something; None: all of them."""
    for column in fields.values():
        if column.said is None:
            return None
    said = np.zeros(count, np.bool_)
    for column in fields.values():
        said |= column.said  # type: ignore[arg-type]  # None is none of them now
        if all_in(said):
            return None
    return said


def believed(column: Column, doubt: Column | None) -> Column:
    """Give the column without what is false while it is doubted."""
    if doubt is None:
        return column
    said = _truth(column.values) | ~_holding(doubt)
    if column.said is not None:
        said &= column.said
    return Column(column.values, None if all_in(said) else said)


def over(column: Column, goes_on: Column | None) -> Column:
    """Give the column only where what it tells of is over."""
    if goes_on is None:
        return Column(column.values, np.zeros(len(column.values), np.bool_))
    said = ~_truth(goes_on.values) & (True if goes_on.said is None else goes_on.said)
    return Column(column.values, said if column.said is None else said & column.said)


def _holding(column: Column) -> Mask:
    """Give where a truth is said to hold."""
    truth = _truth(column.values)
    return truth if column.said is None else truth & column.said


def _truth(values: NDArray[Any]) -> Mask:
    return values.astype(np.bool_, copy=False)
