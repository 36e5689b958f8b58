"""What state and quarantine promise: one transaction is one, other releases' files are left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from narrowgate_ingest import state
from narrowgate_ingest.quarantine import Quarantine, Refused
from narrowgate_ingest.state import Share, State
from narrowgate_ingest.tail import Damage


@pytest.fixture
def opened(tmp_path: Path) -> State:
    """Give an empty state."""
    return State(tmp_path / "state.db")


def refused(frame: int, reason: str = "length") -> Refused:
    """Give a frame set aside."""
    return Refused(frame, frame, "coap", "coap", "nb/d/up", "d", None, reason, "too short", b"\x01")


def _set_and_fail(connection: sqlite3.Connection) -> None:
    state.set_cursor(connection, "a", 1)
    connection.execute("SELECT * FROM nothing")


def test_a_transaction_is_all_or_nothing(opened: State) -> None:
    """What raises within a transaction leaves nothing of it, and the next one works."""
    with pytest.raises(sqlite3.OperationalError), opened.transaction() as connection:
        _set_and_fail(connection)
    with opened.transaction() as connection:
        state.set_cursor(connection, "b", 2)

    assert [state.cursor(opened.connection, name) for name in "ab"] == [0, 2]


def test_a_commit_that_fails_can_be_tried_again(opened: State) -> None:
    """A commit that is refused leaves no transaction open: the next try is a whole one."""
    with closing(sqlite3.connect(opened.path, isolation_level=None)) as other:
        opened.connection.execute("PRAGMA foreign_keys = ON")
        opened.connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        opened.connection.execute("CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(sqlite3.IntegrityError), opened.transaction() as connection:
            connection.execute("INSERT INTO child VALUES (7)")
        with opened.transaction() as connection:
            state.set_cursor(connection, "a", 5)

        assert other.execute("SELECT value FROM cursors").fetchall() == [(5,)]


def test_a_reader_cannot_write(opened: State) -> None:
    """A connection for reading refuses to write."""
    with closing(opened.reader()) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM cursors")


def test_another_format_version_is_refused(opened: State) -> None:
    """A state of another release names both versions."""
    opened.connection.execute("UPDATE meta SET value = 9 WHERE name = 'format_version'")
    opened.close()
    with pytest.raises(ValueError, match=r"state\.db: format version 9"):
        State(opened.path)


def test_counts_add_up_by_disposition_reason_and_transport(opened: State) -> None:
    """Frames counted again under the same words are added."""
    with opened.transaction() as connection:
        state.count_frames(
            connection, {Share("stored", "", "coap", "water"): 2, Share("stored", "", "mqtt"): 1}
        )
        state.count_frames(connection, {Share("stored", "", "coap", "parking"): 3})

    assert opened.connection.execute("SELECT * FROM dispositions ORDER BY transport").fetchall() == [
        ("stored", "", "coap", 5),
        ("stored", "", "mqtt", 1),
    ]
    assert opened.connection.execute("SELECT * FROM shares ORDER BY 2, 3").fetchall() == [
        ("stored", "coap", "parking", "", 3),
        ("stored", "coap", "water", "", 2),
        ("stored", "mqtt", "", "", 1),
    ]


def test_damage_is_told_once_for_each_place(opened: State) -> None:
    """The same damage met again is the same damage."""
    with opened.transaction() as connection:
        state.put_damage(connection, [Damage(0, 40, 8, 3, 2)])
        state.put_damage(connection, [Damage(0, 40, 8, 3, 2)])

    assert opened.connection.execute("SELECT sum(rows) FROM damage").fetchone() == (2,)


def test_snapshots_count_only_together(opened: State) -> None:
    """While one stage has no snapshot there is no place to go on from; else it is the lowest."""
    with opened.transaction() as connection:
        state.put_snapshot(connection, "a", 7, b"x")
        alone = state.snapshot_offset(connection, ("a", "b"))
        state.put_snapshot(connection, "b", 5, b"y")

    assert (alone, state.snapshot_offset(opened.connection, ("a", "b"))) == (None, 5)
    assert state.snapshot(opened.connection, "b") == b"y"


def test_quarantine_replaces_the_frames_of_a_stretch(tmp_path: Path) -> None:
    """What a stretch of the journal gave anew stands in place of what it gave before."""
    quarantine = Quarantine(tmp_path)
    quarantine.put([refused(1), refused(5), refused(9)], 0, 10)
    quarantine.put([refused(6, "model")], 4, 8)

    assert [(f.frame, f.reason) for f in quarantine.frames()] == [(9, "length"), (6, "model"), (1, "length")]
    quarantine.close()


def test_quarantine_takes_nothing_and_outlives_its_process(tmp_path: Path) -> None:
    """No frames are legal; frames are there after reopening."""
    quarantine = Quarantine(tmp_path)
    quarantine.put([], 0, 5)
    quarantine.put([refused(6)], 5, 7)
    quarantine.close()
    again = Quarantine(tmp_path)

    assert again.frames() == [refused(6)]
    again.close()


def test_a_quarantine_of_another_format_is_refused(tmp_path: Path) -> None:
    """A quarantine of another release names both versions."""
    Quarantine(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "quarantine.db")) as other:
        other.execute("PRAGMA user_version = 9")
    with pytest.raises(ValueError, match="format version 9"):
        Quarantine(tmp_path)
