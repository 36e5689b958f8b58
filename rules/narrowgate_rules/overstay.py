"""Overstay, and the parking stays it is found in: the car is still there when the bay's limit is over.

What a bay's samples mean is said in `stays`; which of it has to be told anew, in `revisions`. A stay is
over its limit once the limit has passed by the on/off delay, so that no departure before it can still
come to count; a tick, or any reading, shows that time has passed. It is raised at the limit, cleared at
the departure. At twice the limit, as surely, it is worse: not raised again, but told with a higher
severity. A late sample goes where it belongs in the kept history, and what follows from it is told as new
versions, of the severity that is right then.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, Indices, Instants, Mask
from narrowgate_rules.course import Course, Events
from narrowgate_rules.declaration import DUE, Param, Rule, StateColumn
from narrowgate_rules.episodes import Outcome, Stays, Transitions
from narrowgate_rules.limits import limit_ends_us
from narrowgate_rules.revisions import (
    CLEARED,
    RETRACTED,
    TOLD,
    Overstays,
    Told,
    matched,
    revise_overstays,
    revise_stays,
)
from narrowgate_rules.samples import KEPT, UNKNOWN, Samples, insert
from narrowgate_rules.segments import first_rows, last_known, running_max, shifted
from narrowgate_rules.stays import stays_in
from narrowgate_schema.words import Family, Late, Severity

_TOGETHER = 2048
"""Bays that walk side by side: as many as keep their histories in a processor's cache."""


@dataclass
class _Bays:
    """All that is remembered of the bays of a batch, and all that was said in it."""

    columns: Columns
    samples: Samples
    told: Told
    due_us: Instants
    delay_us: int
    transitions: list[Transitions] = field(default_factory=list)
    stays: list[Stays] = field(default_factory=list)


@dataclass(frozen=True)
class _Rows:
    """The rows that know whether the bay is occupied, (n,) each."""

    group: Indices
    time_us: Instants
    frame: Instants
    occupied: NDArray[np.int8]


def _judge(columns: Columns) -> Outcome:
    known = np.flatnonzero(~np.isnan(columns.values["occupied"]))
    rows = _Rows(
        columns.group[known],
        columns.time_us[known],
        columns.frame[known],
        (columns.values["occupied"][known] > 0.0).astype(np.int8),
    )
    bays = _Bays(
        columns,
        Samples.from_state(columns.state),
        Told.from_state(columns.state),
        columns.state[DUE],
        round(columns.params["delay_s"] * 1e6),
    )
    so_far_us, unforeseen = _foreseen(rows, bays.samples)
    course = Course(
        rows.group, columns.groups, rows.frame, so_far_us, unforeseen, columns.ticks, columns.now_us
    )
    for first in range(0, columns.groups, _TOGETHER):
        _walk(bays, rows, course, np.arange(first, min(first + _TOGETHER, columns.groups)))
    state = {**bays.samples.to_state(), **bays.told.to_state(), DUE: bays.due_us}
    return Outcome(state, _joined_transitions(bays.transitions), _joined_stays(bays.stays))


def _walk(bays: _Bays, rows: _Rows, course: Course, active: Indices) -> None:
    """Take some bays from event to event through the batch."""
    while len(active):
        before = course.row[active]
        events = course.advance(active, bays.due_us[active])
        _take_in(bays, rows, active, before, events)
        happened = events.by_row | events.by_tick
        active = active[happened]
        _tell(bays, active, events.frame[happened], events.now_us[happened])


def _foreseen(rows: _Rows, samples: Samples) -> tuple[Instants, Mask]:
    """Give the newest time up to each row [us]; mark the rows that do not just repeat the newest sample."""
    first = first_rows(rows.group)
    newest_us = samples.newest_us()
    newest = samples.newest_occupied().astype(np.float64)
    so_far_us = running_max(np.maximum(rows.time_us, newest_us[rows.group]), rows.group)
    in_order = rows.time_us >= shifted(so_far_us, first, newest_us[rows.group[first]])
    said = last_known(np.where(in_order, rows.occupied, np.nan), rows.group, newest)
    said_before = shifted(said, first, newest[rows.group[first]])
    return so_far_us, ~in_order | (rows.occupied != said_before)


def _take_in(bays: _Bays, rows: _Rows, group: Indices, before: Indices, events: Events) -> None:
    """Put the last of the foreseen rows, and the row of the event, into the histories."""
    passed = np.flatnonzero(~events.by_tick & (events.row > before))
    _put(bays, rows, group[passed], events.row[passed] - 1)
    struck = np.flatnonzero(events.by_row)
    _put(bays, rows, group[struck], events.row[struck])


def _put(bays: _Bays, rows: _Rows, group: Indices, row: Indices) -> None:
    part = bays.samples.of(group)
    insert(part, rows.time_us[row], rows.occupied[row], bays.delay_us)
    bays.samples.put(group, part)


def _tell(bays: _Bays, group: Indices, frame: Instants, now_us: Instants) -> None:
    """Read the stays of bays that had an event, and say what is new."""
    samples = bays.samples.of(group)
    as_of_us = np.maximum(samples.newest_us(), now_us)
    derived = stays_in(samples, as_of_us, bays.delay_us)
    told, derived = matched(bays.told.of(group), derived, samples.floor_us)
    departed_before_us = told.departed_us
    anew = revise_stays(told, derived)
    _set_limits(bays.columns, told, group, anew & (told.stay_version == 1))
    worse_us = told.worse_us(bays.columns.params["worse_at"])
    overstays = revise_overstays(told, departed_before_us, as_of_us, worse_us, bays.delay_us)
    bays.told.put(group, told)
    is_there = (told.departed_us == NEVER_US) & (told.arrived_us != NEVER_US)
    ends_us = np.where(is_there, [told.limit_us, worse_us], NEVER_US)
    waits_us = np.concatenate(ends_us + bays.delay_us, axis=1)
    # What is proven by now waits for nothing.
    waits_us[waits_us <= as_of_us[:, None]] = NEVER_US
    bays.due_us[group] = np.minimum(np.minimum(waits_us.min(axis=1), derived.undecided_us), NEVER_US)
    bays.stays.append(_stays(told, group, frame, anew))
    bays.transitions.append(_transitions(told, group, frame, overstays, is_end=False))
    bays.transitions.append(_transitions(told, group, frame, overstays, is_end=True))


def _set_limits(columns: Columns, told: Told, group: Indices, new: Mask) -> None:
    bay, entry = np.nonzero(new)
    told.limit_us[bay, entry] = limit_ends_us(columns, group[bay], told.arrived_us[bay, entry])


def _stays(told: Told, group: Indices, frame: Instants, anew: Mask) -> Stays:
    bay, entry = np.nonzero(anew)
    return Stays(
        group=group[bay],
        version=told.stay_version[bay, entry].astype(np.int64),
        arrived_us=told.arrived_us[bay, entry],
        departed_us=told.departed_us[bay, entry],
        frame=frame[bay],
    )


def _transitions(
    told: Told, group: Indices, frame: Instants, said: Overstays, *, is_end: bool
) -> Transitions:
    bay, entry = np.nonzero(said.ends if is_end else said.raises)
    arrived_us, departed_us = told.arrived_us[bay, entry], told.departed_us[bay, entry]
    limit_us = told.limit_us[bay, entry]
    retracted = is_end & (told.finding[bay, entry] == RETRACTED)
    cleared_us = np.where(told.finding[bay, entry] == CLEARED, departed_us, limit_us)
    evidence: dict[str, NDArray[Any]] = {
        "limit_s": (limit_us - arrived_us) / 1e6,
        "stay_s": np.where(is_end & ~retracted, (departed_us - arrived_us) / 1e6, np.nan),
        "retracted": retracted,
    }
    return Transitions(
        group=group[bay],
        start_us=arrived_us,
        version=told.finding_version[bay, entry].astype(np.int64) - (said.ends[bay, entry] & (not is_end)),
        raised_us=limit_us,
        cleared_us=cleared_us if is_end else np.full(len(bay), NEVER_US),
        frame=frame[bay],
        evidence=evidence,
        is_worse=said.is_worse[bay, entry],
    )


def _joined_transitions(parts: list[Transitions]) -> Transitions:
    if not parts:
        return Transitions.none()
    group, start_us, version, raised_us, cleared_us, frame, is_worse = (
        np.concatenate([getattr(part, name) for part in parts]) for name in _NUMBERS
    )
    evidence = {name: np.concatenate([part.evidence[name] for part in parts]) for name in parts[0].evidence}
    return Transitions(group, start_us, version, raised_us, cleared_us, frame, evidence, is_worse=is_worse)


_NUMBERS = ("group", "start_us", "version", "raised_us", "cleared_us", "frame", "is_worse")


def _joined_stays(parts: list[Stays]) -> Stays | None:
    names = ("group", "version", "arrived_us", "departed_us", "frame")
    return (
        Stays(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)) if parts else None
    )


OVERSTAY = Rule(
    name="overstay",
    version=2,
    family=Family.PARKING,
    help="Still there when the limit of the bay, as of the arrival, is over.",
    inputs=("occupied",),
    params=(
        Param("delay_s", 30.0, "s", 0.0, 3600.0, "a change that lasts shorter is none"),
        Param(
            "default_limit_s",
            None,
            "s",
            0.0,
            2_592_000.0,
            "limit of a bay without one in the registry",
            optional=True,
        ),
        Param("worse_at", 2.0, "", 1.0, 100.0, "so many limits, and it is worse"),
    ),
    severity=Severity.MINOR,
    worse=Severity.MAJOR,
    late=Late.REVISE,
    takes_ticks=True,
    state=(
        StateColumn("times_us", "int64", NEVER_US, KEPT),
        StateColumn("occupied", "int8", 0, KEPT),
        StateColumn("count", "int64", 0),
        StateColumn("base", "int8", UNKNOWN),
        StateColumn("base_since_us", "int64", NEVER_US),
        StateColumn("floor_us", "int64", BEFORE_US),
        StateColumn("told_arrived_us", "int64", NEVER_US, TOLD),
        StateColumn("told_departed_us", "int64", NEVER_US, TOLD),
        StateColumn("told_limit_us", "int64", NEVER_US, TOLD),
        StateColumn("told_stay_version", "int32", 0, TOLD),
        StateColumn("told_finding_version", "int32", 0, TOLD),
        StateColumn("told_finding", "int8", 0, TOLD),
        StateColumn(DUE, "int64", NEVER_US),
    ),
    judge=_judge,
    hold="until the limit of the bay, and `delay_s`; major at `worse_at` times the limit",
    hears_back_days=31.0,
    undecided="A bay without a limit at the time of arrival. A stay whose arrival nobody heard of.",
)
