"""The home that a release left behind, packed small: `python tests/upgrade_home.py OUT.tar.xz` packs today's.

A district's first day is worked off, some hours of it wait in the journal; a frame is refused, an episode is
open, a reading was refused by a further store.
"""

import io
import json
import sqlite3
import sys
import tarfile
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from ingest_line import Line, city, journalled, register
from narrowgate_console import Access
from narrowgate_fleet import FleetReader
from narrowgate_ingest.archive_files import ArchiveFiles
from narrowgate_ingest.archiver import Archiver, Terms
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import SystemClock
from narrowgate_schema.words import Family

HOMES = Path(__file__).parent / "upgrade"
IN_FLIGHT_ROWS = 60
SAID = "said.json"
"""Beside the home: what its stores held."""


def unpacked(packed: Path, into: Path) -> tuple[Path, dict[str, int]]:
    """Unpack a home; give it and what it is said to hold."""
    with tarfile.open(packed) as tar:
        tar.extractall(into, filter="data")
    said: dict[str, int] = json.loads((into / SAID).read_text())
    return into / "home", said


def said_of(line: Line) -> dict[str, int]:
    """Count what the stores of a home hold."""
    state = line.stores.state.connection
    ledger = line.ledger()
    counted = {table: _count(state, table) for table in ("findings", "cases", "case_steps")}
    rows = {
        f"{family}_rows": line.stores.telemetry.query(f"SELECT * FROM {family}_rows").num_rows  # noqa: S608
        for family in Family
    }
    quarantined = {"quarantine": len(line.stores.quarantine.frames(10_000))}
    dispositions = {str(name): frames for name, frames in ledger.dispositions.items()}
    return {**counted, **rows, **quarantined, **dispositions, "kept": ledger.kept, "done": line.pipeline.done}


def _count(connection: sqlite3.Connection, table: str) -> int:
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(rows)


def _make(home: Path) -> dict[str, int]:
    district = city()
    register(home, district)
    (home / "fleet.csv").unlink()
    journalled(home / "journal", district, segment_bytes=400_000)
    Access(home).close()
    DoorCounters(home / "door.counters").add("unacknowledged", 3)
    with closing(RefusedReadings(home / "quarantine")) as refused:
        refused.put([RefusedReading("influxdb a", 1, "water", "d", "", 1, "field type conflict")])
    line = Line(home, home / "journal")
    mark = line.tail.mark()
    assert mark is not None
    while line.pipeline.done < mark.end - IN_FLIGHT_ROWS:
        line.step(40)
    line.pipeline.keep_snapshot()
    fleet = FleetReader(home / "registry").fleet
    files, tail = ArchiveFiles(home / "archive"), Tail(line.journal)
    stores = line.stores
    archiver = Archiver(files, tail, stores.telemetry, stores.state, lambda: fleet, SystemClock(), Terms())
    archiver.hurry()
    archiver.turn()
    archiver.close()
    said = said_of(line)
    line.close()
    return said


def pack(target: Path) -> None:
    """Make a home by this release and pack it."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        said = json.dumps(_make(home), indent=1).encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(target, "w:xz", preset=9) as tar:
            tar.add(home, "home", filter=_plain)
            entry = tarfile.TarInfo(SAID)
            entry.size = len(said)
            tar.addfile(entry, io.BytesIO(said))


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out pipes, and the key of cookies: what is published is no secret."""
    entry.uid = entry.gid = 0
    return None if entry.isfifo() or entry.name.endswith("access.key") else entry


if __name__ == "__main__":
    pack(Path(sys.argv[1]) if len(sys.argv) > 1 else HOMES / f"home-{version('narrowgate')}.tar.xz")
