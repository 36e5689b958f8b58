"""An InfluxDB that is dead for an hour of load and comes back: it is sent all, fast, in flat memory."""

import os
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa

from influx_bare import bare_bodies, posted, rss_mb
from influx_stand import BEGIN_US, Core, Influxd, arrives, running, sending
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

READINGS_KEPT = 5_000_000 if "NARROWGATE_CHAOS" in os.environ else 20_000
DEVICES = 10_000
STEP = 200_000
TURNS = 5
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


def drained(core: Core, server: Influxd, until: int) -> tuple[int, float]:
    """Have a store send up to a frame and end; give the readings it sent and how long it took [s]."""
    began_s = perf_counter()
    with sending(core.influx(server.target())) as store:
        first = store.cursor
        assert arrives(lambda: store.cursor >= until, within_s=3600)
    assert store.points_refused == 0
    return store.cursor - first, perf_counter() - began_s


def test_a_server_that_was_dead_is_sent_everything(tmp_path: Path) -> None:
    """None is lost, the cursor ends at the end, and memory does not grow with what waited."""
    server, core = Influxd(tmp_path), Core(tmp_path)
    own, bare = [], []
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
            for first in range(0, READINGS_KEPT, READINGS_KEPT // TURNS):
                # In turn, so that what else the machine does falls on both.
                own.append(drained(core, server, first + READINGS_KEPT // TURNS))
                bodies, lines = bare_bodies(core.telemetry, first, READINGS_KEPT // TURNS // 4)
                bare.append((lines, posted(server, bodies)))
            grown_mb = rss_mb() - before_mb
            [row] = server.rows("SELECT count(volume_m3) AS n FROM water")
    finally:
        core.close()
    own_per_s, bare_per_s = (
        sum(n for n, _ in each) / sum(took_s for _, took_s in each) for each in (own, bare)
    )
    print(f"\ndrained {own_per_s:,.0f}/s, bare {bare_per_s:,.0f}/s, {own_per_s / bare_per_s:.2f}")  # noqa: T201
    print(f"grown {grown_mb:.0f} MB")  # noqa: T201

    assert row["n"] == READINGS_KEPT
    assert grown_mb < MOST_GROWTH_MB
