"""What telemetry lets go of is in the archive, and whoever follows reads on there to the same end."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from influx_recorded import WRITTEN, serving
from influx_stand import NO_SESSIONS, QUICK, arrives, sending
from ingest_line import SHANGHAI, START_US, District, Line, archived
from narrowgate_fleet import FleetReader
from narrowgate_ingest.archive_files import Archived, ArchiveFiles, parts_of
from narrowgate_ingest.archived import ArchivedReadings, Reached
from narrowgate_ingest.archiver import AGAIN, ARCHIVE, Archiver, Terms
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.hearing_again import Registry
from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.replay import Means, apply_replay, rehearse_replay
from narrowgate_ingest.replay_run import Asked
from narrowgate_ingest.retention import Reached as Taken
from narrowgate_ingest.retention import Retention, kept_since_us, let_go_of
from narrowgate_ingest.segments import trim
from narrowgate_ingest.state import cursor
from narrowgate_ingest.tail import Tail
from narrowgate_rules import RULES, Engine
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
ALL = Asked(START_US - HOUR_US, START_US + 48 * HOUR_US)
Points = dict[tuple[object, ...], dict[str, object]]


@dataclass
class _Stands:
    """A clock that stands."""

    time_us: int = START_US + 28 * HOUR_US

    def now_us(self) -> int:
        return self.time_us


def _open(home: Path) -> Line:
    line = Line(home, home / "journal")
    state = line.stores.state.connection
    line.stores.telemetry.older = ArchivedReadings(
        home / "archive", line.stores.telemetry, lambda: Reached(cursor(state, ARCHIVE), cursor(state, AGAIN))
    )
    return line


def _retention(
    line: Line, again: int = 1 << 40, clock_us: int = START_US + 28 * HOUR_US, stays_days: int = 0
) -> Retention:
    archived_to = cursor(line.stores.state.connection, ARCHIVE)
    return Retention(
        line.stores.telemetry,
        dict.fromkeys(Family, 1),
        lambda: Taken(min(line.pipeline.done, archived_to), again),
        _Stands(clock_us),
        stays_days=stays_days,
        look_every_s=0.0,
    )


@pytest.fixture(scope="module")
def ran(district: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that took the district's 28 hours and has archived them."""
    home = district.home(tmp_path_factory.mktemp("retention") / "home")
    shutil.copytree(district.journal, home / "journal", ignore=shutil.ignore_patterns("wake"))
    line = Line(home, home / "journal")
    line.run()
    archived(line)
    line.close()
    return home


@pytest.fixture
def line(ran: Path, tmp_path: Path) -> Iterator[Line]:
    """A copy of it."""
    shutil.copytree(ran, tmp_path / "home")
    opened = _open(tmp_path / "home")
    yield opened
    opened.close()


def _followed(line: Line, most_rows: int = 70) -> Points:
    """Give what a follower makes of all that it reads: points, each field as it was said last."""
    follower = Follower(line.stores.telemetry, lambda: line.pipeline.done, most_rows=most_rows)
    start, points, frames = 0, Points(), [-1]
    while (part := follower.after(start)) is not None:
        assert part.rows <= most_rows or part.until == part.start + 1
        for family, rows in part.readings.items():
            for row in rows.to_pylist():
                assert part.start <= row["frame"] < part.until
                key = (family, row.pop("device"), row.pop("series"), row.pop("time"))
                said = {name: value for name, value in row.items() if value is not None}
                points.setdefault(key, {}).update(said)
        frames.append(part.until)
        start = part.until
    assert frames == sorted(set(frames))
    return points


def _rows(line: Line) -> int:
    tables = (line.stores.telemetry.query(f"FROM {family}_rows") for family in Family)
    return sum(table.num_rows for table in tables)


def _oldest_us(line: Line) -> int:
    table = line.stores.telemetry.query("SELECT epoch_us(min(received_at)) AS at FROM parking_rows")
    return int(table["at"][0].as_py())


def test_what_is_old_and_archived_goes_and_followers_read_on_in_the_archive(line: Line) -> None:
    """A day is kept; a follower that has read nothing yet ends with the same points as before."""
    before, rows = _followed(line), _rows(line)
    gone = _retention(line).step()

    assert 0 < gone == rows - _rows(line)
    assert START_US + 3 * HOUR_US <= _oldest_us(line) < START_US + 5 * HOUR_US
    assert START_US + 3 * HOUR_US <= kept_since_us(line.stores.telemetry) < START_US + 5 * HOUR_US
    assert _followed(line) == before
    assert _followed(line, most_rows=1 << 20) == before


def test_nothing_goes_before_it_is_archived(line: Line) -> None:
    """However old it is: the archive's cursor is the bound."""
    retention = Retention(
        line.stores.telemetry, dict.fromkeys(Family, 1), lambda: Taken(100, 0), _Stands(), look_every_s=0.0
    )
    rows = _rows(line)
    retention.step()
    young = line.stores.telemetry.query("SELECT count(*) AS n FROM parking_rows WHERE frame >= 100")

    assert let_go_of(line.stores.telemetry, Family.PARKING) <= 100
    assert 0 < young["n"][0].as_py() < rows


def test_a_clock_that_leaps_takes_nothing_young(line: Line) -> None:
    """Days are counted from the newest reading where the clock is ahead of it."""
    _retention(line, clock_us=START_US + 9000 * HOUR_US).step()

    assert _oldest_us(line) < START_US + 5 * HOUR_US


def test_a_key_goes_whole_with_its_newest_frame(line: Line) -> None:
    """A reading that a young frame has stated, too, stays as readers see it."""
    telemetry = line.stores.telemetry
    old = telemetry.query("SELECT * FROM water_rows ORDER BY frame LIMIT 1")
    young = old.set_column(old.schema.get_field_index("frame"), "frame", pa.array([line.pipeline.done - 1]))
    young = young.set_column(
        young.schema.get_field_index("volume_m3"), "volume_m3", pa.nulls(1, pa.float64())
    )
    rows = young.cast(READINGS[Family.WATER]).combine_chunks().to_batches()[0]
    telemetry.write_again({Family.WATER: rows}, NO_SESSIONS, [line.pipeline.done - 1])
    device, time = old["device"][0].as_py(), old["time"][0].as_py()
    asked = "SELECT * FROM water WHERE device = $1 AND time = $2"
    before = telemetry.query(asked, [device, time]).to_pylist()
    _retention(line).step()

    assert telemetry.query(asked, [device, time]).to_pylist() == before
    assert before[0]["volume_m3"] is not None


def _sent(lines: list[str]) -> dict[str, dict[str, str]]:
    """Give points as a server would hold them: fields by measurement, tags and time."""
    points: dict[str, dict[str, str]] = {}
    for line in lines:
        head, fields, time = (
            line.rsplit(" ", 2)[0].split(" ", 1)[0],
            line.split(" ", 1)[1],
            line.rsplit(" ", 1)[1],
        )
        said = dict(each.split("=", 1) for each in fields.rsplit(" ", 1)[0].split(","))
        points.setdefault(f"{head} {time}", {}).update(said)
    return points


def _influx(line: Line, url: str) -> InfluxStore:
    target = Target(url=url, api="v1", database="narrowgate", timeout_s=30.0)
    state, quarantine = line.home / "state.db", line.home / "quarantine"
    store = InfluxStore(target, line.stores.telemetry, state, quarantine, batch_lines=90, patience=QUICK)
    with sending(store):
        assert arrives(lambda: store.cursor == line.pipeline.done)
    return store


def test_a_store_that_was_away_drains_from_the_archive_to_the_same_set(line: Line) -> None:
    """Journal trimmed, telemetry let go of meanwhile: it ends with the points of one that never was away."""
    with serving(WRITTEN) as server:
        _influx(line, server.url)
        wanted = _sent(server.written())
    trim(line.journal, line.pipeline.done, keep_bytes=0)
    _retention(line).step()
    with serving(WRITTEN) as server:
        store = _influx(line, server.url)
        found = _sent(server.written())

    assert min(Tail(line.journal).start(), let_go_of(line.stores.telemetry, Family.PARKING)) > 0
    assert found == wanted
    assert store.points_refused == 0


def test_a_part_that_cannot_be_read_is_told_and_tried_again(line: Line) -> None:
    """The store waits with the part's name, and sends on once it is readable."""
    _retention(line).step()
    part = parts_of(line.home / "archive", Archived.READINGS)[0].path
    good = part.read_bytes()
    part.write_bytes(b"no Parquet")
    with serving(WRITTEN) as server:
        target = Target(url=server.url, api="v1", database="narrowgate", timeout_s=30.0)
        store = InfluxStore(
            target, line.stores.telemetry, line.home / "state.db", line.home / "quarantine", patience=QUICK
        )
        with sending(store):
            was_told = arrives(lambda: part.name in store.trouble)
            part.write_bytes(good)
            arrived = arrives(lambda: store.cursor == line.pipeline.done)

    assert was_told
    assert arrived


def test_a_part_of_frames_run_again_is_opened_where_its_frames_stand(line: Line) -> None:
    """Of many such parts a slice reads its own; what is asked beyond their frames touches none of them."""
    telemetry = line.stores.telemetry
    old = telemetry.query("SELECT * FROM water_rows ORDER BY frame LIMIT 1")
    frame, rows = old["frame"][0].as_py(), old.cast(READINGS[Family.WATER]).combine_chunks().to_batches()[0]
    telemetry.replace_frames({Family.WATER: rows}, [frame], NO_SESSIONS, (0, ()))
    archived(line)
    assert telemetry.older is not None
    wanted = telemetry.older.between(Family.WATER, 0, frame + 1).num_rows
    (again,) = (part for part in parts_of(line.home / "archive", Archived.READINGS) if part.again)
    good = again.path.read_bytes()
    again.path.write_bytes(b"no Parquet")

    assert telemetry.older.between(Family.WATER, frame + 1, line.pipeline.done).num_rows > 0
    with pytest.raises(OSError, match="no part of an archive"):
        telemetry.older.between(Family.WATER, 0, frame + 1)
    again.path.write_bytes(good)
    assert telemetry.older.between(Family.WATER, 0, frame + 1).num_rows == wanted > 0


def _means(line: Line) -> Means:
    fleet = FleetReader(line.home / "registry").fleet
    return Means(
        line.journal,
        line.home / "archive",
        lambda _: Engine(RULES, timezone=SHANGHAI),
        Registry(lambda _: fleet, ()),
    )


def test_history_that_was_let_go_of_is_no_difference(line: Line) -> None:
    """A replay finds in the archive what it compares with."""
    _retention(line).step()

    assert rehearse_replay(line.pipeline, _means(line), ALL, lambda _: None).difference.rows == []


def _stays(line: Line) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = line.stores.telemetry.query(
        "FROM session_rows ORDER BY session, version"
    ).to_pylist()
    return rows


def test_old_stays_go_whole_and_a_replay_does_not_miss_them(line: Line) -> None:
    """What ended longer ago than is said goes with all its versions; whoever stands there still stays."""
    before = _stays(line)
    while _retention(line, stays_days=1).step():
        pass
    after = _stays(line)
    ended = {row["session"]: row["departed_at"] for row in before}  # by the newest version
    newest = max(time for row in before for time in (row["arrived_at"], row["departed_at"]) if time)
    oldest = newest - timedelta(days=1)
    old = {name for name, at in ended.items() if at is not None and at < oldest}

    assert old
    assert after == [row for row in before if row["session"] not in old]
    assert rehearse_replay(line.pipeline, _means(line), ALL, lambda _: None).difference.rows == []


def test_stays_are_kept_where_nothing_is_said(line: Line) -> None:
    """0 days keep all, whatever goes of readings."""
    before = _stays(line)
    _retention(line).step()

    assert _stays(line) == before != []


def test_a_frame_run_again_comes_back_until_everybody_has_it(line: Line) -> None:
    """Its key is whole for followers and the archive; numbers that everybody has taken are forgotten."""
    telemetry, state = line.stores.telemetry, line.stores.state.connection
    wanted = _followed(line)
    old = telemetry.query("SELECT * FROM water_rows ORDER BY frame LIMIT 1")
    wrong = old.set_column(old.schema.get_field_index("volume_m3"), "volume_m3", pa.array([9e9]))
    frame, rows = old["frame"][0].as_py(), wrong.cast(READINGS[Family.WATER]).combine_chunks().to_batches()[0]
    telemetry.replace_frames({Family.WATER: rows}, [frame], NO_SESSIONS, (0, ()))
    archived(line)
    _retention(line).step()
    asked = replace(ALL, to_us=START_US + HOUR_US)
    replayed = apply_replay(line.pipeline, _means(line), asked, START_US + 40 * HOUR_US, lambda _: None)
    seen = "SELECT count(*) AS n FROM water_rows WHERE frame = $1"
    waits = telemetry.query(seen, [frame])["n"][0].as_py()
    _retention(line, again=1).step()
    pinned = telemetry.query(seen, [frame])["n"][0].as_py()
    overlaid = _followed(line)
    archived(line)
    _retention(line, again=cursor(state, AGAIN)).step()
    # The newest number stays known, and its rows with it, until there is a newer one.
    numbers = telemetry.query("SELECT DISTINCT number FROM again")["number"].to_pylist()

    assert [row["change"] for row in replayed.difference.rows] == ["reading_changed"]
    assert waits == pinned == 1
    assert numbers == [2]
    assert overlaid == _followed(line) == wanted


def test_the_archive_keeps_what_a_follower_has_not_read(line: Line) -> None:
    """Old parts of readings stay while a store is behind them, and go once it is not."""
    at: list[int] = [0]
    fleet, stores = FleetReader(line.home / "registry").fleet, line.stores
    archiver = Archiver(
        ArchiveFiles(line.home / "archive"), Tail(line.journal), stores.telemetry, stores.state,
        lambda: fleet, _Stands(START_US + 900 * HOUR_US), Terms(keep_readings_days=1),
    )  # fmt: skip
    archiver.needed.append(lambda: at[0])
    day = min(part.day for part in parts_of(line.home / "archive", Archived.READINGS))
    newer = line.home / "archive" / "readings" / "family=water" / "day=2026-04-01"
    newer.mkdir()
    shutil.copy(parts_of(line.home / "archive", Archived.READINGS)[0].path, newer)
    archiver._expire()
    kept = {part.day for part in parts_of(line.home / "archive", Archived.READINGS)}
    at[0] = line.pipeline.done
    archiver._expire()
    left = {part.day for part in parts_of(line.home / "archive", Archived.READINGS)}
    archiver.close()

    assert day in kept
    assert left == {"2026-04-01"}


def test_an_archive_that_the_state_knows_nothing_of_is_not_swept(line: Line) -> None:
    """A state.db that was lost takes no archive with it: the writer refuses, in words."""
    files = ArchiveFiles(line.home / "archive")
    before = len(parts_of(line.home / "archive"))
    with pytest.raises(ValueError, match="knows nothing of"):
        files.begin(0, 0)

    assert len(parts_of(line.home / "archive")) == before
