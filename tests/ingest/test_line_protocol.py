"""Readings as line protocol: equal to influxdb-client's Point, and nothing lost on the way."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client import Point, WritePrecision

from influx_stand import BEGIN_US, readings
from line_protocol_twin import Line, read_line
from narrowgate_ingest.line_protocol import Precision, lines_of
from narrowgate_schema.fields import fields_of
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)
_VALUES = {
    "float64": st.floats(),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "string": st.text(st.characters(codec="utf-8"), max_size=12),
    "timestamp": st.integers(0, 4_000_000_000_000_000),
}


def _is_fit(name: str) -> bool:
    return not name.endswith("\\") and not any(f"\\{mark}" in name for mark in ",= ")


@st.composite
def _rows(draw: st.DrawFn) -> tuple[Family, dict[str, Any]]:
    """Draw a reading whose names fit into tags."""
    family = draw(st.sampled_from(list(Family)))
    row = {
        field.name: draw(_VALUES[field.dtype] if "never" in field.null else st.none() | _VALUES[field.dtype])
        for field in fields_of(family)
    }
    row["device"] = draw(_NAMES.filter(lambda name: name and _is_fit(name)))
    row["series"] = draw(_NAMES.filter(_is_fit))
    return family, row


def _line(family: Family, row: dict[str, Any], precision: Precision = "us") -> str | None:
    line: str | None = lines_of(family, readings(family, [row]), precision)[0].as_py()
    return line


def _point(family: Family, row: dict[str, Any], precision: Precision) -> str:
    time = row["time"] if precision == "us" else row["time"] * 1000
    point = Point(str(family)).tag("device", row["device"]).tag("series", row["series"])
    point.time(time, WritePrecision.US if precision == "us" else WritePrecision.NS)
    for name, value in row.items():
        if name not in ("device", "series", "time"):
            point.field(name, value)
    text: str = point.to_line_protocol()
    return text


@given(_rows(), st.sampled_from(["us", "ns"]))
def test_a_line_says_what_the_point_of_influxdb_client_says(
    drawn: tuple[Family, dict[str, Any]], precision: Precision
) -> None:
    """Each line reads as the one that influxdb-client writes for the same reading."""
    family, row = drawn

    line = _line(family, row, precision)

    assert line is not None
    assert line.endswith("\n")
    assert read_line(line[:-1]) == read_line(_point(family, row, precision))


@given(_rows())
def test_a_line_says_the_reading_again(drawn: tuple[Family, dict[str, Any]]) -> None:
    """Read again, a line gives each value that the reading has, bit for bit, and no other."""
    family, row = drawn
    said = {
        name: value
        for name, value in row.items()
        if name not in ("device", "series", "time")
        and value is not None
        and not (isinstance(value, float) and not math.isfinite(value))
    }
    tags = {name: row[name] for name in ("device", "series") if row[name]}

    line = _line(family, row)

    assert line is not None
    assert read_line(line[:-1]) == Line(str(family), tags, said, row["time"])


@pytest.mark.parametrize("name", ["a\\", "a\\ b", "a\\,b", "a\\=b", "a\nb", "a\tb", "\x00", "\\"])
@pytest.mark.parametrize("tag", ["device", "series"])
def test_a_name_that_no_tag_can_carry_gives_no_line(tag: str, name: str) -> None:
    """A control character, or a backslash at the end or before a delimiter, would make another name of it."""
    assert _line(Family.WATER, {"device": "m1", "time": BEGIN_US, tag: name}) is None


def test_a_backslash_inside_a_name_is_no_trouble() -> None:
    """Only before a delimiter does a backslash mean anything."""
    line = _line(Family.WATER, {"device": "a\\b\\\\c", "time": BEGIN_US})

    assert line is not None
    assert line.startswith("water,device=a\\b\\\\c ")


def test_an_empty_series_is_no_tag() -> None:
    """The only register has no tag `series`: an empty tag value is none."""
    line = _line(Family.PARKING, {"device": "bay", "series": "", "time": BEGIN_US, "occupied": True})

    assert line == (
        f'parking,device=bay frame=0i,occupied=true,profile="test_v1",received_at={BEGIN_US}i {BEGIN_US}\n'
    )


@pytest.mark.parametrize(("precision", "time"), [("us", "1790000000000000"), ("ns", "1790000000000000000")])
def test_times_have_the_precision_asked_for(precision: Precision, time: str) -> None:
    """The time of a line counts microseconds or nanoseconds."""
    line = _line(Family.WATER, {"device": "m", "time": BEGIN_US}, precision)

    assert line is not None
    assert line.split(" ")[-1] == f"{time}\n"


def test_the_first_instant_is_a_single_nought() -> None:
    """1970 is 0 in every unit."""
    assert str(_line(Family.WATER, {"device": "m", "time": 0}, "ns")).endswith(" 0\n")


@pytest.mark.parametrize("family", list(Family))
def test_no_readings_give_no_lines(family: Family) -> None:
    """Nothing at all is legal."""
    empty = pa.RecordBatch.from_pylist([], schema=READINGS[family])

    assert lines_of(family, empty).to_pylist() == []


def test_slices_of_a_batch_give_their_own_lines() -> None:
    """A batch may be a slice of another."""
    rows = readings(Family.WATER, [{"device": f"m{i}", "time": i, "frame": i} for i in range(5)])

    assert (
        lines_of(Family.WATER, rows.slice(2, 2)).to_pylist() == lines_of(Family.WATER, rows).to_pylist()[2:4]
    )
