"""From columns of what frames say to columns of readings; the mirror of rows.py."""

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.carried import Carried
from narrowgate_codecs.cohort import Column, Level, Mask, all_in, every
from narrowgate_codecs.dating import Clocks, date
from narrowgate_codecs.item_mapping import items_of
from narrowgate_codecs.measures import (
    NO_TIMES,
    NOWHERE,
    Measures,
    Some,
    believed,
    chosen,
    over,
    said_anything,
    taken,
)
from narrowgate_codecs.plan import Mapping, Plan
from narrowgate_codecs.profile import Reading


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
    for mapping in plan.mappings:
        if isinstance(level.case, int) and level.case != mapping.case:
            continue
        if mapping.is_item:
            if level.lists:
                clocks = Clocks(plan, zone, received_us, received)
                made.extend(items_of(mapping.reading, plan, level, clocks))
            continue
        measures, some = _measures(mapping, plan, level)
        if some is None and mapping.reading.clock is None:
            measures.time_us, measures.timed = received_us, received
        elif len(measures.rows):
            dated = date(measures, mapping.reading, level, some, Clocks(plan, zone, received_us, received))
            if mapping.reading.only_dated:
                measures = chosen(measures, dated.nonzero()[0])
        made.append(measures)
    return [measures for measures in made if len(measures.rows)]


def _measures(mapping: Mapping, plan: Plan, level: Level) -> tuple[Measures, Some]:
    """Give what rows say, not yet dated, and which rows of the level they are."""
    some: Some = None if level.is_all(mapping.case) else level.sound(mapping.case)
    rows, reading = every(level.count) if some is None else some, mapping.reading
    fields, words = _carried(mapping, plan, level, some) if len(rows) else ({}, {})
    kept = said_anything(fields, len(rows))
    if kept is not None and not all_in(kept):
        places = kept.nonzero()[0]
        rows = some = rows[places]
        fields = {name: taken(column, places) for name, column in fields.items()}
    return Measures(rows, fields, words, NO_TIMES, NOWHERE, None, reading.series), some


def _carried(
    mapping: Mapping, plan: Plan, level: Level, some: Some
) -> tuple[dict[str, Column], dict[str, tuple[str, ...]]]:
    """Give what rows say of each field, and what its numbers stand for."""
    if mapping.sole is not None:
        return _sole(mapping.sole, level.columns, some), mapping.words
    carried, reading = Carried(), mapping.reading
    for carry in reading.carries:
        column = _column(reading, carry.name, level, some)
        if column is not None:
            doubt = None if carry.doubted_by is None else _column(reading, carry.doubted_by, level, some)
            column = believed(column, doubt)
            if carry.after is not None:
                column = over(column, _column(reading, carry.after, level, some))
            carried.add(carry.field, column, plan.wants.words.get(carry.name))
    return carried.fields, carried.words


def _sole(
    carries: tuple[tuple[str, str, str | None, str | None], ...], columns: dict[str, Column], some: Some
) -> dict[str, Column]:
    """Give what rows say of fields that one name each says."""
    fields: dict[str, Column] = {}
    for field, name, doubt, after in carries:
        column = columns.get(name)
        if column is None:
            continue
        if doubt is not None:
            column = believed(column, columns.get(doubt))
        if after is not None:
            column = over(column, columns.get(after))
        fields[field] = column if some is None else taken(column, some)
    return fields


def _column(reading: Reading, name: str, level: Level, some: Some) -> Column | None:
    """Give what rows say under a name; None if no row says it."""
    if reading.records is not None:
        column = _last(level, level.lists.get(reading.records, []), name)
    else:
        column = level.columns.get(name)
    return None if column is None else taken(column, some)


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
