"""Minimum night flow of a district's inlet, against its own history.

A night's flow is the least mean of the hours between 02:00 and 04:00 by the city's clock: when nobody draws,
what still flows in is lost. It is held against the greatest of the nights before, two weeks of them, so that
weekdays and weekends are their own measure: more by a share of it is a leak. Nights that are found so are no
part of the history, and the finding ends with a night that is over it by less than half of that share. A
night of which no hour is known is not evaluable, nor is one before enough nights are known. It is judged with
the first hour after it, and raised where its last hour ended.
"""

import numpy as np

from narrowgate_rules.columns import NEVER_US, Columns, Floats, Indices, Instants, Mask, State
from narrowgate_rules.declaration import Param, Rule, StateColumn
from narrowgate_rules.episodes import Outcome, Signals, toggled
from narrowgate_rules.inflow_hours import INPUTS, STATE, Hours, hours_over
from narrowgate_rules.segments import first_rows
from narrowgate_schema.words import Family, Late, Severity

NIGHTS = 14
"""Nights that make the history."""
_DAY_H = 24
_SAID = ("night_m3_per_h", "most_m3_per_h", "limit_m3_per_h")


def _judge(columns: Columns) -> Outcome:
    hours, kept = hours_over(columns)
    state = {**columns.state, **kept}
    signals = _signals(columns, hours, state)
    transitions, state["open_us"] = toggled(signals, columns.state["open_us"])
    return Outcome(state, transitions)


def _signals(columns: Columns, hours: Hours, state: State) -> Signals:
    """Walk from night to night, all meters side by side; say what each night proves."""
    hours = hours.of(_of_interest(columns, hours))
    size = len(hours.group)
    said = {name: np.full(size, np.nan) for name in _SAID}
    at_us = np.zeros(size, np.int64)
    raises, clears = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    is_open = state["open_us"] != NEVER_US
    for row in hours.rounds():
        group, in_window = hours.group[row], _in_window(columns, hours.hour[row])
        day = hours.hour[row] // _DAY_H
        over = (state["night"][group] >= 0) & (~in_window | (state["night"][group] != day))
        at_us[row[over]] = state["night_end_us"][group[over]]
        verdict = _decided(columns, group[over], state, is_open)
        raises[row[over]], clears[row[over]] = verdict[0], verdict[1]
        for name, values in zip(_SAID, verdict[2:], strict=True):
            said[name][row[over]] = values
        _take_in(state, group[in_window], day[in_window], hours.of(row[in_window]))
    proof = np.flatnonzero(raises | clears)
    evidence = {name: values[proof] for name, values in said.items()}
    return Signals(hours.group[proof], raises[proof], at_us[proof], hours.frame[proof], evidence)


def _of_interest(columns: Columns, hours: Hours) -> Indices:
    """Give the hours of nights, and the first one after each."""
    in_window = _in_window(columns, hours.hour)
    after = np.concatenate([[True], in_window[:-1]])[: len(in_window)]
    return np.flatnonzero(in_window | after | first_rows(hours.group))


def _in_window(columns: Columns, hour: Instants) -> Mask:
    of_day = hour % _DAY_H
    return (of_day >= columns.params["from_h"]) & (of_day < columns.params["to_h"])


def _decided(
    columns: Columns, group: Indices, state: State, is_open: Mask
) -> tuple[Mask, Mask, Floats, Floats, Floats]:
    """Say whether each meter's night raises or clears, its flow, the greatest before and the limit."""
    flow, past = state["night_m3_per_h"][group], state["past_m3_per_h"][group]
    is_known = np.count_nonzero(~np.isnan(past), axis=1) >= columns.params["least_nights"]
    most = np.where(is_known, np.fmax.reduce(past, axis=1), np.nan)
    more = np.abs(most) * (columns.params["rise_pct"] / 100.0)
    raises = ~is_open[group] & (flow > most + more)
    clears = is_open[group] & (flow <= most + more / 2.0)
    is_open[group] = (is_open[group] | raises) & ~clears
    normal = ~is_open[group]
    state["past_m3_per_h"][group[normal]] = np.column_stack([past[normal, 1:], flow[normal]])
    state["night"][group] = -1
    return raises, clears, flow, most, most + more


def _take_in(state: State, group: Indices, day: Instants, hours: Hours) -> None:
    begins = state["night"][group] != day
    least = np.where(begins, hours.mean, np.fmin(state["night_m3_per_h"][group], hours.mean))
    state["night"][group], state["night_m3_per_h"][group] = day, least
    state["night_end_us"][group] = hours.end_us


NIGHT_FLOW = Rule(
    name="night_flow_high",
    version=1,
    family=Family.WATER,
    help="More flows into the district at night than in any of the two weeks before.",
    inputs=INPUTS,
    params=(
        Param("from_h", 2.0, "h", 0.0, 23.0, "hour of the day at which the night begins"),
        Param("to_h", 4.0, "h", 1.0, 24.0, "hour of the day at which it ends"),
        Param("least_nights", 7.0, "", 1.0, float(NIGHTS), "nights that must be known"),
        Param("rise_pct", 5.0, "%", 0.0, 1000.0, "rise over the greatest night before that is a leak"),
    ),
    severity=Severity.MAJOR,
    late=Late.IGNORE,
    state=(
        *STATE,
        StateColumn("night", "int64", -1),
        StateColumn("night_m3_per_h", "float64", float("nan")),
        StateColumn("night_end_us", "int64", 0),
        StateColumn("past_m3_per_h", "float64", float("nan"), NIGHTS),
        StateColumn("open_us", "int64", NEVER_US),
    ),
    judge=_judge,
    roles=("inlet",),
    hold="one night; cleared by one that is near the nights before",
    hears_back_days=16.0,
    undecided=(
        "A night of which no hour is known, and those before `least_nights`. A demand that has risen for good"
        " looks like a leak, and a second leak beside one that is open is not told apart."
    ),
)
