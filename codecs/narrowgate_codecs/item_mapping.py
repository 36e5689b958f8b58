"""From columns of lists' items to columns of readings of their own."""

from collections.abc import Iterable

import numpy as np

from narrowgate_codecs.arrow_columns import stable_order
from narrowgate_codecs.carried import Carried
from narrowgate_codecs.cohort import Column, Level, all_in
from narrowgate_codecs.dating import Clocks, date, fall_back, item_instants
from narrowgate_codecs.measures import (
    NO_TIMES,
    NOWHERE,
    Measures,
    Series,
    believed,
    chosen,
    heard,
    over,
    said_anything,
    taken,
)
from narrowgate_codecs.plan import Plan
from narrowgate_codecs.profile import Reading
from narrowgate_codecs.wire import Places


def items_of(reading: Reading, plan: Plan, level: Level, clocks: Clocks) -> list[Measures]:
    """Give the items of a list as rows of their own, one entry for each part of the frames that has it."""
    sound = np.zeros(level.count, np.bool_)
    sound[level.sound(plan.cases.get(reading.message, -1))] = True
    made: list[Measures] = []
    for items in _reached(level, reading.records):
        rows, frames = _in_order(items)
        rows = rows[sound[frames[rows]]]
        measures = _item_measures(reading, plan, items, rows, frames[rows])
        if reading.each is None:
            date(measures, reading, items, rows, clocks)
        else:
            instants, dated = item_instants(reading, reading.each, items, rows, frames[rows], clocks)
            measures.time_us, measures.timed = instants, dated
            if reading.each.offset is not None:
                fall_back(measures, reading.each, items, rows, clocks)
        made.append(_kept(measures, reading, rows))
    return made


def _reached(level: Level, path: str | None) -> list[Level]:
    """Give the levels of a list's items; of a list in a list's items, those of all of them."""
    found = [level]
    for name in (path or "").split("."):
        found = [items for one in found for items in one.lists.get(name, [])]
    return [items for items in found if items.owners is not None and items.index is not None]


def _in_order(items: Level) -> tuple[Places, Places]:
    """Give a level's rows in the order of frames and of places in their lists, and each row's frame."""
    if items.index is not None and items.parent is not None and items.parent.parent is None:
        owners = items.owners
        if owners is not None and all_in(items.index[1:] >= items.index[:-1]):
            # Round after round: those of one frame stand in their order already.
            return stable_order(owners, items.parent.count), owners
    keys: list[Places] = []
    frames, around = np.arange(items.count), items
    while around.owners is not None and around.parent is not None:
        keys.append(np.zeros(len(frames), np.int64) if around.index is None else around.index[frames])
        frames, around = around.owners[frames], around.parent
    return np.lexsort((*keys, frames)), frames


def _item_measures(reading: Reading, plan: Plan, items: Level, rows: Places, frames: Places) -> Measures:
    """Give what items say, not yet dated, under the rows of their frames."""
    carried = Carried()
    for carry in reading.carries:
        if carry.name in items.columns:
            doubt = None if carry.doubted_by is None else items.columns.get(carry.doubted_by)
            column = believed(items.columns[carry.name], doubt)
            if carry.after is not None:
                column = over(column, items.columns.get(carry.after))
            column = taken(column, rows)
            carried.add(carry.field, column, plan.wants.words.get(carry.name))
    series: str | Series = reading.series
    if reading.series_by is not None:
        named = heard(items, reading.series_by, rows)
        series = _series(named, plan.wants.words.get(reading.series_by), len(rows))
    return Measures(frames, carried.fields, carried.words, NO_TIMES, NOWHERE, None, series)


def _series(told: Column | None, words: Iterable[str] | None, count: int) -> Series:
    """Give the series that items name; numbers stand for themselves, and -1 for none."""
    if told is None:
        return Series((), np.full(count, -1))
    numbers, known = told.values, tuple(words or ())
    if words is None:
        found, numbers = np.unique(told.values, return_inverse=True)
        known = tuple(str(number) for number in found.tolist())
    return Series(known, numbers if told.said is None else np.where(told.said, numbers, -1))


def _kept(measures: Measures, reading: Reading, rows: Places) -> Measures:
    """Give the rows that say something, have a series and, where items date themselves, an instant."""
    keep = np.ones(len(rows), np.bool_)
    if reading.each is not None and reading.each.offset is None:
        keep &= measures.timed
    said = said_anything(measures.fields, len(rows))
    if said is not None:
        keep &= said
    if isinstance(measures.series, Series):
        keep &= measures.series.numbers >= 0
    return measures if all_in(keep) else chosen(measures, keep.nonzero()[0])
