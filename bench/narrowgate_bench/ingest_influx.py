"""Readings into an InfluxDB 1.x: at what pace beside a bare loop, and how soon a frame is a point."""

import json
import shutil
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_bench.codecs import Line
from narrowgate_bench.gateway_processes import Place, gateway, lay_out
from narrowgate_bench.ingest_district import Core
from narrowgate_bench.uplink_flood import Flood, tail_of
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.influx_points import points_of
from narrowgate_ingest.influx_store import InfluxStore, name_of
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_ingest.state import cursor
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry

_LINES = 5000
_PACE_PER_S = 2000
_GATHER_S = 0.02
_LOOK_S = 0.002
_DEVICES = 1000
_SOCKETS = 200
_DATABASE = "narrowgate"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_BARE_POST = "a bare POST of 40 lines, p99"


@dataclass(frozen=True)
class Server:
    """An InfluxDB 1.x that is up."""

    url: str
    port: int

    def begin(self) -> None:
        """Wait until it answers, and make its databases."""
        _until(lambda: _asked(self.port, f"CREATE DATABASE {_DATABASE}") == 200)
        _asked(self.port, "CREATE DATABASE bare")

    def target(self, database: str = _DATABASE) -> Target:
        """Give a database as a store's target."""
        return Target(url=self.url, api="v1", database=database)


def into_influxdb(home: Path, server: Server, runs: int) -> Line:
    """Compare the store that follows DuckDB with a bare loop of ready-made bodies, on one server in turn."""
    own, peer = [], []
    for number in range(runs):
        with closing(Telemetry(home / "telemetry.duckdb")) as telemetry:
            bodies, lines = _bodies(telemetry)
            database = f"{_DATABASE}_{number}"
            _asked(server.port, f"CREATE DATABASE {database}")
            store = InfluxStore(server.target(database), telemetry, home / "state.db", home / "quarantine")
            end = telemetry.cursor()
            own.append(lines / _drained(store, end))
        peer.append(lines / timed(partial(_posted, server.port, bodies)))
        _asked(server.port, "DROP DATABASE bare")
        _asked(server.port, "CREATE DATABASE bare")
    return line("readings into InfluxDB 1.x", "points/s", "a bare loop of ready-made bodies", own, peer)


def _drained(store: InfluxStore, end: int) -> float:
    with _sending(store):
        return timed(lambda: _until(lambda: store.cursor >= end))


def _bodies(telemetry: Telemetry) -> tuple[list[bytes], int]:
    follower, offset, bodies, lines = Follower(telemetry, telemetry.cursor, most_rows=_LINES), 0, [], 0
    while (part := follower.after(offset)) is not None:
        points, _ = points_of(part.readings, "us")
        bodies.append(bytes(points.body()))
        lines, offset = lines + len(points), part.until
    return bodies, lines


def _posted(port: int, bodies: list[bytes]) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    for body in bodies:
        if body:
            connection.request("POST", "/write?db=bare&precision=u", body)
            response = connection.getresponse()
            response.read()
            if response.status != 204:
                raise RuntimeError(f"the bare loop was answered {response.status}")
    connection.close()


def till_queryable(root: Path, district: Path, server: Server, frames: int) -> Line:
    """Time frames from the journal until InfluxDB has acknowledged, and can be asked for, their points."""
    home = root / "paced"
    home.mkdir()
    shutil.copytree(district / "registry", home / "registry")
    tail = Tail(district / "journal")
    waiting = tail.read(tail.start(), frames)
    kept = [batch for kind, batch in waiting.records if kind is Kind.UPLINKS]
    uplinks = pa.Table.from_batches(kept).slice(0, frames).combine_chunks().to_batches()[0]
    schema = on_disk_schema(Kind.UPLINKS)
    uplinks = pa.record_batch([uplinks[name] for name in schema.names], schema=schema)
    with closing(Journal(home / "journal")) as journal, closing(Core(home, home)) as core:
        store = InfluxStore(server.target(), core.stores.telemetry, home / "state.db", home / "quarantine")
        core.runner.followers.append(store.moved)
        running = threading.Thread(target=core.runner.run)
        running.start()
        with _sending(store):
            took = _paced(journal, store, uplinks)
        core.runner.stop()
        running.join()
    return _p99(f"frame in the journal to queryable point, p99 at {_PACE_PER_S}/s", took, server)


def till_queryable_from_device(root: Path, seed: int, server: Server, frames: int) -> Line:
    """Time datagrams of devices, through edge and core, until their points can be asked for."""
    home = root / "gateway"
    home.mkdir()
    place = lay_out(home, seed, _DEVICES, frames)
    words = f'\n[influxdb]\nurl = "{server.url}"\napi = "v1"\ndatabase = "{_DATABASE}"\n'
    place.config.write_text(place.config.read_text(encoding="utf-8") + words, encoding="utf-8")
    tails = [tail_of(each) for each in place.emissions]
    with gateway(place), Flood(place.coap_port, tails, _SOCKETS) as flood:
        flood.send(_PACE_PER_S, _PACE_PER_S)
        with closing(_Looks(place, name_of(server.target()))) as looks:
            flood.send(frames, _PACE_PER_S)
            offsets = _kept(place, flood.first, frames)
            _until(lambda: looks.reached[-1] > int(offsets.max()))
        sent_s = np.array(flood.sent_ns) / 1e9
        took = looks.first_beyond(offsets) - sent_s
    name = f"datagram of a device to queryable point, p99 at {_PACE_PER_S}/s"
    return _p99(name, took[offsets >= 0].tolist(), server)


class _Looks:
    """A thread that looks how far a store has sent, again and again: the flood waits for nothing."""

    def __init__(self, place: Place, store: str) -> None:
        self.reached, self._at_s = [0], [time.time()]
        self._state, self._store = place.home.state, store
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        uri = f"{self._state.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            while not self._stop.wait(_LOOK_S):
                reached = cursor(connection, self._store)
                if reached > self.reached[-1]:
                    self._at_s.append(time.time())
                    self.reached.append(reached)

    def first_beyond(self, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give when each journal row had been sent, (n,) [s since 1970]."""
        return np.array(self._at_s)[np.searchsorted(self.reached, offsets, side="right")]

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()


def _kept(place: Place, first: int, frames: int) -> NDArray[np.int64]:
    """Give the journal offset of each exchange from one on, (frames,); -1 where none was kept of it."""
    offsets = np.full(frames, -1)
    tail = Tail(place.home.journal)
    start = tail.start()
    while (chunk := tail.read(start, 1 << 16)).next_offset > start:
        start = chunk.next_offset
        for kind, batch in chunk.records:
            if kind is Kind.UPLINKS:
                exchanges = (
                    np.frombuffer(b"".join(batch["token"].to_pylist()), ">u4").astype(np.int64) - first
                )
                own = (exchanges >= 0) & (exchanges < frames)
                offsets[exchanges[own]] = np.asarray(batch["frame"])[own]
    return offsets


def _p99(name: str, took_s: list[float], server: Server) -> Line:
    body = b"bare,device=a v=1 1\n" * 40
    bare = [timed(lambda: _posted(server.port, [body])) * 1000 for _ in range(200)]
    p99, peer = (float(np.percentile(each, 99)) for each in (np.array(took_s) * 1000, bare))
    return line(name, "ms", _BARE_POST, [p99], [peer])


def _paced(journal: Journal, store: InfluxStore, uplinks: pa.RecordBatch) -> list[float]:
    """Journal uplinks at a pace that waits for nothing; give what each batch took to arrive [s]."""
    each, took = round(_PACE_PER_S * _GATHER_S), list[float]()
    waiting: list[tuple[int, float]] = []
    began_s, start = time.perf_counter(), 0
    while start < uplinks.num_rows or waiting:
        now_s = time.perf_counter()
        while waiting and store.cursor >= waiting[0][0]:
            took.append(now_s - waiting.pop(0)[1])
        if start < uplinks.num_rows and now_s >= began_s + start / _PACE_PER_S:
            journal.append([(Kind.UPLINKS, uplinks.slice(start, each))])
            waiting.append((journal.end, began_s + start / _PACE_PER_S))
            start += each
        time.sleep(0.001)
    return took


@contextmanager
def _sending(store: InfluxStore) -> Iterator[None]:
    thread = threading.Thread(target=store.run)
    with ExitStack() as ending:
        thread.start()
        ending.callback(thread.join)
        ending.callback(store.stop)
        yield


def _asked(port: int, influxql: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/query", urlencode({"q": influxql}), _FORM)
        response = connection.getresponse()
        json.loads(response.read())
        return response.status
    except OSError:
        return 0
    finally:
        connection.close()


def _until(reached: Callable[[], bool]) -> None:
    while not reached():
        time.sleep(0.002)


def timed(work: Callable[[], object]) -> float:
    """Give how long something takes [s]."""
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def line(name: str, unit: str, peer: str, own: list[float], others: list[float]) -> Line:
    """Give a row of the table by the figures of its runs."""
    return Line(name, statistics.median(own), unit, peer, statistics.median(others), own, others)
