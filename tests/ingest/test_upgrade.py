"""A home that an earlier release left is gone on with; one that a later release wrote is refused."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zlib import crc32

import duckdb
import pytest

from ingest_line import Line
from narrowgate_fleet import FleetReader, Registry, RegistryFault
from narrowgate_ingest.archive_files import ArchiveFiles, parts_of
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.records import Kind
from narrowgate_ingest.refused_readings import RefusedReadings
from narrowgate_ingest.state import State
from narrowgate_ingest.telemetry import Telemetry
from upgrade_home import HOMES, said_of, unpacked
from uplinks import tick_batch

RELEASES = sorted(HOMES.glob("*.tar.xz"))


@pytest.fixture(params=RELEASES, ids=[path.name.removesuffix(".tar.xz") for path in RELEASES])
def left(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """A home as a release left it, and what it held."""
    return unpacked(request.param, tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The newest of them."""
    return unpacked(RELEASES[-1], tmp_path)[0]


def test_a_home_of_an_earlier_release_opens_with_all_that_it_held(left: tuple[Path, dict[str, int]]) -> None:
    """Frames, readings, findings, cases and quarantine are what the release said that they were."""
    line = Line(left[0], left[0] / "journal")
    found = said_of(line)
    line.close()

    assert found == left[1]


def test_what_waited_in_the_journal_is_worked_off(left: tuple[Path, dict[str, int]]) -> None:
    """The pipeline goes on behind the release's cursor; the ledger balances, nothing that was stored goes."""
    line = Line(left[0], left[0] / "journal")
    line.run()
    ledger, found = line.ledger(), said_of(line)
    line.close()

    assert (ledger.difference, found["in_flight"], left[1]["in_flight"] > 0) == (0, 0, True)
    assert all(found[name] >= number for name, number in left[1].items() if name != "in_flight")


def test_the_edge_goes_on_behind_the_journal_that_it_finds(left: tuple[Path, dict[str, int]]) -> None:
    """New rows get the offsets behind the last, and the frames ever journalled go on being counted."""
    with closing(Journal(left[0] / "journal")) as journal:
        frames = journal.frames
        offsets = journal.append([(Kind.TICKS, tick_batch(1))])

    assert frames == left[1]["kept"]
    assert offsets[0] > left[1]["done"]


def test_registry_archive_and_counters_of_an_earlier_release_are_read(
    left: tuple[Path, dict[str, int]],
) -> None:
    """Devices, parts, the door's counters and refused readings are there."""
    Registry(left[0]).close()
    ArchiveFiles(left[0] / "archive").begin(1 << 40, 1 << 40)
    with closing(RefusedReadings(left[0] / "quarantine")) as refused:
        noted = refused.count()

    assert FleetReader(left[0] / "registry").fleet.slot_count == 12
    assert len(parts_of(left[0] / "archive")) > 8
    assert (DoorCounters(left[0] / "door.counters").read()["unacknowledged"], noted) == (3, 1)


def _sqlite(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def _newer_segment(home: Path) -> None:
    path = sorted((home / "journal").glob("*.seg"))[-1]
    data = bytearray(path.read_bytes())
    for place in (0, 4096):
        data[place + 8 : place + 12] = (9).to_bytes(4, "little")
        data[place + 32 : place + 36] = crc32(data[place : place + 32]).to_bytes(4, "little")
    path.write_bytes(data)


def _newer_telemetry(home: Path) -> None:
    with duckdb.connect(str(home / "telemetry.duckdb")) as connection:
        connection.execute("UPDATE meta SET value = 9 WHERE name = 'format_version'")


def _newer_counters(home: Path) -> None:
    path = home / "door.counters"
    path.write_bytes((9).to_bytes(8, "little") + path.read_bytes()[8:])


NEWER: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "state.db": (
        lambda home: _sqlite(home / "state.db", "UPDATE meta SET value = 9 WHERE name = 'format_version'"),
        lambda home: State(home / "state.db"),
    ),
    "quarantine.db": (
        lambda home: _sqlite(home / "quarantine" / "quarantine.db", "PRAGMA user_version = 9"),
        lambda home: Quarantine(home / "quarantine"),
    ),
    "readings.db": (
        lambda home: _sqlite(home / "quarantine" / "readings.db", "PRAGMA user_version = 9"),
        lambda home: RefusedReadings(home / "quarantine"),
    ),
    "registry.db": (
        lambda home: _sqlite(home / "registry" / "registry.db", "PRAGMA user_version = 9"),
        lambda home: Registry(home),
    ),
    "format.json": (
        lambda home: (home / "archive" / "format.json").write_text(json.dumps({"format": 9})),
        lambda home: ArchiveFiles(home / "archive"),
    ),
    "telemetry.duckdb": (_newer_telemetry, lambda home: Telemetry(home / "telemetry.duckdb")),
    "door.counters": (_newer_counters, lambda home: DoorCounters(home / "door.counters")),
    "journal": (_newer_segment, lambda home: Journal(home / "journal")),
}


@pytest.mark.parametrize("store", NEWER)
def test_what_a_later_release_wrote_is_refused_in_one_line(store: str, home: Path) -> None:
    """The line names the file, its format and the format that this release reads; nothing is changed."""
    write, opened = NEWER[store]
    write(home)

    with pytest.raises((ValueError, RegistryFault)) as refused:
        opened(home)

    assert "\n" not in str(refused.value)
    assert "9" in str(refused.value)
    assert store in str(refused.value)
    assert "this release reads" in str(refused.value)
