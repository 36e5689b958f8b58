"""The field table: the names that outsiders see, and one type for each."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from narrowgate_schema.fields import FIELDS, fields_of
from narrowgate_schema.fields_page import page
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

ROOT = Path(__file__).parent.parent.parent

ORIGIN = "device series time frame profile received_at sequence"
MEASURES = {
    None: "battery_v battery_pct temperature_c ambient_temperature_c rsrp_dbm rssi_dbm sinr_db ecl cell_id",
    Family.WATER: "volume_m3 volume_reverse_m3 flow_m3_per_h pressure_bar pulses valve",
    Family.PARKING: "occupied stay_s magnetic_x magnetic_y magnetic_z distance_m",
    Family.LIGHTING: "level_pct commanded_level_pct on power_w voltage_v current_a power_factor energy_kwh "
    "burning_h lux tilt_deg",
}
FLAGS = {
    None: "battery_low tamper sensor_fault clock_unsynchronised late",
    Family.WATER: "leak burst reverse_flow empty_pipe freeze no_use",
    Family.PARKING: "recalibrated magnetic_disturbance",
    Family.LIGHTING: "lamp_failure gear_failure gear_silent relay_failure day_burner cycling leakage "
    "supply_loss",
}
UNITS = {
    "_v": "V",
    "_pct": "%",
    "_c": "Cel",
    "_dbm": "dBm",
    "_db": "dB",
    "_m3": "m3",
    "_m3_per_h": "m3/h",
    "_bar": "bar",
    "_s": "s",
    "_m": "m",
    "_w": "W",
    "_a": "A",
    "_kwh": "kWh",
    "_h": "h",
    "_deg": "deg",
}
COUNTERS = {"frame", "sequence", "ecl", "cell_id", "pulses"}


@pytest.mark.parametrize("family", list(Family))
def test_a_family_has_all_its_names(family: Family) -> None:
    """Each name that outsiders were promised is there."""
    promised = " ".join([ORIGIN, MEASURES[None], FLAGS[None], MEASURES[family], FLAGS[family]]).split()

    assert set(promised) <= {field.name for field in fields_of(family)}


def test_a_name_stands_once_in_the_table() -> None:
    """One name has one type, unit and meaning."""
    assert [name for name, n in Counter(field.name for field in FIELDS).items() if n > 1] == []


def test_a_name_has_one_type_in_every_schema() -> None:
    """The families' Arrow schemas agree on each name that they share."""
    types: dict[str, set[pa.DataType]] = {}
    for schema in READINGS.values():
        for column in schema:
            types.setdefault(column.name, set()).add(column.type)

    assert {name for name, found in types.items() if len(found) > 1} == set()


def test_flags_are_true_or_false_and_counters_whole() -> None:
    """A flag is a bool, a counter an int64, a measure a float64 unless it is a state."""
    dtypes = {field.name: field.dtype for field in FIELDS}
    flags = " ".join(FLAGS.values()).split()

    assert {dtypes[name] for name in flags} == {"bool"}
    assert {dtypes[name] for name in COUNTERS} == {"int64"}
    states = {"valve": "string", "occupied": "bool", "on": "bool"}
    measures = set(" ".join(MEASURES.values()).split()) - COUNTERS - set(states)
    assert {dtypes[name] for name in measures} == {"float64"}
    assert {name: dtypes[name] for name in states} == states


def test_a_unit_is_the_one_in_the_name() -> None:
    """A name that ends in a unit has that unit in the table."""
    wrong = []
    for field in FIELDS:
        endings = [ending for ending in UNITS if field.name.endswith(ending) and field.dtype == "float64"]
        if endings and field.unit != UNITS[max(endings, key=len)]:
            wrong.append(field.name)

    assert wrong == []


def test_only_what_may_be_missing_is_nullable() -> None:
    """Key and origin are always there; what a frame may not say can be null."""
    required = {column.name for schema in READINGS.values() for column in schema if not column.nullable}

    assert required == {"device", "series", "time", "frame", "profile", "received_at"}


def test_the_page_is_up_to_date() -> None:
    """`python -m narrowgate_schema.fields_page .` would change nothing."""
    assert (ROOT / "docs" / "fields.md").read_text(encoding="utf-8") == page()
