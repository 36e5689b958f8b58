"""The chart that each family's user looks at first: one figure an hour over the city.

Hours are whole UTC hours since 1970, computed from microseconds: the database session's time zone does not
matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from narrowgate_console.instants import instant
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
LOOKBACK_HOURS = 26
"""How far apart two readings may lie and still say what happened between them: a day and a bit [h]."""

Query = Callable[[str, Sequence[object]], pa.Table]


@dataclass(frozen=True)
class Point:
    """One hour."""

    hour_us: int
    """When the hour began [us]."""
    value: float
    devices: int
    """How many devices the value was made of: a low count at the end means that others have yet to report."""


@dataclass(frozen=True)
class Series:
    """One family's chart."""

    family: Family
    quantity: str
    unit: str
    points: tuple[Point, ...]


# $1 is how far back readings still matter, $2 and $3 the hours shown; `time` is compared as it is, so that
# the store may pass over what lies outside.

# A register says what flowed since the reading before; the mean flow is laid over the hours between the two.
_WATER = """
WITH registers AS (
    SELECT device, series, epoch_us(time) AS ends,
        lag(epoch_us(time)) OVER w AS begins,
        volume_m3 - lag(volume_m3) OVER w AS used_m3
    FROM water
    WHERE volume_m3 IS NOT NULL AND time BETWEEN $1 AND $3
    WINDOW w AS (PARTITION BY device, series ORDER BY time)
), steps AS (
    SELECT *, unnest(range(begins // HOUR_US, (ends - 1) // HOUR_US + 1)) AS hour
    FROM registers
    WHERE used_m3 >= 0 AND ends > epoch_us($2) AND ends - begins BETWEEN 1 AND LOOKBACK_US
), shares AS (
    SELECT *, least(ends, (hour + 1) * HOUR_US) - greatest(begins, hour * HOUR_US) AS overlap_us
    FROM steps
), flows AS (
    SELECT hour, sum(used_m3 * overlap_us / (ends - begins)) / sum(overlap_us) * HOUR_US AS flow_m3_per_h
    FROM shares WHERE hour * HOUR_US >= epoch_us($2) GROUP BY device, series, hour
)
SELECT hour, sum(flow_m3_per_h) AS value, count(*) AS devices FROM flows GROUP BY hour ORDER BY hour
"""

# A bay keeps its state until its next reading: the share is of time, so that keep-alives weigh nothing.
_PARKING = """
WITH states AS (
    SELECT device, series, occupied,
        greatest(epoch_us(time), epoch_us($2)) AS begins,
        least(coalesce(lead(epoch_us(time)) OVER w, epoch_us($3)), epoch_us(time) + LOOKBACK_US) AS ends
    FROM parking
    WHERE occupied IS NOT NULL AND time BETWEEN $1 AND $3
    WINDOW w AS (PARTITION BY device, series ORDER BY time)
), stretches AS (
    SELECT *, unnest(range(begins // HOUR_US, (ends - 1) // HOUR_US + 1)) AS hour
    FROM states WHERE ends > begins
), shares AS (
    SELECT *, least(ends, (hour + 1) * HOUR_US) - greatest(begins, hour * HOUR_US) AS overlap_us
    FROM stretches
)
SELECT hour, 100.0 * coalesce(sum(overlap_us) FILTER (WHERE occupied), 0) / sum(overlap_us) AS value,
    count(DISTINCT (device, series)) AS devices
FROM shares GROUP BY hour ORDER BY hour
"""

_LIGHTING = """
WITH lamps AS (
    SELECT epoch_us(time) // HOUR_US AS hour, avg(power_w) AS power_w
    FROM lighting
    WHERE power_w IS NOT NULL AND time BETWEEN $1 AND $3 AND time >= $2
    GROUP BY device, series, hour
)
SELECT hour, sum(power_w) / 1000 AS value, count(*) AS devices FROM lamps GROUP BY hour ORDER BY hour
"""

_CHARTS: dict[Family, tuple[str, str, str]] = {
    Family.WATER: ("flow", "m3/h", _WATER),
    Family.PARKING: ("occupied_share", "%", _PARKING),
    Family.LIGHTING: ("power", "kW", _LIGHTING),
}


def hourly(query: Query, family: Family, now_us: int, hours: int) -> Series:
    """Give one figure for each of the last hours that has readings, the hour in progress included.

    Water: mean flow of all registers together [m3/h]. Parking: share of time that bays were occupied [%].
    Lighting: mean power of all lamps together [kW].

    Args:
        query: answers SQL over the family's view.
        family: whose chart.
        now_us: event time [us]; readings beyond it are not shown.
        hours: how many hours, 1 or more.
    """
    quantity, unit, sql = _CHARTS[family]
    since_us = (now_us // HOUR_US - hours + 1) * HOUR_US
    lookback_us = LOOKBACK_HOURS * HOUR_US
    statement = sql.replace("HOUR_US", str(HOUR_US)).replace("LOOKBACK_US", str(lookback_us))
    window = [instant(at_us) for at_us in (since_us - lookback_us, since_us, now_us)]
    rows = query(statement, window).to_pydict()
    points = zip(rows["hour"], rows["value"], rows["devices"], strict=True)
    return Series(family, quantity, unit, tuple(Point(hour * HOUR_US, *rest) for hour, *rest in points))
