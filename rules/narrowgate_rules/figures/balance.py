"""Water balance of districts: what flows in, what is metered, what is lost.

Input is what the inlets let in, less what the outlets pass on and what the tanks took up; a tank's register
is its content. Loss is input less what the customers' meters counted, non-revenue water its share of the
input. A register is read at an instant by the line between the readings around it; where they are further
apart than the longest hole, or it fell between the instants, its volume is unknown. A district of which an
inlet, an outlet or a tank is unknown is not evaluable, nor is one with too few customers known: what a silent
meter counted would look like loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import Floats, Indices, Instants
from narrowgate_rules.roles import NETWORK, ROLES

LONGEST_HOLE_US = 6 * 3_600_000_000
LEAST_KNOWN = 0.95
"""Share of the customers whose volume must be known; own choice."""
_TANK = ROLES.index("tank")
_SIGNS = np.array([0.0, 1.0, -1.0, -1.0])
"""What a meter's volume adds to the input, by its role: customer, inlet, outlet, tank."""


@dataclass(frozen=True)
class Balance:
    """Of districts over one period, (districts,) each; NaN = not evaluable."""

    input_m3: Floats
    metered_m3: Floats
    loss_m3: Floats
    nrw_pct: Floats
    """Loss as a share of the input [%]."""
    customers: NDArray[np.int64]
    known: NDArray[np.int64]
    """Customers whose volume is known."""


def balances(volume_m3: Floats, role: NDArray[np.int8], district: Sequence[int], districts: int) -> Balance:
    """Give the balances of a period.

    Args:
        volume_m3: (meters,) what each let through, of a tank the rise of its content [m3]; NaN = unknown.
        role: (meters,) as `roles.ROLES` counts them.
        district: (meters,) the number of each meter's district.
        districts: how many there are.
    """
    where = np.asarray(district, np.intp)
    is_customer, is_known = role == 0, ~np.isnan(volume_m3)
    customers = np.bincount(where[is_customer], minlength=districts)
    known = np.bincount(where[is_customer & is_known], minlength=districts)
    inlets = np.bincount(where[role == ROLES.index(NETWORK[0])], minlength=districts)
    dark = np.bincount(where[~is_customer & ~is_known], minlength=districts)
    counted = np.where(is_known, volume_m3, 0.0)
    flowed: Floats = np.bincount(where, _SIGNS[role] * counted, districts).astype(np.float64)
    billed: Floats = np.bincount(where[is_customer], counted[is_customer], districts).astype(np.float64)
    is_evaluable = (inlets > 0) & (dark == 0) & (known >= LEAST_KNOWN * customers)
    given, metered = (np.where(is_evaluable, each, np.nan) for each in (flowed, billed))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(given > 0, 100.0 * (given - metered) / given, np.nan)
    return Balance(given, metered, given - metered, share, customers, known)


def volumes(
    meter: Indices, time_us: Instants, register_m3: Floats, role: NDArray[np.int8], from_us: int, to_us: int
) -> Floats:
    """Give what each meter let through between two instants, (meters,) [m3]; NaN = unknown.

    Args:
        meter: (n,) the number of each reading's meter, in any order.
        time_us: (n,).
        register_m3: (n,).
        role: (meters,) a tank's content may fall.
        from_us: beginning [us].
        to_us: end [us].
    """
    order = np.lexsort((time_us, meter))
    readings = (meter[order], time_us[order], register_m3[order])
    risen = _at(*readings, len(role), to_us) - _at(*readings, len(role), from_us)
    return np.where((risen >= 0) | (role == _TANK), risen, np.nan)


def _at(meter: Indices, time_us: Instants, register_m3: Floats, meters: int, at_us: int) -> Floats:
    """Give what each register shows at an instant, (meters,)."""
    shown = np.full(meters, np.nan)
    first = np.searchsorted(meter, np.arange(meters))
    passed = np.bincount(meter[time_us <= at_us], minlength=meters)
    before = first + passed - 1
    has_before = passed > 0
    last = np.searchsorted(meter, np.arange(meters), side="right")
    exact = np.flatnonzero(has_before)
    exact = exact[time_us[before[exact]] == at_us]
    shown[exact] = register_m3[before[exact]]
    some = np.flatnonzero(has_before & (before + 1 < last) & np.isnan(shown))
    low, high = before[some], before[some] + 1
    hole_us = time_us[high] - time_us[low]
    share = (at_us - time_us[low]) / np.maximum(hole_us, 1)
    line = register_m3[low] + share * (register_m3[high] - register_m3[low])
    shown[some] = np.where(hole_us <= LONGEST_HOLE_US, line, np.nan)
    return shown
