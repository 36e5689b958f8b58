"""How long a car may stay: the bay's limit at the arrival, by the city's weekday and time of day."""

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet.stay_limit import MINUTES_A_WEEK, stay_limit_s
from narrowgate_rules.columns import NEVER_US, Columns, Floats, Indices, Instants
from narrowgate_rules.localtime import local_us

_MINUTE_US = 60_000_000
_MONDAY_US = 4 * 86_400_000_000
"""1970-01-05, the first Monday."""


def limit_ends_us(columns: Columns, group: Indices, arrived_us: Instants) -> Instants:
    """Give when each stay reaches its limit, (n,) [us]; NEVER_US = it has none.

    A bay without a limit in the registry has the default; a limit that does not hold at the time of the
    arrival is none.
    """
    limit_s = np.full(len(group), columns.params["default_limit_s"])
    asset = columns.fleet.asset_rows_at(columns.fleet_slot[group], arrived_us)
    specs = _specs(columns, asset)
    minute = week_minute(arrived_us, columns.timezone)
    for spec in {text for text in specs if text is not None}:
        rows = np.flatnonzero(specs == spec)
        limit_s[rows] = stay_limit_s(spec)[minute[rows]]
    return _ends(arrived_us, limit_s)


def week_minute(time_us: Instants, timezone: ZoneInfo) -> Instants:
    """Give the minute of the local week, (n,): 0 is Monday 00:00."""
    return (local_us(time_us, timezone) - _MONDAY_US) // _MINUTE_US % MINUTES_A_WEEK


def _specs(columns: Columns, asset: NDArray[np.int32]) -> NDArray[np.object_]:
    specs = np.full(len(asset), None, dtype=object)
    known = np.flatnonzero(asset >= 0)
    if len(known):
        specs[known] = columns.fleet.asset_column("stay_limit")[asset[known]]
    return specs


def _ends(arrived_us: Instants, limit_s: Floats) -> Instants:
    limited = ~np.isnan(limit_s)
    return np.where(
        limited, arrived_us + np.rint(np.where(limited, limit_s, 0.0) * 1e6).astype(np.int64), NEVER_US
    )
