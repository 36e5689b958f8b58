"""From columns of what frames say to columns of readings; the mirror of rows.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.arrow_columns import stable_order
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.calendars import epochs_us, instants_us, local_instants_us
from narrowgate_codecs.carried import Carried
from narrowgate_codecs.cohort import Column, Level, Mask, all_in, every, everywhere
from narrowgate_codecs.plan import Mapping, Plan
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.plan_stated import NEVER, elapsed_name
from narrowgate_codecs.profile import Each, Reading
from narrowgate_codecs.wire import Places

Some: TypeAlias = Places | None
"""Rows of a level; None: all of them, in their order."""
_NO_TIMES = np.zeros(0, np.int64)
_NOWHERE = np.zeros(0, np.bool_)


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


def measures_of(
    plan: Plan,
    level: Level,
    zone: ZoneInfo,
    received_us: NDArray[np.int64],
    received: Mask,
) -> list[Measures]:
    """Give the readings of the rows that need no row engine, one entry a mapping.

    Args:
        plan: how the frames were read.
        level: what they say.
        zone: the zone of clocks that state none.
        received_us: (n,) reception [us since 1970 UTC].
        received: (n,) where it is known.
    """
    made: list[Measures] = []
    clocks = _Clocks(plan, zone, received_us, received)
    for mapping in plan.mappings:
        if isinstance(level.case, int) and level.case != mapping.case:
            continue
        if mapping.is_item:
            made.extend(_items(mapping.reading, plan, level, clocks))
            continue
        measures, some = _measures(mapping, plan, level)
        if len(measures.rows):
            dated = _date(measures, mapping.reading, level, some, clocks)
            made.append(_chosen(measures, dated.nonzero()[0]) if mapping.reading.only_dated else measures)
    return [measures for measures in made if len(measures.rows)]


@dataclass(slots=True)
class _Clocks:
    """What it takes to date rows."""

    plan: Plan
    zone: ZoneInfo
    received_us: NDArray[np.int64]
    """(n,) By row of the frames."""
    is_received: Mask

    def received(self, some: Some) -> tuple[NDArray[np.int64], Mask]:
        """Give the reception of frames, and where it is known."""
        if some is None:
            return self.received_us, self.is_received
        return self.received_us[some], self.is_received[some]

    def instants(self, name: str, level: Level, some: Some, owners: Places) -> tuple[Any, Mask]:
        """Give the instants that a clock means in rows of a level, or around them, and where it means one.

        Instants are [us since 1970 UTC]; `owners` are the frames of the rows.
        """
        taken = _heard(level, raw_name(name), some)
        if taken is None:
            return np.zeros(len(owners), np.int64), np.zeros(len(owners), np.bool_)
        clock = self.plan.clocks[name]
        if isinstance(clock, el.Epoch):
            instants, dated = epochs_us(clock, taken.values)
            return instants, dated if taken.said is None else dated & taken.said
        received_us, received = self.received(None if some is None and level.parent is None else owners)
        if isinstance(clock, BitClock):
            dated = taken.values != NEVER if taken.said is None else (taken.values != NEVER) & taken.said
            instants = local_instants_us(taken.values, dated, self.zone, received_us, received)
            elapsed = _heard(level, elapsed_name(name), some)
            if elapsed is not None:
                instants = instants + elapsed.values * 1_000_000
        elif isinstance(clock, el.Moment):
            instants, dated = taken.values, everywhere(len(owners))
        else:
            raw: Any = taken.values
            instants, dated = instants_us(clock, raw, self.zone, received_us, received)
        return instants, dated if taken.said is None else dated & taken.said


def _measures(mapping: Mapping, plan: Plan, level: Level) -> tuple[Measures, Some]:
    """Give what rows say, not yet dated, and which rows of the level they are."""
    some: Some = None if level.is_all(mapping.case) else level.sound(mapping.case)
    rows, reading = every(level.count) if some is None else some, mapping.reading
    fields, words = _carried(mapping, plan, level, some) if len(rows) else ({}, {})
    kept = _said_anything(fields, len(rows))
    if kept is not None and not all_in(kept):
        chosen = kept.nonzero()[0]
        rows = some = rows[chosen]
        fields = {name: _taken(column, chosen) for name, column in fields.items()}
    return Measures(rows, fields, words, _NO_TIMES, _NOWHERE, None, reading.series), some


def _carried(
    mapping: Mapping, plan: Plan, level: Level, some: Some
) -> tuple[dict[str, Column], dict[str, tuple[str, ...]]]:
    """Give what rows say of each field, and what its numbers stand for."""
    columns = level.columns
    if mapping.copied is not None:
        copied = {field: columns[name] for field, name in mapping.copied if name in columns}
        if some is not None:
            copied = {field: _taken(column, some) for field, column in copied.items()}
        return copied, mapping.words
    carried, reading = Carried(), mapping.reading
    for carry in reading.carries:
        column = _column(reading, carry.name, level, some)
        if column is not None:
            doubt = None if carry.doubted_by is None else _column(reading, carry.doubted_by, level, some)
            column = _believed(column, doubt)
            if carry.after is not None:
                column = _over(column, _column(reading, carry.after, level, some))
            carried.add(carry.field, column, plan.wants.words.get(carry.name))
    return carried.fields, carried.words


def _column(reading: Reading, name: str, level: Level, some: Some) -> Column | None:
    """Give what rows say under a name; None if no row says it."""
    if reading.records is not None:
        column = _last(level, level.lists.get(reading.records, []), name)
    else:
        column = level.columns.get(name)
    return None if column is None else _taken(column, some)


def _believed(column: Column, doubt: Column | None) -> Column:
    """Give the column without what is false while it is doubted."""
    if doubt is None:
        return column
    believed = _truth(column.values) | ~_holding(doubt)
    if column.said is not None:
        believed &= column.said
    return Column(column.values, None if all_in(believed) else believed)


def _over(column: Column, goes_on: Column | None) -> Column:
    """Give the column only where what it tells of is over."""
    if goes_on is None:
        return Column(column.values, np.zeros(len(column.values), np.bool_))
    over = ~_truth(goes_on.values) & (True if goes_on.said is None else goes_on.said)
    return Column(column.values, over if column.said is None else over & column.said)


def _holding(column: Column) -> Mask:
    """Give where a truth is said to hold."""
    truth = _truth(column.values)
    return truth if column.said is None else truth & column.said


def _truth(values: NDArray[Any]) -> Mask:
    return values.astype(np.bool_, copy=False)


def _taken(column: Column, some: Some) -> Column:
    if some is None:
        return column
    return Column(column.values[some], None if column.said is None else column.said[some])


def _heard(level: Level, name: str, some: Some) -> Column | None:
    """Give what is said under a name in rows of a level, or in the nearest one around it that says it."""
    around: Level | None = level
    while around is not None:
        column = around.columns.get(name)
        if column is not None:
            return _taken(column, some)
        if around.owners is not None:
            some = around.owners if some is None else around.owners[some]
        around = around.parent
    return None


def _last(level: Level, lists: list[Level], name: str) -> Column | None:
    """Give, of records that share one instant, what the last one says."""
    made: Column | None = None
    for items in lists:
        column = items.columns.get(name)
        if column is None or items.owners is None:
            continue
        if made is None:
            made = Column(
                np.zeros(level.count, column.values.dtype.newbyteorder("=")), np.zeros(level.count, np.bool_)
            )
        elif not np.can_cast(column.values.dtype, made.values.dtype, "safe"):
            # Parts of the frames may say the same in numbers of different widths.
            made.values = made.values.astype(np.promote_types(made.values.dtype, column.values.dtype))
        saying = np.arange(items.count) if column.said is None else column.said.nonzero()[0]
        winner = np.full(level.count, -1)
        # Of several of one owner the last one written stays, and they stand in order.
        winner[items.owners[saying]] = saying
        rows = (winner >= 0).nonzero()[0]
        made.values[rows] = column.values[winner[rows]]
        made.said[rows] = True  # type: ignore[index]  # made with a mask
    return made


def _said_anything(fields: dict[str, Column], count: int) -> Mask | None:
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


def _date(measures: Measures, reading: Reading, level: Level, some: Some, clocks: _Clocks) -> Mask:
    """Put the clock's instants where rows of a level have one; elsewhere reception dates them.

    Returns:
        (m,) where they have one.
    """
    frames = None if some is None and level.parent is None else measures.rows
    measures.time_us, measures.timed = clocks.received(frames)
    if reading.clock is None:
        return np.zeros(len(measures.rows), np.bool_)
    instants, dated = clocks.instants(reading.clock, level, some, measures.rows)
    if all_in(dated):
        measures.time_us, measures.timed = instants, dated
    else:
        measures.time_us = measures.time_us.copy()
        np.copyto(measures.time_us, instants, where=dated)
        measures.timed = measures.timed | dated
    clock = _heard(level, raw_name(reading.clock), some)
    if clock is not None:
        measures.unsynchronised = Column(~dated, clock.said)
    return dated


def _items(reading: Reading, plan: Plan, level: Level, clocks: _Clocks) -> list[Measures]:
    """Give the items of a list as rows of their own, one entry for each part of the frames that has it."""
    sound = np.zeros(level.count, np.bool_)
    sound[level.sound(plan.cases.get(reading.message, -1))] = True
    made: list[Measures] = []
    for items in _reached(level, reading.records):
        rows, frames = _in_order(items)
        rows = rows[sound[frames[rows]]]
        measures = _item_measures(reading, plan, items, rows, frames[rows])
        if reading.each is None:
            _date(measures, reading, items, rows, clocks)
        else:
            instants, dated = _item_instants(reading, reading.each, items, rows, frames[rows], clocks)
            measures.time_us, measures.timed = instants, dated
            if reading.each.offset is not None:
                _fall_back(measures, reading.each, items, rows, clocks)
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


def _fall_back(measures: Measures, each: Each, items: Level, rows: Places, clocks: _Clocks) -> None:
    """Date the items whose clock says nothing by their distance from reception, if they say one."""
    dated, clock = measures.timed, items.columns.get(raw_name(each.clock or ""))
    if clock is not None:
        measures.unsynchronised = Column(~dated, None if clock.said is None else clock.said[rows])
    received_us, received = clocks.received(measures.rows)
    offset = items.columns.get(raw_name(each.offset or ""))
    if offset is not None:
        received_us = received_us + offset.values[rows]
    measures.time_us, measures.timed = np.where(dated, measures.time_us, received_us), dated | received


def _item_measures(reading: Reading, plan: Plan, items: Level, rows: Places, frames: Places) -> Measures:
    """Give what items say, not yet dated, under the rows of their frames."""
    carried = Carried()
    for carry in reading.carries:
        if carry.name in items.columns:
            doubt = None if carry.doubted_by is None else items.columns.get(carry.doubted_by)
            column = _believed(items.columns[carry.name], doubt)
            if carry.after is not None:
                column = _over(column, items.columns.get(carry.after))
            column = _taken(column, rows)
            carried.add(carry.field, column, plan.wants.words.get(carry.name))
    series: str | Series = reading.series
    if reading.series_by is not None:
        named = _heard(items, reading.series_by, rows)
        series = _series(named, plan.wants.words.get(reading.series_by), len(rows))
    return Measures(frames, carried.fields, carried.words, _NO_TIMES, _NOWHERE, None, series)


def _series(taken: Column | None, words: Iterable[str] | None, count: int) -> Series:
    """Give the series that items name; numbers stand for themselves, and -1 for none."""
    if taken is None:
        return Series((), np.full(count, -1))
    numbers, known = taken.values, tuple(words or ())
    if words is None:
        found, numbers = np.unique(taken.values, return_inverse=True)
        known = tuple(str(number) for number in found.tolist())
    return Series(known, numbers if taken.said is None else np.where(taken.said, numbers, -1))


def _kept(measures: Measures, reading: Reading, rows: Places) -> Measures:
    """Give the rows that say something, have a series and, where items date themselves, an instant."""
    keep = np.ones(len(rows), np.bool_)
    if reading.each is not None and reading.each.offset is None:
        keep &= measures.timed
    said = _said_anything(measures.fields, len(rows))
    if said is not None:
        keep &= said
    if isinstance(measures.series, Series):
        keep &= measures.series.numbers >= 0
    return measures if all_in(keep) else _chosen(measures, keep.nonzero()[0])


def _chosen(measures: Measures, kept: Places) -> Measures:
    """Give some of the rows."""
    series, unset = measures.series, measures.unsynchronised
    return Measures(
        measures.rows[kept],
        {name: _taken(column, kept) for name, column in measures.fields.items()},
        measures.words,
        measures.time_us[kept],
        measures.timed[kept],
        None if unset is None else _taken(unset, kept),
        series if isinstance(series, str) else Series(series.words, series.numbers[kept]),
    )


def _item_instants(
    reading: Reading, each: Each, items: Level, rows: Places, frames: Places, clocks: _Clocks
) -> tuple[NDArray[np.int64], Mask]:
    if items.index is None:
        raise TypeError("a list's level has places")
    if each.clock is not None:
        return clocks.instants(each.clock, items, rows, frames)
    starts, dated = clocks.received(frames)
    if not each.from_reception:
        starts, dated = clocks.instants(reading.clock or "", items, rows, frames)
    return starts + (each.first + items.index[rows]) * each.step_s * 1_000_000, dated
