"""What the telemetry store promises: one row a key for readers, a stretch all or not at all."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.tables import READINGS, SESSIONS, TIMESTAMP
from narrowgate_schema.words import Family
from rules_rows import Row, readings

NO_SESSIONS = pa.RecordBatch.from_pylist([], SESSIONS)


def water(*rows: tuple[int, str, int, Mapping[str, float | bool | None]]) -> dict[Family, pa.RecordBatch]:
    """Give water readings of (frame, device, time [s], values)."""
    made = [Row(frame, device, time_s * 1_000_000, values) for frame, device, time_s, values in rows]
    return {Family.WATER: readings(Family.WATER, made)}


def volumes(count: int, start: int = 0) -> dict[Family, pa.RecordBatch]:
    """Give a reading a frame from a frame on."""
    return water(*((frame, "m", frame, {"volume_m3": 1.0 * frame}) for frame in range(start, start + count)))


def seen(store: Telemetry, columns: str = "*", family: str = "water") -> list[dict[str, Any]]:
    """Give what readers see, by device and time."""
    sql = f"SELECT {columns} FROM {family} ORDER BY device, series, time"  # noqa: S608
    rows: list[dict[str, Any]] = store.query(sql).to_pylist()
    return rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Telemetry]:
    """Give an empty store."""
    opened = Telemetry(tmp_path / "telemetry.duckdb")
    yield opened
    opened.close()


def test_a_repeated_key_merges_field_by_field_and_the_newest_frame_wins(store: Telemetry) -> None:
    """What a newer frame states replaces, what it leaves out stays."""
    older = (1, "m", 60, {"volume_m3": 1.0, "pressure_bar": 3.0, "leak": True})
    newer = (2, "m", 60, {"volume_m3": 2.0, "flow_m3_per_h": 0.5, "leak": False})
    store.write(water(older), NO_SESSIONS, 0, 2)
    store.write(water(newer), NO_SESSIONS, 2, 3)

    assert seen(store, "frame, volume_m3, pressure_bar, flow_m3_per_h, leak") == [
        {"frame": 2, "volume_m3": 2.0, "pressure_bar": 3.0, "flow_m3_per_h": 0.5, "leak": False}
    ]


def test_every_field_of_every_family_comes_back_as_stored(store: Telemetry) -> None:
    """Columns keep their names and types from the Arrow schema through the store."""
    for family in Family:
        store.write({family: readings(family, [Row(1, "d", 5, {})])}, NO_SESSIONS, 1, 2)
        table = store.query(f"SELECT * FROM {family}")  # noqa: S608
        stored = {name: table.schema.field(name).type for name in table.schema.names}
        wanted = {field.name: field.type for field in READINGS[family]}

        assert {n: t if not pa.types.is_timestamp(t) else TIMESTAMP for n, t in stored.items()} == wanted


_VALUES = st.fixed_dictionaries(
    {}, optional={"volume_m3": st.floats(0, 9), "pressure_bar": st.floats(0, 9), "leak": st.booleans()}
)
_ROWS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2), _VALUES), max_size=14)


def compacted_by(store: Telemetry, stretch: int, before: int, part_rows: int = 1 << 18) -> int:
    """Compact all that is settled, stretch by stretch, and give how many rows went."""
    store.stretch_frames, store.part_rows = stretch, part_rows
    return sum(store.compact(before) for _ in range(before // stretch + 1))


@settings(max_examples=60 if "NARROWGATE_CHAOS" in os.environ else 20, deadline=None)
@given(
    _ROWS,
    st.tuples(st.integers(1, 15), st.integers(1, 4)),
    st.integers(0, 30),
    st.tuples(st.integers(0, 14), _VALUES),
)
def test_compacting_changes_nothing_for_readers(
    rows: list[Any],
    stretch: tuple[int, int],
    before: int,
    late: tuple[int, dict[str, float | bool]],
) -> None:
    """Whatever the rows, readers see the same, and so they do after a frame between them was run again."""
    made = [(2 * n, device, time_s, values) for n, (device, time_s, values) in enumerate(rows)]
    saw = []
    for is_compacted in (False, True):
        store = Telemetry(Path(":memory:"))
        store.write(water(*made), NO_SESSIONS, 0, 30)
        if is_compacted:
            compacted_by(store, stretch[0], before, part_rows=stretch[1])
        views = [seen(store)]
        store.write_again(water((2 * late[0] + 1, "a", 1, late[1])), NO_SESSIONS, [2 * late[0] + 1])
        views.append(seen(store))
        store.write(water((99, "a", 1, {"volume_m3": 7.5})), NO_SESSIONS, 99, 100)
        views.append(seen(store))
        store.close()
        saw.append(views)

    assert saw[0] == saw[1]


@pytest.mark.parametrize(("stretch", "part_rows"), [(1, 9), (2, 9), (9, 9), (9, 1)])
def test_compacting_leaves_one_row_a_key(store: Telemetry, stretch: int, part_rows: int) -> None:
    """Settled keys whose every field was stated again stand in one row, however it is divided."""
    store.write(
        water(*((frame, "m", 7, {"volume_m3": 1.0 * frame}) for frame in range(9))), NO_SESSIONS, 0, 9
    )
    gone = compacted_by(store, stretch, 9, part_rows)

    assert gone == (8 if stretch != 2 else 7)
    assert store.query("SELECT max(frame) AS frame, count(*) AS n FROM water_rows").to_pylist() == [
        {"frame": 8, "n": 9 - gone}
    ]


def crowd(count: int) -> dict[Family, pa.RecordBatch]:
    """Give readings of half as many meters, each told twice, by ten frames."""
    schema = READINGS[Family.WATER]
    meters = np.random.default_rng(1).permutation(count) % (count // 2)
    told = {
        "device": pa.array([f"a meter with a longer name {meter:07d}" for meter in meters]),
        "series": pa.array([""] * count),
        "time": pa.array(np.zeros(count, np.int64)).cast(schema.field("time").type),
        "frame": pa.array(np.arange(count) * 10 // count),
        "volume_m3": pa.array(np.arange(count, dtype=np.float64)),
    }
    arrays = [told.get(each.name, pa.nulls(count, each.type)) for each in schema]
    return {Family.WATER: pa.record_batch(arrays, schema=schema)}


def test_a_stretch_that_memory_does_not_hold_is_compacted_in_parts(tmp_path: Path) -> None:
    """A store with little memory lets go of what is hidden all the same."""
    told = crowd(60_000)
    store = Telemetry(tmp_path / "telemetry.duckdb")
    store.write(told, NO_SESSIONS, 0, 10)
    store.close()
    store = Telemetry(tmp_path / "telemetry.duckdb", memory_limit="20MB")
    pairs = set(zip(*(told[Family.WATER][name].to_pylist() for name in ("device", "frame")), strict=True))

    assert compacted_by(store, 10, 10) == len(pairs) - 30_000
    store.close()


def test_a_write_that_memory_does_not_hold_says_so(tmp_path: Path) -> None:
    """What is told is what failed, not that the transaction is over."""
    store = Telemetry(tmp_path / "telemetry.duckdb", memory_limit="6MB")

    with pytest.raises(duckdb.OutOfMemoryException):
        store.write(crowd(20_000), NO_SESSIONS, 0, 10)
    assert store.cursor() == 0
    store.close()


def test_a_row_that_still_shows_is_not_compacted(store: Telemetry) -> None:
    """A field that no newer frame states keeps its row."""
    store.write(water((0, "m", 7, {"pressure_bar": 3.0}), (1, "m", 7, {"volume_m3": 1.0})), NO_SESSIONS, 0, 2)

    assert compacted_by(store, 1, 2) == 0


def test_compacting_waits_for_a_whole_settled_stretch(store: Telemetry) -> None:
    """Rows that may yet be replaced are left, and a few frames are not worth a look at the store."""
    store.write(water((0, "m", 7, {"leak": True}), (9, "m", 7, {"leak": False})), NO_SESSIONS, 0, 10)
    store.stretch_frames = 10

    assert [store.compact(before) for before in (0, 9, 10, 10)] == [0, 0, 1, 0]


def test_the_same_stretch_again_changes_nothing(store: Telemetry) -> None:
    """A write may be repeated."""
    for _ in range(3):
        store.write(volumes(5), NO_SESSIONS, 0, 5)

    assert (len(seen(store)), store.cursor()) == (5, 5)
    assert store.query("SELECT count(*) AS n FROM water_rows").to_pylist() == [{"n": 5}]


def test_a_stretch_decided_anew_replaces_what_stood_there(store: Telemetry) -> None:
    """Rows that the new decision lacks are gone, in the families it does not name too."""
    store.write(volumes(6), NO_SESSIONS, 0, 6)
    store.write({}, NO_SESSIONS, 2, 4)

    assert [row["frame"] for row in seen(store)] == [0, 1, 4, 5]
    assert store.cursor() == 6


def test_a_write_that_fails_stores_nothing(store: Telemetry) -> None:
    """With one family refused none of the batch is there, and the cursor stands."""
    store.write(volumes(2), NO_SESSIONS, 0, 2)
    misfit = {**volumes(3, start=2), Family.PARKING: volumes(1)[Family.WATER]}
    with pytest.raises((duckdb.Error, pa.ArrowInvalid, ValueError)):
        store.write(misfit, NO_SESSIONS, 2, 5)

    assert (len(seen(store)), store.cursor()) == (2, 2)


def test_a_stretch_that_ends_before_it_starts_is_misuse(store: Telemetry) -> None:
    """Offsets in the wrong order are refused."""
    with pytest.raises(ValueError, match="from 5 to 3"):
        store.write({}, NO_SESSIONS, 5, 3)


def test_nothing_to_store_moves_the_cursor(store: Telemetry) -> None:
    """A batch without readings is stored as such."""
    store.write({}, NO_SESSIONS, 0, 7)

    assert (store.cursor(), seen(store)) == (7, [])


def test_readers_see_whole_batches_while_others_are_written(store: Telemetry) -> None:
    """Two threads that read during a hundred writes never see a part of a batch."""
    sights: list[int] = []
    torn: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            (row,) = store.query("SELECT count(*) AS n FROM water").to_pylist()
            sights.append(row["n"])
            if row["n"] % 10:
                torn.append(row["n"])

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(100):
        store.write(volumes(10, start=10 * number), NO_SESSIONS, 10 * number, 10 * number + 10)
    done.set()
    for reader in readers:
        reader.join()

    assert torn == []
    assert sights
    assert len(seen(store)) == 1000


def test_another_format_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A file of another release names both versions, and nothing in it is changed."""
    path = tmp_path / "telemetry.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE meta (name VARCHAR, value BIGINT)")
        other.execute("INSERT INTO meta VALUES ('format_version', 9)")
    with pytest.raises(ValueError, match="format version 9"):
        Telemetry(path)
    with duckdb.connect(str(path)) as other:
        tables = other.execute("SELECT table_name FROM duckdb_tables").fetchall()

    assert tables == [("meta",)]


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    """Rows and cursor outlive the process."""
    store = Telemetry(tmp_path / "t.duckdb")
    store.write(volumes(3), NO_SESSIONS, 0, 3)
    store.close()
    again = Telemetry(tmp_path / "t.duckdb")

    assert (again.cursor(), len(seen(again))) == (3, 3)
    again.close()


def test_a_full_disk_costs_no_row_and_passes(tmp_path: Path) -> None:
    """While the file may not grow writes fail whole; when it may again the same write succeeds."""
    store = Telemetry(tmp_path / "t.duckdb")
    store.write(volumes(10), NO_SESSIONS, 0, 10)
    before = len(seen(store))  # who has read keeps a connection of its own
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        for _ in range(3):
            with pytest.raises(duckdb.Error):
                store.write(volumes(20_000, start=10), NO_SESSIONS, 10, 20_010)
        while_full = store.cursor()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    store.write(volumes(20_000, start=10), NO_SESSIONS, 10, 20_010)

    assert (before, while_full, store.cursor(), len(seen(store))) == (10, 10, 20_010, 20_010)
    store.close()


def test_a_file_that_was_shut_is_opened_anew(tmp_path: Path) -> None:
    """What was committed is there for who writes and for who reads, also for who had read before."""
    store = Telemetry(tmp_path / "t.duckdb")
    store.write(volumes(3), NO_SESSIONS, 0, 3)
    before = len(seen(store))
    with pytest.raises(duckdb.FatalException), store.changing():
        raise duckdb.FatalException("a checkpoint found no memory")
    store.write(volumes(2, start=3), NO_SESSIONS, 3, 5)

    assert (before, len(seen(store)), store.cursor()) == (3, 5, 5)
    store.close()


_DIES_AFTER_WRITING = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_telemetry import NO_SESSIONS, volumes
from narrowgate_ingest.telemetry import Telemetry
store = Telemetry(Path({path!r}))
store.write(volumes(500), NO_SESSIONS, 0, 500)
os._exit(9)
"""


def test_a_write_that_returned_outlives_a_process_that_dies_at_once(tmp_path: Path) -> None:
    """The rows are on disk when the write returns, not when the file is closed."""
    path = tmp_path / "t.duckdb"
    here = Path(__file__).parent
    program = _DIES_AFTER_WRITING.format(tests=str(here), path=str(path))
    program = f"import sys; sys.path.insert(0, {str(here.parent)!r})\n{program}"
    died = subprocess.run([sys.executable, "-c", program], check=False)
    store = Telemetry(path)

    assert (died.returncode, store.cursor(), len(seen(store))) == (9, 500, 500)
    store.close()
