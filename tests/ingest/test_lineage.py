"""What stores and journal promise each other: no kept frame is passed over, whatever is lost."""

import logging
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ingest_line import Line, city, register
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.lineage import floor_of
from narrowgate_ingest.pipeline import JournalUnreadable
from narrowgate_ingest.records import Kind
from narrowgate_ingest.recovery import NOTHING_READ
from narrowgate_ingest.segments import first_offsets, segment_path, trim
from narrowgate_ingest.tail import Tail
from uplinks import uplink_batch


def keep(home: Path, frames: Sequence[bytes], *, floored: bool = True) -> None:
    """Start a writer, keep each frame as a record of its own, and end."""
    floor = floor_of(home / "state.db") if floored else NOTHING_READ
    with closing(Journal(home / "journal", floor=floor)) as journal:
        for frame in frames:
            journal.append([(Kind.UPLINKS, uplink_batch([frame]))])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home whose stores have taken ten frames, in two segments."""
    register(tmp_path, city(1, 1.0))
    for names in (b"01234", b"56789"):
        keep(tmp_path, [bytes([name]) for name in names])
    taken(tmp_path)
    return tmp_path


def taken(home: Path) -> list[bytes]:
    """Run the pipeline to the end and give all frames that ever came to it; nobody knows their devices."""
    line = Line(home, home / "journal")
    try:
        line.run()
        assert line.ledger().difference == 0
        return [each.payload for each in reversed(line.stores.quarantine.frames(1000))]
    finally:
        line.close()


def lose_the_mark_and_the_end(journal: Path) -> None:
    """Do what a power cut on a bad disk does."""
    (journal / "durable").unlink()
    last = segment_path(journal, first_offsets(journal)[-1])
    with last.open("r+b") as file:
        file.truncate(last.stat().st_size // 2)


def keep_a_copy(home: Path) -> None:
    """Keep a copy of the journal as it is."""
    shutil.copytree(home / "journal", home / "copy", ignore=shutil.ignore_patterns("wake"))


def put_back(home: Path) -> None:
    """Put the copy in the journal's place."""
    shutil.rmtree(home / "journal")
    shutil.copytree(home / "copy", home / "journal")


def test_offsets_go_on_behind_what_was_read_when_the_end_is_lost(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the mark and the end of the last segment gone each new frame still comes to the stores."""
    lose_the_mark_and_the_end(home / "journal")
    with caplog.at_level(logging.WARNING):
        keep(home, [b"a", b"b"])
    (told,) = caplog.messages
    chunk = Tail(home / "journal").read(0, 100)
    missing = sum(damage.rows for damage in chunk.damage)

    assert "rows up to 10 were read: it goes on behind them" in told
    assert (chunk.next_offset, chunk.rows + missing) == (12, 12)
    assert missing > 0
    assert taken(home)[-2:] == [b"a", b"b"]


def test_a_journal_that_was_deleted_goes_on_behind_what_was_read(home: Path) -> None:
    """With the directory gone and the stores left, offsets and counts go on."""
    shutil.rmtree(home / "journal")
    keep(home, [b"a", b"b"])
    frames = taken(home)

    assert first_offsets(home / "journal") == [10]
    assert (len(frames), frames[-2:]) == (12, [b"a", b"b"])


def test_an_older_journal_put_back_goes_on_behind_what_was_read(home: Path) -> None:
    """Frames kept after an older copy was put back come to the stores; those of the copy came already."""
    keep_a_copy(home)
    keep(home, [b"x"] * 3)
    taken(home)
    put_back(home)
    keep(home, [b"a", b"b"])
    frames = taken(home)

    assert (len(frames), frames[-2:]) == (15, [b"a", b"b"])


def test_a_state_older_than_the_journal_runs_the_rest_again(home: Path) -> None:
    """With older stores put back the frames since then come again, once each."""
    for name in ("state.db", "telemetry.duckdb", "quarantine"):
        source = home / name
        copied = shutil.copytree if source.is_dir() else shutil.copy
        copied(source, home / f"{name}.old")
    keep(home, [b"a", b"b"])
    taken(home)
    for path in (home / "state.db", home / "telemetry.duckdb"):
        shutil.move(f"{path}.old", path)
    shutil.rmtree(home / "quarantine")
    shutil.move(home / "quarantine.old", home / "quarantine")
    keep(home, [b"c"])
    frames = taken(home)

    assert (len(frames), frames[-3:]) == (13, [b"a", b"b", b"c"])


def _delete(home: Path) -> None:
    shutil.rmtree(home / "journal")


def _cut(home: Path) -> None:
    lose_the_mark_and_the_end(home / "journal")


@pytest.mark.parametrize("lose", [_delete, _cut, put_back])
@pytest.mark.parametrize("more", [1, 3, 40])
def test_offsets_given_twice_are_never_taken_for_read(home: Path, lose: object, more: int) -> None:
    """A writer that could not ask the stores keeps on; the core reads none of it, and says so for good."""
    keep_a_copy(home)
    keep(home, [b"x"] * 3)
    taken(home)
    assert callable(lose)
    lose(home)
    keep(home, [b"kept"] * more, floored=False)
    for start in range(3):  # started again with the stores at hand the writer does not hide it either
        if start:
            keep(home, [b"later"])
        with pytest.raises(JournalUnreadable, match=r"another (journal|one)"):
            taken(home)


def test_a_running_core_meets_another_journal_at_once(home: Path) -> None:
    """A core that has recognised its journal looks again: one put in its place under it is not read."""
    line = Line(home, home / "journal")
    keep(home, [b"a"])
    line.run()
    shutil.rmtree(home / "journal")
    keep(home, [b"kept"] * 40, floored=False)
    with pytest.raises(JournalUnreadable, match="another journal"):
        line.step()
    line.close()


def test_trimmed_segments_are_not_missed(home: Path) -> None:
    """A journal that begins where the stores stand, or before, is theirs."""
    keep(home, [b"a"])
    trim(home / "journal", 10, keep_bytes=0)

    assert taken(home)[-1:] == [b"a"]


def test_rows_that_vanished_unread_are_named(home: Path) -> None:
    """A segment that somebody removed before it was read stands in the state as damage, and is counted."""
    for name in (b"a", b"b"):
        keep(home, [name])
    for first in (0, 5, 10):
        segment_path(home / "journal", first).unlink()
    frames = taken(home)
    with closing(sqlite3.connect(home / "state.db")) as state:
        damage = state.execute("SELECT first_offset, rows FROM damage").fetchall()
        (lost,) = state.execute("SELECT frames FROM dispositions WHERE reason = 'integrity'").fetchone()

    assert (frames[-1:], damage, lost) == ([b"b"], [(10, 1)], 1)


def test_segments_lost_with_the_mark_left_are_counted(home: Path) -> None:
    """With every segment gone the core names what it had not read, and goes on with what comes."""
    keep(home, [b"a", b"b"])
    for first in first_offsets(home / "journal"):
        segment_path(home / "journal", first).unlink()
    taken(home)
    keep(home, [b"c"])

    assert taken(home)[-1:] == [b"c"]


def test_without_a_state_there_is_no_floor(tmp_path: Path) -> None:
    """A home that was never started gives offsets from 0 on."""
    assert floor_of(tmp_path / "state.db") == NOTHING_READ


def test_a_state_that_is_being_made_has_no_floor(tmp_path: Path) -> None:
    """An edge that looks while the core makes its file sees that nothing was read."""
    with closing(sqlite3.connect(tmp_path / "state.db")) as state:
        state.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")

    assert floor_of(tmp_path / "state.db") == NOTHING_READ


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let syncs return at once: what is on the disk matters here, not when."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(f"os.{name}", lambda _: None)
