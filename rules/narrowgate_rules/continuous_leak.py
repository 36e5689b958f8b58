"""Continuous leak: no hour without flow in 24 h.

How a register becomes hours. Rows without a volume and repeats of a time are skipped. The step between
two rows counts as flow at its mean rate. Steps are collected until they span four minutes: that is a look,
and how finely dry hours are told. Every look ends an hour, so that a dry hour is found wherever it lies:
a step of about an hour or more is one by itself, shorter ones reach back together (`trailing`). An hour
flows if it holds at least the floor, rounded down to whole register steps and never less than one. The
evidence is unbroken as long as no dry hour lies in it whole: it goes on from the second look of the last
dry hour. A step longer than the longest hole is not evaluable: the evidence begins anew behind it, an open
leak stays open. A step that falls, or is more than the meter can pass, is bridged: neither its volume nor
its time counts, what was collected before it stands. So a faulty register can neither make a leak nor hide
one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, Floats, Indices, Instants, Mask, State
from narrowgate_rules.declaration import Param, Rule, StateColumn
from narrowgate_rules.episodes import Outcome, Signals, toggled
from narrowgate_rules.hours import Blocks, collect
from narrowgate_rules.roles import CUSTOMER
from narrowgate_rules.segments import Layout, first_rows, shifted, sum_since
from narrowgate_rules.trailing import GRAIN_US, HOUR_US, KEPT_LOOKS, MOST_STEPS, Hours, Kept, hours_behind
from narrowgate_schema.words import Family, Late, Severity

_CARRIED = ("look_us", "look_steps", "recent_us", "recent_steps", "run_us")


@dataclass(frozen=True)
class _Meters:
    """What the registry says, (groups,) each."""

    step_m3: Floats
    floor_steps_per_h: Instants
    """Least flow that counts, in whole register steps."""
    most_steps_per_h: Floats


@dataclass(frozen=True)
class _Steps:
    """The register's way from row to row, (n,) each; a bridged or not evaluable step has no span."""

    group: Indices
    time_us: Instants
    frame: Instants
    volume_m3: Floats
    begins: Mask
    """A stretch begins here: first row of its group, or behind a hole."""
    hole: Mask
    span_us: Instants
    steps: Instants


@dataclass(frozen=True)
class _Evidence:
    """What is known at the end of each look, (m,) each."""

    group: Indices
    row: Indices
    hours: Hours
    flows: Mask
    run_us: Instants
    """Time up to here in which no dry hour lies whole [us]."""


def _judge(columns: Columns) -> Outcome:
    meters = _meters(columns)
    way = _steps(columns, meters)
    begin = way.begins.nonzero()[0]
    carried = {name: _carried(columns, way, begin, name) for name in _CARRIED}
    hour_us = round(columns.params["hour_min"] * 60e6)
    looks = collect(
        way.begins, way.span_us, way.steps, carried["look_us"], carried["look_steps"], min(GRAIN_US, hour_us)
    )
    before = Kept(carried["recent_us"], carried["recent_steps"])
    hours, after = hours_behind(looks.stretch, looks.span_us, looks.steps, before, hour_us)
    evidence = _evidence(meters, way, looks, hours, carried["run_us"])
    transitions, open_us = toggled(_signals(columns, meters, way, evidence), columns.state["open_us"])

    carried["run_us"][looks.stretch] = evidence.run_us
    left: State = {
        "look_us": looks.rest_us,
        "look_steps": looks.rest_steps,
        "recent_us": after.span_us,
        "recent_steps": after.steps,
        "run_us": carried["run_us"],
    }
    state = {**columns.state, "open_us": open_us}
    stretches = Layout(way.group[begin], columns.groups)
    state |= {name: stretches.keep(state[name], left[name]) for name in _CARRIED}
    rows = Layout(way.group, columns.groups)
    state["last_us"] = rows.keep(state["last_us"], way.time_us)
    state["last_m3"] = rows.keep(state["last_m3"], way.volume_m3)
    return Outcome(state, transitions)


def _carried(columns: Columns, way: _Steps, begin: Indices, name: str) -> NDArray[Any]:
    """Give what each stretch goes on from, (stretches,) or (stretches, width): nothing behind a hole."""
    group, column = way.group[begin], columns.state[name]
    is_whole = len(group) == columns.groups and bool(first_rows(group).all())
    carried = column.copy() if is_whole else column[group]
    carried[way.hole[begin]] = 0
    return carried


def _evidence(meters: _Meters, way: _Steps, looks: Blocks, hours: Hours, carried_us: Instants) -> _Evidence:
    group = way.group[looks.row]
    least = np.maximum(meters.floor_steps_per_h[group] * hours.span_us // HOUR_US, 1)
    flows = hours.steps >= least
    dry = hours.whole & ~flows
    run_us = sum_since(
        np.where(dry, hours.since_second_us, looks.span_us),
        looks.first | dry,
        np.where(dry, 0, carried_us[looks.stretch]),
    )
    return _Evidence(group, looks.row, hours, flows, run_us)


def _signals(columns: Columns, meters: _Meters, way: _Steps, evidence: _Evidence) -> Signals:
    need_us = round(columns.params["flowing_h"] * HOUR_US)
    hours = evidence.hours
    proof = (hours.whole & (~evidence.flows | (evidence.run_us >= need_us))).nonzero()[0]
    row, group = evidence.row[proof], evidence.group[proof]
    run_us, raises = evidence.run_us[proof], evidence.flows[proof]
    flow_steps_per_h = hours.steps[proof] * (HOUR_US / hours.span_us[proof])
    return Signals(
        group=group,
        raises=raises,
        at_us=way.time_us[row] - np.where(raises, run_us - need_us, 0),
        frame=way.frame[row],
        evidence={
            "flowing_h": np.where(raises, run_us / HOUR_US, 0.0),
            "flow_m3_per_h": flow_steps_per_h * meters.step_m3[group],
            "floor_m3_per_h": (meters.floor_steps_per_h * meters.step_m3)[group],
        },
    )


def _meters(columns: Columns) -> _Meters:
    params = columns.params
    q3 = columns.attribute("q3_m3_per_h", params["default_q3_m3_per_h"], 0.001, 1e5)
    step = columns.attribute("register_step_m3", params["default_register_step_m3"], 1e-6, 1e3)
    # 1e-9 lifts 12.499999 of a floor that is 12.5 on paper, never a whole step.
    floor = np.floor(q3 * params["floor_share_pct"] / 100.0 / step + 1e-9)
    return _Meters(
        step, np.clip(floor, 1.0, MOST_STEPS).astype(np.int64), q3 * params["overload_factor"] / step
    )


def _steps(columns: Columns, meters: _Meters) -> _Steps:
    rows = (~np.isnan(columns.values["volume_m3"])).nonzero()[0]
    group, time_us = columns.group[rows], columns.time_us[rows]
    first = first_rows(group)
    before_us = shifted(time_us, first, columns.state["last_us"][group[first]])
    rows = rows[time_us > before_us]

    group, time_us, volume = columns.group[rows], columns.time_us[rows], columns.values["volume_m3"][rows]
    first = first_rows(group)
    before_us = shifted(time_us, first, columns.state["last_us"][group[first]])
    before_m3 = shifted(volume, first, columns.state["last_m3"][group[first]])
    hole = time_us - before_us > round(columns.params["longest_hole_h"] * HOUR_US)
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.rint((volume - before_m3) / meters.step_m3[group])
        # One step may fall due the moment after the row before: it says nothing of the rate.
        most = meters.most_steps_per_h[group] * ((time_us - before_us) / HOUR_US) + 1.0
        counts = ~hole & (steps >= 0.0) & (steps <= most)
    return _Steps(
        group=group,
        time_us=time_us,
        frame=columns.frame[rows],
        volume_m3=volume,
        begins=first | hole,
        hole=hole,
        span_us=np.where(counts, time_us - before_us, 0),
        steps=np.where(counts, steps, 0.0).astype(np.int64),
    )


CONTINUOUS_LEAK = Rule(
    name="continuous_leak",
    version=2,
    family=Family.WATER,
    help="No continuous hour without flow in 24 h.",
    inputs=("volume_m3",),
    params=(
        Param("flowing_h", 24.0, "h", 1.0, 720.0, "unbroken flow that makes a leak"),
        Param("floor_share_pct", 0.5, "%", 0.0, 100.0, "least flow that counts, as a share of Q3"),
        Param("hour_min", 54.0, "min", 1.0, 60.0, "span of readings that is taken for an hour"),
        Param("longest_hole_h", 6.0, "h", 1.0, 24.0, "longest hole that is judged by its mean flow"),
        Param("overload_factor", 1.25, "", 1.0, 10.0, "Q4 as a multiple of Q3: more cannot have passed"),
        Param("default_q3_m3_per_h", 2.5, "m3/h", 0.001, 1e5, "Q3 of a meter whose registry row has none"),
        Param(
            "default_register_step_m3", 0.001, "m3", 1e-6, 1e3, "register step where the registry has none"
        ),
    ),
    severity=Severity.MINOR,
    late=Late.IGNORE,
    state=(
        StateColumn("last_us", "int64", BEFORE_US),
        StateColumn("last_m3", "float64", 0.0),
        StateColumn("look_us", "int64", 0),
        StateColumn("look_steps", "int64", 0),
        StateColumn("recent_us", "uint32", 0, KEPT_LOOKS),
        StateColumn("recent_steps", "uint32", 0, KEPT_LOOKS),
        StateColumn("run_us", "int64", 0),
        StateColumn("open_us", "int64", NEVER_US),
    ),
    judge=_judge,
    roles=(CUSTOMER,),
    hold="`flowing_h` of flow without a dry hour; cleared by one dry hour",
    hears_back_days=31.0,
    undecided=(
        "Across a hole over `longest_hole_h` nobody knows whether an hour was dry: the evidence begins"
        " anew behind it. Steps that fall, or are more than the meter can pass, are bridged."
    ),
)
