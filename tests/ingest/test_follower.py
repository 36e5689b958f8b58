"""Reading on behind the telemetry store: all of it, in order, in bounded slices."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from influx_stand import NO_SESSIONS, meters, readings
from narrowgate_ingest.follower import Follower, Slice
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.words import Family


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    """An empty telemetry store."""
    telemetry = Telemetry(tmp_path / "telemetry.duckdb")
    yield telemetry
    telemetry.close()


def _slices(follower: Follower, start: int = 0) -> list[Slice]:
    slices = []
    while (part := follower.after(start)) is not None:
        assert part.start == start
        assert part.until > start
        slices.append(part)
        start = part.until
    return slices


def _frames(part: Slice) -> list[int]:
    return sorted(frame for rows in part.readings.values() for frame in rows["frame"].to_pylist())


def _follower(telemetry: Telemetry, most_rows: int) -> Follower:
    return Follower(telemetry, telemetry.cursor, most_rows=most_rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 40)), max_size=12),
    st.integers(1, 50),
)
def test_slices_cover_every_frame_once(
    telemetry: Telemetry, frames: list[tuple[int, int]], most_rows: int
) -> None:
    """Whatever the gaps between frames and the rows in them: each row comes once, frames are not torn."""
    rows, start, frame = [], telemetry.cursor(), telemetry.cursor()
    for gap, n in frames:
        frame += gap
        rows += [{"device": f"m{i}", "time": frame * 100 + i, "frame": frame} for i in range(n)]
    telemetry.write({Family.WATER: readings(Family.WATER, rows)}, NO_SESSIONS, start, frame + 1)

    slices = _slices(_follower(telemetry, most_rows), start)

    assert [f for part in slices for f in _frames(part)] == [row["frame"] for row in rows]
    assert all(part.rows <= most_rows or len(set(_frames(part))) == 1 for part in slices)
    assert slices[-1].until == frame + 1


def test_all_families_share_a_slice(telemetry: Telemetry) -> None:
    """The bound counts the rows of all families together."""
    bays = readings(Family.PARKING, [{"device": f"b{i}", "time": i, "frame": i} for i in range(100)])
    telemetry.write({Family.WATER: meters(100), Family.PARKING: bays}, NO_SESSIONS, 0, 100)

    slices = _slices(_follower(telemetry, 50))

    assert {part.rows for part in slices} == {50}


def test_a_key_stands_once_in_a_slice(telemetry: Telemetry) -> None:
    """Rows of one key are merged field by field, the newest frame wins."""
    key = {"device": "m", "time": 5}
    rows = [
        {**key, "frame": 0, "volume_m3": 1.0, "battery_v": 3.6},
        {**key, "frame": 1, "volume_m3": 2.0},
    ]
    telemetry.write({Family.WATER: readings(Family.WATER, rows)}, NO_SESSIONS, 0, 2)

    (part,) = _slices(_follower(telemetry, 50))
    (merged,) = part.readings[Family.WATER].to_pylist()

    assert (merged["frame"], merged["volume_m3"], merged["battery_v"]) == (1, 2.0, 3.6)


@pytest.mark.parametrize("start", [0, 1, 2])
def test_compaction_around_a_cursor_loses_nothing(telemetry: Telemetry, start: int) -> None:
    """What went was stated again by a newer frame: a follower that had not come to it gets it from there."""
    said: list[dict[str, object]] = [{"volume_m3": 1.0}, {"battery_v": 3.6}, {"volume_m3": 2.0}]
    for frame, row in enumerate(said):
        rows = readings(Family.WATER, [{"device": "m", "time": 5, "frame": frame, **row}])
        telemetry.write({Family.WATER: rows}, NO_SESSIONS, frame, frame + 1)
    telemetry.stretch_frames = 3
    gone = telemetry.compact(3)

    (part,) = _slices(_follower(telemetry, 50), start=start)
    (merged,) = part.readings[Family.WATER].to_pylist()

    assert (gone, merged["frame"], merged["volume_m3"]) == (1, 2, 2.0)
    assert merged["battery_v"] == (3.6 if start < 2 else None)


def test_frames_run_again_come_as_their_keys_stand(telemetry: Telemetry) -> None:
    """An older frame that is decoded late does not undo what a newer one said of the same key."""
    key = {"device": "m", "time": 5}
    rows = readings(Family.WATER, [{**key, "frame": 7, "volume_m3": 7.0}])
    telemetry.write({Family.WATER: rows}, NO_SESSIONS, 0, 10)
    follower = _follower(telemetry, 50)
    assert follower.again(follower.newest_again()) is None

    late = readings(Family.WATER, [{**key, "frame": 3, "volume_m3": 3.0, "battery_v": 3.6}])
    telemetry.write_again({Family.WATER: late}, NO_SESSIONS, [3])

    again = follower.again(0)
    assert again is not None
    (merged,) = again.readings[Family.WATER].to_pylist()
    assert (merged["frame"], merged["volume_m3"], merged["battery_v"]) == (7, 7.0, 3.6)
    assert follower.again(again.number) is None


def test_what_is_not_settled_is_not_given(telemetry: Telemetry) -> None:
    """Rows that a crash would let decide anew wait."""
    telemetry.write({Family.WATER: meters(10)}, NO_SESSIONS, 0, 10)

    follower = Follower(telemetry, lambda: 6, most_rows=50)

    assert [f for part in _slices(follower) for f in _frames(part)] == list(range(6))


def test_an_empty_store_gives_nothing(telemetry: Telemetry) -> None:
    """Nothing at all is legal."""
    assert _follower(telemetry, 50).after(0) is None


def test_a_store_that_lost_its_rows_gives_nothing(telemetry: Telemetry) -> None:
    """A telemetry store made anew is waited for until it has come past the cursor."""
    telemetry.write({Family.WATER: meters(10)}, NO_SESSIONS, 0, 10)

    assert Follower(telemetry, lambda: 500, most_rows=50).after(300) is None
