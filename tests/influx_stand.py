"""A real InfluxDB 1.x and a real VictoriaMetrics as a test's own processes, and readings to send them."""

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.influx_store import InfluxStore, Patience
from narrowgate_ingest.state import PIPELINE, State, set_cursor
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family
from narrowgate_simulators.ports import free_tcp_port
from needs import debian

DATABASE = "narrowgate"
BEGIN_US = 1_790_000_000_000_000
"""An instant for readings, 2026-09-21 [us]."""

QUICK = Patience(gather_s=0.0, first_pause_s=0.02, longest_pause_s=0.2, held_pause_s=0.1, end_s=5.0)
"""A store's pauses, short enough for a test."""

NO_SESSIONS = pa.RecordBatch.from_pylist([], schema=SESSIONS)

_CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:{inner}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-body-size = {most_body_bytes}
  auth-enabled = {auth}
"""


class _Server:
    """A server process on a port of its own, which may be killed and started again on the same files."""

    def __init__(self, command: Sequence[str], port: int, ready_path: str) -> None:
        self._command = command
        self._ready_path = ready_path
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        give_up_s = time.monotonic() + 250
        while not self._answers():
            assert self._process.poll() is None, f"{self._command[0]} ended"
            assert time.monotonic() < give_up_s, f"{self._command[0]} did not answer"
            # A server that is starting has no descriptor to wait for.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)

    def _answers(self) -> bool:
        try:
            return self.get(self._ready_path)[0] < 300
        except (OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path: str) -> tuple[int, bytes]:
        """Give status and body of a GET."""
        return self._ask("GET", path, "")

    def post(self, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Give status and body of a POST."""
        return self._ask("POST", path, urlencode(form))

    def _ask(
        self, method: str, path: str, body: str, kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class Influxd(_Server):
    """InfluxDB 1.x with one database."""

    def __init__(self, folder: Path, *, most_body_bytes: int = 25_000_000, auth: bool = False) -> None:
        port = free_tcp_port()
        config = folder / "influxdb.conf"
        config.write_text(
            _CONFIG.format(
                folder=folder,
                port=port,
                inner=free_tcp_port(),
                most_body_bytes=most_body_bytes,
                auth=str(auth).lower(),
            )
        )
        super().__init__([debian("influxd", "influxdb"), "run", "-config", str(config)], port, "/ping")

    def ask(self, influxql: str, *, database: str = DATABASE) -> list[dict[str, Any]]:
        """Give the series of an InfluxQL answer, times in microseconds."""
        path = "/query?" + urlencode({"db": database, "epoch": "u"})
        status, body = self.post(path, {"q": influxql})
        result = json.loads(body)
        assert status == 200, result
        assert "error" not in result["results"][0], result
        series: list[dict[str, Any]] = result["results"][0].get("series", [])
        return series

    def rows(self, influxql: str, *, database: str = DATABASE) -> list[dict[str, Any]]:
        """Give an answer's rows, each with its columns by name."""
        return [
            dict(zip(each["columns"], values, strict=True))
            for each in self.ask(influxql, database=database)
            for values in each["values"]
        ]

    def write(self, lines: str, *, database: str = DATABASE) -> None:
        """Write lines as somebody else."""
        status, body = self._ask("POST", "/write?" + urlencode({"db": database}), lines, "text/plain")
        assert status == 204, body

    def target(self, **other: Any) -> Target:
        """Give the database as a store's target."""
        return Target(**{"url": self.url, "api": "v1", "database": DATABASE, "timeout_s": 100.0, **other})


class Victoria(_Server):
    """VictoriaMetrics, in the mode in which a point sent twice is one."""

    def __init__(self, folder: Path) -> None:
        port = free_tcp_port()
        program = debian("victoria-metrics", "victoria-metrics")
        flags = {
            "storageDataPath": str(folder / "victoria"),
            "httpListenAddr": f"127.0.0.1:{port}",
            "dedup.minScrapeInterval": "1ms",
            "retentionPeriod": "100y",
            "search.latencyOffset": "0s",
            "memory.allowedBytes": "64MB",
        }
        super().__init__([program, *(f"-{name}={value}" for name, value in flags.items())], port, "/health")


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """Run a server while a block runs."""
    try:
        server.start()
        if isinstance(server, Influxd):
            server.ask(f"CREATE DATABASE {DATABASE}")
        yield server
    finally:
        server.kill()


def readings(family: Family, rows: Sequence[Mapping[str, object]]) -> pa.RecordBatch:
    """Give readings; what a row does not say is null, or a plain value where null is not allowed."""
    schema = READINGS[family]
    plain: dict[str, object] = {"series": "", "frame": 0, "profile": "test_v1", "received_at": BEGIN_US}
    nothing = dict.fromkeys(schema.names)
    return pa.RecordBatch.from_pylist([{**nothing, **plain, **row} for row in rows], schema=schema)


def meters(n: int, *, first: int = 0, devices: int = 10, start_us: int = BEGIN_US) -> pa.RecordBatch:
    """Give n water readings, one a frame from `first` on, of some devices in turn, a second apart."""
    return readings(
        Family.WATER,
        [
            {
                "device": f"meter-{frame % devices:04d}",
                "time": start_us + frame * 1_000_000,
                "frame": frame,
                "sequence": frame,
                "volume_m3": frame / 8,
                "leak": frame % 3 == 0,
            }
            for frame in range(first, first + n)
        ],
    )


class Core:
    """A core's telemetry and state without its pipeline: what it stores is settled at once."""

    def __init__(self, folder: Path) -> None:
        """Open both files in a folder."""
        self.folder = folder
        self.telemetry = Telemetry(folder / "telemetry.duckdb")
        self.state = State(folder / "state.db")

    def store(self, rows: pa.RecordBatch, until: int, family: Family = Family.WATER) -> None:
        """Store what the journal's rows up to an offset gave."""
        start = self.telemetry.cursor()
        self.telemetry.write({family: rows}, NO_SESSIONS, start, until)
        with self.state.transaction() as connection:
            set_cursor(connection, PIPELINE, until)

    def influx(self, target: Target, **other: Any) -> InfluxStore:
        """Give a store that follows this core."""
        state, quarantine = self.folder / "state.db", self.folder / "quarantine"
        return InfluxStore(target, self.telemetry, state, quarantine, **{"patience": QUICK, **other})

    def close(self) -> None:
        """Close both files."""
        self.telemetry.close()
        self.state.close()


@contextmanager
def sending(store: InfluxStore) -> Iterator[InfluxStore]:
    """Run a store in its thread while a block runs."""
    thread = threading.Thread(target=store.run)
    thread.start()
    try:
        yield store
    finally:
        store.stop()
        thread.join(200)
        assert not thread.is_alive()


def arrives(is_so: Callable[[], bool], within_s: float = 120.0) -> bool:
    """Wait until something is so; False if it does not become so."""
    give_up_s = time.monotonic() + within_s
    while not is_so() and time.monotonic() < give_up_s:
        threading.Event().wait(0.01)
    return is_so()
