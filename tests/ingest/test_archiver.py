"""The archive: every frame once, whatever the instant of a kill, and what was run again in its newer form."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest_line import START_US, Crash, District, Line
from narrowgate_fleet import FleetReader
from narrowgate_ingest import archive_files, segments
from narrowgate_ingest.archive_files import Archived, ArchiveFiles, parts_of
from narrowgate_ingest.archiver import Archiver, Terms
from narrowgate_ingest.tail import Tail
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family


@dataclass
class _Noon:
    """A clock that stands."""

    time_us: int = START_US

    def now_us(self) -> int:
        return self.time_us


def archiver(line: Line, terms: Terms, *, clock_us: int = START_US) -> Archiver:
    """Give an archiver over a line's home."""
    fleet = FleetReader(line.home / "registry")
    return Archiver(
        ArchiveFiles(line.home / "archive"),
        Tail(line.journal),
        line.stores.telemetry,
        line.stores.state,
        lambda: fleet.fleet,
        _Noon(clock_us),
        terms,
    )


def one_root(line: Line) -> Path:
    """Give a line's archive."""
    return line.home / "archive"


def archived(root: Path, kind: Archived) -> list[dict[str, object]]:
    """Give all rows of a kind, in order."""
    rows = [row for part in parts_of(root, kind) for row in pq.ParquetFile(part.path).read().to_pylist()]
    column = "tick" if kind is Archived.TICKS else "frame"
    return sorted(rows, key=lambda row: (row[column], row.get("series", ""), str(row.get("time", ""))))


def everything(root: Path) -> dict[str, list[dict[str, object]]]:
    """Give all that is archived."""
    return {kind: archived(root, kind) for kind in Archived}


@pytest.fixture(scope="module")
def stored(district: District, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A home that has taken the district's journal."""
    line = district.line(tmp_path_factory.mktemp("archiver") / "home")
    line.run()
    line.close()
    return line


@pytest.fixture
def line(stored: Line, tmp_path: Path) -> Iterator[Line]:
    """A copy of it."""
    shutil.copytree(stored.home, tmp_path / "home")
    opened = Line(tmp_path / "home", stored.journal)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def whole(stored: Line, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """What an undisturbed archive of that home holds."""
    home = tmp_path_factory.mktemp("whole") / "home"
    shutil.copytree(stored.home, home)
    line = Line(home, stored.journal)
    one = archiver(line, Terms(part_rows=700))
    one.hurry()
    one.turn()
    line.close()
    return everything(home / "archive")


def test_every_frame_and_tick_of_the_journal_is_archived_once(
    line: Line, whole: dict[str, list[dict[str, object]]]
) -> None:
    """Frames and ticks of the archive are the rows of the journal."""
    frames: list[object] = []
    ticks: list[object] = []
    offset = 0
    while (chunk := line.tail.read(offset, 1 << 16)).next_offset > offset:
        offset = chunk.next_offset
        for kind, rows in chunk.records:
            (frames if kind.name == "UPLINKS" else ticks).extend(rows.to_pylist())

    assert (whole["frames"], whole["ticks"]) == (frames, ticks)


def test_every_reading_that_is_stored_is_archived_once(
    line: Line, whole: dict[str, list[dict[str, object]]]
) -> None:
    """Readings of the archive are the rows of the telemetry."""
    keys = sorted(
        (row["frame"], row["series"], row["time"])
        for family in Family
        for row in line.stores.telemetry.query(f"SELECT * FROM {family}_rows").to_pylist()  # noqa: S608
    )

    assert [(row["frame"], row["series"], row["time"]) for row in whole["readings"]] == keys


def test_a_part_stands_where_its_family_and_day_of_arrival_say(line: Line) -> None:
    """Directories name family and day as Hive does; frames of strangers are the family unknown."""
    one = archiver(line, Terms())
    one.hurry()
    one.turn()
    places = {
        part.path.parent.relative_to(line.home / "archive").as_posix() for part in parts_of(one_root(line))
    }
    days = ("2026-03-01", "2026-03-02")
    kinds = [f"frames/family={family}" for family in ("water", "parking", "lighting", "unknown")]
    kinds += ["ticks", "readings/family=water", "readings/family=parking", "readings/family=lighting"]

    assert places == {f"{kind}/day={day}" for kind in kinds for day in days}


def test_rows_wait_for_others_until_they_are_old(line: Line) -> None:
    """A part is made when its rows are many, or came in long ago."""
    early, late = archiver(line, Terms(part_every_s=3600.0)), START_US + 7_200_000_000
    early.turn()
    then = archiver(line, Terms(part_every_s=3600.0), clock_us=late)
    then.turn()

    assert (early.cursor, then.cursor) == (0, line.pipeline.done)


def test_a_kill_at_any_step_leaves_each_frame_once(
    line: Line, whole: dict[str, list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each sync in turn and run again, the archive holds what an undisturbed one holds."""
    fatal = count(1, 4)
    real = segments.sync_file
    steps = 0

    def failing(path: Path) -> None:
        nonlocal steps
        steps += 1
        if steps == limit:
            raise Crash(path.name)
        real(path)

    monkeypatch.setattr(archive_files, "sync_file", failing)
    for limit in fatal:  # noqa: B007 - read by what fails
        steps = 0
        one = archiver(line, Terms(part_rows=1100))
        one.hurry()
        try:
            one.turn()
        except Crash:
            continue
        break

    assert limit > 8
    assert everything(one_root(line)) == whole


def test_a_crash_between_the_names_and_the_cursor_doubles_nothing(
    line: Line, whole: dict[str, list[dict[str, object]]]
) -> None:
    """Parts beyond the cursor are written anew, however the rows are then cut."""
    one = archiver(line, Terms(part_rows=900))
    one.hurry()
    one.turn()
    line.stores.state.connection.execute("UPDATE cursors SET value = 900 WHERE name = 'archive'")
    again = archiver(line, Terms(part_rows=1300))
    again.hurry()
    again.turn()

    assert everything(one_root(line)) == whole


def test_readings_of_frames_that_were_run_again_take_the_place_of_the_former(line: Line) -> None:
    """What stands in the telemetry after a retry stands in the archive, once."""
    one = archiver(line, Terms())
    one.hurry()
    one.turn()
    (row,) = line.stores.telemetry.query("SELECT * FROM water_rows ORDER BY frame LIMIT 1").to_pylist()
    frame = row["frame"]
    more = pa.RecordBatch.from_pylist([{**row, "series": "again"}], READINGS[Family.WATER])
    nothing = pa.RecordBatch.from_pylist([], SESSIONS)
    line.stores.telemetry.write_again({Family.WATER: more}, nothing, [frame])
    one.turn()
    found = [
        str(row["series"]) for row in archived(one_root(line), Archived.READINGS) if row["frame"] == frame
    ]
    stands = line.stores.telemetry.query("SELECT series FROM water_rows WHERE frame = $1", [frame])

    assert sorted(found) == sorted(stands["series"].to_pylist())


def test_what_is_older_than_it_is_kept_goes_by_kind(line: Line) -> None:
    """Frames may go earlier than readings; a leap of the clock takes nothing."""
    terms = Terms(keep_frames_days=0, keep_readings_days=1)
    one = archiver(line, terms, clock_us=START_US + 400 * 86_400_000_000)
    one.hurry()
    one.turn()
    kept = {part.kind for part in parts_of(one_root(line))}
    ArchiveFiles(one_root(line)).expire((Archived.FRAMES, Archived.TICKS), 1, "2026-03-03")
    days = {kind: {part.day for part in parts_of(one_root(line), kind)} for kind in Archived}

    assert kept == set(Archived)
    assert days[Archived.FRAMES] == days[Archived.TICKS] == {"2026-03-02"} < days[Archived.READINGS]


def test_an_archive_of_another_format_is_refused(tmp_path: Path) -> None:
    """A newer release's archive is left alone, in one line with its path."""
    ArchiveFiles(tmp_path / "archive")
    (tmp_path / "archive" / "format.json").write_text('{"format": 2}')

    with pytest.raises(ValueError, match=r"format\.json: format version 2; this release reads version 1"):
        ArchiveFiles(tmp_path / "archive")


def test_closing_needs_no_part(tmp_path: Path) -> None:
    """An archive of which nothing was written has no parts."""
    ArchiveFiles(tmp_path / "archive")

    assert parts_of(tmp_path / "archive") == []
