"""Lamp out: the lamp is commanded on, its supply is normal, and it draws less than any lit lamp.

The level is the last one the device acknowledged; of a device that never spoke of a level, the sun
decides: on while it is well below the horizon, off while it is up, not evaluable between or without a
place. A dark sample counts towards the hold, a lit one clears, one taken while the lamp is off starts the
hold anew; all others leave everything as it is. Two samples of one time are one sample.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_rules.columns import BEFORE_US, NEVER_US, Columns, Floats, Indices, Instants, Mask
from narrowgate_rules.declaration import Param, Rule, StateColumn
from narrowgate_rules.episodes import Outcome, Signals, toggled
from narrowgate_rules.segments import first_rows, index_of_last, last_known, last_rows, shifted, sum_since
from narrowgate_schema.words import Family, Late, Severity


@dataclass(frozen=True)
class _Samples:
    """The rows that say something, (n,) each: dark, lit, or neither (commanded off)."""

    row: Indices
    group: Indices
    time_us: Instants
    dark: Mask
    lit: Mask
    level_pct: Floats


def _judge(columns: Columns) -> Outcome:
    level_pct = last_known(columns.values["commanded_level_pct"], columns.group, columns.state["level_pct"])
    samples = _samples(columns, level_pct)
    count, since_us = _holds(columns, samples)
    held = samples.time_us - since_us >= round(columns.params["hold_min"] * 60e6)
    out = samples.dark & held & (count >= columns.params["hold_samples"])
    proof = np.flatnonzero(out | samples.lit)
    row = samples.row[proof]
    signals = Signals(
        group=samples.group[proof],
        raises=out[proof],
        at_us=samples.time_us[proof],
        frame=columns.frame[row],
        evidence={
            "power_w": columns.values["power_w"][row],
            "voltage_v": columns.values["voltage_v"][row],
            "level_pct": samples.level_pct[proof],
            "dark_samples": count[proof].astype(np.float64),
        },
    )
    transitions, open_us = toggled(signals, columns.state["open_us"])
    state = {**columns.state, "open_us": open_us}
    last = last_rows(columns.group)
    state["level_pct"][columns.group[last]] = level_pct[last]
    last = last_rows(samples.group)
    group = samples.group[last]
    state["last_us"][group], state["dark_count"][group] = samples.time_us[last], count[last]
    state["dark_since_us"][group] = since_us[last]
    return Outcome(state, transitions)


def _samples(columns: Columns, level_pct: Floats) -> _Samples:
    power_w, voltage_v = columns.values["power_w"], columns.values["voltage_v"]
    params = columns.params
    level_pct = np.where(np.isnan(level_pct), _level_by_sun_pct(columns, level_pct), level_pct)
    share_w = columns.attribute("rated_w", 0.0, 0.0, 1e5) * (params["least_power_pct"] / 100.0)
    least_w = np.maximum(share_w, params["least_power_w"])[columns.group]
    # Comparisons with NaN are false: an unknown power or voltage decides nothing.
    supplied = (voltage_v >= params["voltage_low_v"]) & (voltage_v <= params["voltage_high_v"])
    dark = (level_pct > 0.0) & supplied & (power_w < least_w)
    lit = (level_pct > 0.0) & (power_w >= least_w)
    row = np.flatnonzero(dark | lit | (level_pct == 0.0))

    group, time_us = columns.group[row], columns.time_us[row]
    first = first_rows(group)
    row = row[time_us > shifted(time_us, first, columns.state["last_us"][group[first]])]
    return _Samples(row, columns.group[row], columns.time_us[row], dark[row], lit[row], level_pct[row])


def _level_by_sun_pct(columns: Columns, level_pct: Floats) -> Floats:
    """Give the level to be expected where none was acknowledged, (n,) [%]; NaN = not evaluable."""
    row = np.flatnonzero(np.isnan(level_pct))
    elevation_deg = solar_elevation_deg(
        columns.time_us[row], columns.place_attribute("lat", row), columns.place_attribute("lon", row)
    )
    expected_pct = np.full(len(level_pct), np.nan)
    expected_pct[row[elevation_deg < columns.params["night_below_deg"]]] = 100.0
    expected_pct[row[elevation_deg > columns.params["day_above_deg"]]] = 0.0
    return expected_pct


def _holds(columns: Columns, samples: _Samples) -> tuple[Instants, Instants]:
    """Give the dark samples in a row up to each sample, and the time of the first of them [us]."""
    first = first_rows(samples.group)
    carried = np.where(first & samples.dark, columns.state["dark_count"][samples.group], 0)
    count = sum_since(samples.dark.astype(np.int64), first | ~samples.dark, carried)
    opens = index_of_last(first | (count <= 1))
    carried_since_us = columns.state["dark_since_us"][samples.group[opens]]
    since_us = np.where(count[opens] > 1, carried_since_us, samples.time_us[opens])
    return count, np.where(count > 0, since_us, NEVER_US)


LAMP_OUT = Rule(
    name="lamp_out",
    version=1,
    family=Family.LIGHTING,
    help="Commanded on, supply normal, power below the least of a lit lamp.",
    inputs=("commanded_level_pct", "power_w", "voltage_v"),
    params=(
        Param("hold_samples", 2.0, "", 1.0, 100.0, "dark samples in a row"),
        Param("hold_min", 10.0, "min", 0.0, 1440.0, "time from the first dark sample to the last"),
        Param("least_power_w", 2.0, "W", 0.0, 1e4, "a lit lamp draws at least this"),
        Param("least_power_pct", 10.0, "%", 0.0, 100.0, "and at least this share of its rated power"),
        Param("voltage_low_v", 176.0, "V", 0.0, 1e3, "lowest normal supply: 0.8 of 220 V"),
        Param("voltage_high_v", 264.5, "V", 0.0, 1e3, "highest normal supply: 1.15 of 230 V"),
        Param("night_below_deg", -6.0, "deg", -18.0, 0.0, "sun's elevation below which a lamp must be on"),
        Param("day_above_deg", 0.0, "deg", -6.0, 18.0, "sun's elevation above which a lamp must be off"),
    ),
    severity=Severity.MINOR,
    late=Late.IGNORE,
    state=(
        StateColumn("last_us", "int64", BEFORE_US),
        StateColumn("level_pct", "float64", float("nan")),
        StateColumn("dark_count", "int64", 0),
        StateColumn("dark_since_us", "int64", NEVER_US),
        StateColumn("open_us", "int64", NEVER_US),
    ),
    judge=_judge,
    hold="`hold_samples` dark samples over `hold_min`",
    undecided=(
        "A sample without power or supply voltage, or with a supply that is not normal. A lamp of which no"
        " level was ever acknowledged, at dusk and dawn or without a place."
    ),
)
