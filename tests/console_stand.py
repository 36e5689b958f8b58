"""A core for the console's tests: real SQLite and DuckDB files, no pipeline. Run as a program it serves them.

    python tests/console_stand.py FOLDER CONTENT [PORT [CERT KEY]]

where CONTENT is empty, filled, worked, broken, counting, hostile, crowded, guarded or commanded,
prints the address that it listens on and serves until SIGTERM.
"""

import asyncio
import io
import math
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from prometheus_client import CollectorRegistry, Counter

import commands_district
from console_people import send_crew, settle
from findings_rows import batch, cleared, raised
from narrowgate_cases import DEFAULT_PRACTICE, SCHEMA, Report, apply, report
from narrowgate_cases.desk_file import working
from narrowgate_console import Access, Binding, Check, Diagnosis, Part, Services
from narrowgate_fleet import CommandQueue, Fleet, FleetReader, Registry, import_csv
from narrowgate_ingest.series import SeriesSource
from narrowgate_ingest.series_duckdb import DuckDBSeries
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
NOW_US = int(datetime(2026, 3, 14, 21, 40, tzinfo=UTC).timestamp()) * 1_000_000
"""The instant at which the stand's clock stands [us]."""

HOSTILE = "<img src=x onerror=document.title='owned'>"
"""Markup that shows itself where it is taken for markup."""

FINDINGS_DDL = """
CREATE TABLE IF NOT EXISTS findings (
    finding TEXT, version INTEGER, rule TEXT, rule_version INTEGER, severity TEXT, family TEXT, device TEXT,
    series TEXT, asset TEXT, members TEXT, state TEXT, raised_at INTEGER, cleared_at INTEGER, evidence TEXT,
    frame INTEGER, PRIMARY KEY (finding, version)
)
"""

QUARANTINE_DDL = """
CREATE TABLE IF NOT EXISTS frames (
    frame INTEGER PRIMARY KEY, received_at INTEGER, transport TEXT, listener TEXT, path TEXT, device TEXT,
    profile TEXT, reason TEXT, detail TEXT, payload BLOB
)
"""

PROFILES = {"test_water": "water", "test_parking": "parking", "test_lighting": "lighting"}
_SHEET_HEAD = "device,profile,tenant,asset,role,lat,lon,zone,rated_w"

BALANCED = {
    "kept": 12_408, "stored": 12_371, "partial": 4, "quarantined": 21, "duplicate": 9, "in_flight": 3,
    "refused": 17, "door_duplicates": 38, "unacknowledged": 6, "qos0": 6, "redelivered": 41, "retained": 2,
}  # fmt: skip


class StandingClock:
    """A clock that stands at NOW_US, or where a test puts it."""

    def __init__(self, at_us: int = NOW_US) -> None:
        self.at_us = at_us

    def now_us(self) -> int:
        """Give the instant [us]."""
        return self.at_us


class Stand:
    """Sources over files in a folder."""

    def __init__(self, folder: Path) -> None:
        """Make empty stores in a folder."""
        self.frames: dict[str, int] = {}
        self.readiness: list[Check] = [Check("journal", ok=True, words="writable, 3.1 GB free")]
        self.metrics = CollectorRegistry()
        self.asked = 0
        Counter("narrowgate_frames_total", "Frames kept", registry=self.metrics).inc(3)
        self.state_path = folder / "state.db"
        self.write(SCHEMA, FINDINGS_DDL)
        self.quarantine_path = folder / "quarantine.db"
        with sqlite3.connect(self.quarantine_path) as quarantine:
            quarantine.executescript(QUARANTINE_DDL)
        quarantine.close()
        self.home = folder
        self.enrol([])
        self._fleet = FleetReader(folder / "registry")
        self._telemetry = Telemetry(folder / "telemetry.duckdb")
        self._frames = 0
        self.commands = CommandQueue(folder / "commands.db")

    def write(self, *scripts: str) -> None:
        """Run SQL scripts on the state database."""
        connection = sqlite3.connect(self.state_path)
        connection.execute("PRAGMA journal_mode = WAL")
        for script in scripts:
            connection.executescript(script)
        connection.close()

    def judge(self, *rows: Mapping[str, object]) -> None:
        """Hand findings to the desk and keep them, as the core does."""
        findings = batch(*rows)
        connection = sqlite3.connect(self.state_path)
        with connection:
            apply(connection, findings, NOW_US)
            placeholders = ", ".join("?" * len(findings.schema))
            connection.executemany(
                f"INSERT OR IGNORE INTO findings VALUES ({placeholders})",  # noqa: S608 - question marks
                [
                    [str(value) if isinstance(value, list) else value for value in row.values()]
                    for row in rows
                ],
            )
        connection.close()

    def tell(self, told: Report) -> str:
        """Report something; give the number of its case."""
        with self.working() as connection:
            return report(connection, told, "token:app", NOW_US, DEFAULT_PRACTICE)

    def add(self, family: Family, rows: Sequence[Mapping[str, object]]) -> None:
        """Add readings; what a row does not say is null, or a plain value where null is not allowed."""
        schema = READINGS[family]
        start = self._frames
        self._frames += len(rows)
        nothing = dict.fromkeys(schema.names)
        plain: dict[str, object] = {"series": "", "profile": "test", "received_at": NOW_US}
        made = [{**nothing, **plain, "frame": start + n, **row} for n, row in enumerate(rows)]
        batch = pa.RecordBatch.from_pylist(made, schema=schema)
        none = pa.RecordBatch.from_pylist([], schema=SESSIONS)
        self._telemetry.write({family: batch}, none, start, self._frames)

    def enrol(self, lines: Sequence[str]) -> None:
        """Bring devices into the registry: lines of a sheet under _SHEET_HEAD."""
        sheet = io.BytesIO("\n".join([_SHEET_HEAD, *lines, ""]).encode())
        with Registry(self.home) as registry:
            imported = import_csv(registry, sheet, PROFILES)
        assert [fault.told("sheet") for fault in imported.faults] == []

    def set_aside(self, device: str, reason: str = "length", payload: bytes = b"\x68\x10") -> None:
        """Put a frame into the quarantine."""
        with sqlite3.connect(self.quarantine_path) as connection:
            connection.execute(
                "INSERT INTO frames (received_at, transport, listener, path, device, reason, detail, payload)"
                " VALUES (?, 'coap', 'district', 'nb/x/up', ?, ?, '2 bytes, 35 are needed', ?)",
                (NOW_US - HOUR_US, device, reason, payload),
            )
        connection.close()

    def drop(self, family: Family) -> None:
        """Take a family's readings away."""
        self._telemetry._connection.execute(f"DROP VIEW {family}")

    def close(self) -> None:
        """Close the telemetry."""
        self._telemetry.close()
        self.commands.close()

    def ledger(self) -> Mapping[str, int]:
        """Give the ledger."""
        self.asked += 1
        return self.frames

    def reader(self) -> sqlite3.Connection:
        """Open the state database for reading."""
        return sqlite3.connect(f"file:{self.state_path}?mode=ro", uri=True)

    def quarantine(self) -> sqlite3.Connection:
        """Open the quarantine for reading."""
        return sqlite3.connect(f"file:{self.quarantine_path}?mode=ro", uri=True)

    def working(self) -> AbstractContextManager[sqlite3.Connection]:
        """Open the state database for a step."""
        return working(self.state_path)

    practice = DEFAULT_PRACTICE

    def fleet(self) -> Fleet:
        """Give the newest fleet."""
        return self._fleet.refresh()

    def parts(self) -> Sequence[Part]:
        """Give some parts."""
        return [
            Part("listener", "district", True, "127.0.0.1 port 5683"),
            Part("broker", "city", True, "connected"),
            Part("store", "telemetry.duckdb", True, "written to journal offset 12408"),
        ]

    def diagnoses(self) -> Sequence[Diagnosis]:
        """Give what a doctor may find."""
        broker = "broker city at 127.0.0.1:1883"
        return [
            Diagnosis("journal", "volume", "ext4", "well", "what is acknowledged outlives a power cut"),
            Diagnosis(broker, "max_queued_messages", "1000", "loses", "beyond these the broker drops"),
        ]

    @property
    def series(self) -> SeriesSource:
        """Give who answers questions about series."""
        return DuckDBSeries(self._telemetry)

    def checks(self) -> Sequence[Check]:
        """Give the readiness."""
        return self.readiness


def fill(stand: Stand) -> None:
    """Fill a stand with two days of a small district and a queue of cases."""
    stand.frames = dict(BALANCED)
    stand.enrol([*district_lines()])
    for device in ("water-0003", "water-0003", "stranger-1"):
        stand.set_aside(device)
    hours = [NOW_US - h * HOUR_US for h in range(50, -1, -1)]
    stand.add(Family.WATER, [row for meter in range(20) for row in _meter(meter, hours)])
    stand.add(Family.PARKING, [row for bay in range(12) for row in _bay(bay, hours)])
    stand.add(Family.LIGHTING, [row for lamp in range(15) for row in _lamp(lamp, hours)])
    kinds = [
        ("lamp_out", "lighting", "minor"),
        ("continuous_leak", "water", "major"),
        ("overstay", "parking", "minor"),
    ]
    for n in range(17):
        rule, family, severity = kinds[n % 3]
        about: dict[str, Any] = {
            "rule": rule, "family": family, "severity": severity, "device": f"{family}-{n:04d}",
            "asset": f"A-{1000 + n}", "raised_at": NOW_US - (20 - n) * HOUR_US,
        }  # fmt: skip
        stand.judge(raised(f"f{n}", **about))
        if n % 6 == 5:
            stand.judge(cleared(f"f{n}", **about, cleared_at=NOW_US))


def district_lines() -> Iterator[str]:
    """Yield the registry's lines of the district: meters, bays and lamps in their zones."""
    for n in range(20):
        place = f"{31.20 + n * 0.0009:.4f},121.{410 + n % 5}"
        yield f"water-{n:04d},test_water,north,W-{n},customer,{place},DMA-{n % 3},"
    for n in range(17):
        place = f"31.2{10 + n},121.42{n % 4}"
        yield f"parking-{n:04d},test_parking,south,P-{n},bay,{place},lot-{n % 2},"
    for n in range(18):
        place = f"31.2{20 + n},121.43{n % 3}"
        yield f"lighting-{n:04d},test_lighting,south,L-{n},lamp,{place},road-{n % 3},{98 + n}"


def _local_hour(at_us: int) -> float:
    return (at_us / HOUR_US + 8) % 24


def _meter(meter: int, hours: Sequence[int]) -> list[dict[str, object]]:
    volume = 100.0 * meter
    rows: list[dict[str, object]] = []
    for at_us in hours if meter % 4 else hours[:-1]:
        hour = _local_hour(at_us)
        use = 0.02 + 0.25 * math.exp(-((hour - 7.5) ** 2) / 4) + 0.2 * math.exp(-((hour - 19.5) ** 2) / 6)
        volume += use * (0.8 + 0.02 * meter)
        rows.append(
            {
                "device": f"water-{meter:04d}", "time": at_us + meter * 1_000_000, "volume_m3": volume,
                "rsrp_dbm": -95.0 - meter - 3 * math.sin(hour), "battery_v": 3.6 - 0.001 * len(rows),
            }
        )  # fmt: skip
    return [row for row in rows if int(str(row["time"])) <= NOW_US]


def _bay(bay: int, hours: Sequence[int]) -> list[dict[str, object]]:
    return [
        {
            "device": f"parking-{bay:04d}",
            "time": at_us,
            "occupied": 4 + 0.3 * bay < _local_hour(at_us) < 12 + 0.9 * bay,
        }
        for at_us in hours
    ]


def _lamp(lamp: int, hours: Sequence[int]) -> list[dict[str, object]]:
    return [
        {
            "device": f"lighting-{lamp:04d}",
            "time": at_us,
            "power_w": 98.0 + lamp if _local_hour(at_us) > 18.4 or _local_hour(at_us) < 6.2 else 0.4,
        }
        for at_us in hours
    ]


def spoil(stand: Stand) -> None:
    """Take the state database away under the console."""
    stand.readiness = [Check("stores", ok=False, words="DuckDB lags 4200 frames behind the journal")]
    stand.state_path.unlink()


def command(stand: Stand) -> None:
    """Bring in devices that can be told something, and tell some."""
    with Registry(stand.home) as registry:
        commands_district.enrol(registry, commands_district.lines())
    commands_district.furnish(stand, NOW_US)


class _Counting(Stand):
    """A stand that keeps another frame whenever it is asked."""

    def ledger(self) -> Mapping[str, int]:
        """Give a ledger that has moved on."""
        self.asked += 1
        return {"kept": self.asked, "stored": self.asked}


def people(stand: Stand) -> None:
    """Add everybody, and send two contractors to broken lamps."""
    access = Access(stand.home)
    settle(access)
    with stand.working() as connection:
        send_crew(connection, access)
    access.close()


async def _serve(stand: Stand, binding: Binding, most_pages: int) -> None:
    from narrowgate_console.serving import serve

    services = Services(stand, StandingClock(), timezone=ZoneInfo("Asia/Shanghai"))
    server = serve(services, Access(stand.home), binding, most_pages=most_pages)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, setattr, server, "should_exit", True)
    host, chosen = server.address
    sys.stdout.write(f"http{'s' if binding.is_secure else ''}://{host}:{chosen}\n")
    sys.stdout.flush()
    await server.serve()


def main(folder: str, content: str, port: str = "0", cert_file: str = "", key_file: str = "") -> None:
    """Serve a stand."""
    stand = _Counting(Path(folder)) if content == "counting" else Stand(Path(folder))
    if content in ("filled", "worked", "broken", "guarded"):
        fill(stand)
    if content == "guarded":
        people(stand)
    if content == "broken":
        spoil(stand)
    if content == "commanded":
        command(stand)
    if content == "hostile":
        stand.judge(raised(device=HOSTILE))
        said = {"address": HOSTILE, "attributes": {HOSTILE: HOSTILE}, "media_url": [f"https://x/{HOSTILE}"]}
        person = dict.fromkeys(("first_name", "phone", "email"), HOSTILE)
        stand.tell(Report("k", "lamp_out", Family.LIGHTING, HOSTILE, details=said, person=person))
    binding = Binding(port=int(port))
    if cert_file:
        binding = Binding(port=int(port), cert_file=Path(cert_file), key_file=Path(key_file))
    # Clients that fetch pages and never open them are no browsers: only the crowded stand meets the bound.
    asyncio.run(_serve(stand, binding, 2 if content == "crowded" else 4096))


if __name__ == "__main__":
    main(*sys.argv[1:])
