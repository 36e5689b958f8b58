"""A journal of a small district and a pipeline over it, for tests of what happens between the two."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from fleet_rows import take
from narrowgate_fleet import FleetReader
from narrowgate_ingest.archive_files import ArchiveFiles
from narrowgate_ingest.archiver import Archiver, Terms
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.ledger import Ledger, read_ledger
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.quarantine import Quarantine, Refused
from narrowgate_ingest.records import Kind
from narrowgate_ingest.settlement import Prepared
from narrowgate_ingest.state import State
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import RULES, Engine, Rule
from narrowgate_schema.clock import SystemClock
from narrowgate_schema.words import Family
from narrowgate_simulators import City
from uplinks import tick_batch, uplink_batch

SHANGHAI = ZoneInfo("Asia/Shanghai")
START_US = 1_772_380_800_000_000
"""2026-03-02, 00:00 in Yingtan."""
STRANGER = "nobody-knows-it"


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Lets so many store steps pass, then ends the process; None never does."""

    steps: int | None = None
    passed: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        """Take a step."""
        if self.steps is not None and len(self.passed) >= self.steps:
            raise Crash(name)
        self.passed.append(name)


class FusedTelemetry(Telemetry):
    """A telemetry store that ends the process before or after it has written."""

    fuse = Fuse()

    def write(
        self, readings: Mapping[Family, pa.RecordBatch], sessions: pa.RecordBatch, start: int, until: int
    ) -> None:
        """Write, unless the fuse blows."""
        self.fuse.step("before telemetry")
        super().write(readings, sessions, start, until)
        self.fuse.step("after telemetry")


class FusedQuarantine(Quarantine):
    """A quarantine that ends the process after it has written."""

    fuse = Fuse()

    def put(self, frames: Sequence[Refused], start: int, until: int) -> None:  # type: ignore[override]
        """Write, unless the fuse blows."""
        super().put(frames, start, until)
        self.fuse.step("after quarantine")


class FusedState(State):
    """A state that ends the process within or behind a transaction."""

    fuse = Fuse()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block, unless the fuse blows."""
        with super().transaction() as connection:
            yield connection
            self.fuse.step("before the commit")
        self.fuse.step("after the commit")


@dataclass
class Line:
    """A home with a journal and a registry, and the stores and pipeline over it."""

    home: Path
    journal: Path
    fuse: Fuse = field(default_factory=Fuse)
    rules: Sequence[Rule] = RULES

    def __post_init__(self) -> None:
        """Open everything."""
        state = FusedState(self.home / "state.db")
        telemetry = FusedTelemetry(self.home / "telemetry.duckdb")
        quarantine = FusedQuarantine(self.home / "quarantine")
        state.fuse = telemetry.fuse = quarantine.fuse = self.fuse
        self.stores = Stores(state, telemetry, quarantine)
        self.tail = Tail(self.journal)
        self.engine = Engine(self.rules, timezone=SHANGHAI)
        self.pipeline = Pipeline(
            self.tail, FleetReader(self.home / "registry"), self.stores, self.engine, timezone=SHANGHAI
        )

    def step(self, max_rows: int = 100_000, *, with_snapshot: bool = False) -> Prepared | None:
        """Take one batch through."""
        prepared = self.pipeline.prepare(max_rows)
        if prepared is not None:
            self.pipeline.write(prepared, with_snapshot=with_snapshot)
        return prepared

    def run(self, max_rows: int = 100_000, snapshot_every: int = 3) -> None:
        """Take all there is through."""
        number = 0
        while self.step(max_rows, with_snapshot=number % snapshot_every == 0) is not None:
            number += 1

    def ledger(self) -> Ledger:
        """Count."""
        with closing(self.stores.state.reader()) as connection:
            return read_ledger(connection, self.tail, DoorCounters(self.home / "door"))

    def outcome(self) -> dict[str, object]:
        """Give all that the stores hold, in a form to compare."""
        state, telemetry = self.stores.state.connection, self.stores.telemetry
        tables: dict[str, object] = {
            name: state.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()  # noqa: S608
            for name in ("findings", "cases", "dispositions", "shares", "damage")
        }
        steps = "SELECT case_id, at_us, step FROM case_steps ORDER BY id"
        tables["case_steps"] = state.execute(steps).fetchall()
        for table in (*(f"{family}_rows" for family in Family), "session_rows"):
            rows = telemetry.query(f"SELECT * FROM {table} ORDER BY ALL").to_pylist()  # noqa: S608
            tables[table] = [tuple(row.values()) for row in rows]
        tables["quarantine"] = self.stores.quarantine.frames(10_000)
        tables["ledger"] = self.ledger()
        return tables

    def close(self) -> None:
        """Let go of the files."""
        self.stores.telemetry.close()
        self.stores.quarantine.close()
        self.stores.state.close()


def archived(line: Line) -> None:
    """Archive all that a line has settled."""
    fleet, stores = FleetReader(line.home / "registry").fleet, line.stores
    archiver = Archiver(
        ArchiveFiles(line.home / "archive"), Tail(line.journal), stores.telemetry, stores.state,
        lambda: fleet, SystemClock(), Terms(part_rows=1000),
    )  # fmt: skip
    archiver.hurry()
    archiver.turn()
    archiver.close()


def city(devices: int = 12, hours: float = 28.0) -> City:
    """Give the district."""
    return City(seed=5, devices=devices, start_us=START_US, hours=hours)


def register(home: Path, district: City, without: Sequence[str] = ()) -> None:
    """Put a district's devices into a home's registry."""
    home.mkdir(parents=True, exist_ok=True)
    csv = home / "fleet.csv"
    district.write_fleet(csv)
    lines = csv.read_text().splitlines(keepends=True)
    taken = take(home, "".join(line for line in lines if not any(device in line for device in without)))
    assert not taken.faults


def first_frames(district: City, of: str, count: int) -> list[bytes]:
    """Give a device's first frames."""
    sent = (e.payload for step in district.steps(600) for e in step.emissions if e.device == of)
    return list(islice(sent, count))


def journalled(journal: Path, district: City, *, segment_bytes: int = 200_000) -> None:
    """Journal what a district sends, a tick each step, and frames that are refused or come twice."""
    with closing(Journal(journal, segment_bytes=segment_bytes)) as opened:
        for number, step in enumerate(district.steps(600)):
            rows = [(emission.device, emission.payload) for emission in step.emissions]
            # A frame that carries its own clock comes once more, as an exchange of its own.
            rows += [(e.device, e.payload) for e in step.emissions if e.time_us is not None][: number % 2]
            if number % 20 == 5:
                rows += [(STRANGER, b"\x01\x02"), (district.devices[0], b"\xff\x00")]
            entries = [(Kind.TICKS, tick_batch(step.instant_us))]
            if rows:
                times = [step.instant_us + place for place in range(len(rows))]
                devices, frames = [row[0] for row in rows], [row[1] for row in rows]
                batch = uplink_batch(frames, devices=devices, received_at_us=times)
                entries.insert(number % 2, (Kind.UPLINKS, batch))
            opened.append(entries)


@dataclass(frozen=True)
class District:
    """A journal, and a registry that knows its devices."""

    root: Path

    @property
    def journal(self) -> Path:
        """Give the journal's directory; nobody may write there."""
        return self.root / "journal"

    def home(self, place: Path) -> Path:
        """Give a fresh home with the district's registry and nothing else."""
        shutil.copytree(self.root / "home", place)
        return place

    def line(self, place: Path) -> Line:
        """Open a pipeline over the journal with a fresh home."""
        return Line(self.home(place), self.journal)
