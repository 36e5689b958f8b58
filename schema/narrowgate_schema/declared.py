"""What a family is declared to be: its columns, what a page shows of it, and its words.

Every name that outsiders see in a reading stands either in SHARED, which every family has, or in a family's
own file. A column never changes its dtype or its meaning; one name has one dtype everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Dtype = Literal["float64", "int64", "bool", "string", "timestamp"]
Kind = Literal["key", "origin", "measure", "flag"]

UNSAID = "the frame does not say"


class Figure(StrEnum):
    """What a chart of a family shows: one figure an hour, made of what its devices are there to tell."""

    MEAN = "mean"
    """Mean of the devices' means."""
    SUM = "sum"
    """Sum of the devices' means."""
    HIGHEST = "highest"
    """The highest value of any."""
    LOWEST = "lowest"
    """The lowest value of any."""
    FLOW = "flow"
    """By how much registers rose, an hour, all together."""
    SHARE = "share"
    """Share of the time in which a flag was true [%]."""


@dataclass(frozen=True)
class Column:
    """One column of readings."""

    name: str
    dtype: Dtype
    unit: str
    """UCUM-like unit, or '' for counts, flags and text."""
    null: str = UNSAID
    """What null means; 'never' where it cannot be."""
    kind: Kind = "measure"


@dataclass(frozen=True)
class Chart:
    """The chart that the family's users look at first."""

    figure: Figure
    quantity: str
    """The figure's name in the API."""
    unit: str
    per: float = 1.0
    """So many of the column's unit make one of the chart's."""


@dataclass(frozen=True)
class Declaration:
    """A family as its file declares it."""

    name: str
    columns: tuple[Column, ...]
    """Its own, measures before flags; SHARED stand before them in every family."""
    main: str
    """The column that a device of the family is there to tell: silent is who has not told it."""
    shown: tuple[str, ...]
    """What a device's page shows beside it."""
    colour: str
    """Of its charts, as `#rrggbb`."""
    chart: Chart
    words: Mapping[str, tuple[str, str]] = field(repr=False)
    """English and Chinese by name: of the family, its chart, its columns, the services of its cases."""


def _flag(name: str) -> Column:
    return Column(name, "bool", "", UNSAID, "flag")


SHARED: tuple[Column, ...] = (
    Column("device", "string", "", "never", "key"),
    Column("series", "string", "", "never; '' is the only register", "key"),
    Column("time", "timestamp", "UTC", "never", "key"),
    Column("frame", "int64", "", "never", "origin"),
    Column("profile", "string", "", "never", "origin"),
    Column("received_at", "timestamp", "UTC", "never", "origin"),
    Column("sequence", "int64", "", "the device does not count its frames", "origin"),
    Column("battery_v", "float64", "V"),
    Column("battery_pct", "float64", "%"),
    Column("temperature_c", "float64", "Cel"),
    Column("ambient_temperature_c", "float64", "Cel"),
    Column("rsrp_dbm", "float64", "dBm"),
    Column("rssi_dbm", "float64", "dBm"),
    Column("sinr_db", "float64", "dB"),
    Column("ecl", "int64", ""),
    Column("cell_id", "int64", ""),
    _flag("battery_low"),
    _flag("tamper"),
    _flag("sensor_fault"),
    _flag("clock_unsynchronised"),
    _flag("late"),
)
"""What a reading of every family may carry."""
