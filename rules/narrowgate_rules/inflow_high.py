"""Inflow of a district beyond all that it was at this hour of the last seven days.

The mean of each hour is held against the greatest of the same hour of the seven days before, so that day,
night and weekday are their own measure. Some hours in a row over it by a share are a burst. A day of hours
none of which is over it by half of that share ends it, for a burst hides in the demand of the day. Hours over
the limit, and all while it stands, are no part of the history. An hour that is missing breaks the row of
those over the limit, and counts for nothing else.
"""

import numpy as np

from narrowgate_rules.columns import NEVER_US, Columns, State
from narrowgate_rules.declaration import Param, Rule, StateColumn
from narrowgate_rules.episodes import Outcome, Signals, toggled
from narrowgate_rules.inflow_hours import INPUTS, STATE, Hours, hours_over
from narrowgate_schema.words import Family, Late, Severity

DAYS = 7
_DAY_H = 24
_SAID = ("flow_m3_per_h", "most_m3_per_h", "limit_m3_per_h")


def _judge(columns: Columns) -> Outcome:
    hours, kept = hours_over(columns)
    state = {**columns.state, **kept}
    transitions, state["open_us"] = toggled(_signals(columns, hours, state), columns.state["open_us"])
    return Outcome(state, transitions)


def _signals(columns: Columns, hours: Hours, state: State) -> Signals:
    """Walk from hour to hour, all meters side by side; say what each proves."""
    params, size = columns.params, len(hours.group)
    said = {name: np.full(size, np.nan) for name in _SAID}
    raises, clears = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    is_open = state["open_us"] != NEVER_US
    for row in hours.rounds():
        group, hour, mean = hours.group[row], hours.hour[row], hours.mean[row]
        place = hour[:, None] % _DAY_H * DAYS + np.arange(DAYS)
        past = state["past_m3_per_h"][group[:, None], place].astype(np.float64)
        is_known = np.count_nonzero(~np.isnan(past), axis=1) >= params["least_days"]
        most = np.where(is_known, np.fmax.reduce(past, axis=1), np.nan)
        more = np.abs(most) * (params["rise_pct"] / 100.0)
        over = mean > most + more
        follows = state["over_hour"][group] == hour - 1
        count = np.where(over, np.where(follows, state["over_count"][group], 0) + 1, 0)
        state["over_hour"][group], state["over_count"][group] = hour, count
        raises[row] = ~is_open[group] & (count >= params["hours"])
        calm = np.where(mean <= most + more / 2.0, state["calm_count"][group] + 1, 0)
        clears[row] = is_open[group] & (calm >= params["calm_hours"])
        is_open[group] = (is_open[group] | raises[row]) & ~clears[row]
        state["calm_count"][group] = np.where(is_open[group], calm, 0)
        kept = np.flatnonzero(~over & ~is_open[group])
        moved = np.column_stack([past[kept, 1:], mean[kept]])
        state["past_m3_per_h"][group[kept, None], place[kept]] = moved.astype(np.float32)
        for name, values in zip(_SAID, (mean, most, most + more), strict=True):
            said[name][row] = values
    proof = np.flatnonzero(raises | clears)
    evidence = {name: values[proof] for name, values in said.items()}
    return Signals(hours.group[proof], raises[proof], hours.end_us[proof], hours.frame[proof], evidence)


INFLOW_HIGH = Rule(
    name="inflow_high",
    version=1,
    family=Family.WATER,
    help="More flows into the district than ever at this hour of the last seven days.",
    inputs=INPUTS,
    params=(
        Param("rise_pct", 10.0, "%", 0.0, 1000.0, "rise over the greatest that is a burst"),
        Param("hours", 2.0, "", 1.0, 24.0, "hours in a row"),
        Param("calm_hours", 24.0, "", 1.0, 168.0, "hours in a row, none far over, that end it"),
        Param("least_days", float(DAYS), "", 1.0, float(DAYS), "days of which the hour must be known"),
    ),
    severity=Severity.MAJOR,
    late=Late.IGNORE,
    state=(
        *STATE,
        StateColumn("over_hour", "int64", -1),
        StateColumn("over_count", "int64", 0),
        StateColumn("calm_count", "int64", 0),
        StateColumn("past_m3_per_h", "float32", float("nan"), _DAY_H * DAYS),
        StateColumn("open_us", "int64", NEVER_US),
    ),
    judge=_judge,
    roles=("inlet",),
    hold="`hours` in a row; cleared by `calm_hours` that are not far over",
    hears_back_days=16.0,
    undecided=(
        "An hour of which no sample is known, and all before the hour was known on `least_days` days. A burst"
        " that is small beside what days differ: `night_flow_high` looks closer, once a night."
    ),
)
