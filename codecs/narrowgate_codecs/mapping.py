"""From columns of what frames say to columns of readings; the mirror of rows.py."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.calendars import instants_us
from narrowgate_codecs.cohort import Column, Level, Mask
from narrowgate_codecs.plan import Plan
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.profile import Profile, Reading
from narrowgate_codecs.wire import Places


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
    unsynchronised: Mask | None
    """(m,) Where the clock was never set; None: the device has none."""
    series: str


def measures_of(
    profile: Profile,
    plan: Plan,
    level: Level,
    zone: ZoneInfo,
    received_us: NDArray[np.int64],
    received: Mask,
) -> list[Measures]:
    """Give the readings of the rows that need no row engine, one entry a mapping.

    Args:
        profile: the frames' profile.
        plan: how they were read.
        level: what they say.
        zone: the zone of clocks that state none.
        received_us: (n,) reception [us since 1970 UTC].
        received: (n,) where it is known.
    """
    made = [_measures(reading, plan, level) for reading in profile.readings]
    for reading, one in zip(profile.readings, made, strict=True):
        one.time_us, one.timed = received_us[one.rows], received[one.rows]
        if reading.clock is not None:
            _date(one, _clock(profile, reading.clock), level, zone)
    return [one for one in made if len(one.rows)]


def _measures(reading: Reading, plan: Plan, level: Level) -> Measures:
    rows = level.sound(plan.cases.get(reading.message, -1))
    fields: dict[str, Column] = {}
    words: dict[str, tuple[str, ...]] = {}
    for carry in reading.carries:
        column = _column(reading, carry.name, level, rows)
        if column is not None:
            fields[carry.field] = column
            if carry.name in plan.wants.words:
                words[carry.field] = tuple(plan.wants.words[carry.name])
    kept = _said_anything(fields, len(rows))
    if not kept.all():
        chosen = np.flatnonzero(kept)
        rows = rows[chosen]
        fields = {name: _taken(column, chosen) for name, column in fields.items()}
    nothing = np.zeros(0, np.int64)
    return Measures(rows, fields, words, nothing, np.zeros(0, np.bool_), None, reading.series)


def _column(reading: Reading, name: str, level: Level, rows: Places) -> Column | None:
    """Give what the rows say under a name; None if no row says it."""
    if reading.records is not None:
        column = _last(level, level.lists.get(reading.records, []), name)
    else:
        column = level.columns.get(name)
    if column is None or len(rows) == level.count:
        return column
    return _taken(column, rows)


def _taken(column: Column, rows: Places) -> Column:
    return Column(column.values[rows], None if column.said is None else column.said[rows])


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
        saying = np.arange(items.count) if column.said is None else np.flatnonzero(column.said)
        winner = np.full(level.count, -1)
        np.maximum.at(winner, items.owners[saying], saying)
        rows = np.flatnonzero(winner >= 0)
        made.values[rows] = column.values[winner[rows]]
        made.said[rows] = True  # type: ignore[index]  # made with a mask
    return made


def _said_anything(fields: dict[str, Column], count: int) -> Mask:
    said = np.zeros(count, np.bool_)
    for column in fields.values():
        if column.said is None:
            return np.ones(count, np.bool_)
        said |= column.said
    return said


def _clock(profile: Profile, name: str) -> el.Clock:
    return next(clock for clock in _clocks(profile.up) if clock.name == name)


def _clocks(fields: tuple[lay.Element, ...]) -> list[el.Clock]:
    found: list[el.Clock] = []
    for field in fields:
        found.extend([field] if isinstance(field, el.Clock) else _clocks(lay.children(field)))
    return found


def _date(measures: Measures, clock: el.Clock, level: Level, zone: ZoneInfo) -> None:
    """Put the clock's instants where it has one; elsewhere reception stays."""
    column = level.columns.get(raw_name(clock.name))
    if column is None:
        measures.unsynchronised = np.ones(len(measures.rows), np.bool_)
        return
    taken = _taken(column, measures.rows)
    raw: Any = taken.values
    instants, dated = instants_us(clock, raw, zone, measures.time_us, measures.timed)
    if taken.said is not None:
        dated &= taken.said
    measures.time_us = np.where(dated, instants, measures.time_us)
    measures.timed = measures.timed | dated
    measures.unsynchronised = ~dated
