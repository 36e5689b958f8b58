"""What dates columns of readings: their own clocks, their distance from another instant, or reception."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.calendars import instants_us, local_instants_us
from narrowgate_codecs.cohort import Column, Level, Mask, all_in, everywhere
from narrowgate_codecs.measures import NOWHERE, Measures, Some, heard
from narrowgate_codecs.plan import Plan
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.plan_stated import NEVER, elapsed_name
from narrowgate_codecs.profile import Each, Reading
from narrowgate_codecs.wire import Places


@dataclass(slots=True)
class Clocks:
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
        told = heard(level, raw_name(name), some)
        if told is None:
            return np.zeros(len(owners), np.int64), np.zeros(len(owners), np.bool_)
        epoch = self.plan.epochs.get(name)
        if epoch is not None:
            instants, dated = epoch.instants_us(told.values)
            return instants, dated if told.said is None else dated & told.said
        clock: Any = self.plan.clocks[name]
        received_us, received = self.received(None if some is None and level.parent is None else owners)
        if isinstance(clock, BitClock):
            dated = told.values != NEVER if told.said is None else (told.values != NEVER) & told.said
            instants = local_instants_us(told.values, dated, self.zone, received_us, received)
            elapsed = heard(level, elapsed_name(name), some)
            if elapsed is not None:
                instants = instants + elapsed.values * 1_000_000
        elif isinstance(clock, el.Moment):
            instants, dated = told.values, everywhere(len(owners))
        else:
            raw: Any = told.values
            instants, dated = instants_us(clock, raw, self.zone, received_us, received)
        return instants, dated if told.said is None else dated & told.said


def date(measures: Measures, reading: Reading, level: Level, some: Some, clocks: Clocks) -> Mask:
    """Put the clock's instants where rows of a level have one; elsewhere reception dates them.

    Returns:
        (m,) where they have one; nothing of a reading without a clock.
    """
    frames = None if some is None and level.parent is None else measures.rows
    measures.time_us, measures.timed = clocks.received(frames)
    if reading.clock is None:
        return NOWHERE
    instants, dated = clocks.instants(reading.clock, level, some, measures.rows)
    if all_in(dated):
        measures.time_us, measures.timed = instants, dated
    else:
        measures.time_us = measures.time_us.copy()
        np.copyto(measures.time_us, instants, where=dated)
        measures.timed = measures.timed | dated
    clock = heard(level, raw_name(reading.clock), some)
    if clock is not None:
        measures.unsynchronised = Column(~dated, clock.said)
    return dated


def fall_back(measures: Measures, each: Each, items: Level, rows: Places, clocks: Clocks) -> None:
    """Date the items whose clock says nothing by their distance from reception, if they say one."""
    dated, clock = measures.timed, items.columns.get(raw_name(each.clock or ""))
    if clock is not None:
        measures.unsynchronised = Column(~dated, None if clock.said is None else clock.said[rows])
    received_us, received = clocks.received(measures.rows)
    offset = items.columns.get(raw_name(each.offset or ""))
    if offset is not None:
        received_us = received_us + offset.values[rows]
    measures.time_us, measures.timed = np.where(dated, measures.time_us, received_us), dated | received


def item_instants(
    reading: Reading, each: Each, items: Level, rows: Places, frames: Places, clocks: Clocks
) -> tuple[NDArray[np.int64], Mask]:
    """Give the instants of items [us since 1970 UTC], (m,), and where they have one."""
    if items.index is None:
        raise TypeError("a list's level has places")
    if each.clock is not None:
        return clocks.instants(each.clock, items, rows, frames)
    starts, dated = clocks.received(frames)
    if not each.from_reception:
        starts, dated = clocks.instants(reading.clock or "", items, rows, frames)
    return starts + (each.first + items.index[rows]) * each.step_s * 1_000_000, dated
