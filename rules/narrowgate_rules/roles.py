"""What the place of a device is in its network, so that a household's rules leave a district's inlet alone.

A meter stands at a customer's unless the registry names another role. Readings of devices whose place has a
role that a rule does not speak of are not evaluable for it: their values are not known to it.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import FleetColumns, Indices, Instants, Mask
from narrowgate_schema.words import Family

CUSTOMER = "customer"
NETWORK = ("inlet", "outlet", "tank")
"""Roles of meters that are no customer's, in the order of their codes, from 1."""
ROLES = (CUSTOMER, *NETWORK)

Codes = NDArray[np.int8]


def network_of(family: Family) -> str:
    """Give the realm of a family's meters that are no customers'."""
    return f"{family.value} network"


class Roles:
    """Roles by asset, as of one version of the registry."""

    def __init__(self) -> None:
        self._fleet: FleetColumns | None = None
        self._version = 0
        self._codes: Codes = np.empty(0, np.int8)

    def by_asset(self, fleet: FleetColumns) -> Codes | None:
        """Give a code an asset row: 0 for a customer, else as NETWORK counts; None if all are customers."""
        if self._fleet is not fleet or self._version != fleet.version:
            self._fleet, self._version = fleet, fleet.version
            self._codes = _codes_of(fleet.asset_column("role"))
        return self._codes if self._codes.any() else None


def rows_of(
    roles: Collection[str], codes: Codes, fleet: FleetColumns, slot: NDArray[np.int32], time_us: Instants
) -> Mask:
    """Mark the rows of places with one of some roles, (n,).

    Args:
        roles: of ROLES.
        codes: by asset row.
        fleet: the registry.
        slot: (n,) each row's slot in it.
        time_us: (n,) each row's time [us].
    """
    asset: Indices = fleet.asset_rows_at(slot, time_us).astype(np.intp)
    code = np.where(asset >= 0, codes.take(asset, mode="clip"), 0)
    return np.isin(code, [ROLES.index(role) for role in roles])


def _codes_of(said: NDArray[np.object_]) -> Codes:
    codes = np.zeros(len(said), np.int8)
    for code, role in enumerate(NETWORK, 1):
        codes[np.flatnonzero(said == role)] = code
    return codes
