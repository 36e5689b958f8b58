"""Whose devices a principal sees: the one place where tenants become devices, and the views that hold it.

A connection is narrowed before a question is asked on it: whatever the question is, it finds only rows of the
principal's devices. What a device was once, a tenant's or another's, is judged by whose it is now.
"""

import json
import sqlite3
from dataclasses import dataclass

import numpy as np

from narrowgate_console.principals import Principal
from narrowgate_fleet import Fleet

_NARROWED = {
    "cases": "device, members",
    "findings": "device, members",
    "frames": "device, '[]'",
}
"""Tables by name, with what tells whose a row is."""


@dataclass(frozen=True)
class Visible:
    """Devices that may be seen; None is every one, also those that the registry does not know."""

    devices: frozenset[str] | None

    def sees(self, device: str, members: str = "[]") -> bool:
        """Say whether a row may be seen.

        Args:
            device: whose it is.
            members: a JSON list; a group's row is seen by who sees every member.
        """
        if self.devices is None:
            return True
        named = json.loads(members)
        return all(member in self.devices for member in named) if named else device in self.devices

    def narrow(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Let a connection find visible rows only, and give it back."""
        if self.devices is None:
            return connection
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.create_function("is_visible", 2, self.sees, deterministic=True)
        present = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_schema")}
        for table, telling in _NARROWED.items():
            if table in present:
                # A temporary view stands before the table of its name.
                connection.execute(
                    f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table}"  # noqa: S608 - literals
                    f" WHERE is_visible({telling})"
                )
        return connection


EVERYTHING = Visible(None)


def visible(principal: Principal, fleet: Fleet) -> Visible:
    """Give what a principal sees of a fleet."""
    if principal.tenants is None:
        return EVERYTHING
    devices, tenants = fleet.column("device"), fleet.column("tenant")
    own = np.isin(tenants.astype(str), sorted(principal.tenants)) if len(tenants) else tenants.astype(bool)
    return Visible(frozenset(device for device in devices[own] if device is not None))
