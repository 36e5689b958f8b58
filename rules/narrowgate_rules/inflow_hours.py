"""The mean flow of each hour of a meter, by the city's clock, as hours come to an end.

A flow that is told counts as a sample; else the register's rise since the reading before, where that is no
more than an hour and a half ago and the register did not fall. A sample belongs to the hour that ends with or
after it. An hour is over with the first sample of another one. Samples are summed as whole millionths, so
that no cut of the readings moves a mean.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import BEFORE_US, Columns, Floats, Indices, Instants, State
from narrowgate_rules.declaration import StateColumn
from narrowgate_rules.localtime import local_us
from narrowgate_rules.segments import first_rows, last_rows, shifted

HOUR_US = 3_600_000_000
INPUTS = ("flow_m3_per_h", "volume_m3")
STATE = (
    StateColumn("last_us", "int64", BEFORE_US),
    StateColumn("last_m3", "float64", 0.0),
    StateColumn("hour", "int64", -1),
    StateColumn("hour_end_us", "int64", 0),
    StateColumn("hour_sum", "int64", 0),
    StateColumn("hour_count", "int64", 0),
)
_FARTHEST_US = 3 * HOUR_US // 2
_MOST_M3_PER_H = 1e6
_MILLION = 1_000_000


@dataclass(frozen=True)
class Hours:
    """Hours that are over, (m,) each, group by group in the order of their end."""

    group: Indices
    hour: Instants
    """Counted from 1970 by the city's clock; hour % 24 is the hour of the day."""
    end_us: Instants
    mean: Floats
    """[m3/h]."""
    frame: Instants
    """Journal offset of the reading that showed that the hour is over."""

    def of(self, row: Indices) -> "Hours":
        """Give some of them."""
        return Hours(*(values[row] for values in vars(self).values()))

    def rounds(self) -> list[Indices]:
        """Give the first hour of each group, then the second of each, and so on."""
        first = first_rows(self.group)
        begin = np.flatnonzero(first)
        rank = np.arange(len(self.group)) - begin[np.cumsum(first) - 1]
        order = np.argsort(rank, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(rank[order])) + 1) if len(order) else []


@dataclass(frozen=True)
class _Runs:
    """Samples of one hour each, those carried in among them, (r,) each."""

    group: Indices
    hour: Instants
    end_us: Instants
    sum: Instants
    count: Instants
    frame: Instants
    """Of the first sample."""


def hours_over(columns: Columns) -> tuple[Hours, State]:
    """Give the hours that came to an end in a batch, and the state of STATE afterwards."""
    flow, state = _flows(columns)
    row = np.flatnonzero(~np.isnan(flow))
    runs = _runs(columns, row, flow[row])
    last = last_rows(runs.group)
    group = runs.group[last]
    for name in ("hour", "end_us", "sum", "count"):
        state[name if name == "hour" else f"hour_{name}"][group] = getattr(runs, name)[last]
    over = np.flatnonzero(~last)
    means = runs.sum[over] / runs.count[over] / _MILLION
    return Hours(runs.group[over], runs.hour[over], runs.end_us[over], means, runs.frame[over + 1]), state


def _flows(columns: Columns) -> tuple[Floats, State]:
    """Give each row's sample [m3/h], NaN = it has none, and the state with the registers in it."""
    state = {column.name: columns.state[column.name] for column in STATE}
    rise = np.full(len(columns.group), np.nan)
    row = np.flatnonzero(~np.isnan(columns.values["volume_m3"]))
    group, time_us = columns.group[row], columns.time_us[row]
    volume = columns.values["volume_m3"][row]
    first = first_rows(group)
    passed_us = time_us - shifted(time_us, first, state["last_us"][group[first]])
    with np.errstate(over="ignore"):
        risen = volume - shifted(volume, first, state["last_m3"][group[first]])
    counts = np.flatnonzero((passed_us > 0) & (passed_us <= _FARTHEST_US) & (risen >= 0))
    rise[row[counts]] = risen[counts] / (passed_us[counts] / HOUR_US)
    last = last_rows(group)
    state["last_us"][group[last]], state["last_m3"][group[last]] = time_us[last], volume[last]
    told = columns.values["flow_m3_per_h"]
    flow = np.where(np.isnan(told), rise, told)
    return np.where(np.abs(flow) <= _MOST_M3_PER_H, flow, np.nan), state


def _runs(columns: Columns, row: Indices, flow: Floats) -> _Runs:
    """Put the samples of each hour together, with those that were carried in."""
    carried = np.unique(columns.group[row])
    carried = carried[columns.state["hour_count"][carried] > 0]
    clock_us = local_us(columns.time_us[row], columns.timezone)
    hour = (clock_us - 1) // HOUR_US
    group = np.concatenate([carried, columns.group[row]])
    order = np.argsort(group, kind="stable")
    past = {name: columns.state[name][carried] for name in ("hour", "hour_end_us", "hour_sum", "hour_count")}
    end_us = columns.time_us[row] - clock_us + (hour + 1) * HOUR_US
    whole = np.rint(flow * _MILLION).astype(np.int64)
    group = group[order]
    hours, ends_us, sums, counts, frame = (
        np.concatenate([old, new])[order]
        for old, new in (
            (past["hour"], hour),
            (past["hour_end_us"], end_us),
            (past["hour_sum"], whole),
            (past["hour_count"], np.ones(len(row), np.int64)),
            (np.full(len(carried), BEFORE_US), columns.frame[row]),
        )
    )
    begin = np.flatnonzero(first_rows(group) | first_rows(hours))
    if not len(begin):
        return _Runs(group, hours, ends_us, sums, counts, frame)
    return _Runs(
        group[begin],
        hours[begin],
        ends_us[begin],
        np.add.reduceat(sums, begin),
        np.add.reduceat(counts, begin),
        frame[begin],
    )
