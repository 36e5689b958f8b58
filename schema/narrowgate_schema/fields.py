"""The field table: every name outsiders see in a reading, with dtype, unit and the meaning of null.

One literal; the Arrow schemas, the DuckDB tables, the InfluxDB types and the docs page are made from it.
A field never changes its dtype or its meaning. One name has one dtype everywhere.
"""

from dataclasses import dataclass
from typing import Literal

from narrowgate_schema.words import Family

Dtype = Literal["float64", "int64", "bool", "string", "timestamp"]
Kind = Literal["key", "origin", "measure", "flag"]

ALL = tuple(Family)
_WATER = (Family.WATER,)
_PARKING = (Family.PARKING,)
_LIGHTING = (Family.LIGHTING,)


@dataclass(frozen=True)
class Field:
    """One column of a reading."""

    name: str
    dtype: Dtype
    unit: str
    """UCUM-like unit, or '' for counts, flags and text."""
    null: str
    """What null means; 'never' where it cannot be."""
    kind: Kind = "measure"
    families: tuple[Family, ...] = ALL


def _flags(families: tuple[Family, ...], names: str) -> tuple[Field, ...]:
    return tuple(
        Field(name, "bool", "", "the frame does not say", "flag", families) for name in names.split()
    )


_UNSAID = "the frame does not say"

FIELDS: tuple[Field, ...] = (
    Field("device", "string", "", "never", "key"),
    Field("series", "string", "", "never; '' is the only register", "key"),
    Field("time", "timestamp", "UTC", "never", "key"),
    Field("frame", "int64", "", "never", "origin"),
    Field("profile", "string", "", "never", "origin"),
    Field("received_at", "timestamp", "UTC", "never", "origin"),
    Field("sequence", "int64", "", "the device does not count its frames", "origin"),
    Field("battery_v", "float64", "V", _UNSAID),
    Field("battery_pct", "float64", "%", _UNSAID),
    Field("temperature_c", "float64", "Cel", _UNSAID),
    Field("ambient_temperature_c", "float64", "Cel", _UNSAID),
    Field("rsrp_dbm", "float64", "dBm", _UNSAID),
    Field("rssi_dbm", "float64", "dBm", _UNSAID),
    Field("sinr_db", "float64", "dB", _UNSAID),
    Field("ecl", "int64", "", _UNSAID),
    Field("cell_id", "int64", "", _UNSAID),
    *_flags(ALL, "battery_low tamper sensor_fault clock_unsynchronised late"),
    Field("volume_m3", "float64", "m3", "no valid register in the frame", "measure", _WATER),
    Field("volume_reverse_m3", "float64", "m3", _UNSAID, "measure", _WATER),
    Field("flow_m3_per_h", "float64", "m3/h", _UNSAID, "measure", _WATER),
    Field("pressure_bar", "float64", "bar", _UNSAID, "measure", _WATER),
    Field("pulses", "int64", "", "no counter of pulses in the frame", "measure", _WATER),
    Field("valve", "string", "", "no valve, or the frame does not say", "measure", _WATER),
    *_flags(_WATER, "leak burst reverse_flow empty_pipe freeze no_use"),
    Field("occupied", "bool", "", _UNSAID, "measure", _PARKING),
    Field("stay_s", "float64", "s", _UNSAID, "measure", _PARKING),
    Field("magnetic_x", "float64", "", _UNSAID, "measure", _PARKING),
    Field("magnetic_y", "float64", "", _UNSAID, "measure", _PARKING),
    Field("magnetic_z", "float64", "", _UNSAID, "measure", _PARKING),
    Field("distance_m", "float64", "m", _UNSAID, "measure", _PARKING),
    *_flags(_PARKING, "recalibrated magnetic_disturbance"),
    Field("level_pct", "float64", "%", _UNSAID, "measure", _LIGHTING),
    Field("commanded_level_pct", "float64", "%", "no level was acknowledged", "measure", _LIGHTING),
    Field("on", "bool", "", _UNSAID, "measure", _LIGHTING),
    Field("power_w", "float64", "W", _UNSAID, "measure", _LIGHTING),
    Field("voltage_v", "float64", "V", _UNSAID, "measure", _LIGHTING),
    Field("current_a", "float64", "A", _UNSAID, "measure", _LIGHTING),
    Field("power_factor", "float64", "", _UNSAID, "measure", _LIGHTING),
    Field("energy_kwh", "float64", "kWh", _UNSAID, "measure", _LIGHTING),
    Field("burning_h", "float64", "h", _UNSAID, "measure", _LIGHTING),
    Field("lux", "float64", "lx", _UNSAID, "measure", _LIGHTING),
    Field("tilt_deg", "float64", "deg", _UNSAID, "measure", _LIGHTING),
    *_flags(
        _LIGHTING,
        "lamp_failure gear_failure gear_silent relay_failure day_burner cycling leakage supply_loss",
    ),
)

VALVE_STATES = ("open", "closed", "fault")

_BY_FAMILY: dict[Family, tuple[Field, ...]] = {
    family: tuple(field for field in FIELDS if family in field.families) for family in Family
}


def fields_of(family: Family) -> tuple[Field, ...]:
    """Give the columns of one family's readings, in table order."""
    return _BY_FAMILY[family]
