"""The store behind the telemetry store: what it does with each answer, against a small server with a script.

Answers of 2.x and 3.x are recorded ones (`influx_answers.json` says from where); 1.x itself is in
test_influx_server.py.
"""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from influx_recorded import WRITTEN, Asked, Reply, Scripted, recorded, serving
from influx_stand import NO_SESSIONS, QUICK, Core, arrives, meters, readings, sending
from narrowgate_ingest.influx_client import Credentials, Secret, Target
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from narrowgate_schema.words import Family


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """A core that has stored a hundred readings, frames 0 to 99."""
    core = Core(tmp_path)
    core.store(meters(100), 100)
    yield core
    core.close()


def _target(server: Scripted, **other: Any) -> Target:
    return Target(**{"url": server.url, "api": "v2", "database": "b", "org": "o", "timeout_s": 99.0, **other})


def _refused(core: Core) -> list[RefusedReading]:
    noted = RefusedReadings(core.folder / "quarantine")
    try:
        return noted.newest()
    finally:
        noted.close()


def _frames(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := re.search(r"frame=(\d+)i", line))]


def _send(core: Core, server: Scripted, until: int = 100, **other: Any) -> InfluxStore:
    with sending(core.influx(_target(server), **other)) as store:
        assert arrives(lambda: store.cursor == until)
    return store


def test_readings_arrive_in_order_and_once(core: Core) -> None:
    """Every stored reading is one line, in the order of frames, in requests of a bounded size."""
    with serving(WRITTEN) as server:
        store = _send(core, server, batch_lines=30)

    assert _frames(server.written()) == list(range(100))
    assert max(len(asked.lines) for asked in server.asked) <= 30
    assert (store.points_written, store.points_refused) == (100, 0)


def test_one_connection_carries_all_requests(core: Core) -> None:
    """The connection is kept."""
    with serving(WRITTEN) as server:
        _send(core, server, batch_lines=10)

    assert len(server.asked) == 10
    assert server.connections == 1


def test_a_new_store_goes_on_from_the_cursor(core: Core) -> None:
    """What was sent once is not sent again."""
    with serving(WRITTEN) as server:
        _send(core, server)
        core.store(meters(20, first=100), 120)
        _send(core, server, until=120)

    assert _frames(server.written()) == list(range(120))


def test_another_target_begins_at_the_beginning(core: Core) -> None:
    """A database that is met first gets everything that is stored."""
    with serving(WRITTEN) as first, serving(WRITTEN) as second:
        _send(core, first)
        _send(core, second)

    assert _frames(second.written()) == list(range(100))


def test_readings_that_may_yet_be_replaced_wait(core: Core) -> None:
    """What a crash would let decide anew is not sent before it is settled."""
    core.telemetry.write({Family.WATER: meters(10, first=100)}, NO_SESSIONS, 100, 110)

    with serving(WRITTEN) as server, sending(core.influx(_target(server))) as store:
        assert arrives(lambda: store.cursor == 100)
        store.moved.set()
        assert not arrives(lambda: store.cursor > 100, within_s=0.2)

    assert _frames(server.written()) == list(range(100))


def test_a_later_merge_is_sent_as_a_new_write_of_its_point(core: Core) -> None:
    """A key that comes again gives a line of its own with what the newer frame said."""
    again = readings(Family.WATER, [{"device": "meter-0003", "time": 5, "frame": 100, "battery_v": 3.5}])
    with serving(WRITTEN) as server:
        _send(core, server)
        core.store(again, 101)
        _send(core, server, until=101)

    assert server.written()[100:] == [
        'water,device=meter-0003 battery_v=3.5,frame=100i,profile="test_v1",received_at=1790000000000000i 5'
    ]


def test_a_frame_that_is_run_again_is_sent(core: Core) -> None:
    """All of a frame that is decoded long after the cursor has passed it comes, in this life or the next."""
    first = readings(Family.WATER, [{"device": "late", "time": 1, "frame": 3}])
    second = readings(Family.WATER, [{"device": "late", "time": 2, "frame": 4}])
    with serving(WRITTEN) as server:
        with sending(core.influx(_target(server))) as store:
            assert arrives(lambda: store.cursor == 100)
            core.telemetry.write_again({Family.WATER: first}, NO_SESSIONS, [3])
            store.moved.set()
            assert arrives(lambda: store.points_written == 102)
        core.telemetry.write_again({Family.WATER: second}, NO_SESSIONS, [4])
        with sending(core.influx(_target(server))) as store:
            assert arrives(lambda: store.points_written == 2)

    assert _frames(server.written()) == [*range(100), 3, 3, 4, 4]


def test_frames_without_readings_are_passed_over(core: Core) -> None:
    """Ticks and refused frames leave gaps of any width."""
    core.store(meters(1, first=5_000_000), 5_000_001)
    with serving(WRITTEN) as server:
        _send(core, server, until=5_000_001)

    assert _frames(server.written())[-1] == 5_000_000


def test_a_name_that_no_tag_can_carry_is_refused_here(core: Core) -> None:
    """The reading stays in the telemetry store; that InfluxDB will not have it is noted."""
    core.store(readings(Family.WATER, [{"device": "a\\", "time": 7, "frame": 100}]), 101)
    with serving(WRITTEN) as server:
        store = _send(core, server, until=101)

    assert (store.points_written, store.points_refused) == (100, 1)
    assert [(each.device, each.time_us, each.reason) for each in _refused(core)] == [
        ("a\\", 7, "store_refused")
    ]


def test_a_partial_write_of_version_3_is_noted_and_not_repeated(core: Core) -> None:
    """Recorded 3.x: line 2 is refused with its words, everything else was written, nothing is sent twice."""
    with serving(recorded("v3_partial"), WRITTEN) as server:
        store = _send(core, server)

    assert [each.frame for each in _refused(core)] == [1]
    assert _refused(core)[0].detail.startswith("invalid column type for column 'temp'")
    assert len(server.asked) == 1
    assert (store.points_written, store.points_refused) == (99, 1)


@pytest.mark.parametrize(("name", "n"), [("v27_retention", 4), ("v20_retention", 1), ("v1_retention", 2)])
def test_points_beyond_retention_are_noted_whatever_the_status(core: Core, name: str, n: int) -> None:
    """400 of 1.x, recorded 500 of 2.0 and 422 of 2.7: the oldest are refused, nothing loops."""
    with serving(recorded(name), recorded(name), WRITTEN) as server:
        _send(core, server)

    assert sorted(each.frame for each in _refused(core)) == list(range(n))
    assert [len(asked.lines) for asked in server.asked] == [100, n]


def test_a_conflict_of_types_refuses_the_points_that_have_the_field(core: Core) -> None:
    """Recorded 2.7 words, with this field: its points are found, the others written."""

    def conflict(asked: Asked) -> Reply:
        n = sum("volume_m3=" in line for line in asked.lines)
        status, headers, body = recorded("v27_conflict")
        text = body.decode().replace("longitude", "volume_m3").replace("device_metric", "water")
        return (status, headers, text.replace("dropped=1224", f"dropped={n}").encode()) if n else WRITTEN

    core.store(readings(Family.WATER, [{"device": "m", "time": 1, "frame": 100, "battery_v": 3.6}]), 101)
    with serving(conflict) as server:
        store = _send(core, server, until=101)

    assert (store.points_written, store.points_refused) == (1, 100)
    assert len(server.asked) == 3


def test_a_busy_server_is_left_alone_as_long_as_it_asks(core: Core) -> None:
    """429 and 503 with Retry-After: the next request comes when the server said."""
    times: list[float] = []

    def timed(asked: Asked) -> Reply:
        times.append(time.monotonic())
        return [(429, {"Retry-After": "1"}, b""), (503, {"Retry-After": "1"}, b""), WRITTEN][len(times) - 1]

    with serving(timed) as server:
        _send(core, server)

    assert len(times) == 3
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))
    assert _frames(server.written()) == [*range(100)] * 3


@pytest.mark.parametrize("status", [500, 502, 504, 599, 418])
def test_any_other_failure_is_tried_again(core: Core, status: int) -> None:
    """Whatever a server or proxy says: the same lines come again until they are written."""
    with serving(*[(status, {}, b"<html>no</html>")] * 4, WRITTEN) as server:
        store = _send(core, server)

    assert len(server.asked) == 5
    assert store.points_refused == 0


def test_a_server_that_answers_too_late_gets_the_same_again(core: Core) -> None:
    """A time-out leaves open whether the points were written: they are sent again, until an answer comes."""
    gate = threading.Event()

    def late(asked: Asked) -> Reply:
        gate.wait(200)
        return WRITTEN

    with serving(late, WRITTEN) as server:
        with sending(core.influx(_target(server, timeout_s=0.2))) as store:
            assert arrives(lambda: store.cursor == 100)
        gate.set()

    assert len(server.asked) >= 2
    assert _frames(server.written()) == [*range(100)] * len(server.asked)


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_token_stops_the_store_and_shows_until_it_is_right(
    core: Core, tmp_path: Path, status: int
) -> None:
    """Nothing is dropped meanwhile; the file is read anew, so a mended token needs no restart."""
    token = tmp_path / "token"
    token.write_text("wrong\n")

    def guarded(asked: Asked) -> Reply:
        if asked.headers["authorization"] == "Token right":
            return WRITTEN
        return status, {}, b'{"code":"unauthorized","message":"unauthorized access"}'

    with serving(guarded) as server:
        target = _target(server, credentials=Credentials(Secret(token)))
        with sending(core.influx(target)) as store:
            assert arrives(lambda: "unauthorized access" in store.trouble)
            assert store.cursor == 0
            token.write_text("right\n")
            assert arrives(lambda: store.cursor == 100)
            assert store.trouble == ""

    assert store.points_refused == 0


def test_a_missing_token_file_is_shown_by_name(core: Core, tmp_path: Path) -> None:
    """A secret that cannot be read holds the store; no request goes out without it."""
    with serving(WRITTEN) as server:
        target = _target(server, credentials=Credentials(Secret(tmp_path / "absent")))
        with sending(core.influx(target)) as store:
            assert arrives(lambda: f"{tmp_path / 'absent'}: No such file" in store.trouble)

    assert server.asked == []


def test_a_missing_bucket_holds_the_store(core: Core) -> None:
    """404 is for somebody to mend; the readings wait."""
    with serving((404, {}, b'{"code":"not found","message":"bucket \\"b\\" not found"}'), WRITTEN) as server:
        _send(core, server)

    assert len(server.asked) == 2


def test_an_endpoint_that_refuses_everything_holds_the_store(core: Core) -> None:
    """A 400 that speaks of no data costs no reading."""
    refusal: Reply = (400, {}, b'{"error":"database is required"}')

    with serving(refusal) as server, sending(core.influx(_target(server))) as store:
        assert arrives(lambda: "database is required" in store.trouble)

    assert store.cursor == 0
    assert _refused(core) == []


def test_a_full_request_is_split_and_later_ones_are_smaller(core: Core) -> None:
    """413 halves the lines; the size that went through is kept to."""
    core.store(meters(2000, first=100), 2100)

    def small(asked: Asked) -> Reply:
        return WRITTEN if int(asked.headers["content-length"]) <= 40_000 else (413, {}, b"")

    with serving(small) as server:
        _send(core, server, until=2100, batch_lines=700)

    written = [asked for asked in server.asked if int(asked.headers["content-length"]) <= 40_000]
    assert _frames([line for asked in written for line in asked.lines]) == list(range(2100))
    assert len(server.asked) - len(written) <= 2


def test_a_body_never_passes_its_bound(core: Core) -> None:
    """However many lines a request may have, its bytes are bounded too."""
    with serving(WRITTEN) as server:
        _send(core, server, most_body_bytes=3000)

    assert max(int(asked.headers["content-length"]) for asked in server.asked) <= 3000
    assert _frames(server.written()) == list(range(100))


def test_an_end_is_not_kept_waiting_by_a_dead_server(core: Core) -> None:
    """A store that cannot send ends in the middle of an hour's pause; the cursor stands where it stood."""
    target = Target("http://127.0.0.1:1", "v2", "b")
    patience = replace(QUICK, first_pause_s=3600.0, longest_pause_s=3600.0)

    with sending(core.influx(target, patience=patience)) as store:
        assert arrives(lambda: "refused" in store.trouble)

    assert store.cursor == 0


def test_the_way_to_the_server_says_bucket_org_and_precision(core: Core) -> None:
    """2.x and 3.x take org, bucket and precision."""
    with serving(WRITTEN) as server:
        _send(core, server)

    assert server.asked[0].path == "/api/v2/write?org=o&bucket=b&precision=us"
