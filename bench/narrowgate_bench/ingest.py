"""Behind the journal: frames decoded, judged and stored; readings as line protocol, and in InfluxDB."""

import importlib.util
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa

from narrowgate_bench.codecs import Line
from narrowgate_bench.ingest_district import ZONE, Core, influxd, journal_district, poisoned_rules
from narrowgate_codecs import Context
from narrowgate_codecs.decode import decode_by_row
from narrowgate_fleet import FleetReader
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.influx_points import points_of
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import RULES
from narrowgate_schema.fields import fields_of
from narrowgate_schema.tables import SESSIONS
from narrowgate_schema.words import Family
from narrowgate_simulators.ports import free_tcp_port

FRAMES = 400_000
FRAMES_A_DEVICE = 20
_PEER_FRAMES = 2000
_BAD_DEVICES = 10
_LINES = 5000
_PACE_PER_S = 2000
_GATHER_S = 0.02
_DATABASE = "narrowgate"


def rows(seed: int, runs: int, most_frames: int = FRAMES) -> Iterator[dict[str, Any]]:
    """Give the table's rows as they are measured, by the time that passed.

    Args:
        seed: of the district.
        runs: how often each figure is taken.
        most_frames: of the journal, about.
    """
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        root = Path(folder)
        district = root / "district"
        district.mkdir()
        frames = journal_district(district, seed, max(10, most_frames // FRAMES_A_DEVICE), most_frames)
        yield asdict(_into_duckdb(root, district, frames, runs))
        yield asdict(_poisoned(root, district, frames, runs))
        home = root / "core 0"
        if importlib.util.find_spec("influxdb_client") is not None:
            yield asdict(_as_lines(home, runs))
        if shutil.which("influxd") is not None:
            with influxd(root / "influx", port := free_tcp_port(), free_tcp_port()) as url:
                _until(lambda: _asked(port, f"CREATE DATABASE {_DATABASE}") == 200)
                _asked(port, "CREATE DATABASE bare")
                yield asdict(_into_influxdb(home, url, port, runs))
                yield asdict(_till_queryable(root, district, url, port, min(most_frames, 5 * _PACE_PER_S)))


def _into_duckdb(root: Path, district: Path, frames: int, runs: int) -> Line:
    """Compare the core with a loop over the same frames that judges nothing."""
    own, peer = [], []
    for number in range(runs):
        home = root / f"core {number}"
        home.mkdir()
        with closing(Core(district, home)) as core:
            own.append(frames / core.work_off())
        peer.append(_frame_by_frame(district, root / f"peer {number}.duckdb"))
    return _line(
        "frames decoded, judged, in DuckDB", "frames/s", "construct by the frame, unjudged", own, peer
    )


def _poisoned(root: Path, district: Path, frames: int, runs: int) -> Line:
    """Compare the core while a rule raises on all that ten bays say with the same core while none does."""
    kinds = {"poisoned": poisoned_rules(district, _BAD_DEVICES), "sound": RULES}
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(runs):
        for kind, rules in kinds.items():
            home = root / f"{kind} {number}"
            home.mkdir()
            with closing(Core(district, home, rules=rules)) as core:
                took[kind].append(frames / core.work_off())
            shutil.rmtree(home)
    name = f"a rule raises on {_BAD_DEVICES} bays"
    return _line(name, "frames/s", "no rule raises", took["poisoned"], took["sound"])


def _frame_by_frame(district: Path, path: Path) -> float:
    """Give the frames a second of a loop that reads each by construct and appends the readings."""
    reader, tail = FleetReader(district / "registry"), Tail(district / "journal")
    chunk = tail.read(tail.start(), _PEER_FRAMES)
    uplinks = pa.Table.from_batches([batch for kind, batch in chunk.records if kind is Kind.UPLINKS])
    uplinks = uplinks.slice(0, _PEER_FRAMES).combine_chunks().to_batches()[0]
    devices = uplinks["claimed_device"].to_pylist()
    slots = reader.fleet.slots(devices)
    profiles = [str(name) for name in reader.fleet.column("profile")[slots]]
    context = Context(devices=devices, profiles=profiles, timezone=ZONE)
    with closing(Telemetry(path)) as telemetry:
        began_s = time.perf_counter()
        made = decode_by_row(uplinks, context)
        telemetry.write(made.readings, _none(), 0, 1)
        return float(uplinks.num_rows) / (time.perf_counter() - began_s)


def _none() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], SESSIONS)


def _as_lines(home: Path, runs: int) -> Line:
    """Compare line protocol by the column with the client library's points."""
    from influxdb_client import Point

    with closing(Telemetry(home / "telemetry.duckdb")) as telemetry:
        rows = _readings(telemetry, Family.LIGHTING, 20_000)
    fields = fields_of(Family.LIGHTING)
    # The library's points know no instants but the point's own.
    names = [each.name for each in fields if each.kind != "key" and each.dtype != "timestamp"]
    said = [{name: row[name] for name in names if row[name] is not None} for row in rows.to_pylist()]
    keys = list(zip(*(rows[name].to_pylist() for name in ("device", "time")), strict=True))

    def by_point() -> None:
        for (device, at), row in zip(keys[:2000], said[:2000], strict=True):
            point = Point("lighting").tag("device", device).time(at)
            for name, value in row.items():
                point = point.field(name, value)
            point.to_line_protocol()

    own = [rows.num_rows / _timed(lambda: points_of({Family.LIGHTING: rows}, "us")) for _ in range(runs)]
    peer = [min(2000, len(keys)) / _timed(by_point) for _ in range(runs)]
    return _line("readings as line protocol", "lines/s", "influxdb_client.Point", own, peer)


def _readings(telemetry: Telemetry, family: Family, count: int) -> pa.RecordBatch:
    follower = Follower(telemetry, telemetry.cursor, most_rows=count)
    parts: list[pa.RecordBatch] = []
    offset = 0
    while (part := follower.after(offset)) is not None and sum(each.num_rows for each in parts) < count:
        parts.append(part.readings[family])
        offset = part.until
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


def _into_influxdb(home: Path, url: str, port: int, runs: int) -> Line:
    """Compare the store that follows DuckDB with a bare loop of ready-made bodies, on one server in turn."""
    own, peer = [], []
    for number in range(runs):
        with closing(Telemetry(home / "telemetry.duckdb")) as telemetry:
            bodies, lines = _bodies(telemetry)
            database = f"{_DATABASE}_{number}"
            _asked(port, f"CREATE DATABASE {database}")
            target = Target(url=url, api="v1", database=database)
            store = InfluxStore(target, telemetry, home / "state.db", home / "quarantine")
            end = telemetry.cursor()
            own.append(lines / _drained(store, end))
        peer.append(lines / _timed(partial(_posted, port, bodies)))
        _asked(port, "DROP DATABASE bare")
        _asked(port, "CREATE DATABASE bare")
    return _line("readings into InfluxDB 1.x", "points/s", "a bare loop of ready-made bodies", own, peer)


def _drained(store: InfluxStore, end: int) -> float:
    with _sending(store):
        return _timed(lambda: _until(lambda: store.cursor >= end))


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


def _till_queryable(root: Path, district: Path, url: str, port: int, frames: int) -> Line:
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
        target = Target(url=url, api="v1", database=_DATABASE)
        store = InfluxStore(target, core.stores.telemetry, home / "state.db", home / "quarantine")
        core.runner.followers.append(store.moved)
        running = threading.Thread(target=core.runner.run)
        running.start()
        with _sending(store):
            took = _paced(journal, store, uplinks)
        core.runner.stop()
        running.join()
    body = b"bare,device=a v=1 1\n" * 40
    bare = [_timed(lambda: _posted(port, [body])) * 1000 for _ in range(200)]
    p99 = float(np.percentile(np.array(took) * 1000, 99))
    name = f"frame in the journal to queryable point, p99 at {_PACE_PER_S}/s"
    return _line(name, "ms", "a bare POST of 40 lines, p99", [p99], [float(np.percentile(bare, 99))])


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


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _until(reached: Callable[[], bool]) -> None:
    while not reached():
        time.sleep(0.002)


def _timed(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _line(name: str, unit: str, peer: str, own: list[float], others: list[float]) -> Line:
    return Line(name, statistics.median(own), unit, peer, statistics.median(others), own, others)
