"""An InfluxDB that is dead for an hour of load and comes back: it is sent all, fast, in flat memory."""

import os
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa

from influx_stand import BEGIN_US, Core, Influxd, arrives, running, sending
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_points import points_of
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

READINGS_KEPT = 5_000_000 if "NARROWGATE_CHAOS" in os.environ else 20_000
DEVICES = 10_000
STEP = 200_000
MOST_GROWTH_MB = 120


def hour(first: int, count: int) -> pa.RecordBatch:
    """Give readings of meters in turn, one a frame, without a loop over them."""
    frames = np.arange(first, first + count)
    times = pa.array(BEGIN_US + frames // DEVICES * 1_000_000).cast(TIMESTAMP)
    names = np.array([f"meter-{n:05d}" for n in range(DEVICES)])
    told = {
        "device": pa.array(names[frames % DEVICES]),
        "series": pa.array(np.full(count, "")),
        "time": times,
        "received_at": times,
        "frame": pa.array(frames),
        "profile": pa.array(np.full(count, "test_v1")),
        "volume_m3": pa.array(frames / 8),
        "leak": pa.array(frames % 3 == 0),
    }
    schema = READINGS[Family.WATER]
    arrays = [told[each.name] if each.name in told else pa.nulls(count, each.type) for each in schema]
    return pa.record_batch(arrays, schema=schema)


def rss_mb() -> float:
    """Give this process's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def bare_loop(core: Core, server: Influxd, lines: int) -> float:
    """Give the lines a second of ready-made bodies sent one after another."""
    follower, offset, bodies, ready = (
        Follower(core.telemetry, core.telemetry.cursor, most_rows=5000),
        0,
        [],
        0,
    )
    while ready < lines and (part := follower.after(offset)) is not None:
        points, _ = points_of(part.readings, "us")
        bodies.append(bytes(points.body()))
        ready, offset = ready + len(points), part.until
    connection = HTTPConnection("127.0.0.1", server.port)
    began_s = perf_counter()
    for body in bodies:
        connection.request("POST", "/write?db=bare&precision=u", body)
        response = connection.getresponse()
        response.read()
        assert response.status == 204
    connection.close()
    return ready / (perf_counter() - began_s)


def test_a_server_that_was_dead_is_sent_everything(tmp_path: Path) -> None:
    """None is lost, the cursor ends at the end, and memory does not grow with what waited."""
    server, core = Influxd(tmp_path), Core(tmp_path)
    try:
        with sending(core.influx(server.target())) as store:
            for first in range(0, READINGS_KEPT, STEP):
                count = min(STEP, READINGS_KEPT - first)
                core.store(hour(first, count), first + count)
                store.moved.set()
            assert arrives(lambda: store.trouble != "")
            before_mb = rss_mb()
            with running(server):
                server.ask("CREATE DATABASE bare")
                assert arrives(lambda: store.points_written > 0)
                began_s, sent = perf_counter(), store.points_written
                assert arrives(lambda: store.cursor >= READINGS_KEPT, within_s=3600)
                own = (READINGS_KEPT - sent) / (perf_counter() - began_s)
                grown_mb = rss_mb() - before_mb
                bare = bare_loop(core, server, READINGS_KEPT // 5)
                [row] = server.rows("SELECT count(volume_m3) AS n FROM water")
    finally:
        core.close()
    print(f"\ndrained {own:,.0f}/s, bare {bare:,.0f}/s, {own / bare:.2f}; grown {grown_mb:.0f} MB")  # noqa: T201

    assert row["n"] == READINGS_KEPT
    assert store.points_refused == 0
    assert grown_mb < MOST_GROWTH_MB
