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
    "commands": "device, '[]'",
    "misfits": "device, '[]'",
}
"""Tables by name, with what tells whose a row is."""
_OF_A_UNIT = {
    "cases": "unit = own_unit()",
    "findings": "finding IN (SELECT told.finding FROM main.case_findings AS told"
    " JOIN main.cases AS own ON own.id = told.case_id WHERE own.unit = own_unit())",
}
"""What else makes a row visible to who sees the cases of one department or contractor only."""


@dataclass(frozen=True)
class Visible:
    """Devices that may be seen; None is every one, also those that the registry does not know."""

    devices: frozenset[str] | None
    unit: str | None = None
    """Whose cases alone may be seen, and what they are about; None is everybody's."""

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
        if self.devices is None and self.unit is None:
            return connection
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.create_function("is_visible", 2, self.sees, deterministic=True)
        connection.create_function("own_unit", 0, lambda: self.unit, deterministic=True)
        present = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_schema")}
        for table, telling in _NARROWED.items():
            if table in present:
                # A temporary view stands before the table of its name.
                connection.execute(
                    f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table}"  # noqa: S608 - literals
                    f" WHERE {self._told_by(table, telling)}"
                )
        return connection

    def _told_by(self, table: str, telling: str) -> str:
        """Give what makes a row of a table visible."""
        told = [] if self.devices is None else [f"is_visible({telling})"]
        if self.unit is not None and table in _OF_A_UNIT:
            told.append(_OF_A_UNIT[table])
        return " AND ".join(told) or "TRUE"


EVERYTHING = Visible(None)


def visible(principal: Principal, fleet: Fleet) -> Visible:
    """Give what a principal sees of a fleet."""
    if principal.tenants is None:
        return EVERYTHING
    devices, tenants = fleet.column("device"), fleet.column("tenant")
    own = np.isin(tenants.astype(str), sorted(principal.tenants)) if len(tenants) else tenants.astype(bool)
    return Visible(frozenset(device for device in devices[own] if device is not None))
