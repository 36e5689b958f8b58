"""Readings that a further store refused are noted by their key, in the store's words, within a bound."""

import sqlite3
from pathlib import Path

import pytest

from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings


def _reading(frame: int, **other: str) -> RefusedReading:
    return RefusedReading(
        "influxdb h/d", frame, "water", other.get("device", f"m{frame}"), "", 5, other.get("detail", "no")
    )


def test_a_noted_reading_is_given_back(tmp_path: Path) -> None:
    """The newest comes first, with the reason `store_refused`."""
    noted = RefusedReadings(tmp_path)
    noted.put([_reading(1), _reading(2)])

    assert noted.newest(1) == [_reading(2)]
    assert noted.newest()[0].reason == "store_refused"
    assert noted.count() == 2
    noted.close()


def test_the_same_reading_again_takes_the_newer_words(tmp_path: Path) -> None:
    """A key is noted once a store."""
    noted = RefusedReadings(tmp_path)
    noted.put([_reading(1, device="m", detail="old")])
    noted.put([_reading(2, device="m", detail="new")])

    assert [(each.frame, each.detail) for each in noted.newest()] == [(2, "new")]
    noted.close()


def test_the_oldest_go_first(tmp_path: Path) -> None:
    """A store that refuses everything does not fill the disk."""
    noted = RefusedReadings(tmp_path, most_rows=10)
    for frame in range(25):
        noted.put([_reading(frame)])

    assert [each.frame for each in noted.newest()] == list(range(24, 14, -1))
    noted.close()


def test_nothing_refused_is_legal(tmp_path: Path) -> None:
    """Nothing at all is noted as nothing."""
    noted = RefusedReadings(tmp_path)
    noted.put([])

    assert noted.count() == 0
    noted.close()


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    """A file of a later release is not touched."""
    connection = sqlite3.connect(tmp_path / "readings.db")
    connection.execute("PRAGMA user_version = 9")
    connection.close()

    with pytest.raises(ValueError, match="format version 9"):
        RefusedReadings(tmp_path)


def test_what_is_asked_for_is_given_to_its_store_until_it_is_settled(tmp_path: Path) -> None:
    """A wish is per device, outlives its asker, and ends with what became of it."""
    noted = RefusedReadings(tmp_path)
    noted.put([_reading(1), _reading(2), _reading(3)])
    asker = RefusedReadings(tmp_path)
    asked = [*asker.ask_again("m1"), *asker.ask_again("m2")]
    asker.close()

    assert noted.asked("influxdb h/d", 10) == asked == [_reading(1), _reading(2)]
    assert noted.asked("influxdb elsewhere", 10) == []
    noted.settle(asked, [_reading(2, detail="still no", device="m2")])
    assert noted.asked("influxdb h/d", 10) == []
    assert [(one.device, one.detail) for one in noted.newest()] == [("m2", "still no"), ("m3", "no")]
    noted.close()


def test_the_release_before_wrote_no_wishes(tmp_path: Path) -> None:
    """A file of format version 1 is brought to this release's, with all that it holds."""
    connection = sqlite3.connect(tmp_path / "readings.db")
    connection.executescript(
        "CREATE TABLE readings (number INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, "
        "frame INTEGER NOT NULL, family TEXT NOT NULL, device TEXT NOT NULL, series TEXT NOT NULL, "
        "time INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, "
        "UNIQUE (store, family, device, series, time));"
        "INSERT INTO readings VALUES (1, 'influxdb h/d', 4, 'water', 'm4', '', 5, 'store_refused', 'no');"
        "PRAGMA user_version = 1;"
    )
    connection.close()
    noted = RefusedReadings(tmp_path)

    assert noted.newest() == [_reading(4)]
    assert noted.ask_again() == noted.asked("influxdb h/d", 10) == [_reading(4)]
    noted.close()
