"""What a lamp should draw at a level: by the dimming curve of its place, else its rated power if fully on."""

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet.dimming_curve import dimming_curve
from narrowgate_rules.columns import Columns, Floats

_FULL_PCT = 100.0


def dimming_power_w(columns: Columns, level_pct: Floats) -> Floats:
    """Give the power at each row's level, (n,) [W].

    Args:
        columns: of the batch.
        level_pct: (n,) [%]; NaN = unknown.

    Returns:
        NaN where the level is unknown or outside the curve; without a curve where it is not full level.
    """
    rated_w = columns.attribute("rated_w", np.nan, 0.0, 1e5)[columns.group]
    power_w = np.where(level_pct == _FULL_PCT, rated_w, np.nan)
    specs = _specs(columns)
    for spec in set(specs.tolist()):
        if not isinstance(spec, str):
            continue
        levels_pct, powers_w = dimming_curve(spec)
        row = np.flatnonzero(specs == spec)
        power_w[row] = np.interp(level_pct[row], levels_pct, powers_w, left=np.nan, right=np.nan)
    return power_w


def _specs(columns: Columns) -> NDArray[np.object_]:
    """Give the text of each row's curve, (n,), as of the row's time; None where there is none."""
    asset = columns.fleet.asset_rows_at(columns.fleet_slot[columns.group], columns.time_us)
    specs = np.full(len(asset), None, dtype=object)
    known = np.flatnonzero(asset >= 0)
    if len(known):
        specs[known] = columns.fleet.asset_column("dimming_curve")[asset[known]]
    return specs
