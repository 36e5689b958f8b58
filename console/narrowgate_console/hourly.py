"""One figure an hour over the city, made of what the configured store answers to questions about series.

Which one is the family's declaration: of registers the mean flow of all together, of a flag the share of time
that it was true [%], of any other quantity what its devices' means (or extremes) of the hour come to.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_console.hour_shares import Following, HourShares, Stretches
from narrowgate_console.series import HOUR_US, LOOKBACK_HOURS, Point, Series
from narrowgate_console.telemetry import MAIN_FIELD, Devices, Telemetry, times_us
from narrowgate_ingest.series import Aggregate
from narrowgate_schema.declared import Figure
from narrowgate_schema.families import DECLARED
from narrowgate_schema.words import Family

_LOOKBACK_US = LOOKBACK_HOURS * HOUR_US

_Figures = tuple[NDArray[np.float64], NDArray[np.int64]]
"""A value an hour and how many series it was made of, (hours,) each."""
_Made = Callable[[Telemetry, Family, int, int, int, Devices], _Figures]


def hourly(telemetry: Telemetry, family: Family, now_us: int, hours: int, devices: Devices = None) -> Series:
    """Give one figure for each of the last hours that has readings, the hour in progress included.

    Args:
        telemetry: who answers.
        family: whose chart.
        now_us: event time [us]; readings beyond it are not shown.
        hours: how many hours, 1 or more.
        devices: whose readings; None for everybody's.
    """
    first = now_us // HOUR_US - hours + 1
    chart = DECLARED[family].chart
    values, series = _MADE[chart.figure](telemetry, family, first, hours, now_us, devices)
    points = (
        Point((first + int(hour)) * HOUR_US, float(values[hour]) / chart.per, int(series[hour]))
        for hour in np.flatnonzero(series)
    )
    return Series(family, chart.quantity, chart.unit, tuple(points))


def _flow(
    telemetry: Telemetry, family: Family, first: int, hours: int, now_us: int, devices: Devices
) -> _Figures:
    """A register says what flowed since the reading before; it is laid evenly over the time between."""
    shares = HourShares(first, hours)
    for stretches in Following().stretches(_portions(telemetry, family, first, now_us, devices)):
        lasted_us = stretches.ends_us - stretches.begins_us
        steps = stretches.where((stretches.after >= stretches.before) & (lasted_us <= _LOOKBACK_US))
        shares.add(steps, (steps.after - steps.before) / (steps.ends_us - steps.begins_us))
    is_known = shares.known_us > 0
    flows = np.divide(shares.sums * HOUR_US, shares.known_us, where=is_known, out=np.zeros_like(shares.sums))
    return flows.sum(axis=0), is_known.sum(axis=0)


def _share(
    telemetry: Telemetry, family: Family, first: int, hours: int, now_us: int, devices: Devices
) -> _Figures:
    """A flag keeps its state until the next reading: the share is of time, so keep-alives weigh nothing."""
    shares, following = HourShares(first, hours), Following()
    for stretches in following.stretches(_portions(telemetry, family, first, now_us, devices)):
        _keep(shares, stretches)
    _keep(shares, following.open(now_us))
    known_us = shares.known_us.sum(axis=0)
    share_pct = 100.0 * shares.sums.sum(axis=0) / np.maximum(known_us, 1)
    return share_pct, (shares.known_us > 0).sum(axis=0)


def _keep(shares: HourShares, states: Stretches) -> None:
    ends_us = np.minimum(states.ends_us, states.begins_us + _LOOKBACK_US)
    kept = Stretches(states.series, states.begins_us, ends_us, states.before, states.after)
    shares.add(kept, kept.before)


def _of_hours(
    telemetry: Telemetry, family: Family, first: int, hours: int, now_us: int, devices: Devices
) -> _Figures:
    """Each device counts with its own figure of the hour, however many samples it sent."""
    figure = DECLARED[family].chart.figure
    of_device, together, start = _TOGETHER[figure]
    span_us = first * HOUR_US, now_us + 1
    found = telemetry.by_hour(family, MAIN_FIELD[family], *span_us, of_device, devices)
    places = (times_us(found) // HOUR_US - first).astype(np.intp)
    values, count = np.full(hours, start), np.zeros(hours, np.int64)
    together.at(values, places, found["value"].to_numpy().astype(np.float64))
    np.add.at(count, places, 1)
    return (values / np.maximum(count, 1) if figure is Figure.MEAN else values), count


def _portions(
    telemetry: Telemetry, family: Family, first: int, now_us: int, devices: Devices
) -> Iterator[pa.Table]:
    start_us = first * HOUR_US - _LOOKBACK_US
    return telemetry.portions(family, MAIN_FIELD[family], start_us, now_us + 1, devices)


_TOGETHER: dict[Figure, tuple[Aggregate, np.ufunc, float]] = {
    Figure.MEAN: (Aggregate.MEAN, np.add, 0.0),
    Figure.SUM: (Aggregate.MEAN, np.add, 0.0),
    Figure.HIGHEST: (Aggregate.MAX, np.maximum, -np.inf),
    Figure.LOWEST: (Aggregate.MIN, np.minimum, np.inf),
}
"""What is asked of each device, how devices are put together, and what that begins with."""
_MADE: dict[Figure, _Made] = {
    Figure.FLOW: _flow,
    Figure.SHARE: _share,
    **dict.fromkeys(_TOGETHER, _of_hours),
}
