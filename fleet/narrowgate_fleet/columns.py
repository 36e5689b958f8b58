"""The registry's columns: one literal from which the SQLite tables, the CSV's checks and the docs are made.

A device is a thing with a radio; an asset is the place it serves (a connection, a bay, a pole); an assignment
says which device served which asset, from when to when. Every column belongs to one of the three.
"""

from dataclasses import dataclass
from math import inf, isinf
from typing import Literal

from narrowgate_schema.words import Family

Table = Literal["device", "asset", "assignment"]
Form = Literal["id", "text", "word", "imei", "number", "instant", "stay_limit", "dimming_curve", "thresholds"]
Value = str | float | int | None

DEVICE_STATES = ("active", "suspended", "retired")
ROLES = ("customer", "inlet", "outlet", "tank", "lamp", "cabinet", "bay")
_SQL: dict[Form, str] = {"number": "REAL", "instant": "INTEGER"}


@dataclass(frozen=True)
class Column:
    """One column of the registry and of its CSV."""

    name: str
    table: Table
    form: Form
    unit: str
    """UCUM-like unit, or '' for text."""
    help: str
    accepted: tuple[str, ...] = ()
    """The words that a 'word' may be."""
    least: float = -inf
    most: float = inf
    default: str | None = None
    """What a new row gets, and what an empty cell means; None is 'not set'."""

    @property
    def sql_type(self) -> str:
        """Give the column's type in a STRICT SQLite table."""
        return _SQL.get(self.form, "TEXT")

    @property
    def accepts(self) -> str:
        """Say in words what a cell may hold."""
        if self.form == "word":
            return "one of " + ", ".join(self.accepted)
        if self.form == "number":
            unit = f" {self.unit}" if self.unit else ""
            bounds = [f"from {self.least:g}"] if not isinf(self.least) else []
            bounds += [f"to {self.most:g}"] if not isinf(self.most) else []
            return " ".join(["a number", *bounds]) + unit
        return _FORMS[self.form]


_FORMS: dict[Form, str] = {
    "id": "1 to 64 of the letters A-Z a-z, digits and . _ : -",
    "text": "one line of at most 200 characters, without control characters",
    "imei": "15 digits",
    "instant": "a time with its zone, like 2026-03-01T00:00:00+08:00 or 2026-03-01T00:00:00Z",
    "stay_limit": "a stay limit like 2h or mon-fri 08:00-20:00 2h; sat 08:00-14:00 4h",
    "dimming_curve": "levels and powers like 0:1.5 50:48 100:98 [%:W], levels rising from 0 to 100",
    "thresholds": "thresholds of rules like continuous_leak.floor_share_pct=1 burst.share_pct=10",
}

COLUMNS: tuple[Column, ...] = (
    Column("device", "device", "id", "", "what the device is called; its key"),
    Column("profile", "device", "id", "", "how its frames are read"),
    Column("family", "device", "word", "", "follows from the profile", tuple(Family)),
    Column("imei", "device", "imei", "", "identity of its radio module"),
    Column("tenant", "device", "text", "", "whose device it is", default="default"),
    Column("state", "device", "word", "", "may it send", DEVICE_STATES, default="active"),
    Column("report_interval_s", "device", "number", "s", "how often it reports", least=1, most=31_622_400),
    Column("q3_m3_per_h", "device", "number", "m3/h", "permanent flow", least=0.001, most=100_000),
    Column(
        "register_step_m3", "device", "number", "m3", "smallest step of the register", least=1e-6, most=1e3
    ),
    Column(
        "register_start_m3", "device", "number", "m3", "register when it was built in", least=0, most=1e10
    ),
    Column("rated_w", "device", "number", "W", "power of the lamp at full level", least=0.1, most=10_000),
    Column("serial", "device", "text", "", "identity inside its frames, if that is not its name or its imei"),
    Column("asset", "asset", "text", "", "the place it serves; its key"),
    Column("role", "asset", "word", "", "what the place is", ROLES),
    Column("lat", "asset", "number", "deg", "WGS 84 latitude", least=-90, most=90),
    Column("lon", "asset", "number", "deg", "WGS 84 longitude", least=-180, most=180),
    Column("grid", "asset", "text", "", "the city's grid cell of responsibility"),
    Column("zone", "asset", "text", "", "DMA, parking zone or road"),
    Column("street", "asset", "text", "", "street and number"),
    Column("road_class", "asset", "text", "", "class of the road, for light levels"),
    Column("feeder", "asset", "text", "", "the feeder that supplies it"),
    Column("cabinet", "asset", "text", "", "the cabinet that switches it"),
    Column("cell", "asset", "text", "", "the radio cell that serves it"),
    Column("baseline_tilt_deg", "asset", "number", "deg", "tilt of the pole when sound", least=0, most=90),
    Column("stay_limit", "asset", "stay_limit", "", "how long a car may stay, by weekday and time"),
    Column("dimming_curve", "asset", "dimming_curve", "", "power at each dimming level"),
    Column("thresholds", "asset", "thresholds", "", "thresholds of rules that hold here, not the city's"),
    Column(
        "valid_from", "assignment", "instant", "UTC", "when the device came to the asset; empty is always"
    ),
    Column("valid_to", "assignment", "instant", "UTC", "when it left; empty is not yet"),
)

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}


def attributes_of(table: Table) -> tuple[Column, ...]:
    """Give a table's columns without its key, in table order."""
    return tuple(column for column in COLUMNS if column.table == table and column.name != table)


DEVICE_ATTRIBUTES = attributes_of("device")
ASSET_ATTRIBUTES = attributes_of("asset")


def columns_page() -> str:
    """Give the table of columns as Markdown."""
    lines = ["| column | of | accepted | empty cell | meaning |", "|---|---|---|---|---|"]
    for column in COLUMNS:
        empty = column.default if column.default is not None else "not set"
        lines.append(f"| `{column.name}` | {column.table} | {column.accepts} | {empty} | {column.help} |")
    return "\n".join(lines) + "\n"
