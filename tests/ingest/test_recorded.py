"""Recorded readings: order, times, and what is no value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from narrowgate_ingest.recorded import Recording, RecordingFault
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW_US = 1_800_000_000_000_000
NOON_US = 1_767_240_000_000_000
"""2026-01-01 12:00 in Shanghai."""


def rows_of(path: Path, renamed: Mapping[str, str] | None = None, rows: int = 2) -> list[dict[str, Any]]:
    """Give the readings of a file of meters."""
    with Recording(path, Family.WATER, SHANGHAI, renamed) as recording:
        batches = list(recording.batches(rows, NOW_US))
    assert all(batch.schema == READINGS[Family.WATER] for batch in batches)
    table = pa.Table.from_batches(batches, READINGS[Family.WATER])
    for name in ("time", "received_at"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).cast(pa.int64()))
    rows_: list[dict[str, Any]] = table.to_pylist()
    return rows_


def csv_file(directory: Path, *lines: str) -> Path:
    """Write a CSV file."""
    path = directory / "w.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_readings_come_in_order_of_time(tmp_path: Path) -> None:
    """A file that lists one device after the other is heard as the devices spoke."""
    path = csv_file(
        tmp_path,
        "device,time,volume_m3",
        "a,2026-01-01T12:00:00,1",
        "a,2026-01-01T14:00:00,2",
        "b,2026-01-01T13:00:00,3",
    )

    assert [(row["frame"], row["device"], row["volume_m3"]) for row in rows_of(path)] == [
        (1, "a", 1.0),
        (3, "b", 3.0),
        (5, "a", 2.0),
    ]


def test_readings_come_in_order_of_arrival_where_it_is_known(tmp_path: Path) -> None:
    """A late reading is late as it was live."""
    path = csv_file(
        tmp_path,
        "device,time,received_at,volume_m3",
        "a,2026-01-01T14:00:00,2026-01-01T14:00:05,2",
        "a,2026-01-01T12:00:00,2026-01-01T15:00:00,1",
    )

    assert [row["volume_m3"] for row in rows_of(path)] == [2.0, 1.0]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01 12:00:00",
        "2026-01-01T12:00:00+08:00",
        "2026-01-01T04:00:00Z",
        "1767240000",
        "1767240000000",
        "1767240000000000",
    ],
)
def test_times_are_read_in_the_forms_people_have(tmp_path: Path, text: str) -> None:
    """With and without a zone, and as seconds, milliseconds or microseconds since 1970."""
    [row] = rows_of(csv_file(tmp_path, "device,time", f"a,{text}"))

    assert row["time"] == NOON_US


def test_leading_zeros_of_names_stay(tmp_path: Path) -> None:
    """A device's name is a text even if it looks like a number."""
    [row] = rows_of(csv_file(tmp_path, "device,time", "007,2026-01-01"))

    assert row["device"] == "007"


def test_what_is_no_value_is_missing_and_named(tmp_path: Path) -> None:
    """A cell that is no number is counted, a row without device or time is left out."""
    path = csv_file(
        tmp_path,
        "device,time,volume_m3,leak",
        "a,2026-01-01,x,true",
        "a,never,1,",
        ",2026-01-01,1,",
        "a,2026-01-02,inf,maybe",
        "a,2026-01-03,,",
    )
    with Recording(path, Family.WATER, SHANGHAI) as recording:
        [batch] = recording.batches(10, NOW_US)
        spoilt = recording.spoilt

    assert [batch.column(name).to_pylist() for name in ("volume_m3", "leak")] == [
        [None, None, None],
        [True, None, None],
    ]
    assert (spoilt.rows, spoilt.cells, [line.split(":")[0] for line in spoilt.named]) == (
        2,
        2,
        ["row 1", "row 2", "row 3", "row 4"],
    )


def test_parquet_is_read_alike(tmp_path: Path) -> None:
    """Numbers, flags and instants of Parquet are taken as they are."""
    table = pa.table(
        {
            "device": ["a"],
            "time": pa.array([NOON_US], pa.timestamp("us", "UTC")),
            "volume_m3": [1.25],
            "leak": [True],
        }
    )
    pq.write_table(table, tmp_path / "w.parquet")
    [row] = rows_of(tmp_path / "w.parquet")

    assert (row["time"], row["volume_m3"], row["leak"], row["series"]) == (NOON_US, 1.25, True, "")


def test_a_reading_from_the_future_came_in_now(tmp_path: Path) -> None:
    """A clock in 2099 does not carry the rules' time with it."""
    [row] = rows_of(csv_file(tmp_path, "device,time", "a,2099-01-01"))

    assert row["received_at"] == NOW_US < row["time"]


def test_other_names_can_be_told(tmp_path: Path) -> None:
    """A column under another name is read when it is said which."""
    [row] = rows_of(csv_file(tmp_path, "meter,when", "a,2026-01-01"), {"meter": "device", "when": "time"})

    assert row["device"] == "a"


def test_all_wrong_columns_are_named_at_once(tmp_path: Path) -> None:
    """Unknown, missing and misnamed columns are told in one line, with those that are known."""
    path = csv_file(tmp_path, "meter,time,volume", "a,2026-01-01,1")
    with pytest.raises(RecordingFault) as refused:
        Recording(path, Family.WATER, SHANGHAI, {"litres": "volume_m3"})

    said = str(refused.value).partition("; known are ")[0]
    assert said == (
        f"{path}: column 'meter' is none of water; column 'volume' is none of water; "
        "column 'device' is missing; column 'litres' is not in the file"
    )


@pytest.mark.parametrize("name", ["w.csv", "w.parquet"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """What is neither CSV nor Parquet is told in one line."""
    (tmp_path / name).write_bytes(b"\x00\xff\x00")
    with pytest.raises(RecordingFault, match=name):
        Recording(tmp_path / name, Family.WATER, SHANGHAI)
