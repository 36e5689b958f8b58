"""Silence: nothing was heard of a device for longer than its rhythm allows.

The limit is so many missed reports of the device's own interval, and never less than some hours. Only ticks
show that time has passed; whichever notices it, the episode is raised where the limit ended, the last
reading and the limit added, and cleared by the next reading. A tick that comes long after the one before
means that the gateway was away and nobody could be heard: who is due at it is given the limit again, counted
from it, whatever old readings come in meanwhile. Of a device with several series the one that was heard
first speaks for all. Repeats of a time are no new reading.

A rhythm is what the registry says, or what the operator says of all that it does not speak of. Without one
nothing can be missed: a bay that reports its changes only, or a lamp of unknown habits, is not evaluable.
Water meters alone have a bound that asks for no rhythm: three days without a frame. A family of a package
outside has its rule without a line of its own: it is called after it, `noise_silent`.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, Floats, Indices, Instants, Mask
from narrowgate_rules.declaration import DUE, Param, Rule, StateColumn
from narrowgate_rules.episodes import Outcome, Transitions
from narrowgate_rules.segments import first_rows, last_rows, running_max, shifted
from narrowgate_schema.families import OUTSIDE_FAMILIES, outside_silence
from narrowgate_schema.words import Family, Late, Severity

LONGEST_INTERVAL_S = 31_622_400.0


@dataclass(frozen=True)
class _Waits:
    """The times between readings, (n,) each: of each group the one carried in, then one a reading."""

    group: Indices
    first: Mask
    """The wait that was carried into the batch."""
    heard_us: Instants
    """The reading that began it [us]; BEFORE_US = none."""
    frame: Instants
    begin: Indices
    """The first tick within it."""
    end: Indices
    """The first tick behind it."""
    limit_us: Instants


@dataclass(frozen=True)
class _Ends:
    """What became of the waits, (n,) each."""

    due_us: Instants
    raised_us: Instants
    """NEVER_US = not raised."""
    tick: Indices
    """The one that noticed it; of no meaning where nothing was raised."""
    granted_us: Instants
    """Until when a limit was given again [us]; BEFORE_US = it was not."""


def _judge(columns: Columns) -> Outcome:
    waits = _waits(columns)
    open_us = np.where(waits.first, columns.state["open_us"][waits.group], NEVER_US)
    ends = _settled(columns, waits, open_us)
    raised_us = np.where(waits.first & (open_us != NEVER_US), open_us, ends.raised_us)
    state = {name: values.copy() for name, values in columns.state.items()}
    last = last_rows(waits.group)
    group = waits.group[last]
    state["last_us"][group], state["open_us"][group] = waits.heard_us[last], raised_us[last]
    state["granted_us"][group] = running_max(_floors(waits, ends, raised_us, columns), waits.group)[last]
    state[DUE][group] = np.where(raised_us == NEVER_US, ends.due_us, NEVER_US)[last]
    return Outcome(state, _transitions(columns, waits, ends, raised_us))


def _waits(columns: Columns) -> _Waits:
    """Lay out the waits of the series that speak for their devices."""
    speaking = columns.leading.nonzero()[0]
    row = columns.leading[columns.group].nonzero()[0]
    first = first_rows(columns.group[row])
    before_us = shifted(columns.time_us[row], first, columns.state["last_us"][columns.group[row][first]])
    row = row[columns.time_us[row] > before_us]
    group = np.concatenate([speaking, columns.group[row]])
    order = np.argsort(group, kind="stable")
    group = group[order]
    first = first_rows(group)
    heard_us = np.concatenate([columns.state["last_us"][speaking], columns.time_us[row]])[order]
    frame = np.concatenate([np.full(len(speaking), BEFORE_US), columns.frame[row]])[order]
    begin = np.searchsorted(columns.ticks.offset, frame, side="right")
    end = np.append(begin[1:], len(columns.ticks.offset))[: len(begin)]
    end[last_rows(group)] = len(columns.ticks.offset)
    return _Waits(group, first, heard_us, frame, begin, end, _limit_us(columns)[group])


def _limit_us(columns: Columns) -> Instants:
    """Give how long each device may be silent, (groups,) [us]."""
    params = columns.params
    default_s = params["default_interval_h"] * 3600.0
    interval_s = columns.attribute("report_interval_s", default_s, 1.0, LONGEST_INTERVAL_S)
    # Without a rhythm nothing is ever missed.
    limit_us: Floats = np.maximum(params["least_h"] * 3600e6, params["missed"] * interval_s * 1e6)
    return np.where(np.isnan(limit_us), NEVER_US, np.rint(np.nan_to_num(limit_us))).astype(np.int64)


def _settled(columns: Columns, waits: _Waits, open_us: Instants) -> _Ends:
    """Say what became of each wait.

    A limit that was given again outlasts the readings that follow, so each wait asks those before it: from
    pass to pass one more of them is right, and in almost all batches the first is the last.
    """
    carried_us = columns.state[DUE][waits.group]
    floor_us = np.full(len(waits.group), BEFORE_US)
    while True:
        due_us = np.where(waits.first, carried_us, np.maximum(waits.heard_us + waits.limit_us, floor_us))
        ends = _ended(columns, waits, due_us)
        raised_us = np.where(waits.first & (open_us != NEVER_US), open_us, ends.raised_us)
        told_us = running_max(_floors(waits, ends, raised_us, columns), waits.group)
        following_us = shifted(told_us, waits.first, np.full(int(waits.first.sum()), BEFORE_US))
        if np.array_equal(following_us, floor_us):
            return ends
        floor_us = following_us


def _ended(columns: Columns, waits: _Waits, due_us: Instants) -> _Ends:
    """Let the ticks of each wait pass."""
    ticks_us = columns.ticks.time_us
    away_us = round(columns.params["away_min"] * 60e6)
    is_back = np.append(np.diff(ticks_us, prepend=columns.now_us) > away_us, False)
    due_us, granted_us = due_us.copy(), np.full(len(due_us), BEFORE_US)
    tick = np.maximum(np.searchsorted(ticks_us, due_us), waits.begin)
    again = ((tick < waits.end) & is_back[tick]).nonzero()[0]
    while len(again):
        due_us[again] = granted_us[again] = ticks_us[tick[again]] + waits.limit_us[again]
        tick[again] = np.maximum(np.searchsorted(ticks_us, due_us[again]), tick[again] + 1)
        again = again[(tick[again] < waits.end[again]) & is_back[tick[again]]]
    return _Ends(due_us, np.where(tick < waits.end, due_us, NEVER_US), tick, granted_us)


def _floors(waits: _Waits, ends: _Ends, raised_us: Instants, columns: Columns) -> Instants:
    """Give the earliest that a wait lets those behind it be due, (n,) [us]."""
    raised = raised_us != NEVER_US
    after_us = np.where(raised, np.where(raised, raised_us, 0) + waits.limit_us, BEFORE_US)
    carried_us = np.where(waits.first, columns.state["granted_us"][waits.group], BEFORE_US)
    return np.maximum(np.maximum(ends.granted_us, after_us), carried_us)


def _transitions(columns: Columns, waits: _Waits, ends: _Ends, raised_us: Instants) -> Transitions:
    were_us = shifted(raised_us, waits.first, np.full(int(waits.first.sum()), NEVER_US))
    heard_us = shifted(waits.heard_us, waits.first, waits.heard_us[waits.first])
    cleared = (were_us != NEVER_US).nonzero()[0]
    raised = (ends.raised_us != NEVER_US).nonzero()[0]
    start_us = np.concatenate([were_us[cleared], ends.raised_us[raised]])
    end_us = np.maximum(waits.heard_us[cleared], were_us[cleared])
    silent_us = np.concatenate(
        [waits.heard_us[cleared] - heard_us[cleared], ends.raised_us[raised] - waits.heard_us[raised]]
    )
    wait = np.concatenate([cleared, raised])
    # A reading ends the episode of the wait before it; one of its own can only follow.
    order = np.argsort(np.concatenate([2 * cleared, 2 * raised + 1]), kind="stable")
    return Transitions(
        group=waits.group[wait][order],
        start_us=start_us[order],
        version=np.repeat([2, 1], [len(cleared), len(raised)])[order],
        raised_us=start_us[order],
        cleared_us=np.concatenate([end_us, np.full(len(raised), NEVER_US)])[order],
        frame=np.concatenate([waits.frame[cleared], columns.ticks.offset[ends.tick[raised]]])[order],
        evidence={
            "limit_s": (waits.limit_us[wait] / 1e6)[order],
            "silent_s": (silent_us / 1e6)[order],
        },
    )


def _rule(
    name: str, family: Family, help_: str, *, missed: float, least_h: float, interval_h: float | None
) -> Rule:
    return Rule(
        name=name,
        version=1,
        family=family,
        help=help_,
        inputs=(),
        params=(
            Param("missed", missed, "", 1.0, 1000.0, "reports that may be missed"),
            Param("least_h", least_h, "h", 0.0, 8784.0, "and so long it may be silent anyhow"),
            Param(
                "default_interval_h",
                interval_h,
                "h",
                0.01,
                8784.0,
                "how often a device reports whose registry row has no report_interval_s",
                optional=interval_h is None,
            ),
            Param("away_min", 10.0, "min", 1.0, 1440.0, "ticks further apart mean that the gateway was away"),
        ),
        severity=Severity.MINOR,
        late=Late.IGNORE,
        takes_ticks=True,
        state=(
            StateColumn("last_us", "int64", BEFORE_US),
            StateColumn("granted_us", "int64", BEFORE_US),
            StateColumn("open_us", "int64", NEVER_US),
            StateColumn(DUE, "int64", NEVER_US),
        ),
        judge=_judge,
        hold="`missed` reports of the device's own interval, `least_h` at least; cleared by the next reading",
        hears_back_days=31.0,
        undecided=(
            "A device that was never heard"
            f"{'' if interval_h else ', or of which no rhythm is known'}."
            " While the gateway is away nobody is heard: who falls due at its"
            " return is given the limit again. Whether the device, its radio or its cell is at fault."
        ),
    )


METER_SILENT = _rule(
    "meter_silent",
    Family.WATER,
    "Nothing was heard of the meter for too long.",
    missed=3.0,
    least_h=72.0,
    interval_h=24.0,
)
LAMP_SILENT = _rule(
    "lamp_silent",
    Family.LIGHTING,
    "Nothing was heard of the lamp for too long.",
    missed=3.0,
    least_h=0.0,
    interval_h=None,
)
BAY_SILENT = _rule(
    "bay_silent",
    Family.PARKING,
    "Nothing was heard of the bay for too long.",
    missed=2.0,
    least_h=0.0,
    interval_h=None,
)
OUTSIDE = tuple(
    _rule(
        outside_silence(name),
        Family(name),
        "Nothing was heard of the device for too long.",
        missed=3.0,
        least_h=0.0,
        interval_h=None,
    )
    for name in OUTSIDE_FAMILIES
)
"""One for each family that a package outside declares."""
SILENCE = (METER_SILENT, LAMP_SILENT, BAY_SILENT, *OUTSIDE)
"""The rules of silence."""
